/** What the client tells its owner while it works. Logging never throws into the agent: it tells here. */
import type { SignalboxError } from '../errors.js'
import type { OutboxReport } from '../store/outbox-types.js'

export interface Replacement {
  readonly path: string
  readonly reason:
    | 'nul'
    | 'lone_surrogate'
    | 'not_json'
    | 'not_text'
    | 'too_long'
    | 'unreadable_path'
    | 'not_whole'
    | 'not_a_moment'
    | 'out_of_range'
}

export type CatsyphonEvent =
  /** The outbox's own reports; a lane is a session. */
  | OutboxReport
  /** Something that the server cannot store was replaced before it was queued. */
  | {
      readonly type: 'sanitized'
      readonly sessionId: string
      readonly event: string
      readonly replacements: readonly Replacement[]
    }
  /** An event could not be made durable: its promise rejected too. */
  | { readonly type: 'rejected'; readonly sessionId: string; readonly error: SignalboxError }
  /** An older server was told to do without these numbers, which are nowhere any more. */
  | { readonly type: 'filled'; readonly sessionId: string; readonly from: number; readonly to: number }
  /** Told once: what waits is kept in a store that does not survive this process. */
  | { readonly type: 'volatile'; readonly store: string }
  /** The answer does not fit its schema; it was delivered all the same. */
  | { readonly type: 'invalid'; readonly op: string; readonly path: string }
