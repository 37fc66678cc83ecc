/** Helpers of the policies: each is an interceptor and an object with its own state. */
import type { Interceptor } from '../call.js'

/** Gives an interceptor the methods and readings of its policy; getters stay live. */
export function asInterceptor<Members extends object>(intercept: Interceptor, members: Members): Interceptor & Members {
  return Object.defineProperties(intercept, Object.getOwnPropertyDescriptors(members)) as Interceptor & Members
}

/** Calls an observer. An exception of the observer must not change the outcome of a call. */
export function notifyObserver<Event>(observer: ((event: Event) => void) | undefined, event: Event): void {
  try {
    observer?.(event)
  } catch {
    // Ignored: there is no other observer to report it to.
  }
}
