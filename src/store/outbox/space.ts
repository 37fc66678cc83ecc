/** The space of an outbox: what waits in it, and the appends that wait because it is full. */
import { raceSignal } from '../../core/deadline.js'
import { deferred, type Deferred } from '../../core/deferred.js'
import { admission, type Admission, type Load, type SpaceLimits } from './decisions.js'

export interface Space {
  readonly load: Load
  change(difference: Load): void
  /** The decision for an append of so many bytes. */
  admission(bytes: number): Admission
  /** Resolves when items leave the outbox, or at `release`. */
  freed(signal: AbortSignal | undefined): Promise<void>
  /** Ends every wait. */
  release(): void
}

export function createSpace(limits: SpaceLimits): Space {
  let load: Load = { items: 0, bytes: 0 }
  let waiters: Deferred<void>[] = []
  const release = (): void => {
    const all = waiters
    waiters = []
    for (const waiter of all) waiter.resolve()
  }
  return {
    get load() {
      return load
    },
    change({ items, bytes }) {
      load = { items: load.items + items, bytes: load.bytes + bytes }
      if (items < 0) release()
    },
    admission: (bytes) => admission(load, bytes, limits),
    async freed(signal) {
      const waiter = deferred()
      waiters.push(waiter)
      try {
        await (signal ? raceSignal(waiter.promise, signal) : waiter.promise)
      } finally {
        waiters = waiters.filter((other) => other !== waiter)
      }
    },
    release,
  }
}
