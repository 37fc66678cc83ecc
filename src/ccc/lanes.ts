/** One at a time in each lane, first come first served; whoever gives up leaves the queue without a trace. */

/** When it is one's turn, and what ends it or gives it up. */
export type Enter = (lane: string) => readonly [turn: Promise<unknown>, leave: () => void]

export function createLanes(): Enter {
  const tails = new Map<string, Promise<unknown>>()
  return (lane) => {
    let leave!: () => void
    const turn = tails.get(lane) ?? Promise.resolve()
    const mine = new Promise<void>((resolve) => {
      leave = resolve
    })
    const tail = turn.then(() => mine)
    tails.set(lane, tail)
    void tail.then(() => tails.get(lane) === tail && tails.delete(lane))
    return [turn, leave]
  }
}
