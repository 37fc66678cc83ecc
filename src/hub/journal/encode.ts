/** Events as the bytes of a log. The position travels beside them: it is unknown when they are written. */
import type { LogEntry } from '../../store/store.js'
import type { Envelope, HubEvent, HubEventBody } from '../model/event.js'

/** An event before it has a position. */
export type UnplacedEvent = Omit<Envelope, 'seq'> & HubEventBody

const encoder = /* @__PURE__ */ new TextEncoder()
const decoder = /* @__PURE__ */ new TextDecoder()

/** Any plain data as stored bytes. */
export const toBytes = (value: unknown): Uint8Array => encoder.encode(JSON.stringify(value))

/** The data that `toBytes` wrote. */
export const fromBytes = <Value>(bytes: Uint8Array): Value => JSON.parse(decoder.decode(bytes)) as Value

/** Gives an event its position. Writes into the event: it belongs to the journal from here on. */
export function place(event: UnplacedEvent, seq: number): HubEvent {
  return Object.assign(event, { seq })
}

/** Reads an entry of the log back. */
export const decodeEntry = ({ sequence, bytes }: LogEntry): HubEvent => place(fromBytes<UnplacedEvent>(bytes), sequence)
