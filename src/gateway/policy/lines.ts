/** Protocols whose requests are JSON lines told apart by one field. */
import { Refusal } from '../refusal.js'
import type { Classification } from '../scopes.js'
import type { Verdict } from './policy.js'

/**
 * Some upstreams match field names without regard to case and take the last of two; so a second spelling of the deciding field, which this
 * side would not look at, is refused.
 */
export function lineClassifier(
  field: string,
  scopes: Readonly<Record<string, Classification>>,
  rawAfter: readonly string[] = [],
): (message: unknown) => Verdict {
  const known = new Map(Object.entries(scopes))
  return (message) => {
    if (typeof message !== 'object' || message === null || Array.isArray(message)) {
      throw new Refusal('invalid_request', { message: 'A request is a JSON object.' })
    }
    for (const key of Object.keys(message)) {
      if (key !== field && key.toLowerCase() === field)
        throw new Refusal('invalid_request', { message: `"${field}" is written in lower case.` })
    }
    const name = (message as Record<string, unknown>)[field]
    if (typeof name !== 'string') throw new Refusal('invalid_request', { message: `A request needs "${field}".` })
    // Some upstreams strip what surrounds a name, and would find one that was not looked up here.
    if (/[^\x21-\x7e]/.test(name)) throw new Refusal('invalid_request', { message: `"${field}" is a plain word.` })
    const needs = known.get(name)
    // A name that nobody classified may be anything, so it is not repeated either.
    if (needs === undefined) return { name: `an unknown ${field}`, needs: 'admin' }
    return rawAfter.includes(name) ? { name, needs, thenRaw: true } : { name, needs }
  }
}
