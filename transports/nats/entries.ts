/** Entries of a log as messages of a stream: small entries that are appended together share a message. */
import { joinBytes } from '../../src/core/join-bytes.js'
import { SignalboxError } from '../../src/errors.js'
import type { LogEntry } from '../../src/store/store.js'
import type { Headers, Stored } from './wire.js'

/** The sequence of an entry is that of its message times this, plus its index there. */
export const PER_MESSAGE = 1024
const SIZES = 'Signalbox-Sizes'

export const messageOf = (sequence: number): number => Math.floor(sequence / PER_MESSAGE)
/** The first message that can have an entry at or after a position. A message is read as a whole, so a position inside of one is behind it. */
export const messageAfter = (position: number): number => Math.ceil(position / PER_MESSAGE)
export const sequenceAt = (message: number, index: number): number => message * PER_MESSAGE + index

/** Joins entries into the content of one message. */
export function join(entries: readonly Uint8Array[]): { readonly bytes: Uint8Array; readonly headers: Headers } {
  const [first = new Uint8Array(0)] = entries
  if (entries.length <= 1) return { bytes: first, headers: {} }
  return { bytes: joinBytes(entries), headers: { [SIZES]: entries.map((entry) => entry.byteLength).join(',') } }
}

/** The position after the last entry of a message. Does not touch its bytes. */
export const positionAfter = (message: Stored): number => sequenceAt(message.seq, message.header(SIZES)?.split(',').length ?? 1)

/** The sizes of the entries of a message. */
export function sizesOf(message: Stored): number[] {
  const header = message.header(SIZES)
  if (header === undefined) return [message.bytes.byteLength]
  const sizes = header.split(',').map(Number)
  const sum = sizes.reduce((total, size) => total + size, 0)
  if (sum === message.bytes.byteLength && sizes.every((size) => Number.isSafeInteger(size) && size >= 0)) return sizes
  throw new SignalboxError({
    code: 'invalid_message',
    message: `The message ${message.seq} of ${message.subject} is damaged: its sizes do not fit.`,
    hint: 'Something else wrote to the subjects of this store. Delete the message with "nats stream rmm".',
  })
}

/** The entries of messages from a position on. An entry is copied when it is asked for. */
export function* entriesFrom(messages: readonly Stored[], start: number): Generator<LogEntry, void, void> {
  for (const message of messages) {
    let at = 0
    for (const [index, size] of sizesOf(message).entries()) {
      const sequence = sequenceAt(message.seq, index)
      if (sequence >= start) yield { sequence, bytes: message.bytes.slice(at, at + size) }
      at += size
    }
  }
}
