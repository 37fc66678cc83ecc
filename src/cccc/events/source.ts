/** The source of the items of a stream of events: the daemon's own stream, polling, or the web port. */
import type { CcccEventStream, CcccStreamItem } from './types.js'
import type { Tracker } from './tracker.js'

/** The batches of one connection. */
export type Batches = AsyncIterable<readonly CcccStreamItem[]>

export interface EventSource {
  readonly mode: CcccEventStream['mode']
  readonly tracker: Tracker
  /** Gives the batches of the next connection. The first one may be open already. */
  open(attempt: number, signal: AbortSignal): Promise<Batches>
}
