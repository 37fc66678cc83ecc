/**
 * Puts messages of the gateway between the messages that an upstream sends to a client. A chunk may end inside a message, so a reply waits
 * for the next place where a message ends.
 */
import { deferred, type Deferred } from '../core/deferred.js'
import { joinBytes } from '../core/join-bytes.js'
import type { Link } from '../transport.js'
import type { StreamPolicy } from './policy/policy.js'

/** Messages of the gateway between those of an upstream. */
export interface FrameReplies {
  /** Sends a whole message to the client as soon as no message of the upstream is half sent. */
  send(frame: Uint8Array): void
  /**
   * Undefined when the client has taken every reply; else a promise of that. The caller reads no further message before, so that a client
   * that sends refused messages and does not read the replies keeps only the replies of one chunk in memory.
   */
  settled(): Promise<void> | undefined
  /** The client's link, for the relay: what is written to it must be the bytes of the upstream. */
  wrap(client: Link): Link
}

/** Creates the writer of one link. */
export function createFrameReplies(framing: StreamPolicy['framing']): FrameReplies {
  const position = framing === 'frames' ? createFramePosition() : createLinePosition()
  let waiting: Uint8Array[] = []
  let client: Link | undefined
  let isWriting = false
  let allWritten: Deferred<void> | undefined

  const written = (): void => {
    isWriting = false
    if (position.atBoundary) flush()
    if (isWriting || waiting.length > 0) return
    allWritten?.resolve()
    allWritten = undefined
  }
  /** One write at a time. When a link ends, each write that is under way costs an error, and a client could have thousands of them. */
  const flush = (): void => {
    if (isWriting || waiting.length === 0 || !client) return
    const due = joinBytes(waiting)
    waiting = []
    isWriting = true
    client.write(due).then(written, () => {
      // The client is gone; `closed` of its link tells it to the relay.
      waiting = []
      written()
    })
  }
  return {
    send(frame) {
      waiting.push(frame)
      if (position.atBoundary) flush()
    },
    settled() {
      if (!isWriting && waiting.length === 0) return undefined
      allWritten ??= deferred()
      return allWritten.promise
    },
    wrap(link) {
      client = link
      return {
        ...link,
        info: link.info,
        closed: link.closed,
        read: () => link.read(),
        end: () => link.end(),
        close: (options) => link.close(options),
        [Symbol.asyncDispose]: () => link[Symbol.asyncDispose](),
        write(chunk) {
          const boundary = position.advance(chunk)
          if (waiting.length === 0 || boundary < 0) return link.write(chunk)
          if (boundary > 0) link.write(chunk.subarray(0, boundary)).catch(() => {})
          flush()
          return link.write(chunk.subarray(boundary))
        },
      }
    },
  }
}

interface MessagePosition {
  readonly atBoundary: boolean
  /** Where in this chunk the last message that it completes ends; -1 if no message ends in it. */
  advance(chunk: Uint8Array): number
}

const NEWLINE = 0x0a

/** Follows lines. */
function createLinePosition(): MessagePosition {
  let atBoundary = true
  return {
    get atBoundary() {
      return atBoundary
    },
    advance(chunk) {
      if (chunk.byteLength > 0) atBoundary = chunk.at(-1) === NEWLINE
      const newline = chunk.lastIndexOf(NEWLINE)
      return newline === -1 ? -1 : newline + 1
    },
  }
}

/** Follows size-delimited frames without keeping their bytes. */
function createFramePosition(): MessagePosition {
  let bodyLeft = 0
  let length = 0
  let scale = 1
  return {
    get atBoundary() {
      return bodyLeft === 0 && scale === 1
    },
    advance(chunk) {
      let boundary = -1
      let at = 0
      while (at < chunk.byteLength) {
        if (bodyLeft > 0) {
          const step = Math.min(bodyLeft, chunk.byteLength - at)
          bodyLeft -= step
          at += step
        } else {
          const byte = chunk[at] as number
          at += 1
          // Multiplied, not shifted: a shift would wrap a length above 2 GiB around.
          length += (byte & 0x7f) * scale
          scale *= 128
          if (byte >= 0x80) continue
          bodyLeft = length
          length = 0
          scale = 1
        }
        if (bodyLeft === 0 && scale === 1) boundary = at
      }
      return boundary
    },
  }
}
