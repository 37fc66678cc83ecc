/**
 * A scope is the life of one call or attempt: the caller's signal and a deadline, as one signal that leaves no listener and no
 * timer behind once the scope is disposed. Scopes nest: call, attempt, link.
 */
import { SignalboxError, type ErrorFacts } from '../errors.js'
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
  const clearDeadline = (): void => {
    timer?.cancel()
    timer = undefined
  }
  return {
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    clearDeadline,
    [Symbol.dispose]() {
      clearDeadline()
      parent?.removeEventListener('abort', follow)
    },
  }
}

/** Turns an aborted signal into the typed error, keeping the caller's own reason as `cause`. */
export function abortError(signal: AbortSignal, facts: Partial<ErrorFacts> = {}): SignalboxError {
  const reason: unknown = signal.reason
  if (reason instanceof DeadlinePassed) {
    return new SignalboxError({
      ...facts,
      code: 'deadline_exceeded',
      message: `${facts.op ?? 'The call'} did not finish within ${reason.timeoutMs} ms.`,
      hint: 'Raise timeoutMs, or find out why the peer is slow.',
    })
  }
  if (SignalboxError.is(reason)) return reason
  return new SignalboxError({
    ...facts,
    code: 'aborted',
    message: `${facts.op ?? 'The call'} was aborted by its caller.`,
    cause: reason,
  })
}

/** Waits for a promise no longer than the signal allows. The promise itself goes on and its later failure is swallowed. */
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
