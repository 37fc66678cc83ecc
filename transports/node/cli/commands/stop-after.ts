import { systemClock } from '../../../../src/core/clock.js'

/** A signal that aborts with the given one, and after a time where one is given. `cancel` stops the timer. */
export function stopAfter(ms: number | undefined, signal: AbortSignal): { readonly signal: AbortSignal; cancel(): void } {
  const late = new AbortController()
  const timer = ms === undefined ? undefined : systemClock.after(ms, () => late.abort())
  return { signal: AbortSignal.any([signal, late.signal]), cancel: () => timer?.cancel() }
}
