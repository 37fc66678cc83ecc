/** Waits at most a given time for work that may be late. */
import type { Clock, Timer } from './clock.js'

/** The result of the work, or undefined if it takes longer than `ms`. The work continues; no timer remains. */
export async function withinTime<Result>(work: Promise<Result>, ms: number, clock: Clock): Promise<Result | undefined> {
  let timer: Timer | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = clock.after(ms, () => resolve(undefined))
  })
  try {
    return await Promise.race([work, late])
  } finally {
    timer?.cancel()
  }
}
