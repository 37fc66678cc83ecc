/** Counts failures by key, and tells how long a key has to wait: not at all after the first few, then longer each time. */
import type { Clock } from '../core/clock.js'

/** Failures by key. */
export interface FailureLimiter {
  /** Milliseconds until this key may try again; 0 if it may now. */
  waitMs(key: string): number
  fail(key: string): void
}

/** When a key has to wait, and how long. */
export interface FailureLimits {
  /** Failures without a wait. */
  readonly free: number
  /** The first wait; each further failure doubles it. */
  readonly holdMs: number
  /** The longest wait. After as long without a failure, the key is forgotten. */
  readonly maxHoldMs: number
  readonly clock: Clock
}

const MAX_KEYS = 4_096

/** Counts failures; keys are bounded in number. */
export function createFailureLimiter({ free, holdMs, maxHoldMs, clock }: FailureLimits): FailureLimiter {
  const failures = new Map<string, { count: number; lastMs: number }>()
  const holdOf = (count: number): number => (count < free ? 0 : Math.min(maxHoldMs, holdMs * 2 ** Math.min(30, count - free)))
  const current = (key: string): { count: number; lastMs: number } | undefined => {
    const entry = failures.get(key)
    if (entry && clock.monotonic() - entry.lastMs > maxHoldMs) {
      failures.delete(key)
      return undefined
    }
    return entry
  }
  return {
    waitMs(key) {
      const entry = current(key)
      return entry ? Math.max(0, entry.lastMs + holdOf(entry.count) - clock.monotonic()) : 0
    },
    fail(key) {
      const count = (current(key)?.count ?? 0) + 1
      // Set again, so that the map is in the order of the last failure and the oldest key is forgotten first.
      failures.delete(key)
      failures.set(key, { count, lastMs: clock.monotonic() })
      if (failures.size > MAX_KEYS) for (const oldest of failures.keys()) return void failures.delete(oldest)
    },
  }
}
