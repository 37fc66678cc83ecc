/** The position of a viewer in a journal. */

/** Plain data that may be stored and passed back to `watch`. It names its journal, so that a cursor of another one is noticed. */
export interface HubCursor {
  /** The id of the journal. A memory store that starts anew has a new journal. */
  readonly journal: string
  /** The last event that was consumed. */
  readonly seq: number
}
