/** Replays the recorded request/response pairs against any server, and returns the differences. */
import { readFileSync } from 'node:fs'
import type { CatsyphonOutcome as SimulatedOutcome, CatsyphonRequest as SimulatedRequest } from '../../src/testing/index.js'

interface RecordedRequest {
  readonly method: string
  readonly path: string
  readonly headers?: Record<string, string>
  readonly body?: unknown
  readonly raw_body?: string
}

interface RecordedResponse {
  readonly status: number
  readonly content_type?: string
  readonly body?: unknown
  readonly body_text?: string
  readonly location_path?: string
  readonly match?: 'subset' | 'detail_prefix'
  readonly headers?: Record<string, string | null>
}

export interface RecordedCase {
  readonly id: string
  readonly title: string
  readonly steps: readonly { readonly request: RecordedRequest; readonly response: RecordedResponse }[]
}

interface Contract {
  readonly cases: { readonly hash: RecordedCase[]; readonly sequence: RecordedCase[] }
  readonly server_event_hash_vectors: {
    readonly vectors: { type: string; emitted_at: string; data: Record<string, unknown>; event_hash: string }[]
  }
}

// Read and not imported: a recorded string holds half of a surrogate pair, which is valid JSON, but bundlers refuse it.
const contract = JSON.parse(readFileSync(new URL('../fixtures/catsyphon/contract.json', import.meta.url), 'utf8')) as Contract

export const recorded = contract.cases
export const hashVectors = contract.server_event_hash_vectors.vectors

export type Values = Readonly<Record<string, string>>

const substitute = (text: string, values: Values): string =>
  text.replace(/\$\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole)

/** Each `$repeat` becomes that many copies of its `$event`. */
function expand(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(expand)
  if (typeof value !== 'object' || value === null) return value
  if ('$repeat' in value) return Array.from({ length: Number(value.$repeat) }, () => (value as { $event?: unknown }).$event)
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, expand(item)]))
}

export function toRequest({ method, path, headers = {}, body, raw_body }: RecordedRequest, values: Values): SimulatedRequest {
  const sent = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, substitute(value, values)]))
  const text = raw_body ?? (body === undefined ? undefined : substitute(JSON.stringify(expand(body)), values))
  // The recording only notes as text that this body is compressed.
  const isGzip = raw_body?.startsWith('<gzip')
  const gzip = new Uint8Array([31, 139, 8, 0, 0, 0, 0, 0, 0, 3, 171, 174, 5, 0, 67, 191, 166, 163, 2, 0, 0, 0])
  const content = text === undefined ? {} : { body: isGzip ? gzip : text }
  const type = text !== undefined && !('Content-Type' in headers) ? { 'Content-Type': 'application/json' } : {}
  return { method, path: substitute(path, values), headers: { ...type, ...sent }, ...content }
}

const SHAPES: Readonly<Record<string, RegExp>> = {
  '<uuid>': /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
  '<datetime>': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/,
  '<api_key>': /^cs_live_[\w-]{43}$/,
  '<api_key_prefix>': /^cs_live_[\w-]{4}$/,
}

/** The differences as sentences; empty for a match. Messages of libraries are not compared, because they change with versions. */
export function differences(outcome: SimulatedOutcome, expected: RecordedResponse, values: Values): string[] {
  if (outcome.kind !== 'answer') return [`expected ${expected.status}, the connection was ${outcome.kind}`]
  const found: string[] = []
  const say = (what: string, actual: unknown, wanted: unknown): void => {
    found.push(`${what}: ${JSON.stringify(actual)} instead of ${JSON.stringify(wanted)}`)
  }
  if (outcome.status !== expected.status) say('status', outcome.status, expected.status)
  const type = outcome.headers['content-type'] ?? ''
  if (expected.content_type !== undefined && !type.startsWith(expected.content_type)) say('type', type, expected.content_type)
  if (expected.location_path !== undefined) {
    const path = new URL(outcome.headers.location ?? 'http://none/').pathname
    if (path !== expected.location_path) say('location', path, expected.location_path)
  }
  for (const [name, value] of Object.entries(expected.headers ?? {})) {
    if ((outcome.headers[name] ?? null) !== value) say(name, outcome.headers[name] ?? null, value)
  }
  if (expected.body_text !== undefined && outcome.body.slice(0, 60) !== expected.body_text)
    say('text', outcome.body, expected.body_text)
  if (expected.body !== undefined) compare(JSON.parse(outcome.body), expected.body, expected.match, values, 'body', say)
  return found
}

type Say = (what: string, actual: unknown, wanted: unknown) => void

function compare(actual: unknown, expected: unknown, match: RecordedResponse['match'], values: Values, at: string, say: Say): void {
  if (typeof expected === 'string') {
    const shape = SHAPES[expected]
    const wanted = substitute(expected, values)
    const fits = shape ? typeof actual === 'string' && shape.test(actual) : prefixOrEqual(actual, wanted, match)
    if (!fits) say(at, actual, wanted)
  } else if (Array.isArray(expected)) {
    if (!Array.isArray(actual) || actual.length !== expected.length) return say(at, actual, expected)
    for (const [index, item] of expected.entries()) compare(actual[index], item, match, values, `${at}[${index}]`, say)
  } else if (typeof expected === 'object' && expected !== null) {
    if (typeof actual !== 'object' || actual === null) return say(at, actual, expected)
    for (const [key, item] of Object.entries(expected)) {
      if (key === 'msg') continue
      compare((actual as Record<string, unknown>)[key], item, match, values, `${at}.${key}`, say)
    }
    const extra = Object.keys(actual).filter((key) => !(key in expected))
    if (match === undefined && extra.length > 0) say(`${at} keys`, extra, [])
  } else if (actual !== expected) say(at, actual, expected)
}

const prefixOrEqual = (actual: unknown, wanted: string, match: RecordedResponse['match']): boolean =>
  match === 'detail_prefix' ? String(actual).startsWith(wanted) : actual === wanted
