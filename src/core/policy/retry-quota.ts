/** The budget that keeps retries from multiplying the load of a peer in trouble: full at first, spent by retries, refilled by success. */

export interface RetryQuotaOptions {
  /** Default 100: with the default cost, twenty retries without a success in between. */
  readonly capacity?: number
  /** Default 5. Given back when the retry succeeds. */
  readonly costPerRetry?: number
  /** Default 1: what a call that succeeded at once puts in. */
  readonly refundPerSuccess?: number
}

export interface RetryQuota {
  /** False when the budget is spent. */
  take(): boolean
  succeeded(afterRetry: boolean): void
  readonly tokens: number
}

export function createRetryQuota(options: RetryQuotaOptions | false = {}): RetryQuota {
  if (options === false) return { take: () => true, succeeded() {}, tokens: Number.POSITIVE_INFINITY }
  const { capacity = 100, costPerRetry = 5, refundPerSuccess = 1 } = options
  let tokens = capacity
  return {
    take() {
      if (tokens < costPerRetry) return false
      tokens -= costPerRetry
      return true
    },
    succeeded(afterRetry) {
      tokens = Math.min(capacity, tokens + (afterRetry ? costPerRetry : refundPerSuccess))
    },
    get tokens() {
      return tokens
    },
  }
}
