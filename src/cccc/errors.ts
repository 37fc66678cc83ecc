/** The error classes of CCCC, with the names of the published clients. */
import { SignalboxError, type ErrorCode, type ErrorFacts } from '../errors.js'
import { recordOr, type Loose } from './shapes.js'

/** A failure of the CCCC client. */
export class CcccError extends SignalboxError {
  override readonly name: string = 'CcccError'

  constructor(facts: ErrorFacts) {
    super({ system: 'cccc', ...facts })
  }
}

/** The daemon cannot be reached (`sent: 'no'`), or did not answer (the subclass `OutcomeUnknownError`). */
export class DaemonUnavailableError extends CcccError {
  override readonly name: string = 'DaemonUnavailableError'
}

/**
 * The request was written and no answer came: the connection ended, the answer was broken, or the deadline passed. The daemon may have
 * acted: 0.4.3 was seen to store a message and lose the answer. Only a read, or an op that may be repeated, is safe to call again.
 */
export class OutcomeUnknownError extends DaemonUnavailableError {
  override readonly name: string = 'OutcomeUnknownError'

  constructor(facts: ErrorFacts) {
    super({ sent: 'maybe', retryable: false, ...facts })
  }
}

/** The daemon lacks something: `incompatible` from `assertCompatible`, `unsupported` from a method that this dialect cannot do. */
export class IncompatibleDaemonError extends CcccError {
  override readonly name: string = 'IncompatibleDaemonError'
}

/** The daemon answered `ok: false`. Its own code is in `remoteCode`. */
export class DaemonAPIError extends CcccError {
  override readonly name: string = 'DaemonAPIError'
  /** Details that the daemon adds to its code and message. */
  readonly details: Loose
  /** The whole answer. */
  declare readonly raw: unknown

  constructor(facts: ErrorFacts & { readonly details?: Loose; readonly raw?: unknown }) {
    super(facts)
    this.details = facts.details ?? {}
    // Not enumerable: errors are logged with all their fields, and an answer may repeat the request.
    Object.defineProperty(this, 'raw', { value: facts.raw })
  }
}

/** Our codes for the daemon's: most of its codes follow a pattern, others are listed by name. Unknown codes are `remote`. */
const CODES: readonly (readonly [ErrorCode, RegExp])[] = [
  ['not_found', /(?:^|_)not_found$|^unknown_actor$/],
  ['conflict', /_(?:conflict|mismatch)$|^(?:already_delivered|concurrent_read|delivery_in_progress|profile_in_use)$/],
  ['unsupported', /^unsupported_|_not_supported$|^unknown_op$/],
  [
    'invalid_argument',
    /^(?:missing|invalid|empty)_|^(?:no_enabled_recipients|scope_not_attached|validation_error|concrete_recipients_required|mixed_recipient_kinds|mail_requires_actor_recipient)$/,
  ],
  ['too_large', /_too_large$/],
  ['permission_denied', /^(?:permission_denied|read_only)$/],
  ['unauthenticated', /^(?:unauthorized|auth_required|bootstrap_required)$/],
  ['unavailable', /^daemon_unavailable$/],
]

const textOr = (value: unknown, otherwise: string): string => (typeof value === 'string' && value !== '' ? value : otherwise)

/** Some messages of the daemon repeat an argument of two million characters. */
const short = (text: string): string => (text.length > 1000 ? `${text.slice(0, 1000)}... (${text.length} characters)` : text)

/** The error for an answer with `ok: false`, also when it has no error object. */
export function apiError(op: string, answer: Loose, scrub: <T>(value: T) => T = (value) => value, status?: number): DaemonAPIError {
  const remoteError = recordOr(answer.error)
  const remoteCode = textOr(remoteError.code, 'error')
  const details = scrub(recordOr(remoteError.details))
  const more = Object.keys(details).length > 0 ? ` (${short(JSON.stringify(details))})` : ''
  return new DaemonAPIError({
    code: CODES.find(([, pattern]) => pattern.test(remoteCode))?.[0] ?? 'remote',
    message: `${op}: ${remoteCode}: ${short(scrub(textOr(remoteError.message, 'daemon error')))}${more}`,
    remoteCode,
    op,
    sent: 'yes',
    details,
    raw: scrub(answer),
    status,
  })
}

export function unsupported(op: string, message: string, hint: string): IncompatibleDaemonError {
  return new IncompatibleDaemonError({ code: 'unsupported', op, message, hint })
}

export function badArgument(op: string, message: string, hint: string): CcccError {
  return new CcccError({ code: 'invalid_argument', op, message, hint })
}

/** True for a refusal of the daemon. Compared by name, because the error may come from another copy of the package. */
export function isRefusal(error: unknown): error is DaemonAPIError {
  return SignalboxError.is(error) && error.name === 'DaemonAPIError'
}

/** True for a refusal with one of these codes of the daemon. */
export function isApiError(error: unknown, ...remoteCodes: readonly string[]): error is DaemonAPIError {
  return isRefusal(error) && remoteCodes.includes(error.remoteCode ?? '')
}
