/** Links that wait to be accepted. They are delivered one by one and closed with their listener. The caller checks their number before it adds one. */
import type { Link } from '../transport.js'
import { createQueue } from './queue.js'

export interface Acceptance<Accepted extends Link> {
  add(link: Accepted): void
  accept(): AsyncIterable<Accepted>
  /** Closes links that were not accepted, and ends every loop. */
  close(): Promise<void>
  readonly size: number
  readonly ended: boolean
}

export function createAcceptance<Accepted extends Link>(): Acceptance<Accepted> {
  const queue = createQueue<Accepted>({ overflow: 'pause', name: 'links that wait to be accepted' })
  // Taken from the queue and not delivered yet. They still count; the next loop gets them if this one is left, and a close closes them.
  let taken: Accepted[] = []
  const close = async (): Promise<void> => {
    const left = [...taken, ...queue.takeNow()]
    taken = []
    queue.discard()
    await Promise.all(left.map((link) => link.close()))
  }
  return {
    add(link) {
      if (queue.ended) void link.close()
      else queue.push([link])
    },
    async *accept() {
      for (;;) {
        const link = taken.shift()
        if (link) yield link
        else {
          const links = await queue.take()
          if (links === null) return
          taken.push(...links)
          // The listener was closed meanwhile, and no caller has these links yet.
          if (queue.ended) await close()
        }
      }
    },
    close,
    get size() {
      return taken.length + queue.size
    },
    get ended() {
      return queue.ended
    },
  }
}
