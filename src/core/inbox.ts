/**
 * The reading half of a link, shared by every transport: keeps bytes up to a mark and then asks for a pause; delivers a fault only
 * after what was received; gives a pending read null at local close.
 */
import { SignalboxError } from '../errors.js'

/** Bytes kept before the peer is paused. */
export const KEEP_BYTES = 256 * 1024

const COMPACT_AT = 1024

export interface Inbox {
  /** False when the mark is passed: pause the source until `onRoom`. */
  push(chunk: Uint8Array): boolean
  end(): void
  fail(error: unknown): void
  /** Local close: forgets everything, gives a pending read null. */
  discard(): void
  read(): Promise<Uint8Array | null>
  readonly bytes: number
  readonly ended: boolean
}

export function createInbox(onRoom: () => void, keepBytes = KEEP_BYTES): Inbox {
  // A list with a moving head: taking from the front of a long one must not move the rest.
  let chunks: (Uint8Array | undefined)[] = []
  let head = 0
  let bytes = 0
  let paused = false
  let ended = false
  let fault: { error: unknown } | undefined
  let resolve: ((chunk: Uint8Array | null) => void) | undefined
  let reject: ((error: unknown) => void) | undefined

  const finish = (): void => {
    if (!resolve) return
    if (fault) reject?.(fault.error)
    else resolve(null)
    resolve = undefined
    reject = undefined
  }

  return {
    push(chunk) {
      if (ended || chunk.byteLength === 0) return true
      if (resolve) {
        const give = resolve
        resolve = undefined
        reject = undefined
        give(chunk)
        return true
      }
      chunks.push(chunk)
      bytes += chunk.byteLength
      paused = bytes >= keepBytes
      return !paused
    },
    end() {
      if (ended) return
      ended = true
      finish()
    },
    fail(error) {
      if (ended) return
      ended = true
      fault = { error }
      finish()
    },
    discard() {
      chunks = []
      head = 0
      bytes = 0
      fault = undefined
      ended = true
      finish()
    },
    read() {
      if (head < chunks.length) {
        const chunk = chunks[head] as Uint8Array
        // A reader that is always one chunk behind never empties the list: what it took must not stay there.
        chunks[head] = undefined
        head += 1
        bytes -= chunk.byteLength
        if (head === chunks.length || head >= COMPACT_AT) {
          chunks = chunks.slice(head)
          head = 0
        }
        // Half the mark, so that a slow reader does not toggle the source with every chunk.
        if (paused && bytes < keepBytes / 2) {
          paused = false
          if (!ended) onRoom()
        }
        return Promise.resolve(chunk)
      }
      if (fault) return Promise.reject(fault.error)
      if (ended) return Promise.resolve(null)
      if (resolve) {
        return Promise.reject(
          new SignalboxError({ code: 'invalid_argument', message: 'A read is already pending on this link; it has one reader.' }),
        )
      }
      return new Promise((yes, no) => {
        resolve = yes
        reject = no
      })
    },
    get bytes() {
      return bytes
    },
    get ended() {
      return ended
    },
  }
}
