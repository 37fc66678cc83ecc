/**
 * The position of a stream across its connections: which cursors to send, which events were handed out, and whether two connections met.
 *
 * A daemon that no longer finds a cursor does not say so and streams on from now. So the position one event back is asked for. The last
 * event that was handed out must then come again first, and is dropped. Another first event shows that events are missing: a gap.
 */
import type { Gap } from '../../core/stream.js'
import type { CcccEvent } from '../shapes.js'
import type { CcccCursor, CcccPoint, CcccStreamItem } from './types.js'

export interface Tracker {
  readonly cursor: CcccCursor | undefined
  /** Sets the first position, if there is none: the daemon's time before the connection. */
  startAt(ts: string): void
  /** Begins a connection: the cursors to send, and a gap where it cannot be shown that no event is missing. */
  resume(): { readonly since_event_id?: string; readonly since_ts?: string; readonly gap?: Gap<CcccCursor> }
  /** Adds to `out` the items to hand out for an event: none for an event that was handed out before. */
  see(event: CcccEvent, out: CcccStreamItem[]): void
  /** Adds a gap to `out`, for something that came in and cannot be read. */
  unreadable(out: CcccStreamItem[]): void
}

/** About once a second while an actor runs. Not in the ledger, so it is never a position and never comes again. */
const ACTIVITY = 'actor.activity'

/**
 * Within a connection daemons send every event once and in the order of the ledger (measured on 0.4.3, 0.4.35 and 0.4.45). So an event
 * comes again only after a reconnect, and it is one of the last ones before. Only these ids are kept.
 */
const REMEMBERED = 64

export function createTracker(start: CcccCursor | undefined): Tracker {
  /** A ring of the last ids. */
  const ids: string[] = []
  let next = 0
  /** The ids before this connection, until as many new events came. */
  let repeated: Set<string> | undefined
  let newEvents = 0
  let last: CcccPoint | undefined = start && pointOf(start)
  let before: CcccPoint | undefined = start?.before
  let expected: string | undefined
  let connected = false

  const remember = (id: string): void => {
    ids[next] = id
    next = (next + 1) % REMEMBERED
    if (!repeated) return
    newEvents += 1
    if (newEvents >= REMEMBERED) repeated = undefined
  }
  const cursor = (): CcccCursor | undefined => (last && before ? { ...last, before } : last)
  if (start?.eventId !== undefined) remember(start.eventId)

  return {
    get cursor() {
      return cursor()
    },
    startAt(ts) {
      last ??= { ts }
    },
    resume() {
      repeated = new Set(ids)
      newEvents = 0
      const provable = last?.eventId !== undefined && before !== undefined
      const from = provable ? before : last
      expected = provable ? last?.eventId : undefined
      const unproved = connected && !provable
      connected = true
      return {
        ...(from?.eventId === undefined ? {} : { since_event_id: from.eventId }),
        ...(from === undefined ? {} : { since_ts: from.ts }),
        ...(unproved ? { gap: { type: 'gap', from: cursor(), reason: 'reconnect' } } : {}),
      }
    },
    see(event, out) {
      const { id, ts, kind } = event
      if (kind === ACTIVITY) {
        out.push({ type: 'event', event })
        return
      }
      if (expected !== undefined) {
        if (id !== expected) out.push({ type: 'gap', from: cursor(), reason: 'expired' })
        expected = undefined
      }
      if (repeated?.has(id)) return
      remember(id)
      const position: CcccCursor = last ? { eventId: id, ts, before: last } : { eventId: id, ts }
      before = last
      last = { eventId: id, ts }
      out.push({ type: 'event', event, cursor: position })
    },
    unreadable(out) {
      // The event that a resumed connection must begin with may be the one that cannot be read.
      expected = undefined
      out.push({ type: 'gap', from: cursor(), reason: 'unknown' })
    },
  }
}

function pointOf({ eventId, ts }: CcccPoint): CcccPoint {
  return eventId === undefined ? { ts } : { eventId, ts }
}
