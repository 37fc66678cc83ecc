/**
 * A deadline ends one call or one attempt: it joins the caller's signal and a time limit into one signal. Disposing it removes its
 * listener and its timer. Deadlines nest: a call's deadline is the parent of each attempt's.
 */
import { SignalboxError, withFacts, type ErrorFacts } from '../errors.js'
import { systemClock, type Clock, type Timer } from './clock.js'
import { onAbort } from './on-abort.js'

export interface DeadlineOptions {
  readonly signal?: AbortSignal | undefined
  /** Milliseconds until the deadline passes; undefined, 0 and Infinity mean never, a negative number means at once. */
  readonly timeoutMs?: number | undefined
  readonly clock?: Clock | undefined
}

export interface Deadline extends Disposable {
  readonly signal: AbortSignal
  /** Aborts the signal at once, for example on `break`. */
  abort(reason?: unknown): void
  /** Stops the timer but keeps following the caller's signal, for a stream that has opened. */
  clearDeadline(): void
  /** Milliseconds left; Infinity without a time limit, 0 once the signal is aborted. */
  remainingMs(): number
  [Symbol.dispose](): void
}

/** The reason that a deadline gives to its signal. Not an error by itself: the layer that knows the facts makes one. */
export class DeadlinePassed {
  constructor(readonly timeoutMs: number) {}
}

const NEVER = Number.POSITIVE_INFINITY

export function createDeadline(options: DeadlineOptions = {}): Deadline {
  const { signal: parent, timeoutMs = 0, clock = systemClock } = options
  const controller = new AbortController()
  const { signal } = controller
  let timer: Timer | undefined
  let endsAt = NEVER
  // Work that ignores its signal may never dispose of the deadline, and its timer would keep the process alive.
  const abort = (reason?: unknown): void => {
    timer?.cancel()
    controller.abort(reason)
  }
  const unfollow = onAbort(parent, () => abort(parent?.reason))
  if (timeoutMs && timeoutMs < NEVER && !signal.aborted) {
    timer = clock.after(timeoutMs, () => controller.abort(new DeadlinePassed(timeoutMs)))
    endsAt = clock.monotonic() + timeoutMs
  }
  const clearDeadline = (): void => {
    timer?.cancel()
    endsAt = NEVER
  }
  return {
    signal,
    abort,
    clearDeadline,
    remainingMs: () => (signal.aborted ? 0 : Math.max(0, endsAt - clock.monotonic())),
    [Symbol.dispose]() {
      clearDeadline()
      unfollow()
    },
  }
}

/**
 * Turns an aborted signal into the typed error. The caller's own reason is kept as `cause`; a reason that is an error of ours, as when
 * a link died, keeps its code. `facts.sent` is what became of this call, whatever the reason says about another one.
 */
export function abortError(signal: AbortSignal, facts: Partial<ErrorFacts> = {}): SignalboxError {
  const reason: unknown = signal.reason
  if (SignalboxError.is(reason)) return withFacts(reason, facts, { sent: facts.sent })
  const passed = reason instanceof DeadlinePassed
  // What AbortSignal.timeout() gives: the caller set a deadline by other means.
  const timedOut = passed || isNamed(reason, 'TimeoutError')
  const end = passed
    ? `did not finish within ${reason.timeoutMs} ms. Raise timeoutMs if the peer may be slow.`
    : timedOut
      ? "did not finish before its caller's signal timed out."
      : 'was aborted by its caller.'
  return new SignalboxError({
    ...facts,
    code: timedOut ? 'deadline_exceeded' : 'aborted',
    message: `${facts.op ?? 'The call'} ${end}`,
    ...(passed ? {} : { cause: reason }),
  })
}

export function isNamed(value: unknown, name: string): boolean {
  return (Object(value) as { name?: unknown }).name === name
}

/** Waits for a promise no longer than the signal allows, and rejects with the bare reason. The promise goes on; its failure is swallowed. */
export function raceSignal<T>(promise: PromiseLike<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const ignore = onAbort(signal, () => reject(signal.reason))
    promise.then(resolve, reject).then(ignore)
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
    const ignore = onAbort(signal, () => {
      // Real time on purpose: a turn, not a wait. A fake clock that stands still must not hold up an abort.
      turn = setTimeout(() => {
        left = true
        reject(options.giveUp())
      }, 0)
    })
    const arrive = (value: T): void => (left ? options.onLate?.(value) : resolve(value))
    work.then(arrive, reject).then(() => {
      clearTimeout(turn)
      ignore()
    })
  })
}

/** Ends whatever a late result holds, without a word: nobody is left to tell. */
export function disposeLate(result: unknown): void {
  const { [Symbol.asyncDispose]: later, [Symbol.dispose]: now } = Object(result) as Partial<AsyncDisposable & Disposable>
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
export async function whileOpening<T>(life: Deadline, opening: AbortSignal, open: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const unfollow = onAbort(opening, () => life.abort(opening.reason))
  try {
    return await open(life.signal)
  } finally {
    unfollow()
  }
}
