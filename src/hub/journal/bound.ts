/** Keeps one event below a size, so that a reader of the journal needs only bounded memory. */
import { toBytes, type UnplacedEvent } from './encode.js'

/** Encodes an event. One that is too large loses its raw data first, then the contents of a tool, then the end of its text. */
export function encodeWithin(
  event: UnplacedEvent,
  maxBytes: number,
): { readonly event: UnplacedEvent; readonly bytes: Uint8Array } {
  let shown = event
  for (const shorten of [unchanged, withoutRaw, withoutContents, (event: UnplacedEvent) => withShortText(event, maxBytes)]) {
    shown = shorten(shown)
    const bytes = toBytes(shown)
    if (bytes.byteLength <= maxBytes) return { event: shown, bytes }
  }
  // No known field is left to shorten, so an unknown field is the large one.
  const { v, epoch, at, agent, origin } = event
  const small: UnplacedEvent = { v, epoch, at, agent, origin, kind: 'unknown', name: `${event.kind} (too large)` }
  return { event: small, bytes: toBytes(small) }
}

const unchanged = (event: UnplacedEvent): UnplacedEvent => event

const withoutRaw = ({ raw: _raw, ...rest }: UnplacedEvent): UnplacedEvent => rest as UnplacedEvent

function withoutContents(event: UnplacedEvent): UnplacedEvent {
  if (event.kind === 'ask') return { ...event, ask: { ...event.ask, input: OMITTED } }
  if (event.kind !== 'tool') return event
  const { diff: _diff, ...rest } = event
  return {
    ...rest,
    ...(event.input === undefined ? {} : { input: OMITTED }),
    ...(event.output === undefined ? {} : { output: OMITTED }),
  }
}

const OMITTED = { omitted: 'too large for the journal' }

function withShortText(event: UnplacedEvent, maxBytes: number): UnplacedEvent {
  // A code unit takes at most three bytes, and an escape doubles it.
  const most = Math.floor(maxBytes / 8)
  return 'text' in event && typeof event.text === 'string' ? { ...event, text: `${event.text.slice(0, most)}…` } : event
}
