/** Typed errors for CCC: those of this client, and those for the answers of a server. */
import { SignalboxError, type ErrorCode, type ErrorFacts } from '../errors.js'
import { FAILURES } from './failures.js'

/** An error that no server answered. Nothing was sent, unless `more` says otherwise. */
export function cccError(code: ErrorCode, message: string, more?: Partial<ErrorFacts>): SignalboxError {
  return new SignalboxError({ system: 'ccc', ...more, code, message })
}

/** The typed error for an answer that is not `ok`. An error string that is not in the table says nothing about its effect. */
export function failureOf(op: string, answer: unknown, reads: boolean): SignalboxError {
  const { error } = Object(answer) as { readonly error?: unknown }
  if (typeof error !== 'string')
    return cccError('protocol', `The answer to ${op} is not an answer of a CCC server.`, { sent: 'maybe' })
  const remoteCode = error.split(/: | \(/, 1)[0]?.slice(0, 200) ?? ''
  const failure = FAILURES.find(([heads]) => heads.split('|').includes(remoteCode))
  const [, code = 'remote', sent = reads ? 'yes' : 'maybe', hint] = failure ?? []
  return cccError(code, `The server answered ${op}: ${error}.`, { hint, sent, remoteCode })
}
