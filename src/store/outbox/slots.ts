/** At most so many users at the same time, in the order in which they asked. */
import { deferred, type Deferred } from '../../core/deferred.js'

export interface Slots {
  /** Resolves when a slot is free; the result gives it back. */
  take(): Promise<() => void>
}

export function createSlots(size: number): Slots {
  let free = size
  const waiting: Deferred<void>[] = []
  return {
    async take() {
      if (free > 0) free -= 1
      else {
        const turn = deferred()
        waiting.push(turn)
        await turn.promise
      }
      let returned = false
      return () => {
        if (returned) return
        returned = true
        const next = waiting.shift()
        if (next) next.resolve()
        else free += 1
      }
    },
  }
}
