/** The turns of a hub: each stored before anything is sent, ended exactly once. After a kill the next hub relies on the order of the writes. */
import { inTurnByKey } from '../../core/in-turn.js'
import { afterEffect, hubError, hubEvent, type HubContext } from '../context.js'
import type { TurnInfo } from '../hub.js'
import type { AgentId } from '../model/agent.js'
import type { EndEvent } from '../model/event.js'
import type { Stored, Table } from '../table.js'
import { admit, isTooLate, queueKey, TOO_LATE, type NamedPrompt } from './admit.js'
import { createTurnBook, type Active, type EndPlace } from './book.js'
import { neverSent, type TurnRecord } from './record.js'
import { createRunner, type RunnerOptions } from './run.js'
import { createSchedule } from './schedule.js'

export interface TurnsOptions extends RunnerOptions {
  readonly journalId: string
  readonly maxQueued?: number | undefined
  /** Ended turns that can still be found by their prompt id. */
  readonly keepEnded: number
}

/** How a turn of an earlier run of the hub goes on. */
export type TakeOver = 'append' | 'lose' | 'lose-and-begin' | 'resolve'

export interface Turns {
  prompt(agent: AgentId, text: string, options: NamedPrompt): Promise<TurnInfo>
  find(promptId: string): Promise<TurnInfo>
  cancel(promptId: string, by: string): Promise<void>
  /** A source says that a turn ended. False when the hub never sent this turn: then the end is an event like any other. */
  ended(promptId: string, end: EndEvent, place: EndPlace): boolean
  epochBegan(agent: AgentId, session: string | undefined, epoch: string): void
  /** Turns of an agent that run now. */
  runningOf(agent: AgentId): readonly string[]
  /** Takes in a turn that an earlier run of the hub left behind, unless it is known. `takeOver` or `mark` must follow. */
  adopt(stored: Stored<TurnRecord>): void
  /** Continues with an adopted turn. */
  takeOver(promptId: string, how: TakeOver): Promise<void>
  /** The end of an adopted turn is in the journal at this position, and the record does not say so yet. */
  mark(promptId: string, endSeq: number): Promise<void>
  remember(record: TurnRecord): void
  has(promptId: string): boolean
  /** The hub writes the start and the end of this turn itself. */
  writes(promptId: string): boolean
}

/** Long because the calls of viewers, the events of sources and the recovery share the turns that run. */
export function createTurns(context: HubContext, table: Table<TurnRecord>, options: TurnsOptions): Turns {
  const { writer, report } = context
  const { journalId, maxQueued, keepEnded, forbid } = options
  const starting = new Map<string, Promise<TurnInfo>>()
  const book = createTurnBook(context, table, keepEnded)
  const schedule = createSchedule(maxQueued === undefined ? {} : { maxQueued })
  const runner = createRunner(context, book, schedule, options)
  const { active } = book

  const later = (what: string, work: Promise<unknown>): void => void work.catch((error) => report(what, error))
  const has = (promptId: string): boolean => active.has(promptId) || starting.has(promptId)
  const isQueued = ({ line, stored }: Active): boolean => !schedule.running(line).includes(stored.record.promptId)
  const infoOf = (record: TurnRecord): TurnInfo => {
    const turn = active.get(record.promptId)
    return turnInfo(record, journalId, turn !== undefined && isQueued(turn))
  }
  const inTurn = inTurnByKey()
  const begin = async (agent: AgentId, text: string, options: NamedPrompt): Promise<TurnInfo> => {
    // Stored one after the other: a store may answer two lookups in another order.
    const admitted = await inTurn(queueKey(agent, options.session), () =>
      admit({ context, table, book, schedule, forbid }, agent, text, options),
    )
    if ('existing' in admitted) return infoOf(admitted.existing)
    const { accepted: turn, admission } = admitted
    if (admission === 'start') later('sending a prompt', runner.send(turn))
    else if (isTooLate(context, turn.startBy)) later('ending a prompt', runner.finish(turn, neverSent(TOO_LATE)))
    // A prompt in the queue waits for the agent, not for the store.
    else delete turn.startBy
    if (admission === 'interrupt') {
      for (const other of schedule.running(turn.line)) later('interrupting', cancel(other, options.by ?? 'user'))
    }
    return infoOf(turn.stored.record)
  }
  const cancel: Turns['cancel'] = async (promptId, by) => {
    const turn = active.get(promptId)
    if (!turn) {
      if (await book.find(promptId)) return
      throw unknownTurn(promptId)
    }
    const { agent, session } = turn.stored.record
    const source = context.sourceOf(agent)
    const queued = isQueued(turn)
    if (!queued && (!source?.cancel || !context.agent(agent)?.can.cancel)) {
      throw hubError({ code: 'unsupported', op: 'cancel', message: `A turn of ${agent} cannot be stopped.` })
    }
    const text = `${by} cancelled the turn.`
    writer.push(hubEvent(context, { agent, session, turn: promptId }, { kind: 'notice', level: 'info', text }))
    if (queued) {
      // The end may be decided in the store when this fails. Then the next driver writes it.
      await runner.finish(turn, { kind: 'end', outcome: 'cancelled', sent: 'no' }).catch((error: unknown) => {
        throw afterEffect(error, 'cancel')
      })
    } else if (turn.unsent) turn.cancelled = by
    else await source?.cancel?.({ agent, session, turn: promptId, by })
  }

  return {
    prompt(agent, text, options) {
      const { promptId } = options
      const checkAgent = (info: TurnInfo): TurnInfo => {
        if (info.agent === agent) return info
        const message = `The prompt id ${promptId} belongs to a turn of ${info.agent}.`
        throw hubError({ code: 'conflict', op: 'prompt', message })
      }
      const work = starting.get(promptId) ?? begin(agent, text, options).finally(() => starting.delete(promptId))
      starting.set(promptId, work)
      return work.then(checkAgent)
    },
    async find(promptId) {
      await starting.get(promptId)?.catch(() => {})
      const record = await book.find(promptId)
      if (!record) throw unknownTurn(promptId)
      return infoOf(record)
    },
    cancel,
    ended(promptId, end, place) {
      const turn = active.get(promptId)
      // A second end of a turn is dropped.
      if (!turn) return book.ended(promptId) !== undefined
      turn.endPlace ??= place
      if (turn.left) {
        turn.leftEnd ??= end
        return true
      }
      later('ending a turn', runner.finish(turn, end))
      return true
    },
    epochBegan(agent, session, epoch) {
      for (const turn of active.values()) {
        const { record } = turn.stored
        if (record.agent !== agent || record.session !== session || turn.epoch === undefined || turn.epoch === epoch) continue
        if (turn.epoch === '') turn.epoch = epoch
        else later('resolving a turn', runner.resolve(turn, 'The agent started anew while the turn ran.'))
      }
    },
    runningOf: (agent) => [...active].filter(([, turn]) => turn.stored.record.agent === agent && !isQueued(turn)).map(([id]) => id),
    adopt(stored) {
      const { agent, session, promptId } = stored.record
      if (active.has(promptId)) return
      const turn: Active = { stored, line: queueKey(agent, session), left: true }
      active.set(promptId, turn)
      schedule.adopt(turn.line, promptId)
    },
    async takeOver(promptId, how) {
      const turn = active.get(promptId)
      if (!turn?.left) return
      delete turn.left
      if (how === 'append') {
        turn.ending = book.appendEnd(turn).then(() => runner.leave(turn))
        return turn.ending
      }
      if (how === 'lose-and-begin') await book.appendTurn(turn.stored.record, 'started')
      if (turn.leftEnd) return later('ending a turn', runner.finish(turn, turn.leftEnd))
      if (how === 'resolve') return later('resolving a turn', runner.resolve(turn, 'The hub stopped while the turn ran.'))
      await runner.finish(turn, neverSent('The hub stopped before it sent the prompt.'))
    },
    async mark(promptId, endSeq) {
      const turn = active.get(promptId)
      if (!turn?.left) return
      await book.step(turn, { to: 'ended', endSeq })
      runner.leave(turn)
    },
    remember: book.remember,
    has,
    writes: (promptId) => has(promptId) || book.ended(promptId) !== undefined,
  }
}

/** The part of a record that viewers see. */
export function turnInfo(record: TurnRecord, journal: string, isQueued: boolean): TurnInfo {
  const { promptId, agent, session, end, endSeq } = record
  const state = endSeq !== undefined ? 'ended' : isQueued ? 'queued' : 'running'
  const from = { journal, seq: record.from - 1 }
  return { promptId, agent, session, state, from, ...(endSeq === undefined ? {} : { end, endSeq }) }
}

export const unknownTurn = (promptId: string) =>
  hubError({ code: 'not_found', op: 'turn', message: `There is no turn ${promptId}.` })
