/** Events as the bytes of a log. The position is not in the bytes: it is unknown when they are written. */
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

/** Sets the position of an event. Changes the event itself: the caller must not use it any more. */
export function place(event: UnplacedEvent, seq: number): HubEvent {
  return Object.assign(event, { seq })
}

/** Reads an entry of the log back. */
export const decodeEntry = ({ sequence, bytes }: LogEntry): HubEvent => place(fromBytes<UnplacedEvent>(bytes), sequence)
