/** Finding what earlier processes left in an outbox. */
import type { Kv } from '../store.js'
import { isForgettable } from './decisions.js'
import type { OpenQueues } from './open-queues.js'

/** Queues that are looked at together: a month of sessions is thousands, and each look reads the disk. */
const TOGETHER = 32

/** Starts a sender for each queue that holds something, and gives their names. Deletes the state of queues that were idle for long. */
export async function recoverQueues(queues: OpenQueues, kv: Kv, now: () => number, forgetAfterMs: number): Promise<string[]> {
  const found: string[] = []
  const lookAt = async (name: string): Promise<void> => {
    // Another process may have the queue open. Then that process delivers it.
    const queue = await queues.open(name).catch(() => undefined)
    if (!queue) return
    if (queue.stored.waiting.items > 0) {
      found.push(name)
      queues.send(queue)
      return
    }
    const { at } = queue.stored.state
    // A failure here loses nothing: the next recovery tries again.
    await queues.leave(queue).catch(() => {})
    if (isForgettable(at, now(), forgetAfterMs)) await kv.delete(name).catch(() => {})
  }
  for (let after: string | undefined; ; ) {
    const names = await kv.list(after === undefined ? {} : { after })
    if (names.length === 0) return found
    after = names.at(-1)
    for (let from = 0; from < names.length; from += TOGETHER) {
      await Promise.all(names.slice(from, from + TOGETHER).map(lookAt))
    }
  }
}
