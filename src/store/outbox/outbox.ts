/**
 * The outbox: an append resolves when its item is durable. The items of a queue leave in order, by one sender, with the same
 * bytes on every attempt, and are deleted only when the receiver has them. Only `deliver` depends on the system.
 */
import { systemClock } from '../../core/clock.js'
import { notifyObserver } from '../../core/policy/policy.js'
import type { SignalboxError } from '../../errors.js'
import { createAppendItem, outboxClosed, type AppendItemOptions } from './append.js'
import { createDeadLetters, type DeadLetters } from './dead-letters.js'
import { flushQueues } from './flush.js'
import { createOpenQueues, type OpenQueue } from './open-queues.js'
import { loadQueue, type QueueState } from './queue-state.js'
import { recoverQueues } from './recover.js'
import type { SenderContext } from './sender.js'
import { createSlots } from './slots.js'
import { createSpace } from './space.js'
import type { FlushReport, OutboxCounts, OutboxItem, OutboxOptions, OutboxReport, QueueTuning } from './types.js'

/** Options of `Outbox.flush`. */
export interface FlushOptions {
  /** Default: every queue. */
  readonly queue?: string
  /** Ends the wait with a rejection. Delivery goes on. */
  readonly signal?: AbortSignal
  /** After this time the report says what still waits. Default: until everything is settled, or the outbox was halted. */
  readonly timeoutMs?: number
}

/** A durable outbox. Made by `openOutbox`. */
export interface Outbox extends AsyncDisposable {
  /** Resolves when the item is as durable as the store makes it; false when the overflow policy dropped it. */
  append(queue: string, body: Uint8Array, options?: AppendItemOptions): Promise<boolean>
  /** Delivers without waiting for more items. Failures of delivery are in the report; only an abort rejects. */
  flush(options?: FlushOptions): Promise<FlushReport>
  /** Starts to deliver every durable item at once, and does not wait for it. */
  hurry(): void
  /** Changes how long this queue waits for more items. */
  tune(queue: string, tuning: QueueTuning): void
  /** Delivers what earlier processes left. Gives the queues that held something. */
  recover(): Promise<string[]>
  /** The state of a queue: counts, memo, and the last settled position. */
  state(queue: string): Promise<QueueState>
  /**
   * How many items the queue ever took, also in earlier processes: those that wait and those that are settled. A program that stores
   * this number before it appends finds out after a crash how many of its appends are durable.
   */
  taken(queue: string): Promise<number>
  /** The newest item of the queue that waits, also one of an earlier process. */
  newest(queue: string): Promise<OutboxItem | undefined>
  /** Items that wait, in one queue or in all queues that this object has open. */
  pending(queue?: string): number
  /** Counts since this object was made. */
  readonly counts: OutboxCounts
  /** The error that halted the outbox, until `resume`. */
  readonly halted: SignalboxError | undefined
  /** Ends a halt, after its cause was removed. */
  resume(): void
  /** Ends every pause between attempts, for example when the network is back. */
  nudge(): void
  /** Items that can never be delivered. */
  readonly deadLetters: DeadLetters
  /** Stops sending and frees everything. Waiting items stay in the store. A request under way gets `graceMs`, default 2,000. */
  close(options?: { readonly graceMs?: number }): Promise<void>
}

const DAY_MS = 86_400_000

/**
 * Opens an outbox in a store. Call `recover` to deliver what earlier processes left.
 *
 * @example
 * ```ts
 * import { memoryStore, openOutbox } from 'signalbox/store'
 *
 * await using outbox = await openOutbox({
 *   store: memoryStore(),
 *   name: 'mail',
 *   deliver: async ({ items }) => {
 *     await fetch('https://example.com/mail', { method: 'POST', body: new Blob(items.map(({ body }) => new Uint8Array(body))) })
 *     return { kind: 'delivered', count: items.length }
 *   },
 * })
 * await outbox.recover()
 * await outbox.append('alice', new TextEncoder().encode('hello'))
 * const { pending, error } = await outbox.flush({ timeoutMs: 10_000 })
 * if (pending > 0) console.error(`${pending} wait: ${error?.message}`)
 * ```
 */
export async function openOutbox(options: OutboxOptions): Promise<Outbox> {
  const { store, name, clock = systemClock, maxConcurrent = 4, forgetAfterMs = 30 * DAY_MS } = options
  const { maxItems = 100_000, maxBytes = 256 * 1024 * 1024, overflow = 'block' } = options
  const kv = await store.kv(name)
  const lease = await store.lease(name)
  const space = createSpace({ maxItems, maxBytes, overflow })
  const slots = createSlots(maxConcurrent)
  const counts = { delivered: 0, dead: 0, dropped: 0, ambiguous: 0 }
  let halted: SignalboxError | undefined
  let closing: Promise<void> | undefined

  const isClosing = (): boolean => closing !== undefined
  const report = (event: OutboxReport): void => {
    if (event.type === 'dead') counts.dead += 1
    else if (event.type === 'delivered' || event.type === 'dropped' || event.type === 'ambiguous') counts[event.type] += event.count
    notifyObserver(options.onReport, event)
  }
  const deadLetters = createDeadLetters(store, `${name}/dead`, options.maxDeadLetters ?? 10_000, (count) =>
    report({ type: 'dropped', queue: '', count, why: 'overflow' }),
  )
  const context: SenderContext = {
    options,
    clock,
    lease,
    report,
    halted: () => halted,
    halt(error) {
      if (halted) return
      halted = error
      report({ type: 'halted', error })
      for (const queue of queues.now()) queue.sender?.wake()
    },
    takeSlot: slots.take,
    keepDead: deadLetters.add,
  }
  const queues = createOpenQueues({ store, kv, name, clock, space, context, isClosing })

  /** Opens a queue to look at it. It is closed again unless something waits. */
  const look = async <Result>(queueName: string, read: (queue: OpenQueue) => Promise<Result>): Promise<Result> => {
    if (closing) throw outboxClosed(name)
    const queue = await queues.open(queueName)
    const result = await read(queue)
    if (!queue.sender) await queues.leave(queue)
    return result
  }

  const outbox: Outbox = {
    append: createAppendItem({ name, space, report, isClosing }, queues, clock),
    async flush({ queue, signal, timeoutMs } = {}) {
      return await flushQueues(queues, await queues.all(queue), { signal, timeoutMs, clock, halted: () => halted, isClosing })
    },
    hurry() {
      for (const queue of queues.now()) queues.hurry(queue)
    },
    tune: queues.tune,
    recover: () => recoverQueues(queues, kv, () => clock.now(), forgetAfterMs),
    async state(queue) {
      const open = await queues.opening(queue)?.catch(() => undefined)
      return open?.stored.state ?? (await loadQueue(kv, queue)).state
    },
    taken: (queueName) =>
      look(queueName, async ({ stored }) => {
        await stored.appended()
        const { delivered, dead, dropped } = stored.state
        return delivered + dead + dropped + stored.waiting.items
      }),
    newest: (queueName) => look(queueName, ({ stored }) => stored.newest()),
    pending: (queue) => (queue === undefined ? space.load.items : (queues.find(queue)?.stored.waiting.items ?? 0)),
    get counts() {
      return { ...counts }
    },
    get halted() {
      return halted
    },
    resume() {
      if (!halted) return
      halted = undefined
      report({ type: 'resumed' })
      outbox.nudge()
    },
    nudge() {
      for (const queue of queues.now()) queue.sender?.nudge()
    },
    deadLetters,
    close({ graceMs = 2000 } = {}) {
      closing ??= (async () => {
        // The code below runs one turn later, when `closing` is set.
        await Promise.resolve()
        space.release()
        await queues.close(graceMs)
        await Promise.all([kv[Symbol.asyncDispose](), lease[Symbol.asyncDispose]()])
      })()
      return closing
    },
    [Symbol.asyncDispose]: () => outbox.close(),
  }
  return outbox
}
