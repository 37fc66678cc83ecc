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
  readonly refused?: readonly RefusedField[] | undefined
  /** Where an older server wants the session to go on. */
  readonly expectedSequence?: number | undefined

  constructor(facts: CatsyphonFacts) {
    super({ ...facts, system: SYSTEM })
    this.refused = facts.refused
    this.expectedSequence = facts.expectedSequence
  }
}

export const failure = (code: ErrorCode, message: string, facts?: Partial<CatsyphonFacts>): CatsyphonError =>
  new CatsyphonError({ ...facts, code, message })

export const invalid = (message: string, hint?: string): CatsyphonError => failure('invalid_argument', message, { hint })

/** A page instead of an answer, a redirect, or a yes to everything: some other server, or a proxy. */
export const wrongAddress = (op: string, what: string, facts?: Partial<ErrorFacts>): CatsyphonError =>
  failure('incompatible', `${op}: this is not a CatSyphon API (${what}).`, {
    hint: 'Check the base URL: behind the bundled web front end the API is under /api, and no path ends with a slash.',
    ...facts,
    op,
  })

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
}

/** Texts of the server that say nothing about anybody. Everything else is left out. */
const KNOWN_DETAIL =
  /^(?:Invalid (?:authorization header format|API key|collector ID format)|Collector (?:not found|has no API key configured|is disabled)|No events received for session \S{1,255}|Session belongs to a different collector|Workspace [\w-]{1,99} not found|Not Found|Method Not Allowed|Conversation not found|There was an error parsing the body)$/

/** The code, what became of the request (`no` promises that nothing was stored), and what to do. */
const MEANINGS: Readonly<Record<number, readonly [code: ErrorCode, sent?: Sent, hint?: string]>> = {
  400: ['invalid_argument'],
  401: ['unauthenticated', 'no', 'Register again, or give the right collectorId and apiKey; what is queued is kept.'],
  403: ['permission_denied'],
  404: ['not_found'],
  405: ['incompatible'],
  408: ['unavailable'],
  409: ['conflict'],
  413: ['too_large', 'no', 'A proxy limits the size of requests: lower maxRequestBytes.'],
  422: ['invalid_argument'],
  425: ['unavailable'],
  429: ['rate_limited'],
  502: ['unavailable', 'maybe'],
  503: ['unavailable'],
  504: ['unavailable', 'maybe'],
}

const RETRYABLE = /^(?:408|425|429|50[0234])$/

export function refusal(op: string, answer: Answer, now: number): CatsyphonError {
  const { status, headers, text } = answer
  const isPage = !isJson(answer)
  if (status < 400 || (isPage && (status === 404 || status === 405))) return notTheApi(op, answer)
  const [code, sent = 'no', hint] = MEANINGS[status] ?? ['remote', status < 500 ? 'no' : 'maybe']
  const detail = isPage ? undefined : detailOf(text)
  const known = typeof detail === 'string' && KNOWN_DETAIL.test(detail) ? detail : undefined
  const refused = Array.isArray(detail) ? detail.flatMap(fieldOf).slice(0, 50) : undefined
  const expected = (detail as { expected_sequence?: unknown } | null | undefined)?.expected_sequence
  const expectedSequence = Number.isSafeInteger(expected) ? (expected as number) : undefined
  const places = refused?.slice(0, 5).map(({ type, loc }) => `${loc.join('.')} (${type})`)
  const what = known ?? places?.join(', ') ?? (expectedSequence === undefined ? '' : `it expects sequence ${expectedSequence}`)
  return failure(code, `${op}: the server answered ${status}${what && `: ${what}`}.`, {
    sent,
    op,
    hint,
    status,
    remoteCode: known,
    retryable: RETRYABLE.test(`${status}`),
    retryAfterMs: parseRetryAfter(headers['retry-after'], now),
    refused,
    expectedSequence,
  })
}

export function notTheApi(op: string, { status, headers }: Answer): CatsyphonError {
  const type = (headers['content-type'] ?? 'no content type').split(';')[0]
  return wrongAddress(op, `it answered ${status}, ${type}`, { sent: status < 300 ? 'maybe' : 'no', status })
}

export const isJson = ({ headers }: Answer): boolean => /^application\/(?:[\w.-]+\+)?json\b/i.test(headers['content-type'] ?? '')

function detailOf(text: string): unknown {
  try {
    return (JSON.parse(text) as { detail?: unknown } | null)?.detail
  } catch {
    return undefined
  }
}

/** Keys of the caller's own maps stand in the path; they are cut, not trusted. */
function fieldOf(value: unknown): RefusedField[] {
  const { type, loc } = (value ?? {}) as { type?: unknown; loc?: unknown }
  if (typeof type !== 'string' || !Array.isArray(loc)) return []
  const cut = (part: unknown): string | number => (typeof part === 'number' ? part : String(part).slice(0, 60))
  return [{ type: type.slice(0, 60), loc: loc.slice(0, 8).map(cut) }]
}
