/** Which asks the list shows, in which order, so that nothing moves under the pointer. Pure. */
import type { Ask } from 'signalbox/hub'
import type { AskList, ClosedAsk } from '../../model/asks.js'

/** How long an ask that was closed keeps its place. */
export const STAY_MS = 6_000

/** One place of the list. */
export interface AskPlace {
  readonly ask: Ask
  readonly closed?: ClosedAsk
}

/**
 * The places of the list, oldest ask first. An ask that was closed while it was shown keeps its place for a while, and as long as `held`, so
 * that the asks below it do not move.
 */
export function askPlaces(before: readonly AskPlace[], list: AskList, nowMs: number, held: boolean): readonly AskPlace[] {
  const open = new Map(list.open.map((ask) => [ask.id, ask]))
  const shown = new Set(before.map(({ ask }) => ask.id))
  const kept = before.flatMap((place): AskPlace[] => {
    const now = open.get(place.ask.id)
    if (now) return [{ ask: now }]
    const closed = place.closed ?? list.closed.find(({ ask }) => ask.id === place.ask.id)
    return closed && (held || nowMs - closed.closedMs < STAY_MS) ? [{ ask: place.ask, closed }] : []
  })
  const added = list.open.filter(({ id }) => !shown.has(id)).map((ask): AskPlace => ({ ask }))
  return [...kept, ...added]
}
