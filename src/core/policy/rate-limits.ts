/** The four limiters. The names of the options contain their units. */
import { systemClock } from '../clock.js'
import {
  combinedGate,
  concurrencyGate,
  slidingWindowGate,
  tokenBucketGate,
  type ConcurrencyOptions,
  type SlidingWindowOptions,
  type TokenBucketOptions,
} from './gate.js'
import { createLimiter, GATE, type Limiter, type LimiterOptions } from './limiter.js'
import { SignalboxError } from '../../errors.js'

/** A steady rate with bursts: after a pause `burst` calls pass at once. */
export function tokenBucket(options: TokenBucketOptions & LimiterOptions): Limiter {
  positive(options.ratePerSecond, 'ratePerSecond')
  if (options.burst !== undefined) positive(options.burst, 'burst')
  const { clock = systemClock } = options
  return createLimiter(tokenBucketGate(options, clock.monotonic), options)
}

/** At most `limit` calls within any window of `windowMs`, as most services count. */
export function slidingWindow(options: SlidingWindowOptions & LimiterOptions): Limiter {
  positive(options.limit, 'limit')
  positive(options.windowMs, 'windowMs')
  const { clock = systemClock } = options
  return createLimiter(slidingWindowGate(options, clock.monotonic), options)
}

/** At most `maxConcurrent` calls at the same time. */
export function concurrency(options: ConcurrencyOptions & LimiterOptions): Limiter {
  positive(options.maxConcurrent, 'maxConcurrent')
  return createLimiter(concurrencyGate(options), options)
}

/** Several limits as one queue and one permit. The limiters may be shared with others; their own queues are not used here. */
export function combined(limiters: readonly Limiter[], options: LimiterOptions = {}): Limiter {
  if (limiters.length === 0) throw invalid('combined needs at least one limiter.')
  const gates = limiters.map((limiter) => limiter[GATE])
  return createLimiter(combinedGate(gates), options, gates)
}

function positive(value: number, name: string): void {
  if (!(value > 0)) throw invalid(`${name} is ${value}; it must be above 0.`)
}

function invalid(message: string): SignalboxError {
  return new SignalboxError({ code: 'invalid_argument', message })
}
