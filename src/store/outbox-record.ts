/** How an item stands in its log: one byte of flags, the time as a double, the body. And how a dead letter does. */
import type { DeadLetter, OutboxItem } from './outbox-types.js'
import type { LogEntry } from './store.js'

const HEADER_BYTES = 9
const NUMBERED = 1
const encoder = new TextEncoder()

export function encodeItem(body: Uint8Array, at: number, numbered: boolean): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + body.byteLength)
  const view = new DataView(bytes.buffer)
  view.setUint8(0, numbered ? NUMBERED : 0)
  view.setFloat64(1, at)
  bytes.set(body, HEADER_BYTES)
  return bytes
}

/** The items of a page; `ordinal` is that of the last numbered item before it. */
export function decodeItems(entries: readonly LogEntry[], ordinal: number): OutboxItem[] {
  let count = ordinal
  return entries.map(({ sequence, bytes }) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const numbered = (view.getUint8(0) & NUMBERED) !== 0
    if (numbered) count += 1
    return { position: sequence, ordinal: count, numbered, at: view.getFloat64(1), body: bytes.subarray(HEADER_BYTES) }
  })
}

export function encodeDeadLetter(lane: string, item: OutboxItem, reason: string): Uint8Array {
  const head = encoder.encode(JSON.stringify({ lane, ordinal: item.ordinal, reason, at: item.at }))
  const bytes = new Uint8Array(4 + head.length + item.body.byteLength)
  new DataView(bytes.buffer).setUint32(0, head.length)
  bytes.set(head, 4)
  bytes.set(item.body, 4 + head.length)
  return bytes
}

export function decodeDeadLetter({ sequence, bytes }: LogEntry): DeadLetter {
  const length = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(0)
  const head = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length))) as Omit<DeadLetter, 'id' | 'body'>
  return { id: sequence, ...head, body: bytes.subarray(4 + length) }
}
