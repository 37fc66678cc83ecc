/**
 * The bounded queue in front of a gate, in order of arrival. An aborted caller leaves it and is not charged. All waiting callers share one
 * timer. A permit means that the gate was charged.
 */
import { SignalboxError } from '../../errors.js'
import type { Interceptor } from '../call.js'
import { systemClock, type Clock, type Timer } from '../clock.js'
import { abortError } from '../deadline.js'
import type { Gate } from './gate.js'
import { asInterceptor } from './policy.js'

/** Options that every limiter takes. */
export interface LimiterOptions {
  /** How many calls may wait; more are refused. Default 1000; 0 refuses every call that would wait. */
  readonly maxQueued?: number
  /** How long a call may wait, unless `acquire` gets its own limit. Default: until the call ends. */
  readonly maxWaitMs?: number
  /** After `rate_limited` with `retryAfterMs`, all calls wait that long, at most `maxPauseMs`. Default one minute; 0 switches this off. */
  readonly maxPauseMs?: number
  /** The source of time. */
  readonly clock?: Clock
}

/** Options of `acquire`. */
export interface AcquireOptions {
  /** Ends the wait. */
  readonly signal?: AbortSignal | undefined
  /** How long to wait at most. 0 and Infinity: until the signal aborts. Negative: fails at once. `tryAcquire` never waits. */
  readonly timeoutMs?: number | undefined
  /** The weight of the permit in the limit. Default 1. */
  readonly weight?: number
}

/** End it, by `using` or by `release`, when the work is done. Ending it twice does nothing. */
export interface Permit extends Disposable {
  /** How long the caller waited. */
  readonly waitedMs: number
  /** Returns the permit. A second call does nothing. */
  release(): void
}

/** Counts since the limiter was made. */
export interface LimiterStats {
  /** Calls that wait now. */
  readonly queued: number
  /** Permits that were given. */
  readonly acquired: number
  /** Calls that were refused. */
  readonly refused: number
  /** The total wait of all calls. */
  readonly waitedMs: number
}

/**
 * An interceptor that delays calls to keep a limit. A call that would wait too long fails with `rate_limited`, `sent: 'no'`.
 */
export type Limiter = Interceptor & {
  acquire(options?: AcquireOptions): Promise<Permit>
  /** A permit now, or undefined. It never overtakes waiting calls. */
  tryAcquire(options?: { readonly weight?: number }): Permit | undefined
  /** Delays all calls for a while, as a peer with its own limit asks. A shorter pause does not shorten a longer one. */
  pause(ms: number): void
  readonly stats: LimiterStats
  readonly [GATE]: Gate
}

export const GATE = Symbol('signalbox.gate')

interface Waiter {
  readonly weight: number
  readonly since: number
  /** Called once, when this caller is the first in the queue and may pass. */
  pass(): void
}

/** Long because its waiters, timers and gates share one queue. */
export function createLimiter(ownGate: Gate, options: LimiterOptions, watched: readonly Gate[] = []): Limiter {
  const { maxQueued = 1000, maxWaitMs, maxPauseMs = 60_000, clock = systemClock } = options
  const gate = pausable(ownGate, clock)
  const waiting = new Set<Waiter>()
  const sources = [gate, ...watched]
  let timer: Timer | undefined
  let acquired = 0
  let refused = 0
  let waitedMs = 0

  const rest = (): void => {
    timer?.cancel()
    timer = undefined
  }
  /** Admits callers from the front of the queue, then sets one timer for the next. */
  const serve = (): void => {
    rest()
    for (const waiter of waiting) {
      const wait = gate.waitMs(waiter.weight)
      if (wait > 0) {
        if (wait !== Number.POSITIVE_INFINITY) timer = clock.after(wait, serve)
        break
      }
      gate.take(waiter.weight)
      waiting.delete(waiter)
      waiter.pass()
    }
    // Subscribed only while a caller waits, because a shared gate outlives its limiters.
    for (const { wakers } of sources) {
      if (waiting.size > 0) wakers.add(serve)
      else wakers.delete(serve)
    }
  }

  const permit = (weight: number, since: number): Permit => {
    let held = true
    const waited = clock.monotonic() - since
    acquired += 1
    waitedMs += waited
    const release = (): void => {
      if (!held) return
      held = false
      gate.release(weight)
    }
    return { waitedMs: waited, release, [Symbol.dispose]: release }
  }

  const refuse = (why: string, hint: string, retryAfterMs: number): SignalboxError => {
    refused += 1
    const known = Number.isFinite(retryAfterMs) && retryAfterMs > 0 ? { retryAfterMs } : {}
    return new SignalboxError({ code: 'rate_limited', message: `${why} (limit: ${gate.name}).`, hint, sent: 'no', ...known })
  }

  const tryAcquire = ({ weight = 1 }: { readonly weight?: number } = {}): Permit | undefined => {
    if (waiting.size > 0 || !(weight > 0) || weight > gate.capacity || gate.waitMs(weight) > 0) return undefined
    gate.take(weight)
    return permit(weight, clock.monotonic())
  }

  const acquire = async ({ signal, timeoutMs = maxWaitMs, weight = 1 }: AcquireOptions = {}): Promise<Permit> => {
    if (signal?.aborted) throw abortError(signal, { op: 'Waiting for a permit', sent: 'no' })
    if (!(weight > 0) || weight > gate.capacity) {
      throw new SignalboxError({
        code: 'invalid_argument',
        message: `A permit of weight ${weight} can never pass (limit: ${gate.name}).`,
        hint: `Choose a weight above 0 and up to ${gate.capacity}.`,
      })
    }
    const now = tryAcquire({ weight })
    if (now) return now
    if (waiting.size >= maxQueued) {
      throw refuse(`${waiting.size} calls already wait for a permit`, 'Ask later or raise maxQueued.', gate.waitMs(weight))
    }
    return await new Promise<Permit>((resolve, reject) => {
      const since = clock.monotonic()
      const leave = (): void => {
        waiting.delete(waiter)
        patience?.cancel()
        signal?.removeEventListener('abort', abort)
      }
      const giveUp = (error: SignalboxError): void => {
        leave()
        reject(error)
        // The next callers may have less weight than the one that left.
        serve()
      }
      const abort = (): void => giveUp(abortError(signal as AbortSignal, { op: 'Waiting for a permit', sent: 'no' }))
      const waiter: Waiter = {
        weight,
        since,
        pass() {
          leave()
          resolve(permit(weight, since))
        },
      }
      const bounded = timeoutMs && timeoutMs !== Number.POSITIVE_INFINITY
      const patience = bounded
        ? clock.after(timeoutMs, () =>
            giveUp(refuse(`No permit within ${timeoutMs} ms`, 'Wait longer or call less often.', gate.waitMs(weight))),
          )
        : undefined
      signal?.addEventListener('abort', abort, { once: true })
      waiting.add(waiter)
      serve()
    })
  }

  const intercept: Interceptor = async (call, next) => {
    const held = await acquire({ signal: call.signal })
    try {
      return await next(call)
    } catch (error) {
      if (SignalboxError.is(error, 'rate_limited') && error.retryAfterMs !== undefined) {
        gate.pause(Math.min(maxPauseMs, error.retryAfterMs))
      }
      throw error
    } finally {
      held.release()
    }
  }

  return asInterceptor(intercept, {
    acquire,
    tryAcquire,
    pause: gate.pause,
    get stats(): LimiterStats {
      return { queued: waiting.size, acquired, refused, waitedMs }
    },
    [GATE]: gate as Gate,
  })
}

/** The pause is kept by the gate, so every queue in front of it waits. */
function pausable(gate: Gate, clock: Clock): Gate & { pause(ms: number): void } {
  let until = Number.NEGATIVE_INFINITY
  return {
    ...gate,
    waitMs: (weight) => Math.max(Math.ceil(until - clock.monotonic()), gate.waitMs(weight), 0),
    pause(ms) {
      until = Math.max(until, clock.monotonic() + ms)
    },
  }
}
