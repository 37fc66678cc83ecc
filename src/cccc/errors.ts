/** The daemon's failures, as the published SDKs name them, over the one error class. */
import { SignalboxError, type ErrorCode, type ErrorFacts } from '../errors.js'
import { isRecord, type Loose } from './shapes.js'

export class CcccError extends SignalboxError {
  override readonly name: string = 'CcccError'

  constructor(facts: ErrorFacts) {
    super({ system: 'cccc', ...facts })
  }
}

/** No endpoint, no connection, or a connection that ended without an answer. `sent` tells which. */
export class DaemonUnavailableError extends CcccError {
  override readonly name: string = 'DaemonUnavailableError'
}

/**
 * The request was written and no answer came. The daemon may have acted: measured on 0.4.3, a message was stored although its answer
 * never came. Only a read, or an op that may be repeated, is safe to call again.
 */
export class OutcomeUnknownError extends DaemonUnavailableError {
  override readonly name: string = 'OutcomeUnknownError'
}

/** The daemon is not what the caller needs. Its code is `incompatible` for an assertion, `unsupported` for a call. */
export class IncompatibleDaemonError extends CcccError {
  override readonly name: string = 'IncompatibleDaemonError'
}

/** The daemon answered `ok: false`. What it calls the failure is in `remoteCode`. */
export class DaemonAPIError extends CcccError {
  override readonly name: string = 'DaemonAPIError'
  readonly details: Loose
  /** The whole answer. */
  readonly raw: unknown

  constructor(facts: ErrorFacts & { readonly details?: Loose; readonly raw?: unknown }) {
    super(facts)
    this.details = facts.details ?? {}
    // Not enumerable: an answer may repeat what the request held, and errors are logged whole.
    this.raw = undefined
    Object.defineProperty(this, 'raw', { value: facts.raw, enumerable: false })
  }
}

/** A few codes by name, the rest by the pattern that the daemon's authors follow. The list is open. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  unknown_op: 'unsupported',
  permission_denied: 'permission_denied',
  unauthorized: 'unauthenticated',
  bootstrap_required: 'unauthenticated',
  read_only: 'permission_denied',
  validation_error: 'invalid_argument',
  unknown_actor: 'not_found',
  not_found: 'not_found',
  request_too_large: 'too_large',
  daemon_unavailable: 'unavailable',
  delivery_in_progress: 'conflict',
  already_delivered: 'conflict',
  concurrent_read: 'conflict',
  profile_in_use: 'conflict',
  no_enabled_recipients: 'invalid_argument',
  scope_not_attached: 'invalid_argument',
  io_error: 'remote',
}
const PATTERNS: readonly (readonly [RegExp, ErrorCode])[] = [
  [/_not_found$/, 'not_found'],
  [/_(?:conflict|mismatch)$/, 'conflict'],
  [/^unsupported_|_not_supported$/, 'unsupported'],
  [/^(?:missing|invalid|empty)_/, 'invalid_argument'],
  [/_too_large$/, 'too_large'],
]

export function codeFor(remoteCode: string): ErrorCode {
  return CODES[remoteCode] ?? PATTERNS.find(([pattern]) => pattern.test(remoteCode))?.[1] ?? 'remote'
}

/** The failure that an answer with `ok: false` stands for; an answer without an error object still is one. */
export function apiError(
  op: string,
  answer: Loose,
  scrub: (value: unknown) => unknown = (value) => value,
  facts: Partial<ErrorFacts> = {},
) {
  const told = isRecord(answer.error) ? answer.error : {}
  const remoteCode = typeof told.code === 'string' && told.code !== '' ? told.code : 'error'
  const text = typeof told.message === 'string' && told.message !== '' ? told.message : 'daemon error'
  const details = (isRecord(told.details) ? scrub(told.details) : {}) as Loose
  const more = Object.keys(details).length > 0 ? ` (${short(JSON.stringify(details))})` : ''
  return new DaemonAPIError({
    code: codeFor(remoteCode),
    message: `${op}: ${remoteCode}: ${short(String(scrub(text)))}${more}`,
    remoteCode,
    op,
    sent: 'yes',
    details,
    raw: scrub(answer),
    ...facts,
  })
}

/** Some messages repeat an argument of two million characters. */
function short(text: string): string {
  return text.length > 1000 ? `${text.slice(0, 1000)}... (${text.length} characters)` : text
}

export function unsupported(op: string, message: string, hint: string): IncompatibleDaemonError {
  return new IncompatibleDaemonError({ code: 'unsupported', op, message, hint })
}

export function badArgument(op: string, message: string, hint: string): CcccError {
  return new CcccError({ code: 'invalid_argument', op, message, hint })
}

/** Did the daemon itself say no? The name, because an error may come from another copy of the package. */
export function isRefusal(error: unknown): error is DaemonAPIError {
  return SignalboxError.is(error) && error.name === 'DaemonAPIError'
}

/** Did the daemon say this? */
export function isApiError(error: unknown, ...remoteCodes: readonly string[]): error is DaemonAPIError {
  return isRefusal(error) && remoteCodes.includes(error.remoteCode ?? '')
}
