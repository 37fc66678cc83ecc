/** Retries as the Python SDK configures them. They obey `sent`, idempotency and `Retry-After`. */
import type { Interceptor } from '../core/call.js'
import { sleep, type Clock, type Random } from '../core/clock.js'
import { abortError } from '../core/deadline.js'
import { SignalboxError } from '../errors.js'

/** How often and how soon a failed call is repeated. */
export interface RetryConfig {
  /** Repeats after the first attempt. Default 3. The outbox goes on beyond it. */
  readonly maxRetries?: number
  /** The first pause. Default 500. */
  readonly initialDelayMs?: number
  /** The longest pause, without jitter. Default 30,000. */
  readonly maxDelayMs?: number
  /** Each pause is so many times the one before. Default 2. */
  readonly exponentialBase?: number
  /** Adds up to a quarter of the pause at random. Default true. */
  readonly jitter?: boolean
  /** Statuses that are worth a repeat. Default 408, 429, 500, 502, 503, 504. */
  readonly retryableStatusCodes?: readonly number[]
}

/** The values where `RetryConfig` gives none. */
export const RETRY_DEFAULTS = {
  maxRetries: 3,
  initialDelayMs: 500,
  maxDelayMs: 30_000,
  exponentialBase: 2,
  jitter: true,
  retryableStatusCodes: [408, 429, 500, 502, 503, 504],
} as const satisfies Required<RetryConfig>

/** The pause in milliseconds before repeat `index`, which counts from 0. */
export function retryDelay(config: RetryConfig | undefined, index: number, random: Random): number {
  const { initialDelayMs, maxDelayMs, exponentialBase, jitter } = { ...RETRY_DEFAULTS, ...config }
  const delay = Math.min(initialDelayMs * exponentialBase ** Math.min(index, 64), maxDelayMs)
  return jitter ? delay * (1 + random() * 0.25) : delay
}

export function retrying(config: RetryConfig | undefined, clock: Clock, random: Random): Interceptor {
  const { maxRetries, retryableStatusCodes }: Required<RetryConfig> = { ...RETRY_DEFAULTS, ...config }
  return async (call, next) => {
    for (let index = 0; ; index += 1) {
      try {
        return await next({ ...call, attempt: call.attempt + index })
      } catch (error) {
        if (!SignalboxError.is(error) || call.signal.aborted || index >= maxRetries) throw error
        const { sent, status, retryable, retryAfterMs = 0 } = error
        const mayRepeat = sent === 'no' || (sent === 'maybe' && call.idempotent)
        const isWorthIt = status === undefined ? retryable : retryableStatusCodes.includes(status)
        const delayMs = Math.max(retryDelay(config, index, random), retryAfterMs)
        // A pause beyond the deadline would replace this error by a less exact error.
        if (!mayRepeat || !isWorthIt || delayMs >= (call.remainingMs?.() ?? Number.POSITIVE_INFINITY)) throw error
        await sleep(clock, delayMs, call.signal).catch(() => {
          throw abortError(call.signal, { op: call.op, sent, cause: error })
        })
      }
    }
  }
}
