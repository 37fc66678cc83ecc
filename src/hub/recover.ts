/** What a hub does with the records that an earlier run left behind: first the records are read, then the journal, then each is repaired. */
import type { Log } from '../store/store.js'
import type { Asks } from './asks/asks.js'
import { repairAsk, type AskRecord } from './asks/record.js'
import { hubEvent, type HubContext } from './context.js'
import { decodeEntry } from './journal/encode.js'
import type { HubEvent } from './model/event.js'
import type { Stored, Table } from './table.js'
import { repairTurn, type TurnRecord } from './turns/record.js'
import type { Turns } from './turns/turns.js'

export interface RecoverParts {
  readonly context: HubContext
  readonly log: Log
  readonly turns: Turns
  readonly turnTable: Table<TurnRecord>
  readonly asks: Asks
  readonly askTable: Table<AskRecord>
}

interface Found<Record> {
  readonly open: readonly Stored<Record>[]
  readonly over: readonly Record[]
}

/** Runs before the sources open, because they report then which asks are still open. */
export async function recoverAsks(parts: RecoverParts): Promise<void> {
  const { open, over } = await findAll(parts.askTable, ({ closed }) => closed === true, ofAsk(parts))
  for (const record of byTime(over, ({ ask }) => ask.askedAt)) parts.asks.remember(record)
  await repair(parts, [], open)
}

/**
 * Runs before the sources open: an event of a turn that comes while a source opens then belongs to a known turn. Returns the repair of the
 * turns. It must run after the sources opened, because they are asked for the outcome of the turns.
 */
export async function recoverTurns(parts: RecoverParts): Promise<() => Promise<void>> {
  const { open, over } = await findAll(parts.turnTable, ({ state }) => state === 'ended', ofTurn(parts))
  for (const record of byTime(over, ({ at }) => at)) parts.turns.remember(record)
  for (const stored of open) parts.turns.adopt(stored)
  return () => repair(parts, open, [])
}

/** An accepted prompt runs or waits within this time. A record that is still `accepted` later was forgotten. */
const FORGOTTEN_MS = 60_000

/** Finds what an older hub wrote after it had lost its lease: a store need not refuse it before its successor has written to the same map. */
export async function sweep(parts: RecoverParts): Promise<void> {
  const { fence } = parts.context
  // A prompt whose record was stored although the store reported a failure. Its caller got an error with `sent: 'no'`.
  const isForgotten = ({ state, at }: TurnRecord): boolean =>
    state === 'accepted' && parts.context.clock.now() - Date.parse(at) > FORGOTTEN_MS
  const turns = await findAll(
    parts.turnTable,
    (record) => (record.fence >= fence && !isForgotten(record)) || record.state === 'ended' || parts.turns.writes(record.promptId),
    ofTurn(parts),
  )
  const openIds = new Set(parts.asks.open().map(({ id }) => id))
  const asks = await findAll(
    parts.askTable,
    (record) => record.fence >= fence || record.closed === true || openIds.has(record.ask.id),
    ofAsk(parts),
  )
  await repair(parts, turns.open, asks.open)
}

/** Records of agents that another hub drives are left to that hub. */
const ofAsk =
  ({ context }: RecoverParts) =>
  ({ ask }: AskRecord): boolean =>
    context.sourceOf(ask.agent) !== undefined
const ofTurn =
  ({ context }: RecoverParts) =>
  ({ agent }: TurnRecord): boolean =>
    context.sourceOf(agent) !== undefined

async function findAll<Record>(
  table: Table<Record>,
  isOver: (record: Record) => boolean,
  isMine: (record: Record) => boolean,
): Promise<Found<Record>> {
  const open: Stored<Record>[] = []
  const over: Record[] = []
  for await (const { record, version } of table.all()) {
    if (!isMine(record)) continue
    if (isOver(record)) over.push(record)
    else open.push({ record, version })
  }
  return { open, over }
}

const byTime = <Record>(records: readonly Record[], timeOf: (record: Record) => string): Record[] =>
  records.toSorted((a, b) => (timeOf(a) < timeOf(b) ? -1 : 1))

async function repair(
  parts: RecoverParts,
  turns: readonly Stored<TurnRecord>[],
  asks: readonly Stored<AskRecord>[],
): Promise<void> {
  if (turns.length === 0 && asks.length === 0) return
  const from = Math.min(
    ...turns.map(({ record }) => record.endFrom ?? record.from),
    ...asks.map(({ record }) => record.closeFrom ?? record.from),
  )
  const traces = await readTraces(parts.log, from)
  // Asks first: the end of a turn comes after the end of its asks.
  for (const stored of asks) await repairOneAsk(parts, stored, traces)
  for (const stored of turns) await repairOneTurn(parts, stored, traces)
}

interface Traces {
  readonly begun: ReadonlySet<string>
  readonly ends: ReadonlyMap<string, number>
  readonly askIds: ReadonlySet<string>
  readonly resolved: ReadonlySet<string>
}

async function readTraces(log: Log, from: number): Promise<Traces> {
  const begun = new Set<string>()
  const ends = new Map<string, number>()
  const askIds = new Set<string>()
  const resolved = new Set<string>()
  const see = (event: HubEvent): void => {
    if (event.kind === 'turn' && event.turn !== undefined) begun.add(event.turn)
    if (event.kind === 'end' && event.turn !== undefined) ends.set(event.turn, event.seq)
    if (event.kind === 'ask') askIds.add(event.ask.id)
    if (event.kind === 'ask_resolved') resolved.add(event.askId)
  }
  for (let next = from; ; ) {
    const page = await log.read(next)
    for (const entry of page.entries) see(decodeEntry(entry))
    if (page.entries.length === 0) return { begun, ends, askIds, resolved }
    next = page.next
  }
}

async function repairOneTurn({ turns }: RecoverParts, stored: Stored<TurnRecord>, traces: Traces): Promise<void> {
  const { promptId } = stored.record
  turns.adopt(stored)
  const action = repairTurn(stored.record, { begun: traces.begun.has(promptId), endSeq: traces.ends.get(promptId) })
  switch (action.do) {
    case 'nothing':
      return
    case 'mark':
      return turns.mark(promptId, action.endSeq)
    case 'append':
      return turns.takeOver(promptId, 'append')
    case 'lose':
      return turns.takeOver(promptId, action.begin ? 'lose-and-begin' : 'lose')
    case 'resolve':
      return turns.takeOver(promptId, 'resolve')
  }
}

async function repairOneAsk({ asks, context }: RecoverParts, stored: Stored<AskRecord>, traces: Traces): Promise<void> {
  const { ask, epoch } = stored.record
  const action = repairAsk(stored.record, { begun: traces.askIds.has(ask.id), resolved: traces.resolved.has(ask.id) })
  switch (action.do) {
    case 'nothing':
      return
    case 'keep':
      if (action.begin) await context.writer.append([hubEvent(context, { ...ask, epoch }, { kind: 'ask', ask })])
      return asks.adopt(stored)
    case 'close':
      return asks.finishLeft(stored, { outcome: action.outcome, delivered: action.delivered })
    case 'finish':
      return asks.finishLeft(stored, action.append ? 'append' : 'mark')
  }
}
