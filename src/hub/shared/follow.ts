/** Reads a log as it grows, also over outages of the store. */
import { sleep, type Clock } from '../../core/clock.js'
import type { Log, LogPage } from '../../store/store.js'

export interface FollowOptions {
  readonly log: Log
  readonly from: number
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly onPage: (page: LogPage) => void | Promise<void>
}

const PAUSE_MS = 500

/** Ends with the signal. Never rejects. */
export async function follow({ log, from, clock, signal, onPage }: FollowOptions): Promise<void> {
  for (let next = from; !signal.aborted; ) {
    try {
      for await (const page of log.tail(next, { signal })) {
        await onPage(page)
        next = page.next
      }
    } catch {
      // An outage of the store. The next tail goes on at the same position.
      await sleep(clock, PAUSE_MS, signal).catch(() => {})
    }
  }
}
