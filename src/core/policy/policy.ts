/** What the policies share: each is an interceptor that is also an object with a state of its own. */
import type { Interceptor } from '../call.js'

/** Gives an interceptor the methods and readings of its policy; getters stay live. */
export function asInterceptor<Members extends object>(intercept: Interceptor, members: Members): Interceptor & Members {
  return Object.defineProperties(intercept, Object.getOwnPropertyDescriptors(members)) as Interceptor & Members
}

/** Tells an observer. Its failure is its own: it must never change the outcome of a call. */
export function tell<Event>(observer: ((event: Event) => void) | undefined, event: Event): void {
  try {
    observer?.(event)
  } catch {
    // Nobody to tell: the observer is the one who would be told.
  }
}
