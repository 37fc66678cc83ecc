/** One at a time in each lane, first come first served; whoever gives up leaves the queue without a trace. */
import { deferred } from '../core/deferred.js'
import { raceSignal } from '../core/scope.js'

interface Lanes {
  /** Resolves when it is one's turn, with the function that ends it. Rejects with the signal's bare reason. */
  enter(lane: string, signal: AbortSignal): Promise<() => void>
}

export function createLanes(): Lanes {
  const tails = new Map<string, Promise<void>>()
  return {
    async enter(lane, signal) {
      const before = tails.get(lane) ?? Promise.resolve()
      const mine = deferred()
      const tail = before.then(() => mine.promise)
      tails.set(lane, tail)
      void tail.then(() => {
        if (tails.get(lane) === tail) tails.delete(lane)
      })
      try {
        await raceSignal(before, signal)
      } catch (reason) {
        mine.resolve()
        throw reason
      }
      return mine.resolve
    },
  }
}
