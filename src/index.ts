/** The curated root: errors, the seams, interceptors and policies. Each system and each runtime has an entry of its own. */
export { ERROR_CODES, SignalboxError, type ErrorCode, type ErrorFacts, type Sent } from './errors.js'
export type {
  CloseOptions,
  CloseReason,
  Exchange,
  ExchangeTransport,
  Link,
  LinkInfo,
  Listener,
  OpenOptions,
  Reply,
  StreamTransport,
  Transport,
} from './transport.js'
export type { Call, CallOptions, ClientOptions, Interceptor, Next } from './core/call.js'
export { chain } from './core/call.js'
export type { Gap, GapReason, SignalStream } from './core/stream.js'
export { systemClock, type Clock, type Random, type Timer } from './core/clock.js'
export { createRedactor, isSecretName, redactText, type Redactor } from './redact.js'
export {
  circuitBreaker,
  combined,
  concurrency,
  judgeByCode,
  parseRetryAfter,
  retry,
  retryWithBackoff,
  slidingWindow,
  tokenBucket,
  type AcquireOptions,
  type Attempt,
  type CircuitBreaker,
  type CircuitBreakerOptions,
  type CircuitSnapshot,
  type CircuitState,
  type CircuitStateChange,
  type CircuitVerdict,
  type ConcurrencyOptions,
  type Limiter,
  type LimiterOptions,
  type LimiterStats,
  type Permit,
  type RetryEvent,
  type RetryOptions,
  type RetryPolicy,
  type RetryQuotaOptions,
  type RunOptions,
  type SlidingWindowOptions,
  type TokenBucketOptions,
} from './core/policy/index.js'
