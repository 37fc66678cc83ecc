/** What a stream of events takes and gives. */
import type { BackoffOptions } from '../../core/backoff.js'
import type { CallOptions } from '../../core/call.js'
import type { Gap, SignalStream } from '../../core/stream.js'
import type { CcccEvent } from '../shapes.js'

export interface CcccPoint {
  readonly eventId?: string
  /** The event's time, or where a stream began. */
  readonly ts: string
}

/**
 * Where a stream stands: plain data that may be stored and passed back, to a stream with the same filter. `before` is the event before
 * the last one: resuming from there brings the last one again, which proves that nothing is missing in between.
 */
export interface CcccCursor extends CcccPoint {
  readonly before?: CcccPoint
}

export type CcccStreamItem =
  /** `cursor` is absent for what no stream can be resumed at, such as `actor.activity`. */
  { readonly type: 'event'; readonly event: CcccEvent; readonly cursor?: CcccCursor } | Gap<CcccCursor>

export interface CcccEventsArgs {
  readonly groupId: string
  /** Whose view: `user` sees everything, an actor what is addressed to it. Default: the client's principal. */
  readonly by?: string
  /** Default: every kind that the daemon streams, `actor.activity` among them, about once a second. */
  readonly kinds?: readonly string[]
  /** Where to go on. Left out: from now, the moment before the connection is made included. */
  readonly cursor?: CcccCursor
}

export interface CcccEventsOptions extends CallOptions {
  /** Silence after which the connection counts as dead; a daemon sends a heartbeat after 30 s. Default 90 s. */
  readonly idleMs?: number
  /** `false` ends the stream with its first connection. */
  readonly reconnect?: boolean
  readonly backoff?: Omit<BackoffOptions, 'clock'>
  /**
   * What waits for the consumer; the socket is drained whatever the consumer does, because a daemon drops a slow reader without a word.
   * Default 10,000 events or 64 MiB.
   */
  readonly maxItems?: number
  readonly maxBytes?: number
  /** `gap` drops the oldest and says so in the stream; `fail` ends it with `slow_consumer`, to be opened again at its cursor. */
  readonly overflow?: 'gap' | 'fail'
  /** Where a daemon has no stream: how often its history is asked. Default 1 s; `false` gives the failure instead. */
  readonly pollMs?: number | false
}

export interface CcccEventStream extends SignalStream<CcccStreamItem, CcccCursor> {
  /** `poll` sees chat messages only. */
  readonly mode: 'push' | 'poll' | 'sse'
}
