/** Collects the bytes of an incomplete message in one growing buffer. The cost is linear, also for many small pieces. */

export interface Accumulator {
  readonly length: number
  /** `ceiling` is the largest possible size of the message, if known: the buffer never grows beyond it. */
  append(bytes: Uint8Array, ceiling?: number): void
  /** The collected bytes; valid until the next call. */
  view(): Uint8Array
  /** The collected bytes in a buffer that then belongs to the caller and is not used again. */
  take(): Uint8Array
  clear(): void
}

const FIRST_BYTES = 1024
// A buffer up to this size is kept for the next message; a larger one is released.
const KEPT_BYTES = 64 * 1024

// Shared, to save an allocation for a link that lives for one short call. It is empty, so it cannot be changed.
const EMPTY = /* @__PURE__ */ new Uint8Array(0)

export function createAccumulator(): Accumulator {
  let buffer = EMPTY
  // `length` is a plain field: a getter would cost a hidden class for each object.
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
