/** The policies. Each is an interceptor and works alone. */
export {
  retry,
  retryWithBackoff,
  type Attempt,
  type RetryEvent,
  type RetryOptions,
  type RetryPolicy,
  type RunOptions,
} from './retry.js'
export type { RetryQuotaOptions } from './retry-quota.js'
export { parseRetryAfter } from './retry-after.js'
export {
  circuitBreaker,
  judgeByCode,
  type CircuitBreaker,
  type CircuitBreakerOptions,
  type CircuitSnapshot,
  type CircuitState,
  type CircuitStateChange,
  type CircuitVerdict,
} from './circuit-breaker.js'
export { combined, concurrency, slidingWindow, tokenBucket } from './rate-limits.js'
export type { AcquireOptions, Limiter, LimiterOptions, LimiterStats, Permit } from './limiter.js'
export type { ConcurrencyOptions, SlidingWindowOptions, TokenBucketOptions } from './gate.js'
export { log, type LogLevel, type LogOptions, type LogPolicy, type LogRecord } from './log.js'
export { trace, type TraceOptions, type TracePolicy } from './trace.js'
export { formatTrace, parseTrace, traceEnvironment, type TraceContext } from './trace-context.js'
