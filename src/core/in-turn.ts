/** Runs one piece of work after the other, in the order of the calls. A piece that fails does not stop the next one. */
export function inTurn(): <Given>(work: () => Promise<Given>) => Promise<Given> {
  let tail: Promise<unknown> = Promise.resolve()
  return (work) => {
    const turn = tail.then(work)
    tail = turn.catch(() => {})
    return turn
  }
}
