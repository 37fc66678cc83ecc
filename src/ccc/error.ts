/** The errors of this room. */
import { SignalboxError, type ErrorCode, type ErrorFacts } from '../errors.js'
import type { Failure } from './failures.js'

/** For whatever no server said. */
export function cccError(code: ErrorCode, message: string, more?: Partial<ErrorFacts>): SignalboxError {
  return new SignalboxError({ system: 'ccc', ...more, code, message })
}

/** The typed error for an answer that is not `ok`. A string that nobody knows says nothing about what it left behind. */
export async function failureOf(op: string, answer: { readonly error?: unknown }, idempotent: boolean): Promise<SignalboxError> {
  const { error } = answer
  if (typeof error !== 'string') return cccError('protocol', `The answer to ${op} is none of a ccc server.`, { sent: 'maybe' })
  const remoteCode = error.split(/: | \(/, 1)[0]?.slice(0, 200) ?? ''
  // Without the table, as where it cannot be loaded, a refusal is one that nobody knows.
  const { FAILURES } = await import('./failures.js').catch(() => ({ FAILURES: [] as readonly Failure[] }))
  const known = FAILURES.find(([heads]) => heads.split('|').includes(remoteCode))
  const [, code = 'remote', sent = idempotent ? 'yes' : 'maybe', hint] = known ?? []
  return cccError(code, `The server answered ${op}: ${error}.`, { hint, sent, remoteCode })
}
