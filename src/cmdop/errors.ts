/**
 * The error classes of the published SDKs, as subclasses of `SignalboxError`. `remoteCode` is the system's own code (`auth`,
 * `not_found`, …), `code` is ours. `retryable` is ours too: the published SDKs set it on `TimeoutError` alone.
 */
import { SignalboxError, type ErrorCode, type ErrorFacts, type Sent } from '../errors.js'

/** The published SDKs' code for each of ours. */
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

/** Every failure of the CMDOP client. `remoteCode` is the system's own code for it. */
export class CmdopError extends SignalboxError {
  override readonly name: string = 'CmdopError'
  constructor(facts: ErrorFacts) {
    const { system = 'cmdop', remoteCode = WORDS[facts.code] } = facts
    super({ ...facts, system, remoteCode })
  }
}
/** No credential, or a wrong one (401). */
export class AuthError extends CmdopError {
  override readonly name = 'AuthError'
}
/** The credential, or the scope of a gateway, does not allow it (403). */
export class PermissionError extends CmdopError {
  override readonly name: string = 'PermissionError'
}
/** The PIN was wrong, or the machine is locked after wrong ones. */
export class PinDeniedError extends PermissionError {
  override readonly name = 'PinDeniedError'
}
/** The machine asked for its PIN, and none came in time. */
export class PinTimeoutError extends PermissionError {
  override readonly name = 'PinTimeoutError'
}
/** What was named does not exist (404). */
export class NotFoundError extends CmdopError {
  override readonly name = 'NotFoundError'
}
/** The call contradicts the state of the server, for example a slug that is taken (409). */
export class ConflictError extends CmdopError {
  override readonly name = 'ConflictError'
}
/** A mistake in the arguments. `sent` is `no` if it was found before anything was sent. */
export class ValidationError extends CmdopError {
  override readonly name = 'ValidationError'
}
/** Too many calls (429). Over REST `retryAfterMs` says how long to wait, if the server told. */
export class RateLimitError extends CmdopError {
  override readonly name = 'RateLimitError'
}
/** The relay or the platform failed (5xx). */
export class ServerError extends CmdopError {
  override readonly name = 'ServerError'
}
/** No core could be started or reached, or it was lost. */
export class ConnectionError extends CmdopError {
  override readonly name: string = 'ConnectionError'
}
/** A deadline passed, here or at the core. */
export class TimeoutError extends ConnectionError {
  override readonly name = 'TimeoutError'
}
/** The relay is there, and the machine has no session now. */
export class UnavailableError extends CmdopError {
  override readonly name = 'UnavailableError'
}
/** The peer, or the generation of its protocol, cannot do this. */
export class UnsupportedError extends CmdopError {
  override readonly name = 'UnsupportedError'
}
/** The peer broke its protocol, or the relay answered in another form than the core expects. */
export class ProtocolError extends CmdopError {
  override readonly name = 'ProtocolError'
}
/** An ask that ended in an error. A refused PIN, a lost core and a mistake of the caller keep their own classes. */
export class AgentStreamError extends CmdopError {
  override readonly name = 'AgentStreamError'
}

export type ErrorClass = new (facts: ErrorFacts) => CmdopError
type Meaning = readonly [kind: ErrorClass, code: ErrorCode, sent?: Sent, retryable?: true]

/**
 * The meaning of each code of the system. `sent` is `yes` by default, because the peer answered. It is `maybe` where the peer may answer the
 * same request differently and does not promise that the refused request had no effect.
 */
const MEANINGS: Readonly<Record<string, Meaning>> = {
  auth: [AuthError, 'unauthenticated'],
  permission: [PermissionError, 'permission_denied'],
  not_found: [NotFoundError, 'not_found'],
  conflict: [ConflictError, 'conflict'],
  validation: [ValidationError, 'invalid_argument'],
  rate_limit: [RateLimitError, 'rate_limited', 'maybe'],
  server: [ServerError, 'remote', 'maybe', true],
  // A core says so when its request to the relay was reset.
  internal: [CmdopError, 'remote', 'maybe', true],
  // Refused, reset and unresolved are one code: only the core's text tells them apart, and text is not matched.
  connection: [ConnectionError, 'unreachable', 'maybe'],
  timeout: [TimeoutError, 'deadline_exceeded', 'maybe'],
  unavailable: [UnavailableError, 'unavailable', 'maybe'],
  // The name that the relay and the cores before 1.0.2 use.
  machine_offline: [UnavailableError, 'unavailable', 'maybe'],
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
// An unknown code does not say whether the request had an effect.
const UNKNOWN: Meaning = [CmdopError, 'remote', 'maybe']

const meaningOf = (name: string) => (Object.hasOwn(MEANINGS, name) ? MEANINGS[name] : undefined) ?? UNKNOWN

/** The typed error for a code that the core or the relay answered with. */
export function remoteFailure(remoteCode: string, remoteMessage: string, facts: Partial<ErrorFacts>, ofStream = false): CmdopError {
  const name = remoteCode || 'internal'
  const [Own, code, outcome = 'yes', retryable] = meaningOf(name)
  const Kind = ofStream && !OWN_CLASS_IN_ASKS.has(name) ? AgentStreamError : Own
  const message = `${facts.op ?? 'The call'} failed (${name})${remoteMessage && ': '}${remoteMessage || '.'}`
  // An ask may have run for long before it failed.
  const sent = ofStream && outcome !== 'no' ? 'yes' : outcome
  // Nothing repeats an ask: the machine may have acted on it.
  return new Kind({ ...facts, code, message, sent, retryable: ofStream ? false : retryable, remoteCode: name })
}

/** Gives an error of another layer the class that the published SDKs have for it; a `CmdopError` stays as it is. */
export function asCmdopError(error: unknown): unknown {
  if (!SignalboxError.is(error) || error instanceof CmdopError) return error
  const [Kind] = meaningOf(WORDS[error.code] ?? '')
  const facts = error.toJSON() as unknown as ErrorFacts
  const copy = new Kind({ ...facts, cause: error.cause })
  if (error.stack !== undefined) Object.defineProperty(copy, 'stack', { value: error.stack, writable: true, configurable: true })
  return copy
}

/** A mistake of the caller, found before anything was sent. */
export function refused(op: string, message: string, hint?: string): ValidationError {
  return new ValidationError({ code: 'invalid_argument', message, hint, op, sent: 'no' })
}

/** The client was closed. A call that was under way at that moment may have been carried out: pass `maybe`. */
export function clientClosed(facts: Partial<ErrorFacts>, sent: Sent = 'no'): ConnectionError {
  return new ConnectionError({ ...facts, code: 'closed', message: 'This client is closed.', sent })
}
