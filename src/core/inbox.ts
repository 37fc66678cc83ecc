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
  return new ChunkInbox(onRoom, keepBytes)
}

/*
 * A class, because every link has one and a link may live for one short call: an object with getters of its own costs a hidden
 * class each time it is made, which alone was a fifth of such a call.
 */
class ChunkInbox implements Inbox {
  bytes = 0
  ended = false
  // A list with a moving head: taking from the front of a long one must not move the rest.
  private chunks: (Uint8Array | undefined)[] = []
  private head = 0
  private paused = false
  private fault: { error: unknown } | undefined = undefined
  private resolve: ((chunk: Uint8Array | null) => void) | undefined = undefined
  private reject: ((error: unknown) => void) | undefined = undefined

  constructor(
    private readonly onRoom: () => void,
    private readonly keepBytes: number,
  ) {}

  push(chunk: Uint8Array): boolean {
    if (this.ended || chunk.byteLength === 0) return true
    if (this.resolve) {
      const give = this.resolve
      this.resolve = undefined
      this.reject = undefined
      give(chunk)
      return true
    }
    this.chunks.push(chunk)
    this.bytes += chunk.byteLength
    this.paused = this.bytes >= this.keepBytes
    return !this.paused
  }

  end(): void {
    if (this.ended) return
    this.ended = true
    this.finish()
  }

  fail(error: unknown): void {
    if (this.ended) return
    this.ended = true
    this.fault = { error }
    this.finish()
  }

  discard(): void {
    this.chunks = []
    this.head = 0
    this.bytes = 0
    this.fault = undefined
    this.ended = true
    this.finish()
  }

  read(): Promise<Uint8Array | null> {
    if (this.head < this.chunks.length) return Promise.resolve(this.shift())
    if (this.fault) return Promise.reject(this.fault.error)
    if (this.ended) return Promise.resolve(null)
    if (this.resolve) {
      return Promise.reject(
        new SignalboxError({ code: 'invalid_argument', message: 'A read is already pending on this link; it has one reader.' }),
      )
    }
    return new Promise((yes, no) => {
      this.resolve = yes
      this.reject = no
    })
  }

  private shift(): Uint8Array {
    const chunk = this.chunks[this.head] as Uint8Array
    // A reader that is always one chunk behind never empties the list: what it took must not stay there.
    this.chunks[this.head] = undefined
    this.head += 1
    this.bytes -= chunk.byteLength
    if (this.head === this.chunks.length || this.head >= COMPACT_AT) {
      this.chunks = this.chunks.slice(this.head)
      this.head = 0
    }
    // Half the mark, so that a slow reader does not toggle the source with every chunk.
    if (this.paused && this.bytes < this.keepBytes / 2) {
      this.paused = false
      if (!this.ended) this.onRoom()
    }
    return chunk
  }

  private finish(): void {
    const { resolve, reject } = this
    if (!resolve) return
    this.resolve = undefined
    this.reject = undefined
    if (this.fault) reject?.(this.fault.error)
    else resolve(null)
  }
}
