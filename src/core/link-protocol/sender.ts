/**
 * The writing half of a framed link: writes wait for credit of the other side. Writes of one turn are sent as one frame, large ones as
 * several.
 */
import { deferred, type Deferred } from '../deferred.js'
import { unsentCost } from '../unsent.js'
import { frameCost, MAX_FRAME_BYTES, MIN_FRAME_COST } from './frames.js'
import type { Sent } from '../../errors.js'

interface Waiting extends Deferred<void> {
  readonly chunk: Uint8Array
  /** How many of its bytes were sent. */
  at: number
}

/** Sends writes within the credit of the other side. */
export interface Sender {
  write(chunk: Uint8Array): Promise<void>
  /** Adds credit; false if the total exceeds the largest window. */
  grant(bytes: number, ceiling: number): boolean
  /** Sends now as much as the credit allows. */
  flush(): void
  /** Calls back when everything written so far was sent. */
  whenEmpty(callback: () => void): void
  /** Fails the unsent writes; `sent` of each error says whether a part of the write was sent. */
  fail(errorFor: (sent: Sent) => unknown): void
  /** The cost of the unsent writes. */
  readonly unsent: number
}

/** The result of `send`: a promise of free space if the socket holds too many unsent bytes. */
export type Room = Promise<void> | undefined

/** The sender of one link. */
export function createSender(window: number, send: (frame: Uint8Array) => Room): Sender {
  let credit = window
  let waiting: Waiting[] = []
  let head = 0
  let scheduled = false
  let congested = false
  let unsent = 0
  let onEmpty: (() => void) | undefined

  const size = (): number => waiting.length - head
  const nextFrame = (): Uint8Array => {
    const capacity = Math.min(credit, MAX_FRAME_BYTES)
    const first = waiting[head] as Waiting
    const rest = first.chunk.byteLength - first.at
    if (rest >= capacity || size() === 1) return take(first, Math.min(rest, capacity))
    let bytes = 0
    for (let index = head; index < waiting.length && bytes < capacity; index += 1) {
      const { chunk, at } = waiting[index] as Waiting
      bytes += chunk.byteLength - at
    }
    const frame = new Uint8Array(Math.min(bytes, capacity))
    for (let at = 0, index = head; at < frame.byteLength; index += 1) {
      const part = take(waiting[index] as Waiting, frame.byteLength - at)
      frame.set(part, at)
      at += part.byteLength
    }
    return frame
  }
  const release = (): void => {
    while (size() > 0) {
      const item = waiting[head] as Waiting
      if (item.at < item.chunk.byteLength) break
      head += 1
      unsent -= unsentCost(item.chunk.byteLength)
      item.resolve()
    }
    if (size() > 0) {
      // Sent writes are removed from time to time, so that memory stays bounded for a writer that never pauses.
      if (head >= 1024) {
        waiting = waiting.slice(head)
        head = 0
      }
      return
    }
    waiting = []
    head = 0
    const notify = onEmpty
    onEmpty = undefined
    notify?.()
  }
  const flush = (): void => {
    scheduled = false
    while (size() > 0 && credit >= MIN_FRAME_COST && !congested) {
      const frame = nextFrame()
      credit -= frameCost(frame.byteLength)
      const capacity = send(frame)
      release()
      if (capacity) {
        congested = true
        void capacity.then(() => {
          congested = false
          flush()
        })
      }
    }
  }

  return {
    write(chunk) {
      if (chunk.byteLength === 0) return Promise.resolve()
      const item: Waiting = { chunk, at: 0, ...deferred() }
      waiting.push(item)
      unsent += unsentCost(chunk.byteLength)
      if (!scheduled) {
        scheduled = true
        // A promise and not `queueMicrotask`, which costs an async resource for each call on Node.
        void Promise.resolve().then(flush)
      }
      return item.promise
    },
    grant(bytes, ceiling) {
      credit += bytes
      if (credit > ceiling) return false
      flush()
      return true
    },
    flush,
    whenEmpty(callback) {
      onEmpty = callback
      if (size() === 0) release()
    },
    fail(errorFor) {
      const left = waiting.slice(head)
      waiting = []
      head = 0
      unsent = 0
      onEmpty = undefined
      for (const item of left) {
        item.promise.catch(() => {})
        item.reject(errorFor(item.at > 0 ? 'maybe' : 'no'))
      }
    },
    get unsent() {
      return unsent
    },
  }
}

function take(item: Waiting, bytes: number): Uint8Array {
  const part = item.chunk.subarray(item.at, item.at + bytes)
  item.at += part.byteLength
  return part
}
