/** Appends to an outbox that may be full. */
import { abortError } from '../../core/deadline.js'
import { onAbort } from '../../core/on-abort.js'
import type { Clock } from '../../core/clock.js'
import { SignalboxError } from '../../errors.js'
import type { BlockedAppend, OpenQueue, OpenQueues } from './open-queues.js'
import type { Space } from './space.js'
import type { OutboxReport } from './types.js'

export interface AppendContext {
  readonly name: string
  readonly space: Space
  readonly report: (report: OutboxReport) => void
  readonly isClosing: () => boolean
}

/** How many appends that have begun stay in the list before they are removed together. */
const COMPACT_AT = 1024

export const outboxClosed = (name: string): SignalboxError =>
  new SignalboxError({ code: 'closed', message: `The outbox ${JSON.stringify(name)} is closed.` })

/** Options of `Outbox.append`. */
export interface AppendItemOptions {
  /** Whether the item gets an ordinal. Default true. */
  readonly numbered?: boolean
  /** Ends the wait for space in a full outbox. */
  readonly signal?: AbortSignal
}

/** Resolves to false when the overflow policy dropped the item. */
export type AppendItem = (queue: string, body: Uint8Array, options?: AppendItemOptions) => Promise<boolean>

export function createAppendItem(context: AppendContext, queues: OpenQueues, clock: Clock): AppendItem {
  const { name, isClosing } = context
  /** Appends that wait for their queue to open. A later one must not overtake them. */
  let entering = 0
  const appendTo = (queue: OpenQueue, body: Uint8Array, { numbered = true, signal }: AppendItemOptions): Promise<boolean> => {
    const begin = (): Promise<true> =>
      isClosing() ? Promise.reject(outboxClosed(name)) : queue.stored.append(body, clock.now(), numbered)
    return isAdmitted(context, queue, body.byteLength) ? begin() : appendBlocked(context, queue, body.byteLength, signal, begin)
  }
  const enter = async (queueName: string, body: Uint8Array, options: AppendItemOptions): Promise<boolean> => {
    if (isClosing()) throw outboxClosed(name)
    entering += 1
    let queue: OpenQueue
    try {
      queue = await queues.open(queueName)
      // It may have been closed for being idle in the same moment.
      while (queues.find(queueName) !== queue && !isClosing()) queue = await queues.open(queueName)
    } finally {
      entering -= 1
    }
    return await appendTo(queue, body, options)
  }
  return (queueName, body, options = {}) => {
    const open = entering === 0 ? queues.find(queueName) : undefined
    return open ? appendTo(open, body, options) : enter(queueName, body, options)
  }
}

/** Whether an append may begin now: there is space, and no earlier append waits for it. */
const isAdmitted = ({ space }: AppendContext, queue: OpenQueue, bytes: number): boolean =>
  queue.blocked.length === 0 && space.admission(bytes) === 'append'

/** Resolves to false when the overflow policy dropped the item. `begin` appends it. */
function appendBlocked(
  context: AppendContext,
  queue: OpenQueue,
  bytes: number,
  signal: AbortSignal | undefined,
  begin: () => Promise<true>,
): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const append: BlockedAppend = { bytes, signal, begin, resolve, reject, ignore: () => {}, left: false }
    append.ignore = onAbort(signal, () => {
      append.left = true
      reject(abortError(signal as AbortSignal, { op: 'append', sent: 'no' }))
    })
    queue.blocked.push(append)
    if (queue.blocked.length === 1) void admitBlocked(context, queue)
  })
}

/** Appends that wait for space keep their order within a queue, and each takes its space before the next one looks. */
async function admitBlocked(context: AppendContext, queue: OpenQueue): Promise<void> {
  let head = 0
  while (head < queue.blocked.length) {
    const append = queue.blocked[head] as BlockedAppend
    if (!append.left) await admit(context, queue, append)
    head += 1
    if (head < COMPACT_AT) continue
    queue.blocked.splice(0, head)
    head = 0
  }
  queue.blocked = []
}

async function admit(context: AppendContext, queue: OpenQueue, append: BlockedAppend): Promise<void> {
  const { bytes, signal, begin, resolve, reject } = append
  try {
    const hasSpace = context.space.admission(bytes) === 'append' || (await makeSpace(context, queue, bytes, signal))
    if (append.left) return
    if (hasSpace) return resolve(begin())
    context.report({ type: 'dropped', queue: queue.name, count: 1, why: 'overflow' })
    resolve(false)
  } catch (error) {
    // After an abort the caller has its error, and this one changes nothing.
    reject(error)
  } finally {
    append.ignore()
  }
}

/** Makes space as the policy says. False: the new item is dropped. */
async function makeSpace(
  { name, space, report, isClosing }: AppendContext,
  queue: OpenQueue,
  bytes: number,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  for (;;) {
    const action = space.admission(bytes)
    if (action === 'append') return true
    if (isClosing()) throw outboxClosed(name)
    if (action === 'reject') throw outboxFull(name, space)
    if (action === 'drop-newest') return false
    if (action === 'wait') {
      await space.freed(signal)
      continue
    }
    await queue.stored.appended()
    const [oldest] = await queue.stored.page(1, 1)
    if (!oldest) throw outboxFull(name, space)
    await queue.stored.settle([oldest], { dropped: 1 })
    report({ type: 'dropped', queue: queue.name, count: 1, why: 'overflow' })
  }
}

const outboxFull = (name: string, { load }: Space): SignalboxError =>
  new SignalboxError({
    code: 'unavailable',
    message: `The outbox ${JSON.stringify(name)} is full: ${load.items} items, ${load.bytes} bytes wait.`,
    hint: 'Find out why nothing is delivered, raise maxItems or maxBytes, or choose another overflow policy.',
  })
