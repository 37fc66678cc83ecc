/** The root entrypoint: errors, the transport interfaces, interceptors and policies. Each system and each runtime has its own entrypoint. */
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
  formatTrace,
  judgeByCode,
  log,
  parseRetryAfter,
  parseTrace,
  retry,
  retryWithBackoff,
  slidingWindow,
  tokenBucket,
  trace,
  traceEnvironment,
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
  type LogLevel,
  type LogOptions,
  type LogPolicy,
  type LogRecord,
  type Permit,
  type RetryEvent,
  type RetryOptions,
  type RetryPolicy,
  type RetryQuotaOptions,
  type RunOptions,
  type SlidingWindowOptions,
  type TokenBucketOptions,
  type TraceContext,
  type TraceOptions,
  type TracePolicy,
} from './core/policy/index.js'
export { toWeb, type WebLink } from './core/to-web.js'
export { fallback, type FallbackOptions } from './core/transports/fallback.js'
export { tap, tapLink, type TapEvent, type TapObserver } from './core/transports/tap.js'
