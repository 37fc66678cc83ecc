/**
 * The reading half of a link, shared by every transport. It keeps bytes up to a limit and then asks the source to pause. It reports a fault
 * only after all received bytes. At a local close a pending read gets null.
 */
import { SignalboxError } from '../errors.js'

/** Bytes kept before the peer is paused. */
export const KEEP_BYTES = 256 * 1024

const COMPACT_AT = 1024

export interface Inbox {
  /** False above the limit: pause the source until `onRoom` is called. */
  push(chunk: Uint8Array): boolean
  end(): void
  fail(error: unknown): void
  /** Local close: drops all bytes and resolves a pending read with null. */
  discard(): void
  read(): Promise<Uint8Array | null>
  readonly bytes: number
  readonly ended: boolean
}

export function createInbox(onSpace: () => void, keepBytes = KEEP_BYTES): Inbox {
  return new ChunkInbox(onSpace, keepBytes)
}

/*
 * A class, because a link may live for one short call: an object literal with getters costs a hidden class for each link, which took a
 * fifth of such a call.
 */
class ChunkInbox implements Inbox {
  bytes = 0
  ended = false
  // A list with a moving head, so that taking the first chunk does not move the others.
  private chunks: (Uint8Array | undefined)[] = []
  private head = 0
  private paused = false
  private fault: { error: unknown } | undefined = undefined
  private resolve: ((chunk: Uint8Array | null) => void) | undefined = undefined
  private reject: ((error: unknown) => void) | undefined = undefined

  constructor(
    private readonly onSpace: () => void,
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
    // A reader that is always one chunk behind never empties the list, so chunks that were read are removed here.
    this.chunks[this.head] = undefined
    this.head += 1
    this.bytes -= chunk.byteLength
    if (this.head === this.chunks.length || this.head >= COMPACT_AT) {
      this.chunks = this.chunks.slice(this.head)
      this.head = 0
    }
    // Half the limit, so that a slow reader does not pause and resume the source for every chunk.
    if (this.paused && this.bytes < this.keepBytes / 2) {
      this.paused = false
      if (!this.ended) this.onSpace()
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
