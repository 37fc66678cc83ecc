/** The bytes of an item in its log: a flag, the time in nine digits of base 36, the body. They are text where the body is text. */
import type { LogEntry } from '../store.js'
import type { DeadLetter, OutboxItem } from './types.js'

const TIME_DIGITS = 9
export const HEADER_BYTES = 1 + TIME_DIGITS
const NUMBERED = '1'
const encoder = new TextEncoder()
const decoder = new TextDecoder()

export function encodeItem(body: Uint8Array, at: number, numbered: boolean): Uint8Array {
  const time = Math.max(0, Math.trunc(at)).toString(36).padStart(TIME_DIGITS, '0')
  const bytes = new Uint8Array(HEADER_BYTES + body.byteLength)
  const header = (numbered ? NUMBERED : '0') + time
  for (let at = 0; at < HEADER_BYTES; at += 1) bytes[at] = header.charCodeAt(at)
  bytes.set(body, HEADER_BYTES)
  return bytes
}

/** The items of a page. `ordinal` is the ordinal of the last numbered item before it. */
export function decodeItems(entries: readonly LogEntry[], ordinal: number): OutboxItem[] {
  let count = ordinal
  return entries.map(({ sequence, bytes }) => {
    const header = String.fromCharCode(...bytes.subarray(0, HEADER_BYTES))
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

/** The first line of a dead letter. `lane` is what the file format has called a queue since 0.1.0. */
interface DeadLetterHead {
  readonly lane: string
  readonly ordinal: number
  readonly reason: string
  readonly at: number
}

/** A line of JSON about the item, then its body. */
export function encodeDeadLetter(queue: string, { ordinal, at, body }: OutboxItem, reason: string): Uint8Array {
  const fields: DeadLetterHead = { lane: queue, ordinal, reason, at }
  const head = encoder.encode(`${JSON.stringify(fields)}\n`)
  const bytes = new Uint8Array(head.length + body.byteLength)
  bytes.set(head)
  bytes.set(body, head.length)
  return bytes
}

export function decodeDeadLetter({ sequence, bytes }: LogEntry): DeadLetter {
  const end = bytes.indexOf(0x0a)
  const { lane: queue, ordinal, reason, at } = JSON.parse(decoder.decode(bytes.subarray(0, end))) as DeadLetterHead
  return { id: sequence, queue, ordinal, reason, at, body: bytes.subarray(end + 1) }
}
