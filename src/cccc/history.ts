/** The message history of a principal. Only dialect C has it. */
import type { CcccCallOptions, CcccCore } from './small-client.js'
import { wireArgs } from './names.js'
import { isEvent, listOf, type CcccEvent } from './shapes.js'

export interface HistoryArgs {
  readonly groupId: string
  readonly actorId?: string | undefined
  readonly by?: string | undefined
}

const PAGE = 100

/** Yields pages, newest messages first, to the beginning of the history. */
export async function* historyPages(
  core: CcccCore,
  { groupId, by = core.principal, actorId = by }: HistoryArgs,
  options: CcccCallOptions | undefined,
  limit: number = PAGE,
): AsyncGenerator<readonly CcccEvent[], void, void> {
  let beforeEventId: string | undefined
  for (;;) {
    const request = wireArgs({ groupId, actorId, by, mode: 'all', limit, beforeEventId })
    const answer = await core.call('message_history' as string, request, options)
    const events = eventsIn(answer.messages)
    yield events
    beforeEventId = events.at(-1)?.id
    if (answer.has_more !== true || beforeEventId === undefined) return
  }
}

function eventsIn(list: unknown): CcccEvent[] {
  return listOf(list).filter(isEvent)
}
