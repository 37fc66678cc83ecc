/** The queues that an outbox has open: each with its log, its state and, while something waits, its sender. */
import type { Clock } from '../../core/clock.js'
import type { Kv, Store } from '../store.js'
import { openQueueStore, type QueueStore } from './queue-store.js'
import { startSender, type Sender, type SenderContext } from './sender.js'
import type { Space } from './space.js'
import type { QueueTuning } from './types.js'

/** An append that waits for space. */
export interface BlockedAppend {
  readonly bytes: number
  readonly signal: AbortSignal | undefined
  /** Takes the space and appends. */
  readonly begin: () => Promise<true>
  readonly resolve: (appended: boolean | Promise<boolean>) => void
  readonly reject: (error: unknown) => void
  /** Stops listening to the signal. */
  ignore: () => void
  /** The caller has aborted, so nothing is appended. */
  left: boolean
}

export interface OpenQueue {
  readonly name: string
  readonly stored: QueueStore
  /** The last position that was in the log when it was opened. */
  readonly inherited: number
  sender: Sender | undefined
  /** Called whenever a flush should look at the queue again. */
  readonly watchers: Set<() => void>
  readonly tuning: QueueTuning
  /** Appends that wait for space, and a few before them that have begun. Empty when none waits. */
  blocked: BlockedAppend[]
}

export interface OpenQueuesOptions {
  readonly store: Store
  readonly kv: Kv
  readonly name: string
  readonly clock: Clock
  readonly space: Space
  readonly context: SenderContext
  readonly isClosing: () => boolean
}

export interface OpenQueues {
  /** Opens the queue, or gives it as it is open. */
  open(name: string): Promise<OpenQueue>
  /** The queue, once it is open. */
  find(name: string): OpenQueue | undefined
  /** The queue, even while it opens; undefined when it failed to open. */
  opening(name: string): Promise<OpenQueue> | undefined
  /** All queues, or the named one, also while they are being opened. Queues that failed to open are left out. */
  all(name?: string): Promise<OpenQueue[]>
  /** All queues that are open now. */
  now(): Iterable<OpenQueue>
  tune(name: string, tuning: QueueTuning): void
  /** Wakes the queue's sender, or starts one. */
  send(queue: OpenQueue): void
  /** Delivers what the queue holds without waiting for more items. */
  hurry(queue: OpenQueue): void
  /** Closes a queue that is idle. */
  leave(queue: OpenQueue): Promise<void>
  /** Stops every sender and closes every queue. */
  close(graceMs: number): Promise<void>
}

/** How many queues that are not open keep a tuning. */
const MAX_TUNINGS = 1000

export function createOpenQueues(options: OpenQueuesOptions): OpenQueues {
  const { store, kv, name: outboxName, clock, space, context, isClosing } = options
  const opening = new Map<string, Promise<OpenQueue>>()
  const open = new Map<string, OpenQueue>()
  const tunings = new Map<string, QueueTuning>()

  const openOne = async (name: string): Promise<OpenQueue> => {
    const log = await store.log(`${outboxName}:${name}`)
    try {
      const onStored = (): void => {
        const queue = open.get(name)
        if (queue) queues.send(queue)
      }
      const given = { queue: name, log, kv, now: () => clock.now(), report: context.report, onChange: space.change, onStored }
      const stored = await openQueueStore(given)
      const tuning = tunings.get(name) ?? {}
      const queue: OpenQueue = {
        name,
        stored,
        inherited: stored.tip,
        sender: undefined,
        watchers: new Set(),
        tuning,
        blocked: [],
      }
      open.set(name, queue)
      tunings.delete(name)
      return queue
    } catch (error) {
      await log[Symbol.asyncDispose]()
      throw error
    }
  }
  const settledIn = (queue: OpenQueue): void => {
    for (const watcher of queue.watchers) watcher()
  }

  const queues: OpenQueues = {
    open(name) {
      const known = opening.get(name)
      if (known) return known
      const made = openOne(name)
      opening.set(name, made)
      made.catch(() => opening.delete(name))
      return made
    },
    find: (name) => open.get(name),
    opening: (name) => opening.get(name),
    async all(name) {
      const chosen = [...opening].flatMap(([known, queue]) => (name === undefined || known === name ? [queue] : []))
      const results = await Promise.allSettled(chosen)
      return results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
    },
    now: () => open.values(),
    tune(name, tuning) {
      const queue = open.get(name)
      if (queue) Object.assign(queue.tuning, tuning)
      else if (Object.keys(tuning).length > 0) {
        tunings.set(name, { ...tuning })
        if (tunings.size > MAX_TUNINGS) tunings.delete(tunings.keys().next().value as string)
      }
    },
    send(queue) {
      if (isClosing()) return
      if (queue.sender) return queue.sender.wake()
      const { name, stored, inherited, tuning } = queue
      const sender = startSender({ queue: name, stored, inherited, tuning, context, settled: () => settledIn(queue) })
      queue.sender = sender
      void sender.done.then(() => {
        queue.sender = undefined
        settledIn(queue)
        if (isClosing()) return
        // An item may have come while the sender ended.
        if (stored.waiting.items > 0) queues.send(queue)
        else void queues.leave(queue).catch(() => {})
      })
    },
    hurry(queue) {
      if (queue.stored.waiting.items > 0) queues.send(queue)
      queue.sender?.hurry()
    },
    async leave(queue) {
      const { name, stored } = queue
      const isUsed = queue.sender !== undefined || stored.waiting.items > 0 || queue.blocked.length > 0
      if (open.get(name) !== queue || isUsed || isClosing()) return
      open.delete(name)
      opening.delete(name)
      await stored.close()
    },
    async close(graceMs) {
      await Promise.allSettled(opening.values())
      const all = [...open.values()]
      await Promise.all(all.map((queue) => queue.sender?.stop(graceMs)))
      await Promise.all(all.map((queue) => queue.stored.close().catch(() => {})))
      for (const queue of all) settledIn(queue)
      open.clear()
      opening.clear()
    },
  }
  return queues
}
