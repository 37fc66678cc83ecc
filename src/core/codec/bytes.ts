/** Bytes of a message that has not ended yet, in one growing buffer: linear however small the pieces, and one object however many. */

export interface Accumulator {
  readonly length: number
  /** `ceiling` is what the message can come to at most, where that is known: the buffer never grows beyond it. */
  append(bytes: Uint8Array, ceiling?: number): void
  /** What was gathered; valid until the next call. */
  view(): Uint8Array
  /** Gives what was gathered away: the buffer belongs to the caller and is not used again. */
  take(): Uint8Array
  clear(): void
}

const FIRST_BYTES = 1024
// A buffer up to this size is kept for the next message; a giant one is not held for ever.
const KEPT_BYTES = 64 * 1024

// Shared: it has no bytes that anyone could change. A codec lives as long as a link, and a link may live for one short call.
const EMPTY = /* @__PURE__ */ new Uint8Array(0)

export function createAccumulator(): Accumulator {
  let buffer = EMPTY
  // `length` is a plain field: a getter of its own would cost a hidden class for each object that is made.
  const gathered = {
    length: 0,
    append(bytes: Uint8Array, ceiling = Number.POSITIVE_INFINITY): void {
      const needed = gathered.length + bytes.byteLength
      if (needed > buffer.byteLength) {
        const grown = new Uint8Array(Math.max(needed, Math.min(Math.max(buffer.byteLength * 2, FIRST_BYTES), ceiling)))
        grown.set(buffer.subarray(0, gathered.length))
        buffer = grown
      }
      buffer.set(bytes, gathered.length)
      gathered.length = needed
    },
    view: (): Uint8Array => buffer.subarray(0, gathered.length),
    take(): Uint8Array {
      const taken = buffer.subarray(0, gathered.length)
      buffer = EMPTY
      gathered.length = 0
      return taken
    },
    clear(): void {
      if (buffer.byteLength > KEPT_BYTES) buffer = EMPTY
      gathered.length = 0
    },
  }
  return gathered
}
