/**
 * Replaces values that the server cannot store before they are queued: one such value makes its whole batch fail, for ever. Every
 * replacement is reported with the path of the value.
 */
import type { Replacement } from '../report.js'
import { cleanText } from '../text.js'

export type Told = (path: string, reason: Replacement['reason']) => void

export const cleanTextAt = (value: string, path: string, report: Told): string => cleanText(value, (reason) => report(path, reason))

/** The server fails on parameters that are nested deeper than 250 levels. `data` itself is the first level. */
const MAX_DEPTH = 250

/** A copy that is plain JSON and that the server can store. Undefined members are left out, as in JSON. */
export function cleanValue(value: unknown, path: string, report: Told, seen: readonly object[] = []): unknown {
  if (typeof value === 'string') return cleanTextAt(value, path, report)
  if (value == null || typeof value === 'boolean' || Number.isFinite(value)) return value
  if (typeof value === 'object' && seen.length >= MAX_DEPTH) {
    report(path, 'too_deep')
    return null
  }
  // A cycle has no JSON.
  if (typeof value !== 'object' || seen.includes(value)) {
    report(path, 'not_json')
    return typeof value === 'bigint' ? `${value}` : null
  }
  const inside = [...seen, value]
  if (Array.isArray(value)) return value.map((item, index) => cleanValue(item, `${path}[${index}]`, report, inside) ?? null)
  if ('toJSON' in value && typeof value.toJSON === 'function') return cleanValue(value.toJSON(), path, report, inside)
  const out: Record<string, unknown> = {}
  for (const [key, item] of Object.entries(value)) {
    const place = `${path}.${key}`
    const name = cleanTextAt(key, place, report)
    const clean = cleanValue(item, place, report, inside)
    if (clean === undefined) continue
    // An assignment to `__proto__` would set the prototype.
    if (name === '__proto__')
      Object.defineProperty(out, name, { value: clean, enumerable: true, configurable: true, writable: true })
    else out[name] = clean
  }
  return out
}

/** Cuts a text to so many code points, which is what the server counts. */
export function cutCharacters(value: string, limit: number, path: string, report: Told): string {
  const characters = [...value]
  if (characters.length <= limit) return value
  report(path, 'too_long')
  return characters.slice(0, limit).join('')
}

/** The server's index holds at most 2,700 bytes of a directory. Random ones of 2,500 bytes were stored. */
const DIRECTORY_BYTES = 2500

export function cleanDirectory(value: string, path: string, report: Told): string {
  const out = value
    .split(/([\\/])/)
    .map((part) => cutCharacters(part, 255, path, report))
    .join('')
  const bytes = new TextEncoder().encode(out)
  if (bytes.length <= DIRECTORY_BYTES) return out
  report(path, 'too_long')
  // The cut may have split a character: its rest is removed.
  return new TextDecoder().decode(bytes.subarray(0, DIRECTORY_BYTES)).replace(/\ufffd+$/, '')
}
