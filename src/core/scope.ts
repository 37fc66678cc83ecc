/**
 * A scope is the life of one call or attempt: the caller's signal and a deadline, as one signal that leaves no listener and no
 * timer behind once the scope is disposed. Scopes nest: call, attempt, link.
 */
import { SignalboxError, withFacts, type ErrorFacts } from '../errors.js'
import { systemClock, type Clock } from './clock.js'

export interface ScopeOptions {
  readonly signal?: AbortSignal | undefined
  /** Milliseconds until the scope ends by itself; undefined, 0 and Infinity mean never. */
  readonly timeoutMs?: number | undefined
  readonly clock?: Clock | undefined
}

export interface Scope extends Disposable {
  readonly signal: AbortSignal
  /** Ends the scope by hand, for example on `break`. */
  abort(reason?: unknown): void
  /** Cancels the deadline but keeps following the caller's signal: a stream that has opened. */
  clearDeadline(): void
  /** Until the deadline; Infinity without one, 0 when the scope has ended. */
  remainingMs(): number
  [Symbol.dispose](): void
}

/** The reason that a deadline gives to its signal. Not an error by itself: the layer that knows the facts makes one. */
export class DeadlinePassed {
  constructor(readonly timeoutMs: number) {}
}

export function createScope(options: ScopeOptions = {}): Scope {
  const { signal: parent, timeoutMs, clock = systemClock } = options
  const controller = new AbortController()
  const follow = (): void => controller.abort(parent?.reason)
  if (parent?.aborted) follow()
  else parent?.addEventListener('abort', follow, { once: true })
  const bounded = timeoutMs !== undefined && timeoutMs > 0 && timeoutMs !== Number.POSITIVE_INFINITY
  let timer =
    bounded && !controller.signal.aborted
      ? clock.after(timeoutMs, () => controller.abort(new DeadlinePassed(timeoutMs)))
      : undefined
  const endsAt = timer ? clock.monotonic() + (timeoutMs ?? 0) : Number.POSITIVE_INFINITY
  const clearDeadline = (): void => {
    timer?.cancel()
    timer = undefined
  }
  return {
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    clearDeadline,
    remainingMs() {
      if (controller.signal.aborted) return 0
      return timer ? Math.max(0, endsAt - clock.monotonic()) : Number.POSITIVE_INFINITY
    },
    [Symbol.dispose]() {
      clearDeadline()
      parent?.removeEventListener('abort', follow)
    },
  }
}

/**
 * Turns an aborted signal into the typed error. The caller's own reason is kept as `cause`; a reason that is an error of ours, as when
 * a link died, keeps its code. `facts.sent` is what became of this call, whatever the reason says about another one.
 */
export function abortError(signal: AbortSignal, facts: Partial<ErrorFacts> = {}): SignalboxError {
  const reason: unknown = signal.reason
  const what = facts.op ?? 'The call'
  if (reason instanceof DeadlinePassed) {
    return new SignalboxError({
      ...facts,
      code: 'deadline_exceeded',
      message: `${what} did not finish within ${reason.timeoutMs} ms.`,
      hint: 'Raise timeoutMs, or find out why the peer is slow.',
    })
  }
  if (SignalboxError.is(reason)) return withFacts(reason, facts, { sent: facts.sent })
  // What AbortSignal.timeout() gives: the caller set a deadline by other means.
  const timedOut = isNamed(reason, 'TimeoutError')
  return new SignalboxError({
    ...facts,
    code: timedOut ? 'deadline_exceeded' : 'aborted',
    message: timedOut ? `${what} did not finish before its caller's signal timed out.` : `${what} was aborted by its caller.`,
    cause: reason,
  })
}

export function isNamed(value: unknown, name: string): boolean {
  return typeof value === 'object' && value !== null && (value as { name?: unknown }).name === name
}

/** Waits for a promise no longer than the signal allows, and rejects with the bare reason. The promise goes on; its failure is swallowed. */
export function raceSignal<T>(promise: PromiseLike<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const stop = (): void => reject(signal.reason)
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
    promise.then(
      (value) => {
        signal.removeEventListener('abort', stop)
        resolve(value)
      },
      (error: unknown) => {
        signal.removeEventListener('abort', stop)
        reject(error)
      },
    )
  })
}

export interface WithinOptions<T> {
  /** The failure to report for work that was left behind. */
  readonly giveUp: () => unknown
  /** What to do with a result that nobody waits for any more, such as a link that opened too late. */
  readonly onLate?: ((result: T) => void) | undefined
}

/**
 * Waits for work no longer than its signal allows. Work that obeys the signal gets the rest of this turn of the event loop to answer,
 * because it knows best what became of the request; work that ignores the signal is left behind.
 */
export function within<T>(work: PromiseLike<T>, signal: AbortSignal, options: WithinOptions<T>): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    let turn: ReturnType<typeof setTimeout> | undefined
    let left = false
    const leave = (): void => {
      left = true
      reject(options.giveUp())
    }
    const fall = (): void => {
      // Real time on purpose: a turn, not a wait. A fake clock that stands still must not hold up an abort.
      turn = setTimeout(leave, 0)
    }
    const settled = (): void => {
      clearTimeout(turn)
      signal.removeEventListener('abort', fall)
    }
    if (signal.aborted) fall()
    else signal.addEventListener('abort', fall, { once: true })
    work.then(
      (value) => {
        settled()
        if (left) options.onLate?.(value)
        else resolve(value)
      },
      (error: unknown) => {
        settled()
        reject(error)
      },
    )
  })
}

/** Ends whatever a late result holds, without a word: nobody is left to tell. */
export function disposeLate(result: unknown): void {
  if (typeof result !== 'object' || result === null) return
  const { [Symbol.asyncDispose]: later, [Symbol.dispose]: now } = result as Partial<AsyncDisposable & Disposable>
  try {
    if (later) void later.call(result).then(undefined, () => {})
    else now?.call(result)
  } catch {
    // Its own failure to close changes nothing for the call that gave it up.
  }
}

/**
 * Ties the life of something long-lived to a call's signal while it is being opened, and no longer: a stream outlives the call that
 * opened it, but not an opening that was given up.
 */
export async function whileOpening<T>(life: Scope, opening: AbortSignal, open: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const follow = (): void => life.abort(opening.reason)
  if (opening.aborted) follow()
  else opening.addEventListener('abort', follow, { once: true })
  try {
    return await open(life.signal)
  } finally {
    opening.removeEventListener('abort', follow)
  }
}
