/**
 * The newest events in memory, for all viewers together. A viewer is only a position and has no queue of its own, so a slow
 * viewer costs nothing here and reads the log when it has fallen behind.
 */
import type { Clock, Timer } from '../../core/clock.js'
import type { HubEvent } from '../model/event.js'

export interface Fanout {
  /** Adds events that are in the log now. */
  publish(events: readonly HubEvent[]): void
  /** The events from a position on, oldest first. Undefined when the first of them is no longer in memory. */
  from(position: number): readonly HubEvent[] | undefined
  /** The position after the newest event. */
  readonly next: number
  /** Calls back once, when there is an event at or after the position. Returns a function that stops the wait. */
  wait(position: number, wake: () => void): () => void
  /** Events are missing before this position: viewers that have not read them find them in the log, or a gap. */
  restart(next: number): void
  /** Wakes every viewer for the last time. */
  close(): void
}

export interface FanoutOptions {
  readonly clock: Clock
  readonly next: number
  /** Default 4,096. */
  readonly maxEvents?: number
  /** Viewers are woken at most this often, so that a burst is one wake-up. A single event wakes them at once. Default 16 ms. */
  readonly wakeEveryMs?: number
}

export function createFanout({ clock, next: start, maxEvents = 4096, wakeEveryMs = 16 }: FanoutOptions): Fanout {
  let newest: HubEvent[] = []
  let next = start
  /** Every event from this position on is in `newest`. */
  let first = start
  let waiting = new Set<() => void>()
  let lastWake = Number.NEGATIVE_INFINITY
  let timer: Timer | undefined
  let shared: { readonly position: number; readonly next: number; readonly events: readonly HubEvent[] } | undefined

  const wakeAll = (): void => {
    timer?.cancel()
    timer = undefined
    lastWake = clock.monotonic()
    const all = waiting
    waiting = new Set()
    for (const wake of all) wake()
  }

  return {
    publish(events) {
      if (events.length === 0) return
      newest.push(...events)
      next = (events[events.length - 1] as HubEvent).seq + 1
      // Trimmed in steps of half, so that an event is moved once on average.
      if (newest.length > maxEvents * 1.5) {
        newest = newest.slice(newest.length - maxEvents)
        first = (newest[0] as HubEvent).seq
      }
      if (waiting.size === 0) return
      const sinceMs = clock.monotonic() - lastWake
      if (sinceMs >= wakeEveryMs) wakeAll()
      else timer ??= clock.after(wakeEveryMs - sinceMs, wakeAll)
    },
    from(position) {
      if (position >= next) return []
      if (position < first) return undefined
      // Most viewers wait at the same position, so they share one list.
      if (shared?.position !== position || shared.next !== next) {
        shared = { position, next, events: newest.slice(firstAtOrAfter(newest, position)) }
      }
      return shared.events
    },
    get next() {
      return next
    },
    wait(position, wake) {
      if (next > position) {
        wake()
        return () => {}
      }
      waiting.add(wake)
      return () => void waiting.delete(wake)
    },
    restart(position) {
      newest = []
      first = position
      next = position
      wakeAll()
    },
    close: wakeAll,
  }
}

/** Positions have holes, so the index of a position is searched and not computed. */
function firstAtOrAfter(events: readonly HubEvent[], position: number): number {
  let low = 0
  let high = events.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((events[middle] as HubEvent).seq < position) low = middle + 1
    else high = middle
  }
  return low
}
