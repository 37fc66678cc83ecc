/** The server's refusals as typed errors. Its bodies repeat what was sent and what is stored, so only known texts are kept of them. */
import { parseRetryAfter } from '../core/policy/retry-after.js'
import { SignalboxError, type ErrorCode, type ErrorFacts } from '../errors.js'

export const SYSTEM = 'catsyphon'
/** The server's text about a session that other credentials began. */
export const FOREIGN_SESSION = 'Session belongs to a different collector'

/** A field that the server refused. */
export interface RefusedField {
  /** The kind of mistake, for example `string_type`. */
  readonly type: string
  /** The field's place, for example `['body', 'events', 3, 'data', 'content']`. */
  readonly loc: readonly (string | number)[]
}

export interface CatsyphonFacts extends ErrorFacts {
  readonly refused?: readonly RefusedField[] | undefined
  readonly expectedSequence?: number | undefined
}

/** An error of a CatSyphon server or of this client. */
export class CatsyphonError extends SignalboxError {
  override readonly name = 'CatsyphonError'
  /** The fields that a 422 names. */
  readonly refused?: readonly RefusedField[] | undefined
  /** The sequence with which a sequence server wants the session to go on. */
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

/** A web page instead of an answer, a redirect, or a success without a receipt: another server, or a proxy. */
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

/** Texts of the server's own refusals. They hold an id at most. No other text is kept. */
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
  // The server's own 400 is JSON. A web page with this status comes from another program, which did not pass the request on.
  if (status < 400 || (isPage && (status === 400 || status === 404 || status === 405))) return notTheApi(op, answer)
  const detail = isPage ? undefined : detailOf(text)
  const knownDetail = typeof detail === 'string' && status < 500 && KNOWN_DETAIL.test(detail) ? detail : undefined
  const refused = Array.isArray(detail) ? detail.flatMap(fieldOf).slice(0, 50) : undefined
  const expected = (detail as { expected_sequence?: unknown } | null | undefined)?.expected_sequence
  const expectedSequence = Number.isSafeInteger(expected) ? (expected as number) : undefined
  const places = refused?.slice(0, 5).map(({ type, loc }) => `${loc.join('.')} (${type})`)
  const what =
    knownDetail ?? places?.join(', ') ?? (expectedSequence === undefined ? '' : `it expects sequence ${expectedSequence}`)
  return failure(CODES[status] ?? 'remote', `${op}: the server answered ${status}${what && `: ${what}`}.`, {
    // `no` is a promise that nothing was stored.
    sent: status < 500 || status === 503 ? 'no' : 'maybe',
    op,
    hint: HINTS[status],
    status,
    remoteCode: knownDetail,
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

export const isJson = ({ headers }: Pick<Answer, 'headers'>): boolean =>
  /^application\/(?:[\w.-]+\+)?json\b/i.test(headers['content-type'] ?? '')

function detailOf(text: string): unknown {
  try {
    return (JSON.parse(text) as { detail?: unknown } | null)?.detail
  } catch {
    return undefined
  }
}

/** The path may hold keys of the caller's own data, so it is cut. */
function fieldOf(value: unknown): RefusedField[] {
  const { type, loc } = (value ?? {}) as { type?: unknown; loc?: unknown }
  if (typeof type !== 'string' || !Array.isArray(loc)) return []
  const cut = (part: unknown): string | number => (typeof part === 'number' ? part : String(part).slice(0, 60))
  return [{ type: type.slice(0, 60), loc: loc.slice(0, 8).map(cut) }]
}
