/** The ids of calls on one connection: which a caller waits for, and which the core has not ended yet. */

const HIGHEST_ID = 0xffff_ffff

/** Ids count up and wrap around. 0 is no id, and an id that the core has not ended is skipped. */
export function idAfter(last: number, taken: ReadonlySet<number>): number {
  let next = last
  do next = next === HIGHEST_ID ? 1 : next + 1
  while (taken.has(next))
  return next
}

export interface CallIds {
  /** Gives a fresh id, which is awaited and owed from now on. */
  take(): number
  /** Says that no caller waits for this id any more. The core may still work on it. */
  release(id: number): void
  /** The core sent its last frame for this id. */
  settle(id: number): void
  clear(): void
  /** Ids that somebody waits for. */
  readonly awaited: number
  /** Ids that the core has not ended, given up or not. */
  readonly owed: number
}

/** `onIdle` is called whenever nobody waits for an id any more. */
export function createCallIds(onIdle: () => void): CallIds {
  const awaited = new Set<number>()
  const owed = new Set<number>()
  let last = 0
  return {
    take() {
      last = idAfter(last, owed)
      awaited.add(last)
      owed.add(last)
      return last
    },
    release(id) {
      awaited.delete(id)
      if (awaited.size === 0) onIdle()
    },
    settle: (id) => void owed.delete(id),
    clear() {
      awaited.clear()
      owed.clear()
      onIdle()
    },
    get awaited() {
      return awaited.size
    },
    get owed() {
      return owed.size
    },
  }
}
