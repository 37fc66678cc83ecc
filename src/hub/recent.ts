/** A map that keeps only the newest entries, and returns the keys that it removed. */

export interface RecentMap<Value> {
  get(key: string): Value | undefined
  /** Adds the entry, or makes it the newest. Returns the keys that were removed. */
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
