/** The quota of retries: full at the start, spent by retries, refilled by successes. It limits the extra load on a failing peer. */

export interface RetryQuotaOptions {
  /** Default 100: with the default cost, twenty retries without a success in between. */
  readonly capacity?: number
  /** Default 5. Given back when the retry succeeds. */
  readonly costPerRetry?: number
  /** The tokens that a call without a retry adds when it succeeds. Default 1. */
  readonly refundPerSuccess?: number
}

export interface RetryQuota {
  /** Takes the cost of a retry; false if too few tokens are left. */
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
