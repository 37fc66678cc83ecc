/** The past of an agent that its system keeps, from before the journal. */
import { sha256Hex } from '../../core/sha256.js'
import { SignalboxError } from '../../errors.js'
import type { Hub } from '../hub.js'
import type { AgentId } from '../model/agent.js'
import type { HubEvent } from '../model/event.js'
import { messageKey } from './translate.js'

/** Pages that are read at most. */
const MAX_PAGES = 50

/** A past event, and a key that is the same each time it is read. */
export interface PastEvent {
  readonly event: HubEvent
  readonly key: string
}

/**
 * Events that the system dates before `before`, oldest first. An event without a time of the system is left out: nothing tells it apart
 * from an event of the journal.
 */
export async function readPast(hub: Hub, agent: AgentId, session: string, before: string): Promise<PastEvent[]> {
  const pages: (readonly HubEvent[])[] = []
  let position: string | undefined
  try {
    for (let count = 0; count < MAX_PAGES; count += 1) {
      const page = await hub.history(agent, { limit: 1000, ...(position === undefined ? {} : { before: position }) })
      pages.unshift(page.events)
      position = page.before
      if (position === undefined) break
    }
  } catch (error) {
    // An agent without a history has none to record.
    if (SignalboxError.is(error, 'unsupported') || SignalboxError.is(error, 'not_found')) return []
    throw error
  }
  const isEarlier = ({ reportedAt, session: of }: HubEvent): boolean =>
    reportedAt !== undefined && reportedAt < before && (of === undefined || of === session)
  return pages
    .flat()
    .filter(isEarlier)
    .map((event) => ({ event, key: `past-${keyOf(event)}` }))
}

/** A system may repeat an id, but not with the same content at the same time. */
function keyOf(event: HubEvent): string {
  const content = event.kind === 'message' ? `${messageKey(event)} ${event.text}` : JSON.stringify({ ...event, seq: 0, at: '' })
  return sha256Hex(`${event.reportedAt} ${event.kind} ${content}`).slice(0, 20)
}
