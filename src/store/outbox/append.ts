/** An append to an outbox that may be full. */
import { abortError, raceSignal } from '../../core/deadline.js'
import { SignalboxError } from '../../errors.js'
import type { OpenQueue } from './open-queues.js'
import type { Space } from './space.js'
import type { OutboxReport } from './types.js'

export interface AppendContext {
  readonly name: string
  readonly space: Space
  readonly report: (report: OutboxReport) => void
  readonly isClosing: () => boolean
}

export const outboxClosed = (name: string): SignalboxError =>
  new SignalboxError({ code: 'closed', message: `The outbox ${JSON.stringify(name)} is closed.` })

/** Resolves to false when the overflow policy dropped the item. `begin` appends it. */
export async function appendWithin(
  context: AppendContext,
  queue: OpenQueue,
  bytes: number,
  signal: AbortSignal | undefined,
  begin: () => Promise<number>,
): Promise<boolean> {
  const { space, report } = context
  if (queue.blocked === 0 && space.admission(bytes) === 'append') {
    await begin()
    return true
  }
  if (await appendInTurn(queue, signal, () => makeSpace(context, queue, bytes, signal), begin)) return true
  report({ type: 'dropped', queue: queue.name, count: 1, why: 'overflow' })
  return false
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

/**
 * Appends that wait for space keep their order within a queue, and each takes its space before the next one looks. A caller that aborts
 * leaves at once, also from behind another; an append that was begun by then is completed.
 */
async function appendInTurn(
  queue: OpenQueue,
  signal: AbortSignal | undefined,
  space: () => Promise<boolean>,
  begin: () => Promise<number>,
): Promise<boolean> {
  let begun = false
  const turn = queue.admitting.then(async () => {
    if (signal?.aborted || !(await space()) || signal?.aborted) return undefined
    begun = true
    return { appending: begin() }
  })
  queue.admitting = turn.then(
    () => {},
    () => {},
  )
  queue.blocked += 1
  try {
    const admitted = await (signal ? raceSignal(turn, signal) : turn).catch((error: unknown) => {
      if (begun) return turn
      throw signal?.aborted ? abortError(signal, { op: 'append', sent: 'no' }) : error
    })
    await admitted?.appending
    return admitted !== undefined
  } finally {
    queue.blocked -= 1
  }
}

const outboxFull = (name: string, { load }: Space): SignalboxError =>
  new SignalboxError({
    code: 'unavailable',
    message: `The outbox ${JSON.stringify(name)} is full: ${load.items} items, ${load.bytes} bytes wait.`,
    hint: 'Find out why nothing is delivered, raise maxItems or maxBytes, or choose another overflow policy.',
  })
