/** Work of one key runs one piece after the other, in the order of the calls. Work of other keys does not wait for it. */
export function inOrder(): <Result>(key: string, work: () => Promise<Result>) => Promise<Result> {
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
