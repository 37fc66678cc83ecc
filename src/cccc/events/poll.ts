/** For daemons without a stream: the history of messages, asked again and again. It sees chat messages and nothing else. */
import { sleep } from '../../core/clock.js'
import type { CallOptions } from '../../core/call.js'
import type { CcccCore } from '../core.js'
import { unsupported } from '../errors.js'
import { isEvent, type CcccEvent, type CcccPing } from '../shapes.js'
import type { Tracker } from './tracker.js'
import type { CcccEventsArgs, CcccStreamItem } from './types.js'

const PAGE = 100
/** How far back one round looks before it says that there is a gap. */
const MOST_PAGES = 20

export interface PollContext {
  readonly core: CcccCore
  readonly args: CcccEventsArgs
  readonly tracker: Tracker
  readonly pollMs: number
}

const POLLED = 'chat.message'

/** Refuses at once what polling can never give, and notes where it begins. */
export async function startPolling({ core, args, tracker }: PollContext, options: CallOptions): Promise<void> {
  if (args.kinds && args.kinds.length > 0 && !args.kinds.includes(POLLED)) {
    throw unsupported(
      'events_stream',
      `This daemon has no stream, and polling sees ${POLLED} only.`,
      'Ask for that kind, or use another daemon.',
    )
  }
  const ping = (await core.call('ping', {}, options)) as CcccPing
  tracker.startAt(ping.ts)
  await page({ core, args }, undefined, 1, options)
}

export async function* poll(context: PollContext, signal: AbortSignal): AsyncGenerator<readonly CcccStreamItem[], void, void> {
  const { core, tracker, pollMs } = context
  let told: string | undefined
  for (;;) {
    const from = tracker.cursor?.eventId
    const items = await round(context, { signal }, from !== undefined && from === told)
    // A cursor that the history does not hold stays away until the next event: one gap says it.
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
  let before: string | undefined
  let reached = from === undefined
  const isOld = (event: CcccEvent): boolean => event.ts <= (from?.ts ?? '')
  for (let pages = 0; !reached && pages < MOST_PAGES; pages += 1) {
    const { events, more } = await page({ core, args }, before, PAGE, options)
    for (const event of events) {
      reached = event.id === from?.eventId || (from?.eventId === undefined && isOld(event))
      if (reached || isOld(event)) break
      newestFirst.push(event)
    }
    before = events.at(-1)?.id
    // The whole history was read: complete, unless the event that the cursor names should have been in it.
    if (!more || before === undefined) reached ||= from?.eventId === undefined
    if (!more || before === undefined || events.some(isOld)) break
  }
  const gap: CcccStreamItem[] = reached || told ? [] : [{ type: 'gap', from, reason: 'expired' }]
  return [...gap, ...newestFirst.reverse().flatMap((event) => tracker.see(event))]
}

async function page(
  { core, args }: Pick<PollContext, 'core' | 'args'>,
  before: string | undefined,
  limit: number,
  options: CallOptions,
): Promise<{ events: CcccEvent[]; more: boolean }> {
  const by = args.by ?? core.principal
  const from = before === undefined ? {} : { before_event_id: before }
  const request = { group_id: args.groupId, actor_id: by, by, mode: 'all', limit, ...from }
  const told = await core.call('message_history' as string, request, { ...options, idempotent: true })
  return { events: (Array.isArray(told.messages) ? told.messages : []).filter(isEvent), more: told.has_more === true }
}
