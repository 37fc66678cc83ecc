/**
 * A deadline ends one call or one attempt: it joins the caller's signal and a time limit into one signal. Disposing it removes its
 * listener and its timer. Deadlines nest: a call's deadline is the parent of each attempt's.
 */
import { SignalboxError, withFacts, type ErrorFacts } from '../errors.js'
import { systemClock, type Clock, type Timer } from './clock.js'
import { inNextTurn } from './next-turn.js'
import { onAbort } from './on-abort.js'

export interface DeadlineOptions {
  /** The caller's signal, or the deadline of the work that this one is part of. */
  readonly signal?: AbortSignal | Deadline | undefined
  /** Milliseconds until the deadline passes; undefined, 0 and Infinity mean never, a negative number means at once. */
  readonly timeoutMs?: number | undefined
  readonly clock?: Clock | undefined
}

/**
 * Joins a caller's signal, a time limit and an end by hand. A class whose `AbortSignal` is made when it is first read: one call pays 5 µs
 * for a controller with a listener, as much as for its JSON.
 */
export interface Deadline extends Disposable {
  /** The deadline as an `AbortSignal`. Made when it is first read. */
  readonly signal: AbortSignal
  readonly ended: boolean
  /** Why it has ended; undefined before. */
  readonly reason: unknown
  /** Runs once at the end, or now when that is past. Returns a function that stops listening. */
  onEnd(run: () => void): () => void
  /** Waits for work until the end, and rejects then with the bare reason. The work goes on; its failure is ignored. */
  race<Result>(work: PromiseLike<Result>): Promise<Result>
  /** Ends it at once, for example on `break`. */
  abort(reason?: unknown): void
  /** Stops the timer but keeps following the caller's signal, for a stream that has opened. */
  clearDeadline(): void
  /** Milliseconds left; Infinity without a time limit, 0 after the end. */
  remainingMs(): number
  [Symbol.dispose](): void
}

/** The reason that a deadline gives to its signal. Not an error by itself: the layer that knows the facts makes one. */
export class DeadlinePassed {
  constructor(readonly timeoutMs: number) {}
}

const NEVER = Number.POSITIVE_INFINITY
const nothing = (): void => {}

/** Throws `invalid_argument` for a `timeoutMs` that is not a number. */
export function createDeadline(options: DeadlineOptions = {}): Deadline {
  const { signal, timeoutMs = 0, clock = systemClock } = options
  if (typeof timeoutMs !== 'number' || Number.isNaN(timeoutMs)) {
    throw new SignalboxError({
      code: 'invalid_argument',
      message: `timeoutMs is ${String(timeoutMs)}; it must be a number of milliseconds.`,
      hint: 'Use 0 for no time limit.',
    })
  }
  return new LazyDeadline(signal, timeoutMs, clock)
}

class LazyDeadline implements Deadline {
  ended = false
  reason: unknown = undefined
  private controller: AbortController | undefined = undefined
  private callbacks: Set<() => void> | undefined = undefined
  private timer: Timer | undefined = undefined
  private endsAt = NEVER
  private unfollow: () => void = nothing

  constructor(
    parent: AbortSignal | Deadline | undefined,
    timeoutMs: number,
    private readonly clock: Clock,
  ) {
    if (parent) {
      const follow = (): void => this.abort(parent.reason)
      this.unfollow = 'onEnd' in parent ? parent.onEnd(follow) : onAbort(parent, follow)
    }
    if (timeoutMs === 0 || timeoutMs === NEVER || this.ended) return
    this.timer = clock.after(timeoutMs, () => this.abort(new DeadlinePassed(timeoutMs)))
    this.endsAt = clock.monotonic() + timeoutMs
  }

  get signal(): AbortSignal {
    if (!this.controller) {
      this.controller = new AbortController()
      if (this.ended) this.controller.abort(this.reason)
    }
    return this.controller.signal
  }

  abort(reason?: unknown): void {
    if (this.ended) return
    this.ended = true
    // Work that ignores its signal may never dispose of the deadline, and its timer would keep the process alive.
    this.timer?.cancel()
    this.reason = reason === undefined ? abortedWithout() : reason
    this.controller?.abort(this.reason)
    const { callbacks } = this
    this.callbacks = undefined
    if (callbacks) for (const run of callbacks) run()
  }

  onEnd(run: () => void): () => void {
    if (this.ended) {
      run()
      return nothing
    }
    this.callbacks ??= new Set()
    this.callbacks.add(run)
    return () => this.callbacks?.delete(run)
  }

  race<Result>(work: PromiseLike<Result>): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      const ignore = this.onEnd(() => reject(this.reason))
      follow(work, resolve, reject, ignore)
    })
  }

  clearDeadline(): void {
    this.timer?.cancel()
    this.endsAt = NEVER
  }

  remainingMs(): number {
    return this.ended ? 0 : Math.max(0, this.endsAt - this.clock.monotonic())
  }

  [Symbol.dispose](): void {
    this.clearDeadline()
    this.unfollow()
  }
}

/** The default reason of an AbortController. */
function abortedWithout(): unknown {
  const controller = new AbortController()
  controller.abort()
  return controller.signal.reason
}

/** Passes on the outcome of the work, then runs `after`, without an extra promise. */
function follow<Result>(
  work: PromiseLike<Result>,
  resolve: (value: Result) => void,
  reject: (reason: unknown) => void,
  after: () => void,
): void {
  work.then(
    (value) => {
      after()
      resolve(value)
    },
    (reason: unknown) => {
      after()
      reject(reason)
    },
  )
}

/**
 * Turns the end of a signal or a deadline into the typed error. The caller's reason becomes the `cause`. A reason that is a SignalboxError,
 * for example of a dead link, keeps its code. `facts.sent` is about this call, whatever the reason says about another one.
 */
export function abortError(end: { readonly reason: unknown }, facts: Partial<ErrorFacts> = {}): SignalboxError {
  const { reason } = end
  if (SignalboxError.is(reason)) return withFacts(reason, facts, { sent: facts.sent })
  const passed = reason instanceof DeadlinePassed
  // AbortSignal.timeout() gives this name: the caller set the deadline.
  const timedOut = passed || isNamed(reason, 'TimeoutError')
  const how = passed
    ? `did not finish within ${reason.timeoutMs} ms. Raise timeoutMs if the peer may be slow.`
    : timedOut
      ? "did not finish before its caller's signal timed out."
      : 'was aborted by its caller.'
  return new SignalboxError({
    ...facts,
    code: timedOut ? 'deadline_exceeded' : 'aborted',
    message: `${facts.op ?? 'The call'} ${how}`,
    ...(passed ? {} : { cause: reason }),
  })
}

export function isNamed(value: unknown, name: string): boolean {
  return (Object(value) as { name?: unknown }).name === name
}

/** Waits for a promise no longer than the signal allows, and rejects with the bare reason. The promise goes on; its failure is ignored. */
export function raceSignal<T>(promise: PromiseLike<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    follow(
      promise,
      resolve,
      reject,
      onAbort(signal, () => reject(signal.reason)),
    )
  })
}

export interface WithinOptions<T> {
  /** The failure to report for work that was left behind. */
  readonly giveUp: () => unknown
  /** Handles a result that came too late, such as a link that opened after the abort. */
  readonly onLate?: ((result: T) => void) | undefined
}

/**
 * Waits for work no longer than its signal or deadline allows. Work that obeys the signal gets the rest of this turn of the event loop to
 * answer, because it knows best whether the request was sent; work that ignores the signal is left behind.
 */
export function within<T>(work: PromiseLike<T>, end: AbortSignal | Deadline, options: WithinOptions<T>): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    let settled = false
    let left = false
    const giveUp = (): void => {
      // A turn of the real event loop: a fake clock that stands still must not delay an abort.
      inNextTurn(() => {
        if (settled) return
        left = true
        reject(options.giveUp())
      })
    }
    const ignore = 'onEnd' in end ? end.onEnd(giveUp) : onAbort(end, giveUp)
    const arrive = (value: T): void => (left ? options.onLate?.(value) : resolve(value))
    follow(work, arrive, reject, () => {
      settled = true
      ignore()
    })
  })
}

/** Closes a result that came too late for its call. Failures are ignored: nobody waits for them. */
export function disposeLate(result: unknown): void {
  const { [Symbol.asyncDispose]: later, [Symbol.dispose]: now } = Object(result) as Partial<AsyncDisposable & Disposable>
  try {
    if (later) void later.call(result).then(undefined, () => {})
    else now?.call(result)
  } catch {
    // The call has already failed; a failure to close changes nothing for it.
  }
}

/**
 * Opens a stream under two ends: its own deadline, and the signal of the call that opens it. The signal counts only until the stream is
 * open, because a stream outlives the call that opened it.
 */
export async function whileOpening<T>(life: Deadline, opening: AbortSignal, open: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const unfollow = onAbort(opening, () => life.abort(opening.reason))
  try {
    return await open(life.signal)
  } finally {
    unfollow()
  }
}
