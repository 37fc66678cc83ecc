/** Open and closed asks of all agents. Pure: no signals, no DOM. */
import type { Ask, AskResolvedEvent, HubEvent } from 'signalbox/hub'

/** An ask that is no longer open. */
export interface ClosedAsk {
  readonly ask: Ask
  readonly outcome: AskResolvedEvent['outcome']
  readonly by?: string
  readonly delivered: AskResolvedEvent['delivered']
  readonly note?: string
  readonly closedMs: number
}

/** The asks that the page knows. */
export interface AskList {
  /** Oldest first. */
  readonly open: readonly Ask[]
  /** Newest first, at most `MAX_CLOSED`. */
  readonly closed: readonly ClosedAsk[]
}

export const NO_ASKS: AskList = { open: [], closed: [] }
const MAX_CLOSED = 200

/** The lists after one event. The same object when nothing changed. */
export function reduceAsks(list: AskList, event: HubEvent): AskList {
  // Replayed too: the snapshot that a watch begins with has the open asks.
  if (event.kind === 'ask') {
    if (event.ask.status !== 'open' && event.ask.status !== 'answering') return list
    const others = list.open.filter(({ id }) => id !== event.ask.id)
    const open = [...others, event.ask].sort(
      (left, right) => left.askedAt.localeCompare(right.askedAt) || left.id.localeCompare(right.id),
    )
    return { ...list, open }
  }
  if (event.kind === 'ask_resolved') {
    const ask = list.open.find(({ id }) => id === event.askId)
    if (!ask) return list
    const { outcome, delivered, by, note } = event
    const closed: ClosedAsk = {
      ask,
      outcome,
      delivered,
      closedMs: Date.parse(event.at),
      ...(by === undefined ? {} : { by }),
      ...(note === undefined ? {} : { note }),
    }
    return { open: list.open.filter(({ id }) => id !== event.askId), closed: [closed, ...list.closed].slice(0, MAX_CLOSED) }
  }
  if (event.kind === 'agent' && event.change === 'gone') {
    const open = list.open.filter(({ agent }) => agent !== event.agent)
    return open.length === list.open.length ? list : { ...list, open }
  }
  return list
}
