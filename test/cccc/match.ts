/**
 * Compares what a simulated daemon answers with what a real one did: same keys in the same order, same values, ids and times
 * aside.
 */

const IDS = /^(?:[0-9a-f]{32}|[gs]_[0-9a-f]{12}|ap_[0-9a-f]{12}|[0-9a-f]{12}|ctxv:\d+)$/
const ID_INSIDE = /[0-9a-f]{32}|(?:g|s|ap)_[0-9a-f]{12}|\b[0-9a-f]{12}\b|ctxv:\d+/g
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?Z$/
/** Numbers that belong to one process or one moment. */
const PASSING = new Set(['pid', 'idle_seconds'])

export interface Binding {
  /** A recorded request with the ids of this run in it. */
  adapt(value: unknown): unknown
  /** The first difference, as a path and two values; undefined when they match. New ids are recorded during the comparison. */
  difference(recorded: unknown, actual: unknown, path?: string): string | undefined
}

export function createBinding(): Binding {
  const known = new Map<string, string>()

  const strings = (recorded: string, actual: string, path: string): string | undefined => {
    if (TIME.test(recorded)) {
      if (!TIME.test(actual)) return `${path}: ${actual} is no time`
      known.set(recorded, actual)
      return undefined
    }
    if (IDS.test(recorded)) {
      const bound = known.get(recorded)
      if (bound === undefined && IDS.test(actual)) known.set(recorded, actual)
      else if (bound !== actual) return `${path}: ${actual}, the recording means ${bound ?? 'an id'}`
      return undefined
    }
    // The recorded string was cut, or contains ids.
    const cut = recorded.indexOf('...[cut]')
    const expected = recorded.replaceAll(ID_INSIDE, (id) => known.get(id) ?? id)
    if (cut >= 0) return actual.startsWith(expected.slice(0, cut)) ? undefined : `${path}: begins otherwise`
    const loose = (text: string): string => text.replaceAll(ID_INSIDE, '<id>')
    return expected === actual || loose(recorded) === loose(actual)
      ? undefined
      : `${path}: ${show(actual)}, recorded ${show(recorded)}`
  }

  const difference: Binding['difference'] = (recorded, actual, path = '') => {
    if (typeof recorded === 'string' && typeof actual === 'string') return strings(recorded, actual, path)
    if (typeof recorded !== 'object' || recorded === null || typeof actual !== 'object' || actual === null) {
      const passing = PASSING.has(path.split('.').at(-1) ?? '')
      return passing || Object.is(recorded, actual) ? undefined : `${path}: ${show(actual)}, recorded ${show(recorded)}`
    }
    const [left, right] = [Object.keys(recorded), Object.keys(actual)]
    if (left.join() !== right.join()) return `${path}: keys ${right.join()}, recorded ${left.join()}`
    for (const key of left) {
      const found = difference(
        (recorded as Record<string, unknown>)[key],
        (actual as Record<string, unknown>)[key],
        `${path}.${key}`,
      )
      if (found !== undefined) return found
    }
    return undefined
  }

  const adapt: Binding['adapt'] = (value) => {
    if (typeof value === 'string') return known.get(value) ?? value.replaceAll(ID_INSIDE, (id) => known.get(id) ?? id)
    if (Array.isArray(value)) return value.map(adapt)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, adapt(item)]))
  }
  return { adapt, difference }
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 160 ? `${text.slice(0, 160)}...` : text
}
