/** The replies to the client of one link. */
import { encodeNdjson } from '../../core/codec/ndjson.js'
import { deferred, type Deferred } from '../../core/deferred.js'
import { joinBytes } from '../../core/join-bytes.js'
import type { Link } from '../../transport.js'
import type { HubReply } from './protocol.js'

/** Bytes of replies that may wait for the client. Above it no further line is read. */
const MAX_UNSENT_BYTES = 1024 * 1024

export interface Replies {
  send(reply: HubReply): void
  /** Undefined while few bytes wait for the client; else a promise of that. */
  waitForSpace(): Promise<void> | undefined
}

/** One write at a time. When a link ends, each write that is under way costs an error, and a client could have thousands of them. */
export function createReplies(link: Link): Replies {
  let waiting: Uint8Array[] = []
  let unsent = 0
  let isWriting = false
  let hasSpace: Deferred<void> | undefined
  const flush = (): void => {
    if (isWriting || waiting.length === 0) return
    const lines = joinBytes(waiting)
    waiting = []
    isWriting = true
    // A failed write needs no handling here: the loop that reads the link notices a client that is gone.
    const written = (): void => {
      isWriting = false
      unsent -= lines.byteLength
      if (unsent <= MAX_UNSENT_BYTES) {
        hasSpace?.resolve()
        hasSpace = undefined
      }
      flush()
    }
    link.write(lines).then(written, written)
  }
  return {
    send(reply) {
      const line = encodeNdjson(reply)
      unsent += line.byteLength
      waiting.push(line)
      flush()
    },
    waitForSpace() {
      if (unsent <= MAX_UNSENT_BYTES) return undefined
      hasSpace ??= deferred()
      return hasSpace.promise
    },
  }
}
