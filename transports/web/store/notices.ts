/** Tells the tabs of a site that a log has new entries. A missed notice delays a reader and loses nothing. */
export interface Notices {
  announce(log: string): void
  listen(log: string, wake: () => void): () => void
  close(): void
}

export function createNotices(database: string): Notices {
  const listeners = new Map<string, Set<() => void>>()
  const channel = typeof BroadcastChannel === 'undefined' ? undefined : new BroadcastChannel(`signalbox:${database}`)
  const wakeAll = (log: string): void => {
    for (const wake of [...(listeners.get(log) ?? [])]) wake()
  }
  if (channel) {
    channel.onmessage = ({ data }) => {
      if (typeof data === 'string') wakeAll(data)
    }
  }
  return {
    announce(log) {
      // A channel does not deliver to its own page.
      wakeAll(log)
      channel?.postMessage(log)
    },
    listen(log, wake) {
      const set = listeners.get(log) ?? new Set()
      listeners.set(log, set)
      set.add(wake)
      return () => {
        set.delete(wake)
        if (set.size === 0) listeners.delete(log)
      }
    },
    close() {
      channel?.close()
      listeners.clear()
    },
  }
}
