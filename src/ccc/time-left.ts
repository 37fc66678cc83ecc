/** The time left of a limit that several calls share. */
import type { Clock } from '../core/clock.js'

/**
 * Returns a function that gives the rest of the limit as `timeoutMs` of the next call. Undefined stays undefined, so that each call has
 * its own default; 0 and Infinity stay what they are: no limit. A limit that has passed gives a negative number: fail at once.
 */
export function timeLeft(clock: Clock, timeoutMs: number | undefined): () => number | undefined {
  if (!timeoutMs || !Number.isFinite(timeoutMs)) return () => timeoutMs
  const endsAt = clock.monotonic() + timeoutMs
  return () => Math.ceil(endsAt - clock.monotonic()) || -1
}
