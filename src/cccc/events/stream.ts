/** The stream that callers read: one bounded queue, filled by one connection after the other, whether or not the consumer reads. */
import { createBackoff } from '../../core/backoff.js'
import { createQueue } from '../../core/queue.js'
import { reconnecting } from '../../core/reconnect.js'
import { abortError, createDeadline } from '../../core/deadline.js'
import { createStream, type Gap } from '../../core/stream.js'
import type { SignalboxError } from '../../errors.js'
import type { CcccCore } from '../small-client.js'
import { isRefusal } from '../errors.js'
import type { EventSource } from './source.js'
import type { CcccCursor, CcccEventsOptions, CcccEventStream, CcccStreamItem } from './types.js'

const OP = 'events_stream'

/** False when another attempt would fail again: a refusal of the daemon, or a line over the limit. */
function recoverable(error: SignalboxError): boolean {
  return !isRefusal(error) && error.code !== 'too_large' && error.code !== 'unsupported' && error.code !== 'permission_denied'
}

export function createEventStream(core: CcccCore, source: EventSource, options: CcccEventsOptions): CcccEventStream {
  const { maxItems = 10_000, maxBytes = 64 * 1024 * 1024, overflow = 'gap', reconnect = true } = options
  const { tracker } = source
  const life = createDeadline({ signal: options.signal })

  // Undefined while nothing was dropped. The dropped items may be gaps only: then it is 0.
  let dropped: number | undefined
  let delivered = tracker.cursor
  const queue = createQueue<CcccStreamItem>({
    overflow: overflow === 'fail' ? 'fail' : 'drop-oldest',
    maxItems,
    maxBytes,
    sizeOf,
    name: 'the stream of events',
    onDrop(items) {
      dropped = (dropped ?? 0) + items.filter(({ type }) => type === 'event').length
    },
  })

  const pump = async (): Promise<void> => {
    const { signal } = life
    try {
      const connections = reconnecting<CcccStreamItem>({
        open: (attempt) => source.open(attempt, signal),
        backoff: createBackoff({ baseMs: 250, maxMs: 10_000, ...options.backoff, clock: core.clock }),
        signal,
        clock: core.clock,
        recoverable: (error) => reconnect && recoverable(error),
        onDown(cause, delayMs) {
          if (!reconnect) life.abort(ENDED)
          else core.notify({ type: 'reconnecting', op: OP, delayMs, cause })
          return []
        },
      })
      for await (const batch of connections) {
        queue.push(batch)
        // The queue has them now. The generators that wait for the next batch would keep the events of this one as well.
        ;(batch as CcccStreamItem[]).length = 0
        if (queue.ended) return
      }
      signal.throwIfAborted()
      queue.end()
    } catch (error) {
      if (signal.reason === ENDED) queue.end()
      else
        queue.fail(signal.aborted ? abortError(signal, { system: 'cccc', transport: core.wire.name, op: OP, sent: 'yes' }) : error)
    }
  }
  const pumping = core.hold(life, pump())
  const closeAll = async (): Promise<void> => {
    queue.discard()
    life.abort(ENDED)
    await pumping
    life[Symbol.dispose]()
  }

  const stream = createStream<CcccStreamItem, CcccCursor>({
    start: tracker.cursor,
    cursorOf,
    async pull() {
      const items = await queue.take()
      if (items === null || dropped === undefined) return remember(items)
      const gap: Gap<CcccCursor> = { type: 'gap', from: delivered, reason: 'overflow', dropped }
      dropped = undefined
      return remember([gap, ...items])
    },
    close: closeAll,
  })
  return Object.assign(stream, { mode: source.mode })

  function remember(items: CcccStreamItem[] | null): CcccStreamItem[] | null {
    for (const item of items ?? []) delivered = cursorOf(item) ?? delivered
    return items
  }
}

/** The reason of an end that is no failure. */
const ENDED = { ended: true }

const cursorOf = (item: CcccStreamItem): CcccCursor | undefined => (item.type === 'event' ? item.cursor : undefined)

/** About the bytes of an item as JSON, and never less than its texts have characters. */
function sizeOf(item: CcccStreamItem): number {
  return item.type === 'event' ? 100 + sizeOfValue(item.event) : 100
}

function sizeOfValue(value: unknown): number {
  if (typeof value === 'string') return value.length
  if (typeof value !== 'object' || value === null) return 8
  let size = 8
  if (Array.isArray(value)) for (const item of value) size += sizeOfValue(item)
  else for (const key in value) size += key.length + sizeOfValue((value as Record<string, unknown>)[key])
  return size
}
