/**
 * Divides the work for many clients into portions: some milliseconds of it run in one turn of the event loop, and the rest waits for later
 * turns. Between two turns the loop reads sockets, so the others are served. Who waits goes on in the order of asking.
 */

import { systemClock, type Clock } from './clock.js'
import { inNextTurn } from './next-turn.js'

/** The budget that several pieces of work share. */
export interface TurnBudget {
  /**
   * Asked before each portion of work. Undefined: it may begin now. Otherwise it begins when the promise resolves, which is in a later turn or
   * behind others that wait.
   */
  next(): Promise<void> | undefined
}

/** Portions that begin in a turn although none of those before them has asked again. */
const ALONE = 2

/**
 * Work that shares this budget runs for about so many milliseconds in one turn. A call of another client takes some ten turns, on Deno more,
 * and waits for this work in each of them. A clock that only a test moves does not divide the work.
 */
export function createTurnBudget({ monotonic }: Pick<Clock, 'monotonic'> = systemClock, msPerTurn = 3): TurnBudget {
  let endsAt: number | undefined
  let waiting: (() => void)[] = []

  const begin = (): void => {
    endsAt = monotonic() + msPerTurn
    inNextTurn(nextTurn)
  }
  const nextTurn = (): void => {
    endsAt = undefined
    if (waiting.length === 0) return
    begin()
    const due = waiting.slice(0, ALONE)
    waiting = waiting.slice(ALONE)
    for (const go of due) go()
  }
  return {
    next() {
      if (endsAt === undefined) begin()
      const isOver = monotonic() >= (endsAt ?? 0)
      if (!isOver && waiting.length === 0) return undefined
      const turn = new Promise<void>((resolve) => waiting.push(resolve))
      if (!isOver) waiting.shift()?.()
      return turn
    },
  }
}
