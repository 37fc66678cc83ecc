/** From queued items to the content of one request. Pure. */
import type { OutboxItem } from '../../store/outbox/types.js'
import type { CompleteCommand } from './types.js'

const decoder = new TextDecoder()
const encoder = new TextEncoder()

export const encodeText = (text: string): Uint8Array => encoder.encode(text)
export const textOf = (item: OutboxItem): string => decoder.decode(item.body)

const NEWLINE = 0x0a

/** The texts of items, decoded together: a decoder costs more for each call than for each event. */
export function textsOf(items: readonly OutboxItem[]): string[] {
  const bytes = new Uint8Array(items.reduce((sum, { body }) => sum + body.byteLength + 1, 0))
  let end = 0
  for (const { body } of items) {
    bytes.set(body, end)
    end += body.byteLength + 1
    bytes[end - 1] = NEWLINE
  }
  // JSON writes a line break inside of a text as an escape.
  return decoder.decode(bytes).split('\n', items.length)
}

// `prepareEvent` wrote the text: its members come in this order, and quotes inside of values are escaped.
export const typeIn = (text: string): string | undefined => /^\{"type":"((?:[^"\\]|\\.)*)"/.exec(text)?.[1]
export const emittedIn = (text: string): number => Date.parse(/"emitted_at":"([^"]+)"/.exec(text)?.[1] ?? '')
const hashIn = (text: string): string | undefined => /"event_hash":"((?:[^"\\]|\\.)*)"/.exec(text)?.[1]

/** Bytes that an event takes beyond its own text: its sequence and a comma. */
const MORE_BYTES = 32

export interface BatchLimits {
  readonly maxEvents: number
  readonly maxBytes: number
  /** The batch ends before an item for which this is true, unless that is the first one. */
  readonly stopBefore: (item: OutboxItem) => boolean
}

/** How many leading items fit into one request: at least one, never two with the same hash, never a completion among events. */
export function countLeading(items: readonly OutboxItem[], texts: readonly string[], limits: BatchLimits): number {
  const { maxEvents, maxBytes, stopBefore } = limits
  const hashes = new Set<string | undefined>()
  let bytes = 0
  const end = items.findIndex((item, index) => {
    const hash = hashIn(texts[index] ?? '')
    bytes += item.body.byteLength + MORE_BYTES
    const fits = item.numbered && index < maxEvents && bytes <= maxBytes && !hashes.has(hash) && !stopBefore(item)
    hashes.add(hash)
    return index > 0 && !fits
  })
  return end === -1 ? items.length : end
}

/** A `metadata` event: the server accepts it and stores nothing. */
export function metadataEvent(emittedAt: number, hash: string): string {
  const moment = new Date(emittedAt).toISOString()
  return `{"type":"metadata","emitted_at":"${moment}","observed_at":"${moment}","event_hash":"${hash}","data":{}}`
}

export const commandOf = (item: OutboxItem): CompleteCommand => (JSON.parse(textOf(item)) as { complete: CompleteCommand }).complete
export const encodeCommand = (complete: CompleteCommand): Uint8Array => encodeText(JSON.stringify({ complete }))
