/** Runs one piece of work after the other, in the order of the calls. A piece that fails does not stop the next one. */
export function inTurn(): <Given>(work: () => Promise<Given>) => Promise<Given> {
  let tail: Promise<unknown> = Promise.resolve()
  return (work) => {
    const turn = tail.then(work)
    tail = turn.catch(() => {})
    return turn
  }
}

/** The same for each key. Work of one key does not wait for that of another. The first piece begins at once, within the call. */
export function inTurnByKey(): <Result>(key: string, work: () => Promise<Result>) => Promise<Result> {
  const tails = new Map<string, Promise<void>>()
  return (key, work) => {
    const before = tails.get(key)
    const result = before ? before.then(work) : work()
    const done = result.then(
      () => {},
      () => {},
    )
    tails.set(key, done)
    void done.then(() => {
      if (tails.get(key) === done) tails.delete(key)
    })
    return result
  }
}
