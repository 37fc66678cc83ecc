/** Retries with the Python SDK's numbers, which there are configured and never used. Obeys `sent`, idempotency and `Retry-After`. */
import type { Interceptor } from '../core/call.js'
import { sleep, type Clock, type Random } from '../core/clock.js'
import { abortError } from '../core/deadline.js'
import { SignalboxError } from '../errors.js'

export interface RetryConfig {
  /** After the first try. Default 3. The outbox goes on beyond it. */
  readonly maxRetries?: number
  readonly initialDelayMs?: number
  readonly maxDelayMs?: number
  readonly exponentialBase?: number
  /** Adds up to a quarter. */
  readonly jitter?: boolean
  readonly retryableStatusCodes?: readonly number[]
}

export const RETRY_DEFAULTS = {
  maxRetries: 3,
  initialDelayMs: 500,
  maxDelayMs: 30_000,
  exponentialBase: 2,
  jitter: true,
  retryableStatusCodes: [408, 429, 500, 502, 503, 504],
} as const satisfies Required<RetryConfig>

/** The pause before retry `index`, from 0. */
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
        // To sleep past the deadline would only hide why it failed.
        if (!mayRepeat || !isWorthIt || delayMs >= (call.remainingMs?.() ?? Number.POSITIVE_INFINITY)) throw error
        await sleep(clock, delayMs, call.signal).catch(() => {
          throw abortError(call.signal, { op: call.op, sent, cause: error })
        })
      }
    }
  }
}
