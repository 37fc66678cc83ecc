/**
 * The failures of the published SDKs as classes, over the one error class of ours. `remoteCode` keeps what the system calls the
 * failure (`auth`, `not_found`, …); `code` is ours. `retryable` is the SDKs' hint; the retry policy obeys `sent`.
 */
import { SignalboxError, type ErrorCode, type ErrorFacts, type Sent } from '../errors.js'

export class CmdopError extends SignalboxError {
  override readonly name: string = 'CmdopError'
  constructor(facts: ErrorFacts) {
    super({ system: 'cmdop', retryable: false, ...facts })
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
    super({ retryable: true, ...facts })
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

interface Meaning {
  readonly kind: ErrorClass
  readonly code: ErrorCode
  readonly sent: Sent
}

/** What each code of the system says. A code that nobody knows says nothing about what it left behind. */
const MEANINGS: Readonly<Record<string, Meaning>> = {
  auth: { kind: AuthError, code: 'unauthenticated', sent: 'yes' },
  permission: { kind: PermissionError, code: 'permission_denied', sent: 'yes' },
  not_found: { kind: NotFoundError, code: 'not_found', sent: 'yes' },
  conflict: { kind: ConflictError, code: 'conflict', sent: 'yes' },
  validation: { kind: ValidationError, code: 'invalid_argument', sent: 'yes' },
  rate_limit: { kind: RateLimitError, code: 'rate_limited', sent: 'yes' },
  server: { kind: ServerError, code: 'remote', sent: 'yes' },
  // Refused, reset and unresolved are one code: only the core's text tells them apart, and text is not matched.
  connection: { kind: ConnectionError, code: 'unreachable', sent: 'maybe' },
  timeout: { kind: TimeoutError, code: 'deadline_exceeded', sent: 'maybe' },
  unavailable: { kind: UnavailableError, code: 'unavailable', sent: 'yes' },
  // The core before 1.0.2 and the relay call it so.
  machine_offline: { kind: UnavailableError, code: 'unavailable', sent: 'yes' },
  pin_denied: { kind: PinDeniedError, code: 'permission_denied', sent: 'yes' },
  pin_required_timeout: { kind: PinTimeoutError, code: 'permission_denied', sent: 'yes' },
  // The core refuses what it does not know before it does anything.
  unknown_op: { kind: CmdopError, code: 'unsupported', sent: 'no' },
  unsupported: { kind: CmdopError, code: 'unsupported', sent: 'no' },
}
const UNKNOWN: Meaning = { kind: CmdopError, code: 'remote', sent: 'maybe' }

/** The typed failure for what the core, or the relay, answered. */
export function remoteFailure(remoteCode: string, said: string, facts: Partial<ErrorFacts>, ofStream = false): CmdopError {
  const name = remoteCode === '' ? 'internal' : remoteCode
  const meaning = Object.hasOwn(MEANINGS, name) ? (MEANINGS[name] ?? UNKNOWN) : UNKNOWN
  const pin = meaning.kind === PinDeniedError || meaning.kind === PinTimeoutError
  const Kind = ofStream && !pin ? AgentStreamError : meaning.kind
  const message = `${facts.op ?? 'The call'} failed (${name})${said === '' ? '.' : `: ${said}`}`
  // An ask may have run for long before it failed.
  const sent = ofStream && meaning.sent !== 'no' ? 'yes' : meaning.sent
  return new Kind({ ...facts, code: meaning.code, message, sent, remoteCode: name })
}

/** How a failure of ours is called in the words of the SDKs. */
const CLASSES: Readonly<Partial<Record<ErrorCode, readonly [ErrorClass, string]>>> = {
  deadline_exceeded: [TimeoutError, 'timeout'],
  closed: [ConnectionError, 'connection'],
  unreachable: [ConnectionError, 'connection'],
  exited: [ConnectionError, 'connection'],
  incompatible: [ConnectionError, 'connection'],
  unauthenticated: [AuthError, 'auth'],
  permission_denied: [PermissionError, 'permission'],
  not_found: [NotFoundError, 'not_found'],
  conflict: [ConflictError, 'conflict'],
  invalid_argument: [ValidationError, 'validation'],
  too_large: [ValidationError, 'validation'],
  rate_limited: [RateLimitError, 'rate_limit'],
  unavailable: [UnavailableError, 'unavailable'],
  unsupported: [CmdopError, 'unsupported'],
  protocol: [CmdopError, 'internal'],
  invalid_message: [CmdopError, 'internal'],
}

/** Every failure that leaves the client is a `CmdopError`; what other layers threw is told again in its class. */
export function asCmdopError(error: unknown): unknown {
  if (!SignalboxError.is(error) || error instanceof CmdopError) return error
  const [Kind, remoteCode] = CLASSES[error.code] ?? [CmdopError, undefined]
  const { code, message, sent, transport, op, attempt, status, exitCode, signal, stderrTail, retryAfterMs } = error
  const facts = { code, message, sent, transport, op, attempt, status, exitCode, signal, stderrTail, retryAfterMs }
  const copy = new Kind({ ...facts, remoteCode: error.remoteCode ?? remoteCode, cause: error.cause })
  if (error.stack !== undefined) Object.defineProperty(copy, 'stack', { value: error.stack, writable: true, configurable: true })
  return copy
}

/** Refused here, before anything was written. */
export function refused(op: string, message: string, hint?: string): ValidationError {
  return new ValidationError({ code: 'invalid_argument', message, hint, op, sent: 'no', remoteCode: 'validation' })
}
