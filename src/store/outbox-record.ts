/** How an item stands in its log: a flag, the time in nine digits of base 36, the body. Text, where the body is text. */
import type { DeadLetter, OutboxItem } from './outbox-types.js'
import type { LogEntry } from './store.js'

const TIME_DIGITS = 9
export const HEADER_BYTES = 1 + TIME_DIGITS
const NUMBERED = '1'
const encoder = new TextEncoder()
const decoder = new TextDecoder()

export function encodeItem(body: Uint8Array, at: number, numbered: boolean): Uint8Array {
  const time = Math.max(0, Math.trunc(at)).toString(36).padStart(TIME_DIGITS, '0')
  const bytes = new Uint8Array(HEADER_BYTES + body.byteLength)
  bytes.set(encoder.encode((numbered ? NUMBERED : '0') + time))
  bytes.set(body, HEADER_BYTES)
  return bytes
}

/** The items of a page; `ordinal` is that of the last numbered item before it. */
export function decodeItems(entries: readonly LogEntry[], ordinal: number): OutboxItem[] {
  let count = ordinal
  return entries.map(({ sequence, bytes }) => {
    const header = decoder.decode(bytes.subarray(0, HEADER_BYTES))
    const numbered = header[0] === NUMBERED
    if (numbered) count += 1
    return {
      position: sequence,
      ordinal: count,
      numbered,
      at: Number.parseInt(header.slice(1), 36),
      body: bytes.subarray(HEADER_BYTES),
    }
  })
}

/** One line about it, then the body. */
export function encodeDeadLetter(lane: string, item: OutboxItem, reason: string): Uint8Array {
  const head = encoder.encode(`${JSON.stringify({ lane, ordinal: item.ordinal, reason, at: item.at })}\n`)
  const bytes = new Uint8Array(head.length + item.body.byteLength)
  bytes.set(head)
  bytes.set(item.body, head.length)
  return bytes
}

export function decodeDeadLetter({ sequence, bytes }: LogEntry): DeadLetter {
  const end = bytes.indexOf(0x0a)
  const head = JSON.parse(decoder.decode(bytes.subarray(0, end))) as Omit<DeadLetter, 'id' | 'body'>
  return { id: sequence, ...head, body: bytes.subarray(end + 1) }
}
