/** The journal as all viewers of one hub see it: the newest events, and the state after them. */
import type { Clock } from '../../core/clock.js'
import type { Log } from '../../store/store.js'
import type { HubEvent } from '../model/event.js'
import { applyEvent, emptyView, snapshotOf, type HubView } from '../view.js'
import { createFanout } from './fanout.js'
import type { Journal } from './watch.js'

export interface OpenJournal extends Journal {
  /** The state according to the events so far. */
  readonly view: HubView
  /** Shows viewers events that are in the log now, in order. */
  publish(events: readonly HubEvent[]): void
}

export interface OpenJournalOptions {
  readonly id: string
  readonly log: Log
  readonly clock: Clock
  /** The position of the next event. */
  readonly next: number
  /** The state before that event. Default empty. */
  readonly view?: HubView
  /** The most events that are kept in memory. */
  readonly maxEvents: number
  readonly ended: Journal['ended']
}

export function openJournal(options: OpenJournalOptions): OpenJournal {
  const { id, log, clock, next, view = emptyView(), maxEvents, ended } = options
  const fanout = createFanout({ clock, next, maxEvents: Math.min(4096, maxEvents) })
  const now = (): string => new Date(clock.now()).toISOString()
  return {
    id,
    log,
    fanout,
    view,
    snapshot: (seq) => snapshotOf(view, seq, now()),
    gap: (fields, seq) => ({ v: 1, seq, epoch: '', at: now(), agent: '', origin: 'live', kind: 'gap', ...fields }),
    ended,
    publish(events) {
      for (const event of events) applyEvent(view, event)
      fanout.publish(events)
    },
  }
}
