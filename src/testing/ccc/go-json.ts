/** JSON as Go reads and writes it, which differs from JavaScript. */

export interface Request {
  readonly cmd: string
  readonly session: string
  readonly text: string
  readonly from: string
  readonly from_filter: string
  readonly after: number
  readonly limit: number
  readonly question_index: number
  readonly option_index: number
  readonly sessions: readonly string[]
}

const TEXTS = ['cmd', 'session', 'text', 'from', 'from_filter'] as const
const INTEGERS = ['after', 'limit', 'question_index', 'option_index'] as const

/** Field names match in any case, the last of two equal names counts, null is a zero value, and a wrong type makes the whole line invalid. */
export function decodeRequest(line: string): Request | undefined {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return undefined
  }
  // `null` decodes into an empty request. Other JSON that is not an object does not decode.
  if (value !== null && (typeof value !== 'object' || Array.isArray(value))) return undefined
  const given = new Map<string, unknown>()
  for (const [key, item] of Object.entries(value ?? {})) given.set(key.toLowerCase(), item)
  const out: Record<string, unknown> = { sessions: [] }
  for (const name of TEXTS) {
    const item = given.get(name) ?? ''
    if (typeof item !== 'string') return undefined
    // Half a surrogate pair becomes the replacement character.
    out[name] = new TextDecoder().decode(new TextEncoder().encode(item))
  }
  for (const name of INTEGERS) {
    const item = given.get(name) ?? 0
    if (typeof item !== 'number' || !writtenAsInteger(line, name)) return undefined
    out[name] = item
  }
  const sessions = given.get('sessions') ?? []
  if (!Array.isArray(sessions) || sessions.some((name) => typeof name !== 'string')) return undefined
  out.sessions = sessions
  return out as unknown as Request
}

/** Go does not take `1.0`, `1e3` or numbers beyond 64 bits for integers. */
function writtenAsInteger(line: string, name: string): boolean {
  const written = new RegExp(`"${name}"\\s*:\\s*(-?[0-9][0-9.eE+-]*)`, 'i').exec(line)?.[1]
  if (written === undefined) return true
  if (!/^-?\d+$/.test(written)) return false
  const whole = BigInt(written)
  return whole >= -(2n ** 63n) && whole < 2n ** 63n
}

const ESCAPED: Readonly<Record<string, string>> = {
  '<': '\\u003c',
  '>': '\\u003e',
  '&': '\\u0026',
  '\u2028': '\\u2028',
  '\u2029': '\\u2029',
}

/** Compact JSON with HTML characters escaped. */
export function encodeGo(value: unknown): string {
  return JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, (character) => ESCAPED[character] as string)
}

/** Leaves out fields that are empty or zero, as the server does for most fields. */
export function compact(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const isEmpty = (value: unknown): boolean =>
    value === undefined || value === '' || value === 0 || value === false || (Array.isArray(value) && value.length === 0)
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => !isEmpty(value)))
}
