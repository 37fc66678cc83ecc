/** Waiting until queues are delivered. */
import type { Clock } from '../../core/clock.js'
import { abortError, createDeadline, raceSignal } from '../../core/deadline.js'
import { deferred, type Deferred } from '../../core/deferred.js'
import type { SignalboxError } from '../../errors.js'
import type { OpenQueue, OpenQueues } from './open-queues.js'
import type { FlushReport } from './types.js'

export interface FlushWait {
  readonly signal?: AbortSignal | undefined
  readonly timeoutMs?: number | undefined
  readonly clock: Clock
  /** The error that stopped the outbox. */
  readonly halted: () => SignalboxError | undefined
  readonly isClosing: () => boolean
}

/** Delivers the items that these queues have now. An abort rejects; a failed delivery and an elapsed time limit are in the report. */
export async function flushQueues(queues: OpenQueues, chosen: readonly OpenQueue[], wait: FlushWait): Promise<FlushReport> {
  const { signal, timeoutMs, clock, halted, isClosing } = wait
  const wanted = chosen.map((queue) => ({ queue, upTo: queue.stored.tip }))
  for (const queue of chosen) queues.hurry(queue)
  const isDone = (): boolean =>
    wanted.every(({ queue: { stored }, upTo }) => stored.state.position >= upTo || stored.waiting.items === 0)
  const deadline = createDeadline({ signal, timeoutMs, clock })
  let change: Deferred<void> | undefined
  const look = (): void => change?.resolve()
  for (const queue of chosen) queue.watchers.add(look)
  try {
    while (!isDone() && !halted() && !isClosing()) {
      change = deferred()
      await raceSignal(change.promise, deadline.signal)
    }
  } catch (error) {
    // Only the waiting ends: delivery goes on.
    if (signal?.aborted) throw abortError(signal, { op: 'flush', sent: 'maybe' })
    if (!deadline.signal.aborted) throw error
  } finally {
    for (const queue of chosen) queue.watchers.delete(look)
    deadline[Symbol.dispose]()
  }
  const pending = chosen.reduce((sum, { stored }) => sum + stored.waiting.items, 0)
  const error = halted() ?? chosen.map(({ sender }) => sender?.lastError).find((found) => found !== undefined)
  return pending > 0 && error ? { pending, error } : { pending }
}
