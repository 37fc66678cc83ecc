/** Full jitter between attempts. Only a connection that lives long enough resets the counter, so a peer that accepts and drops connections is not retried quickly. */
import { systemClock, type Clock, type Random } from './clock.js'

export interface BackoffOptions {
  readonly baseMs?: number
  readonly maxMs?: number
  /** How long a connection must live before the counter starts anew. */
  readonly healthyAfterMs?: number
  /** Undefined means no limit. */
  readonly maxAttempts?: number
  readonly clock?: Clock
  readonly random?: Random
}

export interface Backoff {
  /** Call when a connection opened. */
  opened(): void
  /** How long to wait before the next attempt, or null when the attempts are used up. */
  next(): number | null
  readonly attempts: number
}

export function createBackoff(options: BackoffOptions = {}): Backoff {
  const { baseMs = 200, maxMs = 30_000, healthyAfterMs = 10_000, maxAttempts, clock = systemClock } = options
  const { random = Math.random } = options
  let attempts = 0
  let openedAt: number | undefined
  return {
    opened() {
      openedAt = clock.monotonic()
    },
    next() {
      if (openedAt !== undefined && clock.monotonic() - openedAt >= healthyAfterMs) attempts = 0
      openedAt = undefined
      if (maxAttempts !== undefined && attempts >= maxAttempts) return null
      const ceiling = Math.min(maxMs, baseMs * 2 ** Math.min(attempts, 30))
      attempts += 1
      return Math.floor(random() * ceiling)
    },
    get attempts() {
      return attempts
    },
  }
}
