/** The turns of a hub: each stored before anything is sent, ended exactly once. The order of writes is what survives a kill. */
import { inTurnByKey } from '../../core/in-turn.js'
import { afterEffect, hubError, hubEvent, type HubContext } from '../context.js'
import type { TurnInfo } from '../hub.js'
import type { AgentId } from '../model/agent.js'
import type { EndEvent } from '../model/event.js'
import type { Stored, Table } from '../table.js'
import { admit, isTooLate, lineOf, TOO_LATE, type NamedPrompt } from './admit.js'
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
    const one = active.get(record.promptId)
    return turnInfo(record, journalId, one !== undefined && isQueued(one))
  }
  const inLine = inTurnByKey()
  const begin = async (agent: AgentId, text: string, given: NamedPrompt): Promise<TurnInfo> => {
    // Stored one after the other: a store may answer two lookups in another order than it was asked.
    const admitted = await inLine(lineOf(agent, given.session), () =>
      admit({ context, table, book, schedule, forbid }, agent, text, given),
    )
    if ('known' in admitted) return infoOf(admitted.known)
    const { one, admission } = admitted
    if (admission === 'start') later('sending a prompt', runner.send(one))
    else if (isTooLate(context, one.startBy)) later('ending a prompt', runner.finish(one, neverSent(TOO_LATE)))
    // In the queue it waits for the agent, not for the store.
    else delete one.startBy
    if (admission === 'interrupt') {
      for (const other of schedule.running(one.line)) later('interrupting', cancel(other, given.by ?? 'user'))
    }
    return infoOf(one.stored.record)
  }
  const cancel: Turns['cancel'] = async (promptId, by) => {
    const one = active.get(promptId)
    if (!one) {
      if (await book.find(promptId)) return
      throw unknownTurn(promptId)
    }
    const { agent, session } = one.stored.record
    const source = context.sourceOf(agent)
    const queued = isQueued(one)
    if (!queued && (!source?.cancel || !context.agent(agent)?.can.cancel)) {
      throw hubError({ code: 'unsupported', op: 'cancel', message: `A turn of ${agent} cannot be stopped.` })
    }
    const text = `${by} cancelled the turn.`
    writer.push(hubEvent(context, { agent, session, turn: promptId }, { kind: 'notice', level: 'info', text }))
    if (queued) {
      // The end may be decided in the store when this fails. Then the next driver writes it.
      await runner.finish(one, { kind: 'end', outcome: 'cancelled', sent: 'no' }).catch((error: unknown) => {
        throw afterEffect(error, 'cancel')
      })
    } else if (one.unsent) one.cancelled = by
    else await source?.cancel?.({ agent, session, turn: promptId, by })
  }

  return {
    prompt(agent, text, given) {
      const { promptId } = given
      const same = (info: TurnInfo): TurnInfo => {
        if (info.agent === agent) return info
        const message = `The prompt id ${promptId} belongs to a turn of ${info.agent}.`
        throw hubError({ code: 'conflict', op: 'prompt', message })
      }
      const work = starting.get(promptId) ?? begin(agent, text, given).finally(() => starting.delete(promptId))
      starting.set(promptId, work)
      return work.then(same)
    },
    async find(promptId) {
      await starting.get(promptId)?.catch(() => {})
      const record = await book.find(promptId)
      if (!record) throw unknownTurn(promptId)
      return infoOf(record)
    },
    cancel,
    ended(promptId, end, place) {
      const one = active.get(promptId)
      // A second end of a turn is dropped.
      if (!one) return book.ended(promptId) !== undefined
      one.endPlace ??= place
      if (one.left) {
        one.leftEnd ??= end
        return true
      }
      later('ending a turn', runner.finish(one, end))
      return true
    },
    epochBegan(agent, session, epoch) {
      for (const one of active.values()) {
        const { record } = one.stored
        if (record.agent !== agent || record.session !== session || one.epoch === undefined || one.epoch === epoch) continue
        if (one.epoch === '') one.epoch = epoch
        else later('resolving a turn', runner.resolve(one, 'The agent started anew while the turn ran.'))
      }
    },
    runningOf: (agent) => [...active].filter(([, one]) => one.stored.record.agent === agent && !isQueued(one)).map(([id]) => id),
    adopt(stored) {
      const { agent, session, promptId } = stored.record
      if (active.has(promptId)) return
      const one: Active = { stored, line: lineOf(agent, session), left: true }
      active.set(promptId, one)
      schedule.adopt(one.line, promptId)
    },
    async takeOver(promptId, how) {
      const one = active.get(promptId)
      if (!one?.left) return
      delete one.left
      if (how === 'append') {
        one.ending = book.appendEnd(one).then(() => runner.leave(one))
        return one.ending
      }
      if (how === 'lose-and-begin') await book.appendTurn(one.stored.record, 'started')
      if (one.leftEnd) return later('ending a turn', runner.finish(one, one.leftEnd))
      if (how === 'resolve') return later('resolving a turn', runner.resolve(one, 'The hub stopped while the turn ran.'))
      await runner.finish(one, neverSent('The hub stopped before it sent the prompt.'))
    },
    async mark(promptId, endSeq) {
      const one = active.get(promptId)
      if (!one?.left) return
      await book.step(one, { to: 'ended', endSeq })
      runner.leave(one)
    },
    remember: book.remember,
    has,
    writes: (promptId) => has(promptId) || book.ended(promptId) !== undefined,
  }
}

/** What viewers see of a record. */
export function turnInfo(record: TurnRecord, journal: string, isQueued: boolean): TurnInfo {
  const { promptId, agent, session, end, endSeq } = record
  const state = endSeq !== undefined ? 'ended' : isQueued ? 'queued' : 'running'
  const from = { journal, seq: record.from - 1 }
  return { promptId, agent, session, state, from, ...(endSeq === undefined ? {} : { end, endSeq }) }
}

export const unknownTurn = (promptId: string) =>
  hubError({ code: 'not_found', op: 'turn', message: `There is no turn ${promptId}.` })
