/** The default policies of a full client, with ccflow's rates. Each client has its own set. */
import { systemClock, type Clock } from '../../core/clock.js'
import { combined, circuitBreaker, concurrency, judgeByCode, retry, slidingWindow, tokenBucket } from '../../core/policy/index.js'
import type { CircuitBreaker, CircuitBreakerOptions, Limiter, RetryOptions, RetryPolicy } from '../../core/policy/index.js'
import { SignalboxError } from '../../errors.js'
import type { ClaudeSettings } from './settings.js'

/** Options of `claudePolicies`. */
export interface PolicyOptions {
  /** Default: the rates of the settings, or 60 runs a minute and 10 at once. False for none. */
  readonly limiter?: Limiter | false
  /** Default: refuses runs for a while after five failures of the CLI itself. False for none. */
  readonly breaker?: CircuitBreaker | CircuitBreakerOptions | false
  /** Repeats only a run whose prompt was not sent. The CLI itself retries API calls. Default 3 attempts. False for none. */
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

/** The default policies of `createFullClaude`. Spread the result into the options of `createClaude`. */
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
 * ccflow's CombinedLimiter: a steady rate, bursts of a tenth of the rate, and a limit on concurrent runs. A token bucket alone would allow
 * the burst in addition to the rate, so a sliding window limits the sum to the rate per minute.
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

/** Counts only failures of the CLI. Limits of the account, mistakes of the caller and aborted runs do not count. */
function judgeRun(error: unknown): ReturnType<typeof judgeByCode> {
  const missing = SignalboxError.is(error) && error.op === 'open' && /^(?:not_found|incompatible)$/.test(error.code)
  return missing ? 'failure' : judgeByCode(error)
}
