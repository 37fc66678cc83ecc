/** Counts of failures and calls in a rolling window, in a fixed number of buckets: memory does not grow with traffic. */

export interface RollingBucket {
  readonly startedAt: number
  readonly failures: number
  readonly total: number
}

export interface RollingCounts {
  add(failed: boolean): void
  sum(): { readonly failures: number; readonly total: number }
  buckets(): readonly RollingBucket[]
  restore(buckets: readonly RollingBucket[]): void
  clear(): void
}

const BUCKETS = 10

export function createRollingCounts(options: { readonly windowMs: number; readonly now: () => number }): RollingCounts {
  const { windowMs, now } = options
  const widthMs = windowMs / BUCKETS
  let kept: { startedAt: number; failures: number; total: number }[] = []

  const prune = (at: number): void => {
    // A bucket from the future: the clock was set back.
    kept = kept.filter(({ startedAt }) => startedAt > at - windowMs && startedAt <= at)
  }

  return {
    add(failed) {
      const at = now()
      prune(at)
      let last = kept.at(-1)
      if (!last || at >= last.startedAt + widthMs) {
        last = { startedAt: at, failures: 0, total: 0 }
        kept.push(last)
      }
      last.total += 1
      if (failed) last.failures += 1
    },
    sum() {
      prune(now())
      let failures = 0
      let total = 0
      for (const bucket of kept) {
        failures += bucket.failures
        total += bucket.total
      }
      return { failures, total }
    },
    buckets() {
      prune(now())
      return kept.map((bucket) => ({ ...bucket }))
    },
    restore(buckets) {
      kept = buckets
        .map(({ startedAt, failures, total }) => ({ startedAt, failures, total }))
        .sort((a, b) => a.startedAt - b.startedAt)
        .slice(-BUCKETS)
    },
    clear() {
      kept = []
    },
  }
}
