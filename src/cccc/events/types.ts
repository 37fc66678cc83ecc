/** The options and the items of a stream of events. */
import type { BackoffOptions } from '../../core/backoff.js'
import type { CallOptions } from '../../core/call.js'
import type { Gap, SignalStream } from '../../core/stream.js'
import type { CcccEvent } from '../shapes.js'

/** A position in a group's ledger. */
export interface CcccPoint {
  /** The id of the event at this position. */
  readonly eventId?: string
  /** The time of the event; without one, the time at which the stream began. */
  readonly ts: string
}

/**
 * The position of a stream: plain data that may be stored and passed to a later stream with the same filter. `before` is the event before
 * the last one. A stream resumes there, and gets the last event again: that shows that no event is missing.
 */
export interface CcccCursor extends CcccPoint {
  /** The position one event back. */
  readonly before?: CcccPoint
}

/** An item of a stream: an event, or a gap where events may be missing. */
export type CcccStreamItem =
  /** `actor.activity` has no cursor: no stream can resume there. */
  { readonly type: 'event'; readonly event: CcccEvent; readonly cursor?: CcccCursor } | Gap<CcccCursor>

/** Which events to stream. */
export interface CcccEventsArgs {
  /** The group. */
  readonly groupId: string
  /** Whose view: `user` sees everything, an actor only what is addressed to it. Default: the client's principal. */
  readonly by?: string
  /** Default: every kind that the daemon streams, `actor.activity` among them, about once a second. */
  readonly kinds?: readonly string[]
  /** Where to resume. Default: now, with the events that come while the connection is made. */
  readonly cursor?: CcccCursor
}

/** Options of a stream. */
export interface CcccEventsOptions extends CallOptions {
  /** Silence after which the connection counts as dead; a daemon sends a heartbeat after 30 s. Default 90 s. */
  readonly idleMs?: number
  /** `false` ends the stream with its first connection. */
  readonly reconnect?: boolean
  /** The delays between attempts to connect; default 250 ms to 10 s. */
  readonly backoff?: Omit<BackoffOptions, 'clock'>
  /**
   * At most so many events wait for the consumer; default 10,000. The socket is always read, because the daemon drops a slow reader and
   * does not say so.
   */
  readonly maxItems?: number
  /** At most so many bytes of events wait for the consumer; default 64 MiB. */
  readonly maxBytes?: number
  /** `gap` drops the oldest events and yields a gap; `fail` ends the stream with `slow_consumer`, and its cursor can be resumed. */
  readonly overflow?: 'gap' | 'fail'
  /** Milliseconds between two reads of the history, on a daemon without a stream; default 1,000. `false`: fail instead. */
  readonly pollMs?: number | false
}

/** An open stream of events. */
export interface CcccEventStream extends SignalStream<CcccStreamItem, CcccCursor> {
  /** How events come. `poll` sees chat messages only. */
  readonly mode: 'push' | 'poll' | 'sse'
}
