/** Refusals: a stable code, what was refused, and the exact setting that would allow it. They never repeat a credential. */
import { SignalboxError, type ErrorCode } from '../errors.js'
import type { Scope } from './scopes.js'

/** What every refusal of a code has in common. */
export interface RefusalFacts {
  readonly status: number
  /** The code under which our own clients know the same refusal. */
  readonly error: ErrorCode
  readonly message: string
  /** The setting to change, on the server. */
  readonly hint?: string
  /** Whether the upstream may have been reached; by default it was not. */
  readonly sent?: 'no' | 'maybe'
}

const table = {
  host_not_allowed: {
    status: 421,
    error: 'permission_denied',
    message: 'The Host header names no host of this gateway.',
    hint: 'Add the exact host and port to allowedHosts.',
  },
  host_ambiguous: { status: 400, error: 'invalid_argument', message: 'A request must carry exactly one Host header.' },
  target_form: { status: 400, error: 'invalid_argument', message: 'The request target must be a plain path.' },
  http_version: { status: 400, error: 'invalid_argument', message: 'HTTP/1.1 or newer is required.' },
  origin_not_allowed: {
    status: 403,
    error: 'permission_denied',
    message: 'Pages of this origin may not use the gateway.',
    hint: 'Add the exact origin to allowedOrigins.',
  },
  cross_site: {
    status: 403,
    error: 'permission_denied',
    message: 'The browser says that another site made this request.',
    hint: 'Add the exact origin of the page to allowedOrigins.',
  },
  content_type: { status: 415, error: 'invalid_argument', message: 'Only application/json is accepted.' },
  method_not_allowed: { status: 405, error: 'invalid_argument', message: 'This path does not take that method.' },
  not_found: { status: 404, error: 'not_found', message: 'There is nothing at this path.' },
  unknown_upstream: {
    status: 404,
    error: 'not_found',
    message: 'No upstream of that name is configured, or this credential may not name it.',
    hint: 'Add it to upstreams in the configuration of the gateway.',
  },
  wrong_kind: { status: 400, error: 'invalid_argument', message: 'This upstream is not reached that way.' },
  unauthenticated: {
    status: 401,
    error: 'unauthenticated',
    message: 'A valid credential is needed.',
    hint: 'Send the token as `Authorization: Bearer`, or redeem a fresh ticket.',
  },
  ticket_spent: {
    status: 401,
    error: 'unauthenticated',
    message: 'The ticket is unknown, spent or too old.',
    hint: 'Ask the gateway for a new one; a ticket works once.',
  },
  scope_missing: { status: 403, error: 'permission_denied', message: 'The credential does not cover this.' },
  server_only: {
    status: 403,
    error: 'permission_denied',
    message: 'This can only be set in the configuration of the gateway.',
  },
  invalid_request: { status: 400, error: 'invalid_argument', message: 'The request is not of the expected form.' },
  too_large: { status: 413, error: 'too_large', message: 'The request is larger than the limit.' },
  too_many: { status: 429, error: 'rate_limited', message: 'Too many at once.' },
  slow_consumer: {
    sent: 'maybe',
    status: 408,
    error: 'slow_consumer',
    message: 'The client reads too slowly; its buffer was full.',
    hint: 'Resume from your cursor.',
  },
  idle: { status: 408, error: 'deadline_exceeded', message: 'Nothing happened for too long.', sent: 'maybe' },
  draining: {
    status: 503,
    error: 'unavailable',
    message: 'The gateway is shutting down.',
    hint: 'Reconnect and resume from your cursor.',
  },
  upstream_unreachable: { status: 502, error: 'unreachable', message: 'The upstream could not be reached.' },
  upstream_failed: { status: 502, error: 'closed', message: 'The upstream failed.', sent: 'maybe' },
} satisfies Record<string, RefusalFacts>

/** The codes of all refusals. */
export type RefusalCode = keyof typeof table

/** Why a request was refused, and the setting to change. */
export class Refusal extends Error {
  /** Always `Refusal`. */
  override readonly name = 'Refusal'
  /** The status of the HTTP response. */
  readonly status: number
  /** The setting to change, or what the client can do. */
  readonly hint?: string
  /** `maybe` when the upstream may have been reached. */
  readonly sent: 'no' | 'maybe'

  constructor(
    /** Names the reason; stable across versions. */
    readonly code: RefusalCode,
    detail?: {
      readonly message?: string | undefined
      readonly hint?: string | undefined
      readonly scope?: Scope
      readonly limit?: string
      readonly sent?: 'maybe'
    },
  ) {
    const facts: RefusalFacts = table[code]
    const parts = [detail?.message ?? facts.message]
    if (detail?.scope) parts.push(`It needs the scope "${detail.scope}".`)
    super(parts.join(' '))
    this.status = facts.status
    this.sent = detail?.sent ?? facts.sent ?? 'no'
    const hint = detail?.limit ? `Raise limits.${detail.limit}.` : (detail?.hint ?? facts.hint)
    if (hint !== undefined) this.hint = hint
  }

  /** The body of the HTTP response. It holds no credential. */
  toJSON(): Record<string, unknown> {
    const { code, message, sent, hint } = this
    return { ok: false, error: { code, kind: table[code].error, message, sent, ...(hint ? { hint } : {}) } }
  }

  /** The error that the client at the other end of a link gets. */
  toError(): SignalboxError {
    const { code, message, hint, sent } = this
    return new SignalboxError({ code: table[code].error, message, hint, remoteCode: code, sent })
  }
}
