/** Waiting with a wake-up call: for time to pass, or for somebody to say that there is work. */
import { deferred, type Deferred } from '../core/deferred.js'
import type { Clock } from '../core/clock.js'

export interface Gate {
  /** Until `wake`, or until the time has passed. A wake-up that came before is not lost. */
  wait(ms: number, clock: Clock): Promise<void>
  wake(): void
}

export function createGate(): Gate {
  let called = false
  let waiting: Deferred<void> | undefined
  return {
    async wait(ms, clock) {
      if (!called) {
        waiting = deferred()
        const mine = waiting
        const timer = ms === Number.POSITIVE_INFINITY ? undefined : clock.after(ms, () => mine.resolve())
        await mine.promise
        timer?.cancel()
        waiting = undefined
      }
      called = false
    },
    wake() {
      called = true
      waiting?.resolve()
    },
  }
}

/** At most so many at the same time, first come, first served. */
export function createSlots(size: number): { take(): Promise<() => void> } {
  let free = size
  const queue: Deferred<void>[] = []
  return {
    async take() {
      if (free > 0) free -= 1
      else {
        const turn = deferred()
        queue.push(turn)
        await turn.promise
      }
      let given = false
      return () => {
        if (given) return
        given = true
        const next = queue.shift()
        if (next) next.resolve()
        else free += 1
      }
    },
  }
}
