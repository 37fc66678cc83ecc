/** Waits for what may be late: undefined when it has not come in time, and no timer stays behind. */
import type { Clock, Timer } from '../core/clock.js'

export async function inTime<Result>(work: Promise<Result>, ms: number, clock: Clock): Promise<Result | undefined> {
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
