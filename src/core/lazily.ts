/**
 * A part of a client that is loaded when it is first needed. What hangs on an object cannot be shaken off a bundle, so a page would carry
 * all of it from the start. A bundler that splits makes a file of such a part; one that does not has it in its one file, at once.
 */
import { SignalboxError } from '../errors.js'
import type { Clock } from './clock.js'
import { abortError, createDeadline, raceSignal } from './deadline.js'

interface Limits {
  readonly signal?: AbortSignal | undefined
  readonly timeoutMs?: number | undefined
}

/** Uses the part. The wait for it obeys the caller's signal and comes off the caller's time. */
export type Lazily<Part> = <Given extends Limits, Result>(
  op: string,
  given: Given,
  use: (part: Part, given: Given) => Promise<Result>,
) => Promise<Result>

export function lazily<Part>(system: string, clock: Clock, load: () => Promise<Part>): Lazily<Part> {
  let part: Promise<Part> | undefined
  return async (op, given, use) => {
    const deadline = createDeadline({ ...given, clock })
    const { signal } = deadline
    try {
      part ??= load().catch((cause) => {
        // The next call may find the network well again, whether or not anybody waited for this.
        part = undefined
        throw cause
      })
      const loaded = await raceSignal(part, signal)
      // 0 would mean that there is no limit.
      const left = given.timeoutMs && Math.ceil(deadline.remainingMs() || 1)
      return use(loaded, left ? { ...given, timeoutMs: left } : given)
    } catch (cause) {
      const facts = { system, op, sent: 'no' } as const
      if (signal.aborted) throw abortError(signal, facts)
      const message = 'A part of the client did not load. Where import() cannot work, bundle into one file.'
      throw new SignalboxError({ ...facts, code: 'unavailable', message, cause })
    } finally {
      deadline[Symbol.dispose]()
    }
  }
}
