/** Which hubs are alive, by the signals that they repeat, and which sources no living hub drives. Pure bookkeeping over one clock. */
import type { Clock } from '../../core/clock.js'
import type { Signal } from './records.js'

export interface Presence {
  /** A signal of any hub came, this one included. */
  take(signal: Signal): void
  /** Those of the given sources that no hub drives. Empty while this hub does not receive the signals of the others. */
  orphans(sources: Iterable<string>): readonly string[]
  /** True when this hub does not receive its own signals: the store cannot be reached. */
  isCut(): boolean
  /** The name of the hub that drove the source last. */
  lastDriver(source: string): string | undefined
}

interface Peer {
  readonly name: string
  readonly sources: ReadonlySet<string>
  readonly at: number
}

export function createPresence(clock: Clock, hub: string, ttlMs: number): Presence {
  const peers = new Map<string, Peer>()
  const drivers = new Map<string, string>()
  /** Since when a source has been without a driver. */
  const missing = new Map<string, number>()
  /** Since when this hub has seen its own signals without a pause. */
  let since: number | undefined
  let ownAt = Number.NEGATIVE_INFINITY

  return {
    take(signal) {
      const now = clock.monotonic()
      if (signal.kind === 'beat') {
        if (signal.hub === hub) {
          if (now - ownAt > ttlMs) since = undefined
          since ??= now
          ownAt = now
        }
        peers.set(signal.hub, { name: signal.name, sources: new Set(signal.sources), at: now })
        for (const source of signal.sources) {
          drivers.set(source, signal.name)
          missing.delete(source)
        }
      } else if (signal.kind === 'free') {
        const peer = peers.get(signal.hub)
        if (peer)
          peers.set(signal.hub, { ...peer, sources: new Set([...peer.sources].filter((each) => !signal.sources.includes(each))) })
        // The lease is free at once. A hub that can reach the source is faster than a stand-in.
        for (const source of signal.sources) missing.set(source, now)
      }
    },
    orphans(sources) {
      const now = clock.monotonic()
      // During an outage every other hub is silent.
      if (since === undefined || now - ownAt > ttlMs || now - since < ttlMs) return []
      const driven = new Set<string>()
      for (const [id, peer] of peers) {
        if (now - peer.at > ttlMs * 1.1 && id !== hub) peers.delete(id)
        else for (const source of peer.sources) driven.add(source)
      }
      return [...sources].filter((source) => {
        if (driven.has(source)) {
          missing.delete(source)
          return false
        }
        const from = missing.get(source) ?? now
        missing.set(source, from)
        return now - from >= ttlMs * 0.25
      })
    },
    isCut: () => since !== undefined && clock.monotonic() - ownAt > ttlMs * 0.9,
    lastDriver: (source) => drivers.get(source),
  }
}
