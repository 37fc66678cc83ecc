/** From queued items to the body of one request. Pure. */
import type { OutboxItem } from '../store/outbox-types.js'

const decoder = new TextDecoder()
const encoder = new TextEncoder()

export const textOf = (item: OutboxItem): string => decoder.decode(item.body)
export const hashIn = (text: string): string | undefined => /"event_hash":"((?:[^"\\]|\\.)*)"/.exec(text)?.[1]
export const typeIn = (text: string): string | undefined => /^\{"type":"((?:[^"\\]|\\.)*)"/.exec(text)?.[1]
export const emittedIn = (text: string): number => Date.parse(/"emitted_at":"([^"]+)"/.exec(text)?.[1] ?? '')

/** The queued text with its number in front: the same on every attempt. */
export const numbered = (text: string, sequence: number): string => `{"sequence":${sequence},${text.slice(1)}`

export interface BatchLimits {
  readonly maxEvents: number
  readonly maxBytes: number
  /** Stops before an item for which this is true, unless it is the first. */
  readonly stopBefore: (item: OutboxItem) => boolean
}

/** The leading items that fit into one request: at least one, never two with one hash, never a command among events. */
export function leadingEvents(items: readonly OutboxItem[], { maxEvents, maxBytes, stopBefore }: BatchLimits): OutboxItem[] {
  const chosen: OutboxItem[] = []
  const hashes = new Set<string>()
  let bytes = 0
  for (const item of items) {
    const hash = hashIn(textOf(item)) ?? ''
    bytes += item.body.byteLength + 32
    const fits = item.numbered && chosen.length < maxEvents && bytes <= maxBytes && !hashes.has(hash) && !stopBefore(item)
    if (chosen.length > 0 && !fits) break
    chosen.push(item)
    hashes.add(hash)
  }
  return chosen
}

export function eventsBody(sessionId: string, events: readonly string[]): string {
  return `{"session_id":${JSON.stringify(sessionId)},"events":[${events.join(',')}]}`
}

/** A `metadata` event: accepted, and stored nowhere. */
export function metadataEvent(emittedAt: number, hash: string): string {
  const moment = new Date(emittedAt).toISOString()
  return `{"type":"metadata","emitted_at":"${moment}","observed_at":"${moment}","event_hash":"${hash}","data":{}}`
}

export interface CompleteCommand {
  readonly outcome: string
  readonly summary?: string
}

export const encodeText = (text: string): Uint8Array => encoder.encode(text)
export const commandOf = (item: OutboxItem): CompleteCommand => (JSON.parse(textOf(item)) as { complete: CompleteCommand }).complete
export const encodeCommand = (complete: CompleteCommand): Uint8Array => encodeText(JSON.stringify({ complete }))
