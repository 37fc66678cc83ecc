/**
 * The failures of the published SDKs as classes, over the one error class of ours. `remoteCode` keeps what the system calls the
 * failure (`auth`, `not_found`, …); `code` is ours. `retryable` is the SDKs' hint; the retry policy obeys `sent`.
 */
import { SignalboxError, type ErrorCode, type ErrorFacts, type Sent } from '../errors.js'

/** How the SDKs would call a failure of ours. */
const WORDS: Readonly<Partial<Record<ErrorCode, string>>> = {
  deadline_exceeded: 'timeout',
  closed: 'connection',
  unreachable: 'connection',
  exited: 'connection',
  incompatible: 'connection',
  unauthenticated: 'auth',
  permission_denied: 'permission',
  not_found: 'not_found',
  conflict: 'conflict',
  invalid_argument: 'validation',
  too_large: 'validation',
  rate_limited: 'rate_limit',
  unavailable: 'unavailable',
  unsupported: 'unsupported',
  protocol: 'internal',
  invalid_message: 'internal',
}

export class CmdopError extends SignalboxError {
  override readonly name: string = 'CmdopError'
  constructor(facts: ErrorFacts) {
    const { system = 'cmdop', retryable = false, remoteCode = WORDS[facts.code] } = facts
    super({ ...facts, system, retryable, remoteCode })
  }
}
export class AuthError extends CmdopError {
  override readonly name = 'AuthError'
}
export class PermissionError extends CmdopError {
  override readonly name: string = 'PermissionError'
}
export class PinDeniedError extends PermissionError {
  override readonly name = 'PinDeniedError'
}
export class PinTimeoutError extends PermissionError {
  override readonly name = 'PinTimeoutError'
}
export class NotFoundError extends CmdopError {
  override readonly name = 'NotFoundError'
}
export class ConflictError extends CmdopError {
  override readonly name = 'ConflictError'
}
export class ValidationError extends CmdopError {
  override readonly name = 'ValidationError'
}
export class RateLimitError extends CmdopError {
  override readonly name = 'RateLimitError'
}
export class ServerError extends CmdopError {
  override readonly name = 'ServerError'
}
export class ConnectionError extends CmdopError {
  override readonly name: string = 'ConnectionError'
}
export class TimeoutError extends ConnectionError {
  override readonly name = 'TimeoutError'
  constructor(facts: ErrorFacts) {
    super({ ...facts, retryable: facts.retryable ?? true })
  }
}
export class UnavailableError extends CmdopError {
  override readonly name = 'UnavailableError'
}
/** An ask that ended in an error: all but a PIN's, a lost core's and what was refused here. */
export class AgentStreamError extends CmdopError {
  override readonly name = 'AgentStreamError'
}

type ErrorClass = new (facts: ErrorFacts) => CmdopError

/** What each code of the system says: its class, our code, and what became of the request, which is `yes` where nothing is said. */
const MEANINGS: Readonly<Record<string, readonly [ErrorClass, ErrorCode, Sent?]>> = {
  auth: [AuthError, 'unauthenticated'],
  permission: [PermissionError, 'permission_denied'],
  not_found: [NotFoundError, 'not_found'],
  conflict: [ConflictError, 'conflict'],
  validation: [ValidationError, 'invalid_argument'],
  rate_limit: [RateLimitError, 'rate_limited'],
  server: [ServerError, 'remote'],
  // Refused, reset and unresolved are one code: only the core's text tells them apart, and text is not matched.
  connection: [ConnectionError, 'unreachable', 'maybe'],
  timeout: [TimeoutError, 'deadline_exceeded', 'maybe'],
  unavailable: [UnavailableError, 'unavailable'],
  // The core before 1.0.2 and the relay call it so.
  machine_offline: [UnavailableError, 'unavailable'],
  pin_denied: [PinDeniedError, 'permission_denied'],
  pin_required_timeout: [PinTimeoutError, 'permission_denied'],
  // A gateway refused the request in place of the core: the core never saw it.
  scope_missing: [PermissionError, 'permission_denied', 'no'],
  server_only: [PermissionError, 'permission_denied', 'no'],
  // The core refuses what it does not know before it does anything.
  unknown_op: [CmdopError, 'unsupported', 'no'],
  unsupported: [CmdopError, 'unsupported', 'no'],
}
/** Codes whose class is the same for an ask: all others become `AgentStreamError` there. */
const OWN_CLASS_IN_ASKS: ReadonlySet<string> = new Set(['pin_denied', 'pin_required_timeout', 'scope_missing', 'server_only'])
// A code that nobody knows says nothing about what it left behind.
const UNKNOWN = [CmdopError, 'remote', 'maybe'] as const

const meaningOf = (name: string) => (Object.hasOwn(MEANINGS, name) ? MEANINGS[name] : undefined) ?? UNKNOWN

/** The typed failure for what the core, or the relay, answered. */
export function remoteFailure(remoteCode: string, said: string, facts: Partial<ErrorFacts>, ofStream = false): CmdopError {
  const name = remoteCode || 'internal'
  const [Own, code, outcome = 'yes'] = meaningOf(name)
  const Kind = ofStream && !OWN_CLASS_IN_ASKS.has(name) ? AgentStreamError : Own
  const message = `${facts.op ?? 'The call'} failed (${name})${said && ': '}${said || '.'}`
  // An ask may have run for long before it failed.
  const sent = ofStream && outcome !== 'no' ? 'yes' : outcome
  return new Kind({ ...facts, code, message, sent, remoteCode: name })
}

/** Every failure that leaves the client is a `CmdopError`; what other layers threw is told again in its class. */
export function asCmdopError(error: unknown): unknown {
  if (!SignalboxError.is(error) || error instanceof CmdopError) return error
  const [Kind] = meaningOf(WORDS[error.code] ?? '')
  // Every fact but our own hint about retrying, which is not theirs.
  const facts = error.toJSON() as unknown as ErrorFacts
  const copy = new Kind({ ...facts, retryable: undefined, cause: error.cause })
  if (error.stack !== undefined) Object.defineProperty(copy, 'stack', { value: error.stack, writable: true, configurable: true })
  return copy
}

/** Refused here, before anything was written. */
export function refused(op: string, message: string, hint?: string): ValidationError {
  return new ValidationError({ code: 'invalid_argument', message, hint, op, sent: 'no' })
}

/** For a call that comes after the close; one that was under way may have been carried out. */
export function clientClosed(facts: Partial<ErrorFacts>, sent: Sent = 'no'): ConnectionError {
  return new ConnectionError({ ...facts, code: 'closed', message: 'This client is closed.', sent })
}
