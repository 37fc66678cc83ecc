/**
 * Puts frames of the gateway between the frames that an upstream sends to a client. A chunk may end inside a frame, so a reply waits for
 * the next place where a frame ends.
 */
import type { Link } from '../transport.js'

/** Frames of the gateway between those of an upstream. */
export interface FrameReplies {
  /** Sends a whole frame to the client as soon as no frame of the upstream is half sent. */
  send(frame: Uint8Array): void
  /** The client's link, for the bridge: what is written to it must be the bytes of the upstream. */
  wrap(client: Link): Link
}

/** Creates the writer of one link. */
export function createFrameReplies(): FrameReplies {
  const position = createFramePosition()
  let waiting: Uint8Array[] = []
  let client: Link | undefined

  const flush = (): void => {
    const due = waiting
    waiting = []
    // `closed` of the link tells that the client is gone.
    for (const frame of due) client?.write(frame).catch(() => {})
  }
  return {
    send(frame) {
      waiting.push(frame)
      if (position.atBoundary) flush()
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

interface FramePosition {
  readonly atBoundary: boolean
  /** Where in this chunk the last frame that it completes ends; -1 if no frame ends in it. */
  advance(chunk: Uint8Array): number
}

/** Follows size-delimited frames without keeping their bytes. */
function createFramePosition(): FramePosition {
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
