/** Turns error codes of the operating system into errors of this package, with a hint and `sent`. Pure. */
import { isNamed } from '../../../src/core/deadline.js'
import { SignalboxError, type ErrorCode } from '../../../src/errors.js'

/** The system's name for an error, such as `ECONNREFUSED`, also from the AggregateError of several addresses. */
export function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined
  const { code, errors } = error as { code?: unknown; errors?: unknown }
  if (typeof code === 'string' && code !== '') return code
  return Array.isArray(errors) && errors.length > 0 ? codeOf(errors[0]) : undefined
}

interface Meaning {
  readonly code: ErrorCode
  readonly description: string
  readonly hint: string
}

const MEANINGS: Readonly<Record<string, Meaning>> = {
  ENOENT: { code: 'unreachable', description: 'there is no socket', hint: 'Start the server, or correct the path.' },
  ENOTDIR: { code: 'unreachable', description: 'part of the path is not a directory', hint: 'Correct the path.' },
  ECONNREFUSED: {
    code: 'unreachable',
    description: 'nobody listens there',
    hint: 'The server crashed, is restarting, or listens elsewhere; a retry is reasonable.',
  },
  EACCES: { code: 'permission_denied', description: 'the system denies access', hint: 'Run as the user who owns the server.' },
  EPERM: { code: 'permission_denied', description: 'the system denies access', hint: 'Run as the user who owns the server.' },
  EAGAIN: {
    code: 'unavailable',
    description: 'its queue of connections is full',
    hint: 'Retry in a moment, with fewer connections at once.',
  },
  EMFILE: {
    code: 'unavailable',
    description: 'this process has no file descriptor left',
    hint: 'Raise the limit (ulimit -n), or close links that are done.',
  },
  ENFILE: { code: 'unavailable', description: 'the system has no file descriptor left', hint: 'Close what is open elsewhere.' },
  ENOTFOUND: { code: 'unreachable', description: 'the host name is unknown', hint: 'Correct the host.' },
  EAI_AGAIN: {
    code: 'unreachable',
    description: 'the host name could not be looked up',
    hint: 'Check the network; a retry is reasonable.',
  },
  ETIMEDOUT: { code: 'unreachable', description: 'the host does not answer', hint: 'Check address, firewall and network.' },
  EHOSTUNREACH: { code: 'unreachable', description: 'there is no route to the host', hint: 'Check address and network.' },
  ENETUNREACH: { code: 'unreachable', description: 'there is no route to the network', hint: 'Check address and network.' },
  ECONNRESET: { code: 'unreachable', description: 'the peer reset the connection', hint: 'A retry is reasonable.' },
  ENAMETOOLONG: { code: 'invalid_argument', description: 'the path is too long for a socket', hint: 'Choose a shorter path.' },
}

/** A missing permission of Deno has no code of the system. Its message names the flag. */
const NOT_PERMITTED: Meaning = {
  code: 'permission_denied',
  description: 'Deno was started without the permission',
  hint: 'Start it with --allow-net, and for a unix socket with --allow-read and --allow-write of its path; see cause.',
}

/** A link that did not open. */
export function openFault(error: unknown, transport: string, target: string): SignalboxError {
  if (SignalboxError.is(error)) return error
  const name = codeOf(error)
  const meaning = isNamed(error, 'NotCapable') ? NOT_PERMITTED : name === undefined ? undefined : MEANINGS[name]
  const description = meaning?.description ?? (error instanceof Error ? error.message : String(error))
  return new SignalboxError({
    code: meaning?.code ?? 'unreachable',
    message: `Cannot connect to ${target}: ${description}${name ? ` (${name})` : ''}.`,
    hint: meaning?.hint,
    transport,
    op: 'open',
    sent: 'no',
    ...(name === undefined ? {} : { remoteCode: name }),
    cause: error,
  })
}

/** A link that broke while it was open. */
export function linkFault(error: unknown, transport: string, peer: string): SignalboxError {
  if (SignalboxError.is(error)) return error
  const name = codeOf(error)
  const description = name === 'ECONNRESET' ? 'was reset by the peer' : 'broke'
  return new SignalboxError({
    code: 'closed',
    message: `The link to ${peer} ${description}${name ? ` (${name})` : ''}.`,
    transport,
    sent: 'maybe',
    ...(name === undefined ? {} : { remoteCode: name }),
    cause: error,
  })
}
