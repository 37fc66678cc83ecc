/**
 * Retry. An attempt is repeated only if nothing was sent, or if the request may have been sent and the op is idempotent. Delays have full
 * jitter and obey `Retry-After`. All calls through one policy share a quota, so that retries do not multiply the load of a failing peer.
 */
import { SignalboxError, withFacts, worseSent, type Sent } from '../../errors.js'
import { createBackoff } from '../backoff.js'
import type { Interceptor } from '../call.js'
import { sleep, systemClock, type Clock, type Random } from '../clock.js'
import { abortError, createDeadline, disposeLate, within, type Deadline } from '../deadline.js'
import { asInterceptor, notifyObserver } from './policy.js'
import { createRetryQuota, type RetryQuotaOptions } from './retry-quota.js'

/** An attempt that failed and will be repeated. */
export interface RetryEvent {
  /** The operation, where it has a name. */
  readonly op: string | undefined
  /** The attempt that failed, from 1. */
  readonly attempt: number
  /** Why the attempt failed. */
  readonly error: unknown
  /** How long the pause is before the next attempt. */
  readonly delayMs: number
}

/** Options of `retry`. */
export interface RetryOptions {
  /** The first attempt included. Default 3. */
  readonly maxAttempts?: number
  /** The largest first delay; it doubles with every attempt. The delay is random between 0 and this value. */
  readonly baseMs?: number
  /** The largest delay of any attempt. Default 30 seconds. */
  readonly maxMs?: number
  /** Each attempt's own deadline, within that of the call. */
  readonly attemptTimeoutMs?: number
  /** If a peer asks for a longer pause than this, the call fails. Default one minute. */
  readonly maxRetryAfterMs?: number
  /** The budget that all calls through this policy share; false for none. */
  readonly quota?: RetryQuotaOptions | false
  /** Which failures are worth another attempt. Default: the error's own `retryable`. It cannot overrule `sent`. */
  readonly retryable?: (error: unknown) => boolean
  /** Called before each pause. Exceptions that it throws are ignored. */
  readonly onRetry?: (event: RetryEvent) => void
  /** The source of time. */
  readonly clock?: Clock
  /** The random source for the delays. */
  readonly random?: Random
}

/** Options of `run`. */
export interface RunOptions {
  /** Ends the attempts and the pauses. */
  readonly signal?: AbortSignal | undefined
  /** For all attempts and the pauses between them. */
  readonly timeoutMs?: number | undefined
  /** May the work be done twice without a second effect? Default false: then only failures with `sent: 'no'` are repeated. */
  readonly idempotent?: boolean
  /** Names the work in errors and events. */
  readonly op?: string
}

/** What the repeated work is given. */
export interface Attempt {
  /** Counts from 1. */
  readonly attempt: number
  /** Ends this attempt. */
  readonly signal: AbortSignal
}

/** An interceptor that repeats failed calls. */
export type RetryPolicy = Interceptor & {
  /** Runs any function with this policy. */
  run<Result>(work: (attempt: Attempt) => Promise<Result>, options?: RunOptions): Promise<Result>
  /** The tokens left in the quota. */
  readonly tokens: number
}

interface Work<Result> {
  readonly once: (attempt: number, deadline: Deadline) => Promise<Result>
  readonly op: string | undefined
  readonly idempotent: boolean
  readonly signal: AbortSignal
  readonly remainingMs: () => number
  /** Closes a stream that opened too late. */
  readonly onLate?: ((result: Result) => void) | undefined
}

const forEver = (): number => Number.POSITIVE_INFINITY

/**
 * Repeats failed calls: those with `sent: 'no'`, and those with `sent: 'maybe'` whose op is idempotent.
 *
 * @example
 * import { retry } from 'signalbox'
 * import { createCcc } from 'signalbox/ccc'
 * import { cccSocket } from 'signalbox/node'
 *
 * export const ccc = createCcc({ transport: cccSocket(), interceptors: [retry({ maxAttempts: 5 })] })
 */
export function retry(options: RetryOptions = {}): RetryPolicy {
  const { maxAttempts = 3, baseMs = 200, maxMs = 30_000, attemptTimeoutMs, maxRetryAfterMs = 60_000 } = options
  const { clock = systemClock, random, onRetry, retryable = isRetryable } = options
  const quota = createRetryQuota(options.quota)

  const attemptOnce = async <Result>(work: Work<Result>, attempt: number): Promise<Result> => {
    const deadline = createDeadline({ signal: work.signal, timeoutMs: attemptTimeoutMs, clock })
    const giveUp = (): SignalboxError => abortError(deadline, { op: work.op, attempt, sent: 'maybe' })
    try {
      return await within(work.once(attempt, deadline), deadline, { giveUp, onLate: work.onLate })
    } finally {
      deadline[Symbol.dispose]()
    }
  }

  const run = async <Result>(work: Work<Result>): Promise<Result> => {
    const backoff = createBackoff({ baseMs, maxMs, maxAttempts: maxAttempts - 1, clock, ...(random ? { random } : {}) })
    let worst: Sent = 'no'
    for (let attempt = 1; ; attempt += 1) {
      try {
        const result = await attemptOnce(work, attempt)
        quota.succeeded(attempt > 1)
        return result
      } catch (error) {
        const sent = sentOf(error)
        worst = worseSent(worst, sent)
        const repeatable = sent === 'no' || (sent === 'maybe' && work.idempotent)
        const delayMs = work.signal.aborted || !repeatable || !retryable(error) ? undefined : patience(error, backoff.next())
        // A pause past the deadline would replace the real failure by `deadline_exceeded`.
        if (delayMs === undefined || delayMs >= work.remainingMs() || !quota.take()) throw afterAll(error, worst)
        notifyObserver(onRetry, { op: work.op, attempt, error, delayMs })
        await sleep(clock, delayMs, work.signal).catch(() => {
          throw abortError(work.signal, { op: work.op, attempt, sent: worst, cause: error })
        })
      }
    }
  }

  /** The longer of the policy's delay and the peer's, or undefined if there is to be no further attempt. */
  const patience = (error: unknown, delayMs: number | null): number | undefined => {
    if (delayMs === null) return undefined
    const asked = SignalboxError.is(error) ? (error.retryAfterMs ?? 0) : 0
    if (asked > maxRetryAfterMs) return undefined
    return Math.max(delayMs, asked)
  }

  const intercept: Interceptor = (call, next) => {
    const { op, idempotent, signal, remainingMs: ofCall = forEver } = call
    const once = (attempt: number, deadline: Deadline): Promise<unknown> =>
      next({ ...call, attempt, signal: deadline.signal, remainingMs: () => Math.min(ofCall(), deadline.remainingMs()) })
    const onLate = call.kind === 'stream' ? disposeLate : undefined
    return run({ once, op, idempotent, signal, remainingMs: ofCall, onLate })
  }

  return asInterceptor(intercept, {
    async run<Result>(work: (attempt: Attempt) => Promise<Result>, { signal, timeoutMs, idempotent = false, op }: RunOptions = {}) {
      const deadline = createDeadline({ signal, timeoutMs, clock })
      const once = async (attempt: number, { signal: own }: Deadline): Promise<Result> => work({ attempt, signal: own })
      try {
        if (deadline.ended) throw abortError(deadline, { op, sent: 'no' })
        return await run({ once, op, idempotent, signal: deadline.signal, remainingMs: () => deadline.remainingMs() })
      } finally {
        deadline[Symbol.dispose]()
      }
    },
    get tokens() {
      return quota.tokens
    },
  })
}

/** Runs a function with its own retries and quota. To share a quota, make a policy with `retry` and call its `run`. */
export function retryWithBackoff<Result>(
  work: (attempt: Attempt) => Promise<Result>,
  options: RetryOptions & RunOptions = {},
): Promise<Result> {
  return retry(options).run(work, options)
}

function isRetryable(error: unknown): boolean {
  return SignalboxError.is(error) && error.retryable
}

/** A failure that is not a SignalboxError does not say whether the request was sent, so it counts as `maybe`. */
function sentOf(error: unknown): Sent {
  return SignalboxError.is(error) ? error.sent : 'maybe'
}

/** The last failure, with `sent` of all attempts: `no` only if every attempt has `no`. */
function afterAll(error: unknown, worst: Sent): unknown {
  return SignalboxError.is(error) ? withFacts(error, {}, { sent: worst }) : error
}
