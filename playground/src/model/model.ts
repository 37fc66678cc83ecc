/**
 * The store of the page, outside the views: it reads the events of the hub and changes signals once a frame. A view subscribes to the
 * signal of what it shows, so a change of one agent renders one row.
 */
import { signal, type ReadonlySignal, type Signal } from '@preact/signals'
import type { HubCursor, HubEvent } from 'signalbox/hub'
import { reduceAgent, type AgentRow } from './agents.js'
import { NO_ASKS, reduceAsks, type AskList } from './asks.js'

/** Whether the watch of the hub delivers. */
export type Feed =
  | { readonly status: 'waiting' }
  | { readonly status: 'live' }
  | { readonly status: 'broken'; readonly error: unknown; readonly retryMs: number }

/** Everything that the page knows from the hub's events. */
export interface Model {
  /** Ids of the agents, by system and name. A new array only when an agent comes. */
  readonly agents: ReadonlySignal<readonly string[]>
  /** The row of one agent. Undefined for an unknown id. */
  agent(id: string): ReadonlySignal<AgentRow | undefined>
  readonly asks: ReadonlySignal<AskList>
  readonly feed: Signal<Feed>
  /** Events that were read since the connection was opened. */
  readonly events: ReadonlySignal<number>
  /** The position of the last event that was read. */
  readonly cursor: HubCursor | undefined
  /** The newest events, oldest first, at most `KEPT_EVENTS`. Without the deltas of messages. */
  recent(): readonly HubEvent[]
  /** Calls the listener with each batch of new events, at once and not once a frame. Returns the function that stops it. */
  onEvents(listener: (events: readonly HubEvent[]) => void): () => void
  /** Reads events. */
  apply(events: readonly HubEvent[], cursor?: HubCursor): void
  /** Adds the turns that had begun before the snapshot and have not ended. */
  applyOlder(events: readonly HubEvent[]): void
  /** Sets what the hub says an agent has cost. */
  setCost(id: string, costUsd: number, basis: NonNullable<AgentRow['costBasis']>): void
  /** Forgets everything, for another hub. */
  reset(): void
  /** The part that survives a reload of the page. */
  save(): SavedModel
  restore(saved: SavedModel): void
}

/** What the page keeps over a reload, beside the cursor. */
export interface SavedModel {
  readonly cursor: HubCursor
  readonly rows: readonly AgentRow[]
  readonly asks: AskList
}

export const KEPT_EVENTS = 20_000

/**
 * Makes an empty model. `schedule` runs a function before the next frame.
 *
 * Long because every function works on the same tables.
 */
export function createModel(schedule: (run: () => void) => void): Model {
  const rows = new Map<string, AgentRow>()
  const signals = new Map<string, Signal<AgentRow | undefined>>()
  const dirty = new Set<string>()
  const agents = signal<readonly string[]>([])
  const asks = signal<AskList>(NO_ASKS)
  const feed = signal<Feed>({ status: 'waiting' })
  const events = signal(0)
  const listeners = new Set<(events: readonly HubEvent[]) => void>()
  let kept: HubEvent[] = []
  let list: AskList = NO_ASKS
  let count = 0
  let cursor: HubCursor | undefined
  let came = false
  let scheduled = false

  const flush = (): void => {
    scheduled = false
    events.value = count
    for (const id of dirty) {
      const own = signals.get(id)
      if (own) own.value = rows.get(id)
    }
    dirty.clear()
    if (came) agents.value = [...rows.values()].sort(compareRows).map(({ id }) => id)
    came = false
    asks.value = list
  }
  const plan = (): void => {
    if (scheduled) return
    scheduled = true
    schedule(flush)
  }
  const put = (id: string, row: AgentRow | undefined): void => {
    if (!row || row === rows.get(id)) return
    if (!rows.has(id)) came = true
    rows.set(id, row)
    dirty.add(id)
  }
  const forget = (): void => {
    for (const id of rows.keys()) dirty.add(id)
    rows.clear()
    list = NO_ASKS
    came = true
  }
  const keep = (event: HubEvent): void => {
    if (event.kind === 'message' && event.partial) return
    kept.push(event)
    // Halved in one step, because shifting one by one costs a copy each time.
    if (kept.length > KEPT_EVENTS) kept = kept.slice(-KEPT_EVENTS / 2)
  }

  return {
    agents,
    asks,
    feed,
    events,
    get cursor() {
      return cursor
    },
    agent(id) {
      let own = signals.get(id)
      if (!own) {
        own = signal(rows.get(id))
        signals.set(id, own)
      }
      return own
    },
    recent: () => kept,
    onEvents(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    apply(batch, at) {
      for (const event of batch) {
        count += 1
        keep(event)
        // A gap of the whole journal: a snapshot of what is true now follows.
        if (event.kind === 'gap' && event.agent === '') forget()
        put(event.agent, reduceAgent(rows.get(event.agent), event))
        list = reduceAsks(list, event)
      }
      cursor = at ?? cursor
      for (const listener of listeners) listener(batch)
      plan()
    },
    applyOlder(events) {
      for (const event of events) {
        if (event.kind === 'turn' || event.kind === 'end') put(event.agent, reduceAgent(rows.get(event.agent), event))
      }
      plan()
    },
    setCost(id, costUsd, costBasis) {
      const row = rows.get(id)
      if (!row || (row.costUsd === costUsd && row.costBasis === costBasis)) return
      put(id, { ...row, costUsd, costBasis })
      plan()
    },
    reset() {
      forget()
      kept = []
      count = 0
      cursor = undefined
      feed.value = { status: 'waiting' }
      plan()
    },
    save: () => ({ cursor: cursor as HubCursor, rows: [...rows.values()], asks: list }),
    restore(saved) {
      for (const row of saved.rows) put(row.id, row)
      list = saved.asks
      cursor = saved.cursor
      plan()
    },
  }
}

function compareRows(left: AgentRow, right: AgentRow): number {
  const group = (row: AgentRow): string => row.agent.group ?? row.id
  return (
    left.agent.system.localeCompare(right.agent.system) ||
    group(left).localeCompare(group(right)) ||
    Number(left.agent.group !== undefined) - Number(right.agent.group !== undefined) ||
    left.agent.name.localeCompare(right.agent.name)
  )
}
