/** Reports of the client while it works. Logging never throws into the agent: failures are reported instead. */
import type { SignalboxError } from '../errors.js'
import type { OutboxReport } from '../store/outbox/types.js'

/** A value that was changed before its event was queued. */
export interface Replacement {
  /** Where it was, for example `data.parameters.file_path`. */
  readonly path: string
  /** Why the server could not have stored it. */
  readonly reason:
    | 'nul'
    | 'lone_surrogate'
    | 'not_json'
    | 'not_text'
    | 'too_long'
    | 'too_deep'
    | 'unreadable_path'
    | 'not_whole'
    | 'not_a_moment'
    | 'out_of_range'
}

/** The argument of `onEvent`. In the outbox's own reports `queue` is the session's id. */
export type CatsyphonEvent =
  | OutboxReport
  /** Values that the server cannot store were replaced before the event was queued. */
  | {
      readonly type: 'sanitized'
      readonly sessionId: string
      readonly event: string
      readonly replacements: readonly Replacement[]
    }
  /** An event was refused or could not be made durable. Its promise rejected, too. */
  | { readonly type: 'rejected'; readonly sessionId: string; readonly error: SignalboxError }
  /** These sequence numbers have no event any more. A sequence server got one empty event for them. */
  | { readonly type: 'filled'; readonly sessionId: string; readonly from: number; readonly to: number }
  /** The store does not survive this process. Reported once. */
  | { readonly type: 'volatile'; readonly store: string }
  /** An answer does not fit its schema. It was returned all the same. */
  | { readonly type: 'invalid'; readonly op: string; readonly path: string }
