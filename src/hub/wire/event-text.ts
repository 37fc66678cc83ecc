/** The JSON text of events, so that an event is written as JSON once for all watches of all links. */
import type { HubCursor } from '../model/cursor.js'
import type { HubEvent } from '../model/event.js'

const encoder = /* @__PURE__ */ new TextEncoder()

/** Encodes the lines of watches. */
export interface EventLines {
  encode(id: number, events: readonly HubEvent[], cursor: HubCursor | undefined): Uint8Array<ArrayBuffer>
}

/** A text lives as long as its event object: the newest events of the journal are kept, and pages that are read from the log are not. */
export function createEventLines(): EventLines {
  const texts = new WeakMap<HubEvent, string>()
  const textOf = (event: HubEvent): string => {
    const known = texts.get(event)
    if (known !== undefined) return known
    const text = JSON.stringify(event)
    texts.set(event, text)
    return text
  }
  return {
    encode(id, events, cursor) {
      const end = cursor === undefined ? '' : `,"cursor":${JSON.stringify(cursor)}`
      return encoder.encode(`{"id":${id},"events":[${events.map(textOf).join(',')}]${end}}\n`)
    },
  }
}
