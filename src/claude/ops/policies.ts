/** The policies of a client that was given none: ccflow's rates, one set for each client. */
import { systemClock, type Clock } from '../../core/clock.js'
import { combined, circuitBreaker, concurrency, judgeByCode, retry, slidingWindow, tokenBucket } from '../../core/policy/index.js'
import type { CircuitBreaker, CircuitBreakerOptions, Limiter, RetryOptions, RetryPolicy } from '../../core/policy/index.js'
import { SignalboxError } from '../../errors.js'
import type { ClaudeSettings } from './settings.js'

/** Options of `claudePolicies`. */
export interface PolicyOptions {
  /** Default: the settings' rate and concurrency, 60 a minute and 10 at once. False for none. */
  readonly limiter?: Limiter | false
  /** Default: opens after five failures of the CLI itself. */
  readonly breaker?: CircuitBreaker | CircuitBreakerOptions | false
  /** Only what was never sent is repeated: the CLI retries API calls by itself. Default 3 attempts. */
  readonly retry?: RetryPolicy | RetryOptions | false
  /** Rate and concurrency of the limiter. */
  readonly settings?: ClaudeSettings
  /** For tests. */
  readonly clock?: Clock
}

/** The limiter, breaker and retry of a client. */
export interface Policies {
  /** The limiter, or false for none. */
  readonly limiter: Limiter | false
  /** The circuit breaker, or false for none. */
  readonly breaker: CircuitBreaker | false
  /** The retry policy, or false for none. */
  readonly retry: RetryPolicy | false
}

/** To be spread into the options of `createClaude`. */
export function claudePolicies(options: PolicyOptions = {}): Policies {
  const { settings, clock = systemClock, breaker, retry: retrying } = options
  return {
    limiter: options.limiter ?? defaultLimiter(settings, clock),
    breaker:
      breaker === false || typeof breaker === 'function'
        ? breaker
        : circuitBreaker({ name: 'the Claude Code CLI', judge: judgeRun, clock, ...breaker }),
    retry: retrying === false || typeof retrying === 'function' ? retrying : retry({ clock, ...retrying }),
  }
}

/**
 * ccflow's CombinedLimiter: a steady rate, a tenth of it at once, and a cap on concurrent runs. Tokens alone would let the burst pass on top of
 * the rate, so a window holds the sum to the rate per minute.
 */
function defaultLimiter(settings: ClaudeSettings | undefined, clock: Clock): Limiter {
  const { rateLimitPerMinute: perMinute = 60, maxConcurrentRequests: maxConcurrent = 10 } = settings ?? {}
  const rate = tokenBucket({
    ratePerSecond: perMinute / 60,
    burst: Math.min(perMinute, Math.max(10, Math.floor(perMinute / 10))),
    clock,
  })
  const window = slidingWindow({ limit: perMinute, windowMs: 60_000, clock })
  return combined([rate, window, concurrency({ maxConcurrent, clock })], { clock, maxQueued: 10_000 })
}

/** Only what says something about the CLI counts: not the account's limits, not the caller's mistakes, not an aborted run. */
function judgeRun(error: unknown): ReturnType<typeof judgeByCode> {
  const missing = SignalboxError.is(error) && error.op === 'open' && /^(?:not_found|incompatible)$/.test(error.code)
  return missing ? 'failure' : judgeByCode(error)
}
