/** Functions that split bytes into chunks, and a count of the work that a decoder does on them. */
import type { Decoder } from '../../src/core/codec/codec.js'

const encoder = new TextEncoder()
export const bytesOf = (text: string): Uint8Array => encoder.encode(text)

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.byteLength
  }
  return whole
}

/** Cuts at the given places, or into pieces of one size. Every piece has a buffer of its own, as a link hands them out. */
export function split(bytes: Uint8Array, how: readonly number[] | number | 'every byte'): Uint8Array[] {
  const cuts = Array.isArray(how) ? [...(how as number[])].filter((cut) => cut < bytes.byteLength).sort((a, b) => a - b) : []
  if (!Array.isArray(how)) {
    const size = how === 'every byte' ? 1 : (how as number)
    for (let at = size; at < bytes.byteLength; at += size) cuts.push(at)
  }
  const pieces: Uint8Array[] = []
  let start = 0
  for (const cut of [...cuts, bytes.byteLength]) {
    pieces.push(bytes.slice(start, cut))
    start = cut
  }
  return pieces
}

export function decodeAll<Message>(decoder: Decoder<Message>, chunks: readonly Uint8Array[]) {
  const messages = chunks.flatMap((chunk) => decoder.push(chunk))
  messages.push(...decoder.end())
  return { messages, fault: decoder.fault }
}

/** Counts the bytes that are copied and searched while `run` runs. Unlike a time, these counts do not depend on the load of the machine. */
export function countWork(run: () => void): { copied: number; scanned: number } {
  const { set, indexOf, lastIndexOf } = Uint8Array.prototype
  const work = { copied: 0, scanned: 0 }
  Uint8Array.prototype.set = function (source, at) {
    work.copied += source.length
    set.call(this, source, at)
  }
  Uint8Array.prototype.indexOf = function (byte, from = 0) {
    const found = indexOf.call(this, byte, from)
    work.scanned += (found === -1 ? this.byteLength : found + 1) - from
    return found
  }
  Uint8Array.prototype.lastIndexOf = function (byte) {
    const found = lastIndexOf.call(this, byte)
    work.scanned += this.byteLength - Math.max(found, 0)
    return found
  }
  try {
    run()
  } finally {
    Object.assign(Uint8Array.prototype, { set, indexOf, lastIndexOf })
  }
  return work
}
