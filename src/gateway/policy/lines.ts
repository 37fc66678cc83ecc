/** Protocols whose requests are JSON lines told apart by one field. */
import { Refusal } from '../refusal.js'
import type { Classification } from '../scopes.js'
import type { Verdict } from './policy.js'

/**
 * Some upstreams ignore the case of field names and take the last of two. So a second spelling of the deciding field, which this
 * side would not look at, is refused.
 *
 * @example
 * import { lineClassifier, type StreamPolicy } from 'signalbox/gateway'
 *
 * const classify = lineClassifier('op', { list: 'observe', start: 'send' })
 * export const policy: StreamPolicy = { kind: 'stream', framing: 'ndjson', classify }
 */
export function lineClassifier(
  field: string,
  scopes: Readonly<Record<string, Classification>>,
  rawAfter: readonly string[] = [],
): (message: unknown) => Verdict {
  const scopeOf = new Map(Object.entries(scopes))
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
    // Some upstreams strip white space around a name, and would run an op that was not looked up here.
    if (/[^\x21-\x7e]/.test(name)) throw new Refusal('invalid_request', { message: `"${field}" is a plain word.` })
    const needs = scopeOf.get(name)
    // An unknown name may be any text, even a secret, so the refusal does not repeat it.
    if (needs === undefined) return { name: `an unknown ${field}`, needs: 'admin' }
    return rawAfter.includes(name) ? { name, needs, thenRaw: true } : { name, needs }
  }
}
