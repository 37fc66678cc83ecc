/**
 * Keeps a flood of equal events out of the log. A page that watches sends several messages in a second, and an attacker can be refused some
 * thousand times in a second: one line for each would push every other line out. So of equal events (the same credential, upstream, operation
 * and outcome) some are told one by one in ten minutes, and the others are counted: the next line tells their number.
 */
import type { Clock } from '../core/clock.js'
import type { GatewayEvent } from './events.js'
import { createLineBudgets, WINDOW_MS, type Share } from './line-budget.js'

/** The events that were counted and not told yet. */
export interface Tally {
  add(event: GatewayEvent): void
  /** An operation that only observes: told once in ten minutes. */
  addObservation(event: GatewayEvent): void
  /** An operation that needed `admin` and passed. Other events of its credential do not use up its lines. */
  addAdministration(event: GatewayEvent): void
  /** Tells everything that was counted. */
  flush(): void
}

/** Equal events that are told one by one. */
const SINGLY = 100
/** The most kinds of events that are counted: credentials come and go for as long as the gateway runs. */
const MAX_KINDS = 4_096
/** How often counts whose time is over are looked for. */
const SWEEP_EVERY_MS = 60_000

interface Kind {
  readonly event: GatewayEvent
  readonly share: Share
  readonly beganAtMs: number
  told: number
  counted: number
}

/** Everything that an event says. Built for each message, so it is no JSON. */
function keyOf(event: GatewayEvent): string {
  const { type, upstream, grant, name } = event as { type: string; upstream?: string; grant?: string; name?: string }
  const detail = type === 'refused' ? (event as { code?: string }).code : (event as { how?: string }).how
  const { op, outcome, change } = event as { op?: string; outcome?: string; change?: string }
  return `${type} ${detail} ${op} ${outcome} ${change} ${upstream} ${grant} ${name}`
}

/** Counts equal events, and tells the others. */
export function createTally(clock: Clock, tell: (event: GatewayEvent) => void): Tally {
  const kinds = new Map<string, Kind>()
  let sweptAtMs = clock.monotonic()
  const budgets = createLineBudgets(clock, tell)
  const report = (event: GatewayEvent, share: Share, count: number): void =>
    budgets.tell(count === 1 ? event : ({ ...event, count } as GatewayEvent), share)
  const remove = (key: string, { event, share, counted }: Kind): void => {
    kinds.delete(key)
    if (counted > 0) report(event, share, counted)
  }
  const isOver = ({ beganAtMs }: Kind, now: number): boolean => now - beganAtMs >= WINDOW_MS

  const addWithin = (event: GatewayEvent, singly: number, share: Share = 'ordinary'): void => {
    const now = clock.monotonic()
    const key = keyOf(event)
    if (now - sweptAtMs >= SWEEP_EVERY_MS) {
      sweptAtMs = now
      for (const [otherKey, kind] of kinds) if (otherKey !== key && isOver(kind, now)) remove(otherKey, kind)
      budgets.sweep()
    }
    const existing = kinds.get(key)
    if (existing && !isOver(existing, now)) {
      if (existing.told >= singly) existing.counted += 1
      else {
        existing.told += 1
        budgets.tell(event, share)
      }
      return
    }
    // Removed and set again, so that the map is in the order of the begin and the oldest kind is removed first.
    kinds.delete(key)
    kinds.set(key, { event, share, beganAtMs: now, told: 1, counted: 0 })
    report(event, share, (existing?.counted ?? 0) + 1)
    if (kinds.size <= MAX_KINDS) return
    for (const [oldest, kind] of kinds) return remove(oldest, kind)
  }
  return {
    add: (event) => addWithin(event, SINGLY),
    addObservation: (event) => addWithin(event, 1),
    addAdministration: (event) => addWithin(event, SINGLY, 'admin'),
    flush() {
      for (const [key, kind] of [...kinds]) remove(key, kind)
      budgets.flush()
    },
  }
}
