/**
 * The one bounded queue, with an overflow policy that has a name. Items are taken in batches, so that a consumer pays one
 * promise for a batch and not one for each item.
 */
import { SignalboxError } from '../errors.js'
import { deferred, type Deferred } from './deferred.js'

/** `fail` ends the queue for a consumer that is too slow; the drop policies count what they drop; `pause` asks the producer to wait. */
export type Overflow = 'fail' | 'drop-oldest' | 'drop-newest' | 'pause'

export interface QueueOptions<T> {
  readonly overflow: Overflow
  readonly maxItems?: number
  readonly maxBytes?: number
  /** Needed with `maxBytes`. */
  readonly sizeOf?: (item: T) => number
  /** Called for each run of dropped items, so that a stream can report a gap there. */
  readonly onDrop?: (items: readonly T[]) => void
  /** The name of the option to raise, for the error message. */
  readonly name?: string
}

export interface BoundedQueue<T> {
  /** False asks the producer to wait for `room()`; only `pause` queues return it. A push after the end is ignored. */
  push(items: readonly T[]): boolean
  /** All waiting items, or null at the end. Rejects after a fault, but only after all kept items. For one consumer. */
  take(): Promise<T[] | null>
  /** The items that are there now, without a wait. */
  takeNow(): T[]
  /** Resolves when the queue is below its limits or has ended. */
  waitForSpace(): Promise<void>
  end(): void
  fail(error: unknown): void
  /** Ends the queue and drops the kept items. */
  discard(): void
  readonly size: number
  readonly bytes: number
  readonly dropped: number
  readonly ended: boolean
}

export function createQueue<T>(options: QueueOptions<T>): BoundedQueue<T> {
  const { overflow, maxItems = Number.POSITIVE_INFINITY, maxBytes = Number.POSITIVE_INFINITY } = options
  const { sizeOf = () => 0, onDrop, name = 'queue' } = options
  let kept: T[] = []
  let bytes = 0
  let dropped = 0
  let ended = false
  let fault: { error: unknown } | undefined
  let waiting: Deferred<T[] | null> | undefined
  let space: Deferred<void> | undefined

  const over = (): boolean => kept.length > maxItems || bytes > maxBytes
  const drain = (): T[] => {
    const batch = kept
    kept = []
    bytes = 0
    space?.resolve()
    space = undefined
    return batch
  }
  /** The next result for the consumer; undefined while it must wait. */
  const answer = (): Promise<T[] | null> | undefined => {
    if (kept.length > 0) return Promise.resolve(drain())
    if (fault) return Promise.reject(fault.error)
    return ended ? Promise.resolve(null) : undefined
  }
  const wake = (): void => {
    if (!waiting) return
    const result = answer()
    if (!result) return
    waiting.resolve(result)
    waiting = undefined
  }
  const settle = (error?: { error: unknown }): void => {
    if (ended) return
    ended = true
    fault = error
    space?.resolve()
    wake()
  }
  const shed = (): void => {
    const oldest = overflow === 'drop-oldest'
    let count = 0
    let left = kept.length
    while (left > 0 && (left > maxItems || bytes > maxBytes)) {
      left -= 1
      bytes -= sizeOf(kept[oldest ? count : left] as T)
      count += 1
    }
    dropped += count
    const lost = kept.splice(oldest ? 0 : left, count)
    onDrop?.(lost)
  }

  return {
    push(items) {
      if (ended) return true
      for (const item of items) {
        kept.push(item)
        bytes += sizeOf(item)
      }
      // A waiting consumer takes the whole batch, so only items without a waiting consumer count for the limits.
      wake()
      if (!over()) return true
      if (overflow === 'pause') return false
      if (overflow === 'fail') {
        const limit = kept.length > maxItems ? `${maxItems} items` : `${maxBytes} bytes`
        const message = `The consumer fell behind: ${name} held more than ${limit}.`
        const hint = 'Read faster, raise the limit, or choose a dropping policy; a stream can be resumed from its cursor.'
        settle({ error: new SignalboxError({ code: 'slow_consumer', message, hint, sent: 'yes' }) })
      } else shed()
      return true
    },
    take() {
      const result = answer()
      if (result) return result
      if (waiting) {
        const message = `${name} already has a consumer that waits.`
        return Promise.reject(new SignalboxError({ code: 'invalid_argument', message }))
      }
      waiting = deferred()
      return waiting.promise
    },
    takeNow: () => (kept.length > 0 ? drain() : []),
    waitForSpace() {
      if (ended || !over()) return Promise.resolve()
      space ??= deferred()
      return space.promise
    },
    end: () => settle(),
    fail: (error) => settle({ error }),
    discard() {
      ended = true
      fault = undefined
      drain()
      wake()
    },
    get size() {
      return kept.length
    },
    get bytes() {
      return bytes
    },
    get dropped() {
      return dropped
    },
    get ended() {
      return ended
    },
  }
}
