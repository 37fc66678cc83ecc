/**
 * What the server's storage refuses, replaced before it is queued: one such value in one event holds its whole batch hostage, for ever.
 * Every replacement is told, with the path of the value.
 */

export interface Replacement {
  readonly path: string
  readonly reason:
    | 'nul'
    | 'lone_surrogate'
    | 'not_json'
    | 'not_text'
    | 'too_long'
    | 'unreadable_path'
    | 'not_whole'
    | 'out_of_range'
}

export type Told = (path: string, reason: Replacement['reason']) => void

const REPLACEMENT = '\ufffd'
const LONE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g
const SUSPECT = /[\0\ud800-\udfff]/

export function cleanText(value: string, path: string, told: Told): string {
  if (!SUSPECT.test(value)) return value
  let out = value
  if (out.includes('\0')) {
    out = out.split('\0').join(REPLACEMENT)
    told(path, 'nul')
  }
  const whole = out.replace(LONE, REPLACEMENT)
  if (whole !== out) told(path, 'lone_surrogate')
  return whole
}

/** A copy that is plain JSON and that the server can store. Undefined members go, as JSON lets them go. */
export function cleanValue(value: unknown, path: string, told: Told, seen: readonly object[] = []): unknown {
  if (typeof value === 'string') return cleanText(value, path, told)
  if (value === null || typeof value === 'boolean') return value
  if (typeof value === 'number') {
    if (Number.isFinite(value)) return value
    told(path, 'not_json')
    return null
  }
  if (typeof value !== 'object') {
    if (value !== undefined) told(path, 'not_json')
    return typeof value === 'bigint' ? String(value) : value === undefined ? undefined : null
  }
  // A cycle has no JSON, and what nests this deep no server reads.
  if (seen.includes(value) || seen.length > 500) {
    told(path, 'not_json')
    return null
  }
  const inside = [...seen, value]
  if (Array.isArray(value)) return value.map((item, index) => cleanValue(item, `${path}[${index}]`, told, inside) ?? null)
  if ('toJSON' in value && typeof value.toJSON === 'function') return cleanValue(value.toJSON(), path, told, inside)
  const out: Record<string, unknown> = {}
  for (const [key, item] of Object.entries(value)) {
    const clean = cleanValue(item, `${path}.${key}`, told, inside)
    if (clean === undefined) continue
    const name = cleanText(key, `${path}.${key}`, told)
    Object.defineProperty(out, name, { value: clean, enumerable: true, configurable: true, writable: true })
  }
  return out
}

const encoder = new TextEncoder()

/** Cut to so many characters, which for the server are code points. */
export function cutCharacters(value: string, limit: number, path: string, told: Told): string {
  if (value.length <= limit) return value
  const characters = [...value]
  if (characters.length <= limit) return value
  told(path, 'too_long')
  return characters.slice(0, limit).join('')
}

/** The server's index holds 2,700 bytes of a directory at most; incompressible ones of 2,500 passed. */
const DIRECTORY_BYTES = 2500
const COMPONENT_CHARACTERS = 255

export function cleanDirectory(value: string, path: string, told: Told): string {
  const parts = value.split(/([\\/])/).map((part) => cutCharacters(part, COMPONENT_CHARACTERS, path, told))
  let out = parts.join('')
  if (encoder.encode(out).length <= DIRECTORY_BYTES) return out
  told(path, 'too_long')
  while (encoder.encode(out).length > DIRECTORY_BYTES) out = [...out].slice(0, -16).join('')
  return out
}
