/** Turns a failed fetch into a typed error. `sent` is `no` only if the runtime names a cause that proves it. */
import { abortError, isNamed } from '../../src/core/deadline.js'
import { SignalboxError, type ErrorFacts, type Sent } from '../../src/errors.js'

/** The request, for the error. */
export interface FetchFacts {
  readonly transport: string
  readonly op: string
}

/** Error codes of Node and Bun for a connection that was never made. */
const NEVER_CONNECTED =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EAI_NONAME|E(HOST|NET)UNREACH|UND_ERR_CONNECT_TIMEOUT|ConnectionRefused|DNSResolveFailed|CERT_HAS_EXPIRED|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_VERIFY_LEAF_SIGNATURE|ERR_TLS_CERT_ALTNAME_INVALID)$/

/** The innermost error code, from wrapped errors and from the AggregateError of several addresses. */
function nameOf(error: unknown, depth = 0): string | undefined {
  const { cause, code, errors, syscall } = Object(error) as Partial<Record<'cause' | 'code' | 'errors' | 'syscall', unknown>>
  const inner = depth > 4 || (!cause && !errors) ? undefined : (nameOf(cause, depth + 1) ?? nameOf(Object(errors)[0], depth + 1))
  // A broken connection may have the same code as one that was never made.
  const broke = /^(read|write)v? E(HOST|NET)U/.test(`${syscall} ${code}`) ? `${syscall} ` : ''
  return inner ?? (typeof code === 'string' && code ? broke + code : undefined)
}

/** Passes on a SignalboxError and an abort; `make` turns any other failure into an error, by its code if it has one. */
function fault(
  error: unknown,
  facts: FetchFacts,
  sent: Sent,
  signal: AbortSignal | undefined,
  make: (name: string | undefined, named: string) => Omit<ErrorFacts, 'cause'>,
): SignalboxError {
  if (SignalboxError.is(error)) return error
  if (signal?.aborted) return abortError(signal, { ...facts, sent })
  // ofetch wraps what fetch threw in an error whose message quotes the URL.
  const cause = isNamed(error, 'FetchError') ? ((error as { cause?: unknown }).cause ?? error) : error
  const name = nameOf(cause)
  return new SignalboxError({ ...facts, sent, remoteCode: name, cause, ...make(name, name ? ` (${name})` : '') })
}

export interface RequestFacts {
  readonly signal?: AbortSignal | undefined
  readonly streamed?: boolean
  /** After a redirect the failure may come from the second host, when the first one had already acted. */
  readonly onward?: boolean
}

/** No reply came. */
export const exchangeFault = (
  error: unknown,
  facts: FetchFacts,
  where: string,
  { signal, streamed = false, onward = false }: RequestFacts = {},
): SignalboxError =>
  fault(error, facts, 'maybe', signal, (name, named) => ({
    code: 'unreachable',
    message: `No reply from ${where}${named}. Is it running, is this its address, does it allow this origin?${streamed ? " Chromium streams a body only over HTTP/2: else set requestBody: 'gather'." : ''}`,
    sent: name && !onward && NEVER_CONNECTED.test(name) ? 'no' : 'maybe',
  }))

/** The reply broke off: the request had arrived. */
export const bodyFault = (error: unknown, facts: FetchFacts, where: string, signal?: AbortSignal): SignalboxError =>
  fault(error, facts, 'yes', signal, (_name, named) => ({ code: 'closed', message: `The reply from ${where} broke off${named}.` }))
