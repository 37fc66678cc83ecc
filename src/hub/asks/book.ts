/** The records of asks in the store and in memory, and the events that go with them. Calls no source. */
import type { Timer } from '../../core/clock.js'
import { hubEvent, type HubContext } from '../context.js'
import type { AskOutcome, Delivered } from '../model/ask.js'
import { createRecentMap } from '../recent.js'
import type { Stored, Table } from '../table.js'
import { keyOf } from './key.js'
import { stepAsk, type AskRecord, type AskStep } from './record.js'

/** An ask that is not closed. */
export interface LiveAsk {
  readonly key: string
  stored: Stored<AskRecord>
  /** The ask is in the store and its event in the journal. */
  ready: Promise<void>
  timer?: Timer
  /** The epoch that asked is over. An answer must not be delivered. */
  gone?: true
  /** An answer won and is on its way: settles when the ask is closed. */
  answering?: Promise<unknown>
  /** Settles when the attempts so far to close the ask are done. */
  closing?: Promise<unknown>
  /** The ask was closed. */
  over?: true
}

export interface AskBook {
  readonly live: Map<string, LiveAsk>
  /** The record of an ask that is closed and still remembered. */
  closed(askId: string): AskRecord | undefined
  find(askId: string): Promise<AskRecord | undefined>
  create(record: AskRecord): Promise<Stored<AskRecord> | undefined>
  /** Changes the record in the store. Undefined when the step comes too late. */
  step(entry: LiveAsk, change: AskStep): Promise<Stored<AskRecord> | undefined>
  /** Writes the event of an ask that arrived. */
  begin(entry: LiveAsk): Promise<void>
  /** Decides how the ask ended, writes its event and forgets it. False when it had ended before. */
  finish(entry: LiveAsk, outcome: AskOutcome, delivered: Delivered, by?: string): Promise<boolean>
  /** Writes the event of an ask whose outcome is in its record. */
  appendEnd(record: AskRecord): Promise<void>
  remember(record: AskRecord): void
}

export function createAskBook(context: HubContext, table: Table<AskRecord>, keepClosed: number): AskBook {
  const { fence, writer, report } = context
  const live = new Map<string, LiveAsk>()
  const closed = createRecentMap<AskRecord>(keepClosed)

  const step: AskBook['step'] = (entry, change) => table.change(entry.key, (record) => stepAsk(record, change, fence), entry.stored)
  const remember: AskBook['remember'] = (record) => {
    for (const id of closed.set(record.ask.id, record)) {
      table.delete(keyOf(id)).catch((error) => report('forgetting an ask', error))
    }
  }
  const appendEnd: AskBook['appendEnd'] = async ({ ask, epoch, outcome, delivered, note }) => {
    if (!outcome || !delivered) return
    const { id: askId, by } = ask
    const facts = { ...(by === undefined ? {} : { by }), ...(note === undefined ? {} : { note }) }
    await writer.append([hubEvent(context, { ...ask, epoch }, { kind: 'ask_resolved', askId, outcome, delivered, ...facts })])
  }
  const close = async (entry: LiveAsk, outcome: AskOutcome, delivered: Delivered, by: string | undefined): Promise<boolean> => {
    await entry.ready.catch(() => {})
    const ended = await step(entry, { to: outcome, delivered, closeFrom: writer.next, by })
    if (!ended) return false
    entry.over = true
    entry.stored = ended
    entry.timer?.cancel()
    live.delete(ended.record.ask.id)
    remember(ended.record)
    await appendEnd(ended.record)
    await step(entry, { to: 'closed' })
    return true
  }
  return {
    live,
    closed: closed.get,
    find: async (askId) => closed.get(askId) ?? (await table.get(keyOf(askId)))?.record,
    create: (record) => table.create(keyOf(record.ask.id), record),
    step,
    async begin(entry) {
      const { ask, epoch } = entry.stored.record
      await writer.append([hubEvent(context, { ...ask, epoch }, { kind: 'ask', ask })])
    },
    finish(entry, outcome, delivered, by) {
      // One after the other: with two equal writes under way, a lookup could not find out which of them was stored.
      const result = (entry.closing ?? Promise.resolve()).then(() => !entry.over && close(entry, outcome, delivered, by))
      entry.closing = result.catch(() => {})
      return result
    },
    appendEnd,
    remember,
  }
}

/** An ask of an earlier run of the hub. */
export const liveAsk = (stored: Stored<AskRecord>): LiveAsk => ({
  key: keyOf(stored.record.ask.id),
  stored,
  ready: Promise.resolve(),
})
