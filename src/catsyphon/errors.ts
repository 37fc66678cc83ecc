/** The server's refusals as typed errors. Its bodies echo what was sent and what is stored, so of them only known words are kept. */
import { parseRetryAfter } from '../core/policy/retry-after.js'
import { SignalboxError, type ErrorCode, type ErrorFacts } from '../errors.js'

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
    hint: 'Check the base URL: behind the bundled front end the API is under /api.',
    ...facts,
    op,
  })

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
}

/** The server's own refusals: its words, and an id at most. They say nothing about anybody; everything else is left out. */
const KNOWN_DETAIL =
  /^(?:Invalid|Collector|No events received for|Session belongs|Workspace|Conversation|Not Found|Method Not|There was an error)[\w .:-]{0,255}$/

const CODES: Readonly<Record<number, ErrorCode>> = {
  400: 'invalid_argument',
  401: 'unauthenticated',
  403: 'permission_denied',
  404: 'not_found',
  405: 'incompatible',
  408: 'unavailable',
  409: 'conflict',
  413: 'too_large',
  422: 'invalid_argument',
  425: 'unavailable',
  429: 'rate_limited',
  502: 'unavailable',
  503: 'unavailable',
  504: 'unavailable',
}

const HINTS: Readonly<Record<number, string>> = {
  401: 'Give the right collectorId and apiKey, or register again; what is queued is kept.',
  413: 'A proxy limits the size of requests: lower maxRequestBytes.',
}

export function refusal(op: string, answer: Answer, now: number): CatsyphonError {
  const { status, headers, text } = answer
  const isPage = !isJson(answer)
  // The server's own 400 is JSON; a page that says so was made by whoever could not read the request as one for the server.
  if (status < 400 || (isPage && (status === 400 || status === 404 || status === 405))) return notTheApi(op, answer)
  const detail = isPage ? undefined : detailOf(text)
  const known = typeof detail === 'string' && status < 500 && KNOWN_DETAIL.test(detail) ? detail : undefined
  const refused = Array.isArray(detail) ? detail.flatMap(fieldOf).slice(0, 50) : undefined
  const expected = (detail as { expected_sequence?: unknown } | null | undefined)?.expected_sequence
  const expectedSequence = Number.isSafeInteger(expected) ? (expected as number) : undefined
  const places = refused?.slice(0, 5).map(({ type, loc }) => `${loc.join('.')} (${type})`)
  const what = known ?? places?.join(', ') ?? (expectedSequence === undefined ? '' : `it expects sequence ${expectedSequence}`)
  return failure(CODES[status] ?? 'remote', `${op}: the server answered ${status}${what && `: ${what}`}.`, {
    // `no` promises that nothing was stored.
    sent: status < 500 || status === 503 ? 'no' : 'maybe',
    op,
    hint: HINTS[status],
    status,
    remoteCode: known,
    retryable: status === 500 || undefined,
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
