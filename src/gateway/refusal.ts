/** Refusals teach: a stable code, what was refused, and the exact setting that would allow it. They never repeat a credential. */
import type { Scope } from './scopes.js'

export interface RefusalFacts {
  readonly status: number
  /** WebSocket close code for the same refusal. */
  readonly closeCode: number
  readonly message: string
  /** The setting to change, on the server. */
  readonly hint?: string
}

const table = {
  host_not_allowed: {
    status: 421,
    closeCode: 4403,
    message: 'The Host header names no host of this gateway.',
    hint: 'Add the exact host and port to allowedHosts.',
  },
  host_ambiguous: { status: 400, closeCode: 4400, message: 'A request must carry exactly one Host header.' },
  target_form: { status: 400, closeCode: 4400, message: 'The request target must be a plain path.' },
  http_version: { status: 400, closeCode: 4400, message: 'HTTP/1.1 or newer is required.' },
  origin_not_allowed: {
    status: 403,
    closeCode: 4403,
    message: 'Pages of this origin may not use the gateway.',
    hint: 'Add the exact origin to allowedOrigins.',
  },
  cross_site: {
    status: 403,
    closeCode: 4403,
    message: 'The browser says that another site made this request.',
    hint: 'Add the exact origin of the page to allowedOrigins.',
  },
  content_type: { status: 415, closeCode: 4400, message: 'Only application/json is accepted.' },
  method_not_allowed: { status: 405, closeCode: 4400, message: 'This path does not take that method.' },
  not_found: { status: 404, closeCode: 4404, message: 'There is nothing at this path.' },
  unknown_upstream: {
    status: 404,
    closeCode: 4404,
    message: 'No upstream of that name is configured, or this credential may not name it.',
    hint: 'Add it to upstreams in the configuration of the gateway.',
  },
  wrong_kind: { status: 400, closeCode: 4400, message: 'This upstream is not reached that way.' },
  unauthenticated: {
    status: 401,
    closeCode: 4401,
    message: 'A valid credential is needed.',
    hint: 'Send the token as `Authorization: Bearer`, or redeem a fresh ticket.',
  },
  ticket_spent: {
    status: 401,
    closeCode: 4401,
    message: 'The ticket is unknown, spent or too old.',
    hint: 'Ask the gateway for a new one; a ticket works once.',
  },
  scope_missing: { status: 403, closeCode: 4403, message: 'The credential does not cover this.' },
  server_only: {
    status: 403,
    closeCode: 4403,
    message: 'This can only be set in the configuration of the gateway.',
  },
  invalid_request: { status: 400, closeCode: 4400, message: 'The request is not of the expected form.' },
  too_large: { status: 413, closeCode: 4413, message: 'The request is larger than the limit.' },
  too_many: { status: 429, closeCode: 4429, message: 'Too many at once.' },
  slow_consumer: {
    status: 408,
    closeCode: 4408,
    message: 'The client reads too slowly; its buffer was full.',
    hint: 'Resume from your cursor.',
  },
  idle: { status: 408, closeCode: 4410, message: 'Nothing happened for too long.' },
  draining: {
    status: 503,
    closeCode: 4503,
    message: 'The gateway is shutting down.',
    hint: 'Reconnect and resume from your cursor.',
  },
  upstream_unreachable: { status: 502, closeCode: 4502, message: 'The upstream could not be reached.' },
  upstream_failed: { status: 502, closeCode: 4502, message: 'The upstream failed.' },
} satisfies Record<string, RefusalFacts>

export type RefusalCode = keyof typeof table

export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly status: number
  readonly closeCode: number
  readonly hint?: string

  constructor(
    readonly code: RefusalCode,
    detail?: { readonly message?: string; readonly hint?: string; readonly scope?: Scope; readonly limit?: string },
  ) {
    const facts: RefusalFacts = table[code]
    const parts = [detail?.message ?? facts.message]
    if (detail?.scope) parts.push(`It needs the scope "${detail.scope}".`)
    super(parts.join(' '))
    this.status = facts.status
    this.closeCode = facts.closeCode
    const hint = detail?.limit ? `Raise limits.${detail.limit}.` : (detail?.hint ?? facts.hint)
    if (hint !== undefined) this.hint = hint
  }

  toJSON(): Record<string, unknown> {
    return { ok: false, error: { code: this.code, message: this.message, ...(this.hint ? { hint: this.hint } : {}) } }
  }

  /** Short enough for a WebSocket close frame, which holds 123 bytes. */
  get closeReason(): string {
    return `${this.code}: ${this.message}`.slice(0, 120)
  }
}
