/** The state of all agents for a hub that joins: what the drivers stored, and the journal after that. */
import type { Log } from '../../store/store.js'
import type { AskRecord } from '../asks/record.js'
import { decodeEntry } from '../journal/encode.js'
import type { Table } from '../table.js'
import { applyEvent, type HubView } from '../view.js'
import { loadAgents } from './agents-table.js'
import type { AgentsRecord } from './records.js'

export interface LoadViewOptions {
  readonly log: Log
  readonly agents: Table<AgentsRecord>
  readonly asks: Table<AskRecord>
  /** Is filled. */
  readonly view: HubView
  /** Stops before this position. Default the end of the journal. */
  readonly before?: number
}

/** Gives the position of the next event. */
export async function loadView({ log, agents, asks, view, before }: LoadViewOptions): Promise<number> {
  const saved = await loadAgents(agents, view)
  for await (const { record } of asks.all()) if (record.ask.status === 'open') view.asks.set(record.ask.id, record.ask)
  for (let next = saved === undefined ? 0 : saved + 1; ; ) {
    const page = await log.read(next)
    for (const entry of page.entries) {
      if (before !== undefined && entry.sequence >= before) return before
      applyEvent(view, decodeEntry(entry))
    }
    if (page.entries.length === 0) return page.next
    next = page.next
  }
}
