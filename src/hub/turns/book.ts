/** The records of turns in the store and in memory, and the events that go with them. Calls no source. */
import { hubEvent, type HubContext } from '../context.js'
import type { EndEvent } from '../model/event.js'
import { createRecentMap } from '../recent.js'
import type { Stored, Table } from '../table.js'
import { stepTurn, type TurnRecord, type TurnStep } from './record.js'

/** The session and the epoch in which the source ended a turn. The prompt may have named no session. */
export interface EndPlace {
  readonly session: string | undefined
  readonly epoch: string
}

/** A turn that has not ended. */
export interface Active {
  stored: Stored<TurnRecord>
  /** The queue that it waits in: the agent and the session that the caller named. */
  readonly line: string
  /** The epoch that it was sent to. */
  epoch?: string
  endPlace?: EndPlace
  ending?: Promise<void>
  resolving?: true
  /** The source does not have the prompt yet. */
  unsent?: true
  /** The prompt is not sent after this monotonic time, because its caller has given up by then. */
  startBy?: number
  /** Who cancelled it while it was unsent: it is cancelled as soon as the source has it, or not sent at all. */
  cancelled?: string
  /** The turn is from an earlier run of the hub, and its traces in the journal were not read yet. */
  left?: true
  /** The end that the source pushed before the journal was read. */
  leftEnd?: EndEvent
}

export interface TurnBook {
  readonly active: Map<string, Active>
  /** The record of an ended turn that is still remembered. */
  ended(promptId: string): TurnRecord | undefined
  /** Changes the record in the store. False when the step comes too late. */
  step(turn: Active, change: TurnStep): Promise<boolean>
  find(promptId: string): Promise<TurnRecord | undefined>
  /** Keeps an ended turn, and forgets the oldest one above the bound. */
  remember(record: TurnRecord): void
  appendTurn(record: TurnRecord, what: 'queued' | 'started'): Promise<unknown>
  /** Appends the end that the record holds, and marks the record as ended. */
  appendEnd(turn: Active): Promise<void>
}

export function createTurnBook(context: HubContext, table: Table<TurnRecord>, keepEnded: number): TurnBook {
  const { fence, writer, report } = context
  const active = new Map<string, Active>()
  const ended = createRecentMap<TurnRecord>(keepEnded)

  const step: TurnBook['step'] = async (turn, change) => {
    const next = await table.change(turn.stored.record.promptId, (record) => stepTurn(record, change, fence), turn.stored)
    if (next) turn.stored = next
    return next !== undefined
  }
  return {
    active,
    ended: ended.get,
    step,
    find: async (promptId) => active.get(promptId)?.stored.record ?? ended.get(promptId) ?? (await table.get(promptId))?.record,
    remember(record) {
      for (const forgotten of ended.set(record.promptId, record)) {
        table.delete(forgotten).catch((error) => report('forgetting a turn', error))
      }
    },
    appendTurn({ agent, session, promptId, by, text }, what) {
      const place = { agent, session, turn: promptId }
      return writer.append([hubEvent(context, place, { kind: 'turn', what, promptId, by, text })])
    },
    async appendEnd(turn) {
      const { agent, session, promptId, end } = turn.stored.record
      if (!end) return
      const { session: endSession = session, epoch = turn.epoch } = turn.endPlace ?? {}
      const place = { agent, session: endSession, turn: promptId, epoch }
      const [endSeq = 0] = await writer.append([hubEvent(context, place, end)])
      await step(turn, { to: 'ended', endSeq })
    },
  }
}
