/** Waiting that another part of the program can end early. */
import { deferred, type Deferred } from '../../core/deferred.js'
import type { Clock } from '../../core/clock.js'

export interface Wake {
  /** Waits until `wake` is called, or until the time has passed. A call that came before the wait ends it at once. */
  wait(ms: number, clock: Clock): Promise<void>
  wake(): void
}

export function createWake(): Wake {
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
