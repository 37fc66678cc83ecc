/** The journal as all viewers of one hub see it: the newest events, and the state after them. */
import type { Clock } from '../../core/clock.js'
import type { Log } from '../../store/store.js'
import type { HubEvent } from '../model/event.js'
import { applyEvent, emptyView, snapshotOf, type HubView } from '../view.js'
import { decodeEntry } from './encode.js'
import { createFanout, type Fanout } from './fanout.js'
import type { Journal, JournalPage } from './watch.js'

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
    fanout,
    read: pageReader(log, fanout),
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

/** Keeps the last page that was read, until the next event: many viewers that come back at once read it once. */
function pageReader(log: Log, fanout: Fanout): Journal['read'] {
  let last: { readonly position: number; readonly next: number; readonly page: Promise<JournalPage> } | undefined
  return (position) => {
    if (last?.position === position && last.next === fanout.next) return last.page
    const page = log.read(position).then(({ entries, next, gap }) => ({ events: entries.map(decodeEntry), next, gap }))
    const kept = { position, next: fanout.next, page }
    last = kept
    const forget = (): void => {
      if (last === kept) last = undefined
    }
    page.then(({ gap }) => gap && forget(), forget)
    return page
  }
}
