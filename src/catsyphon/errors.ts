/** The server's refusals as typed errors. Its bodies echo what was sent and what is stored, so of them only known words are kept. */
import { parseRetryAfter } from '../core/policy/retry-after.js'
import { SignalboxError, type ErrorCode, type ErrorFacts, type Sent } from '../errors.js'

export const SYSTEM = 'catsyphon'
/** The server's words for a session that was begun under other credentials. */
export const FOREIGN_SESSION = 'Session belongs to a different collector'

/** Where a request was malformed, as the server names it: `['body', 'events', 3, 'data', 'content']`. */
export interface RefusedField {
  readonly type: string
  readonly loc: readonly (string | number)[]
}

export interface CatsyphonFacts extends ErrorFacts {
  readonly refused?: readonly RefusedField[] | undefined
  readonly expectedSequence?: number | undefined
}

/** What the server said, beyond what every error says. */
export class CatsyphonError extends SignalboxError {
  override readonly name = 'CatsyphonError'
  readonly refused?: readonly RefusedField[]
  /** Where an older server wants the session to go on. */
  readonly expectedSequence?: number

  constructor(facts: CatsyphonFacts) {
    super({ ...facts, system: SYSTEM })
    if (facts.refused !== undefined) this.refused = facts.refused
    if (facts.expectedSequence !== undefined) this.expectedSequence = facts.expectedSequence
  }
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
}

/** Texts of the server that say nothing about anybody. Everything else is left out. */
const KNOWN_DETAILS: readonly RegExp[] = [
  /^Invalid authorization header format$/,
  /^Collector (?:not found|has no API key configured|is disabled)$/,
  /^Invalid API key$/,
  /^Invalid collector ID format$/,
  /^No events received for session [^\s]+$/,
  /^Session belongs to a different collector$/,
  /^Workspace [\w-]+ not found$/,
  /^(?:Not Found|Method Not Allowed|Conversation not found|There was an error parsing the body)$/,
]

interface Meaning {
  readonly code: ErrorCode
  readonly sent: Sent
  readonly hint?: string
}

/** `sent: 'no'` promises that nothing was stored. */
const MEANINGS: Readonly<Record<number, Meaning>> = {
  400: { code: 'invalid_argument', sent: 'no' },
  401: {
    code: 'unauthenticated',
    sent: 'no',
    hint: 'Register again, or give the right collectorId and apiKey; what is queued is kept.',
  },
  403: { code: 'permission_denied', sent: 'no' },
  404: { code: 'not_found', sent: 'no' },
  405: { code: 'incompatible', sent: 'no', hint: 'Is the path prefix right? Behind the bundled web front end it is /api.' },
  408: { code: 'unavailable', sent: 'no' },
  409: { code: 'conflict', sent: 'no' },
  413: { code: 'too_large', sent: 'no', hint: 'A proxy limits the size of requests: lower maxRequestBytes.' },
  422: { code: 'invalid_argument', sent: 'no' },
  425: { code: 'unavailable', sent: 'no' },
  429: { code: 'rate_limited', sent: 'no' },
  502: { code: 'unavailable', sent: 'maybe' },
  503: { code: 'unavailable', sent: 'no' },
  504: { code: 'unavailable', sent: 'maybe' },
}

export function refusal(op: string, answer: Answer, now: number): CatsyphonError {
  const { status, headers } = answer
  if (status >= 300 && status < 400) return notTheApi(op, answer, 'It answered with a redirect.')
  if ((status === 404 || status === 405) && !isJson(answer)) return notTheApi(op, answer, 'A page came instead of an answer.')
  const fallback: Meaning = status >= 500 ? { code: 'remote', sent: 'maybe' } : { code: 'remote', sent: 'no' }
  const { code, sent, hint } = MEANINGS[status] ?? fallback
  const detail = detailOf(answer)
  const known =
    typeof detail === 'string' && KNOWN_DETAILS.some((pattern) => pattern.test(detail)) ? detail.slice(0, 200) : undefined
  const refused = Array.isArray(detail) ? detail.flatMap(fieldOf).slice(0, 50) : undefined
  const expected = sequenceOf(detail)
  const places = refused?.map(({ type, loc }) => `${loc.join('.')} (${type})`).slice(0, 5)
  const what = known ?? places?.join(', ') ?? (expected === undefined ? undefined : `it expects sequence ${expected}`)
  return new CatsyphonError({
    code,
    sent,
    op,
    hint,
    status,
    message: `${op}: the server answered ${status}${what === undefined ? '' : `: ${what}`}.`,
    remoteCode: known,
    retryable: isRetryableStatus(status),
    retryAfterMs: parseRetryAfter(headers['retry-after'], now),
    refused,
    expectedSequence: expected,
  })
}

/** A page instead of an answer: a proxy, or the single-page app that answers every path. */
export function notTheApi(op: string, { status, headers }: Answer, why: string): CatsyphonError {
  const type = (headers['content-type'] ?? 'no content type').split(';')[0]
  return new CatsyphonError({
    code: 'incompatible',
    message: `${op}: this is not a CatSyphon API. ${why} (${status}, ${type})`,
    hint: 'Check the base URL: behind the bundled web front end the API is under /api, and no path ends with a slash.',
    sent: status < 300 ? 'maybe' : 'no',
    op,
    status,
    retryable: false,
  })
}

export const isJson = (answer: Answer): boolean => /^application\/(?:[\w.-]+\+)?json\b/i.test(answer.headers['content-type'] ?? '')

const isRetryableStatus = (status: number): boolean => [408, 425, 429, 500, 502, 503, 504].includes(status)

function detailOf(answer: Answer): unknown {
  if (!isJson(answer)) return undefined
  try {
    return (JSON.parse(answer.text) as { detail?: unknown } | null)?.detail
  } catch {
    return undefined
  }
}

function fieldOf(value: unknown): RefusedField[] {
  const { type, loc } = (value ?? {}) as { type?: unknown; loc?: unknown }
  if (typeof type !== 'string' || !Array.isArray(loc)) return []
  const places = loc.filter((part): part is string | number => typeof part === 'number' || typeof part === 'string')
  // Keys of the caller's own maps stand in the path; they are cut, not trusted.
  return [{ type: type.slice(0, 60), loc: places.slice(0, 8).map((part) => (typeof part === 'string' ? part.slice(0, 60) : part)) }]
}

function sequenceOf(detail: unknown): number | undefined {
  const expected = (detail as { expected_sequence?: unknown } | undefined | null)?.expected_sequence
  return typeof expected === 'number' && Number.isSafeInteger(expected) ? expected : undefined
}
