/** Polls the message history, for daemons without a stream. It sees chat messages only. */
import { sleep } from '../../core/clock.js'
import type { CallOptions } from '../../core/call.js'
import type { CcccCore } from '../small-client.js'
import { unsupported } from '../errors.js'
import { historyPages } from '../history.js'
import { ping } from '../daemon.js'
import type { CcccEvent } from '../shapes.js'
import type { Tracker } from './tracker.js'
import type { CcccEventsArgs, CcccStreamItem } from './types.js'

/** One round reads at most this many pages; then there is a gap. */
const MOST_PAGES = 20

export interface PollContext {
  readonly core: CcccCore
  readonly args: CcccEventsArgs
  readonly tracker: Tracker
  readonly pollMs: number
}

const POLLED = 'chat.message'

/** Refuses kinds that polling cannot see, and sets the first position. */
export async function startPolling({ core, args, tracker }: PollContext, options: CallOptions): Promise<void> {
  if (args.kinds?.length && !args.kinds.includes(POLLED)) {
    throw unsupported('events_stream', `This daemon has no stream, and polling sees ${POLLED} only.`, 'Ask for that kind.')
  }
  tracker.startAt((await ping(core, options)).ts)
  // A first read: a daemon without a history refuses it now.
  await historyPages(core, args, options, 1).next()
}

export async function* poll(context: PollContext, signal: AbortSignal): AsyncGenerator<readonly CcccStreamItem[], void, void> {
  const { core, tracker, pollMs } = context
  let told: string | undefined
  for (;;) {
    const from = tracker.cursor?.eventId
    const items = await round(context, { signal }, from !== undefined && from === told)
    // A cursor that is not in the history gives one gap, not one in every round.
    if (items[0]?.type === 'gap') told = from
    if (items.length > 0) yield items
    try {
      await sleep(core.clock, pollMs, signal)
    } catch {
      return
    }
  }
}

/** Everything newer than the cursor, oldest first. */
async function round({ core, args, tracker }: PollContext, options: CallOptions, told: boolean): Promise<CcccStreamItem[]> {
  const from = tracker.cursor
  const newestFirst: CcccEvent[] = []
  let pages = 0
  // The search ends at the event of the cursor, at an older event, or at the beginning of the history. Only the first shows that no
  // event is missing.
  let reached = from?.eventId === undefined
  search: for await (const page of historyPages(core, args, options)) {
    for (const event of page) {
      if (event.id === from?.eventId) reached = true
      else if (event.ts > (from?.ts ?? '')) {
        newestFirst.push(event)
        continue
      }
      break search
    }
    pages += 1
    if (pages < MOST_PAGES) continue
    reached = false
    break
  }
  const items: CcccStreamItem[] = reached || told ? [] : [{ type: 'gap', from, reason: 'expired' }]
  for (const event of newestFirst.reverse()) tracker.see(event, items)
  return items
}
