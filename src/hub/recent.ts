/** A map that keeps the newest entries only, and tells which one went. */

export interface RecentMap<Value> {
  get(key: string): Value | undefined
  /** Adds or moves to the newest place. Gives the keys that had to go. */
  set(key: string, value: Value): readonly string[]
}

export function createRecentMap<Value>(maxEntries: number): RecentMap<Value> {
  const entries = new Map<string, Value>()
  return {
    get: (key) => entries.get(key),
    set(key, value) {
      entries.delete(key)
      entries.set(key, value)
      if (entries.size <= maxEntries) return []
      const [oldest = key] = entries.keys()
      entries.delete(oldest)
      return [oldest]
    },
  }
}
