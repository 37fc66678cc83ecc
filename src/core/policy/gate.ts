/** The rule of a limiter, without its queue, so that several rules can be checked and charged together. */

export interface Gate {
  readonly name: string
  /** The largest weight that can ever pass. */
  readonly capacity: number
  /** 0 when this weight may pass now; otherwise the time until the next check; Infinity if only a release helps. */
  waitMs(weight: number): number
  /** Charges the weight. Only after `waitMs` said 0, in the same turn. */
  take(weight: number): void
  /** A permit ended. */
  release(weight: number): void
  /** Calls back after a release and at the end of a pause. Several queues may share a gate. */
  readonly wakers: Set<() => void>
}

const nothing = (): void => {}
// Tolerance for rounding errors of sums.
const HAIR = 1e-9

/** Options of `tokenBucket`. */
export interface TokenBucketOptions {
  /** The average weight that passes in a second. */
  readonly ratePerSecond: number
  /** The weight that may pass at once after a pause. Default: `ratePerSecond`, at least 1. */
  readonly burst?: number
}

export function tokenBucketGate(options: TokenBucketOptions, monotonic: () => number): Gate {
  const { ratePerSecond, burst = Math.max(1, Math.ceil(ratePerSecond)) } = options
  let tokens = burst
  let at = monotonic()
  const refill = (): void => {
    const now = monotonic()
    tokens = Math.min(burst, tokens + ((now - at) / 1000) * ratePerSecond)
    at = now
  }
  return {
    name: `${ratePerSecond} per second`,
    capacity: burst,
    waitMs(weight) {
      refill()
      const missing = weight - tokens
      return missing <= HAIR ? 0 : Math.ceil((missing / ratePerSecond) * 1000)
    },
    take(weight) {
      tokens -= weight
    },
    release: nothing,
    wakers: new Set(),
  }
}

/** Options of `slidingWindow`. */
export interface SlidingWindowOptions {
  /** The weight that may pass within any window. */
  readonly limit: number
  /** The length of the window. */
  readonly windowMs: number
}

export function slidingWindowGate(options: SlidingWindowOptions, monotonic: () => number): Gate {
  const { limit, windowMs } = options
  let passed: { readonly at: number; readonly weight: number }[] = []
  let head = 0
  let sum = 0
  const expire = (now: number): void => {
    for (let first = passed[head]; first && first.at <= now - windowMs; first = passed[head]) {
      sum -= first.weight
      head += 1
    }
    if (head > 1024 && head > passed.length / 2) {
      passed = passed.slice(head)
      head = 0
    }
  }
  return {
    name: `${limit} in ${windowMs} ms`,
    capacity: limit,
    waitMs(weight) {
      const now = monotonic()
      expire(now)
      let excess = sum + weight - limit
      if (excess <= HAIR) return 0
      for (let index = head; index < passed.length; index += 1) {
        const { at, weight: leaving } = passed[index] as { at: number; weight: number }
        excess -= leaving
        if (excess <= HAIR) return Math.max(1, Math.ceil(at + windowMs - now))
      }
      return windowMs
    },
    take(weight) {
      passed.push({ at: monotonic(), weight })
      sum += weight
    },
    release: nothing,
    wakers: new Set(),
  }
}

/** Options of `concurrency`. */
export interface ConcurrencyOptions {
  /** How many calls may run at the same time. */
  readonly maxConcurrent: number
}

export function concurrencyGate({ maxConcurrent }: ConcurrencyOptions): Gate {
  let active = 0
  const wakers = new Set<() => void>()
  return {
    name: `${maxConcurrent} at once`,
    capacity: maxConcurrent,
    waitMs: (weight) => (active + weight <= maxConcurrent + HAIR ? 0 : Number.POSITIVE_INFINITY),
    take(weight) {
      active += weight
    },
    release(weight) {
      active -= weight
      for (const wake of [...wakers]) wake()
    },
    wakers,
  }
}

/** All gates as one. A call passes all of them in the same turn, so none is charged while the call waits for another. */
export function combinedGate(gates: readonly Gate[]): Gate {
  return {
    name: gates.map(({ name }) => name).join(', '),
    capacity: Math.min(...gates.map(({ capacity }) => capacity)),
    waitMs: (weight) => Math.max(0, ...gates.map((gate) => gate.waitMs(weight))),
    take(weight) {
      for (const gate of gates) gate.take(weight)
    },
    release(weight) {
      for (const gate of gates) gate.release(weight)
    },
    wakers: new Set(),
  }
}
