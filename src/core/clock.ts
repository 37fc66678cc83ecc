/** The clock and the random source of every deadline, backoff and heartbeat above a link. Tests pass their own. */
import { onAbort } from './on-abort.js'

/** A timer that has not fired yet. */
export interface Timer {
  /** Stops it. Harmless after it has fired. */
  cancel(): void
}

/** The source of time for deadlines, retries and timestamps. Tests give a fake one. */
export interface Clock {
  /** Wall clock in milliseconds, for timestamps. */
  now(): number
  /** Monotonic milliseconds, for durations. */
  monotonic(): number
  /** Calls back once. The timer keeps the process alive, because a script that waits for its next attempt must not end. Its owner must cancel it. */
  after(ms: number, callback: () => void): Timer
}

/** A number in [0, 1). */
export type Random = () => number

// For a delay above 2^31 - 1 ms the runtimes fire at once.
const LONGEST_TIMER_MS = 2_147_483_647

/** The clock of the runtime. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, callback) {
    let handle: ReturnType<typeof setTimeout>
    const arm = (restMs: number): void => {
      const far = restMs > LONGEST_TIMER_MS
      handle = setTimeout(far ? () => arm(restMs - LONGEST_TIMER_MS) : callback, far ? LONGEST_TIMER_MS : Math.max(0, restMs))
    }
    arm(ms)
    return { cancel: () => clearTimeout(handle) }
  },
}

/** Waits on the given clock. An abort rejects with the signal's reason and removes the timer. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(ms, () => {
      ignore()
      resolve()
    })
    const ignore = onAbort(signal, () => {
      timer.cancel()
      reject(signal?.reason)
    })
  })
}
