/**
 * What the server's storage refuses, replaced before it is queued: one such value in one event holds its whole batch hostage, for ever.
 * Every replacement is told, with the path of the value.
 */
import type { Replacement } from '../report.js'
import { cleanText } from '../text.js'

export type Told = (path: string, reason: Replacement['reason']) => void

export const cleanTextAt = (value: string, path: string, told: Told): string => cleanText(value, (reason) => told(path, reason))

/** A copy that is plain JSON and that the server can store. Undefined members go, as JSON lets them go. */
export function cleanValue(value: unknown, path: string, told: Told, seen: readonly object[] = []): unknown {
  if (typeof value === 'string') return cleanTextAt(value, path, told)
  if (value == null || typeof value === 'boolean' || Number.isFinite(value)) return value
  // A cycle has no JSON, and what nests this deep no server reads.
  if (typeof value !== 'object' || seen.includes(value) || seen.length > 500) {
    told(path, 'not_json')
    return typeof value === 'bigint' ? `${value}` : null
  }
  const inside = [...seen, value]
  if (Array.isArray(value)) return value.map((item, index) => cleanValue(item, `${path}[${index}]`, told, inside) ?? null)
  if ('toJSON' in value && typeof value.toJSON === 'function') return cleanValue(value.toJSON(), path, told, inside)
  // Not by assignment: a key may be `__proto__`.
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, item]) => [cleanTextAt(key, `${path}.${key}`, told), cleanValue(item, `${path}.${key}`, told, inside)] as const)
      .filter(([, item]) => item !== undefined),
  )
}

/** Cut to so many characters, which for the server are code points. */
export function cutCharacters(value: string, limit: number, path: string, told: Told): string {
  const characters = [...value]
  if (characters.length <= limit) return value
  told(path, 'too_long')
  return characters.slice(0, limit).join('')
}

/** The server's index holds 2,700 bytes of a directory at most; incompressible ones of 2,500 passed. */
const DIRECTORY_BYTES = 2500

export function cleanDirectory(value: string, path: string, told: Told): string {
  const out = value
    .split(/([\\/])/)
    .map((part) => cutCharacters(part, 255, path, told))
    .join('')
  const bytes = new TextEncoder().encode(out)
  if (bytes.length <= DIRECTORY_BYTES) return out
  told(path, 'too_long')
  // What is left of a character that was cut in two goes with it.
  return new TextDecoder().decode(bytes.subarray(0, DIRECTORY_BYTES)).replace(/\ufffd+$/, '')
}
