/**
 * Where a stream stands, across connections: what to ask for, what was seen, and whether the connections met.
 *
 * A daemon that no longer finds the cursor says nothing and streams on from now. So the position one event back is asked for: the last
 * event seen must come again first, and is dropped; if another one comes first, the window no longer reaches back and there is a gap.
 */
import { createRecent, type Gap } from '../../core/stream.js'
import type { CcccEvent } from '../shapes.js'
import type { CcccCursor, CcccPoint, CcccStreamItem } from './types.js'

export interface Tracker {
  readonly cursor: CcccCursor | undefined
  /** A first position, where there is none: the daemon's time before the connection. */
  startAt(ts: string): void
  /** Begins a connection: the cursors to send, and a gap where nothing can be proved about the time between. */
  resume(): { readonly since_event_id?: string; readonly since_ts?: string; readonly gap?: Gap<CcccCursor> }
  /** What to hand out for an event that came in: nothing when it was seen already. */
  see(event: CcccEvent): CcccStreamItem[]
}

/** Made about once a second for whoever watches; in no ledger, so no position. */
export const ACTIVITY = 'actor.activity'

// The daemon itself remembers 2048 ids per connection.
const REMEMBERED = 4096

export function createTracker(start: CcccCursor | undefined): Tracker {
  const recent = createRecent<string>(REMEMBERED)
  let last: CcccPoint | undefined = start && point(start)
  let before: CcccPoint | undefined = start?.before
  let expected: string | undefined
  let connected = false
  if (start?.eventId !== undefined) recent.seen(start.eventId)

  const cursor = (): CcccCursor | undefined => (last && before ? { ...last, before } : last)

  return {
    get cursor() {
      return cursor()
    },
    startAt(ts) {
      last ??= { ts }
    },
    resume() {
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
    see(event) {
      if (event.kind === ACTIVITY) return recent.seen(event.id) ? [] : [{ type: 'event', event }]
      const missing = expected !== undefined && event.id !== expected
      expected = undefined
      const out: CcccStreamItem[] = missing ? [{ type: 'gap', from: cursor(), reason: 'expired' }] : []
      // The last one by itself: hours of activity may have driven it out of what is remembered.
      if (recent.seen(event.id) || event.id === last?.eventId) return out
      before = last
      last = { eventId: event.id, ts: event.ts }
      out.push({ type: 'event', event, cursor: cursor() as CcccCursor })
      return out
    },
  }
}

function point({ eventId, ts }: CcccPoint): CcccPoint {
  return eventId === undefined ? { ts } : { eventId, ts }
}
