/** The calls of a hub that shares its store: for an agent that it drives itself, and for one that another hub drives. */
import { inTurnByKey } from '../../core/in-turn.js'
import type { HubParts } from '../api.js'
import { checkAnswer } from '../asks/check-answer.js'
import { hubError, type HubContext } from '../context.js'
import { sourceName } from '../engine.js'
import type { TurnInfo } from '../hub.js'
import type { Ledger } from '../guard/budget.js'
import type { OpenJournal } from '../journal/open.js'
import type { AgentId, SessionSummary } from '../model/agent.js'
import type { Answer, AnswerResult } from '../model/ask.js'
import { readHistory, readSessions } from '../past.js'
import { closeSession, openSession } from '../sessions.js'
import type { HistoryPage, HistoryQuery, NewSession } from '../source.js'
import type { Stored, Table } from '../table.js'
import { queueKey, type NamedPrompt } from '../turns/admit.js'
import type { TurnRecord } from '../turns/record.js'
import { turnInfo, unknownTurn } from '../turns/turns.js'
import type { Drive } from './drive-source.js'
import { isOutage, storeAway } from './outage.js'
import type { Presence } from './presence.js'
import type { Requests, Serve } from './requests.js'
import type { Slots } from './slots.js'

export interface CallsOptions {
  readonly journal: OpenJournal
  readonly ledger: Ledger
  readonly slots: Slots
  readonly requests: Requests
  readonly presence: Presence
  readonly turnTable: Table<TurnRecord>
}

export interface Calls extends Omit<HubParts, 'journal'> {
  /** Carries out a call of another hub for a source that this hub drives. */
  serve(drive: Drive): Serve
}

interface Params {
  readonly agent: AgentId
  readonly text: string
  readonly options: NamedPrompt
  readonly promptId: string
  readonly by: string
  readonly askId: string
  readonly answer: Answer
  readonly query: HistoryQuery
  readonly session: string
  readonly wanted: NewSession
}

/** Long because each call of a hub has a branch for an agent of this hub and one for an agent of another hub. */
export function createCalls({ journal, ledger, slots, requests, presence, turnTable }: CallsOptions): Calls {
  const { view } = journal
  /** Prompts of this hub on their way to another hub. */
  const starting = new Map<string, Promise<TurnInfo>>()
  /** Lookups for prompts of one session run one after the other, because a store may answer two lookups in another order. */
  const inTurn = inTurnByKey()

  const driveFor = (agent: AgentId): Drive | undefined => slots.get(sourceName(agent))
  const checkReachable = (agent: AgentId, op: string): void => {
    if (presence.isCut()) {
      const message = `The store cannot be reached, so no hub that drives ${agent} can be.`
      throw hubError({ code: 'unavailable', op, message, retryable: true })
    }
    if (!view.agents.has(agent)) throw hubError({ code: 'not_found', op, message: `There is no agent ${agent}.` })
  }
  /** The record of a turn may be newer than what this hub has read of the journal. The end is told when its event can be read here. */
  const asRead = (info: TurnInfo): TurnInfo => {
    const { end: _end, endSeq, ...others } = info
    return endSeq === undefined || endSeq < journal.fanout.next ? info : { ...others, state: 'running' }
  }
  const lookUp = (promptId: string, op: string): Promise<Stored<TurnRecord> | undefined> =>
    turnTable.get(promptId).catch((error: unknown) => {
      throw isOutage(error) ? storeAway(op, error) : error
    })
  const promptHere = async (
    { engine, checkPrompt }: Drive,
    agent: AgentId,
    text: string,
    options: NamedPrompt,
  ): Promise<TurnInfo> => {
    if (!engine.turns.has(options.promptId)) await inTurn(queueKey(agent, options.session), () => checkPrompt(options.promptId))
    return engine.turns.prompt(agent, text, options)
  }
  const promptAway = async (agent: AgentId, text: string, options: NamedPrompt): Promise<TurnInfo> => {
    checkReachable(agent, 'prompt')
    const line = queueKey(agent, options.session)
    const existing = await inTurn(line, () => lookUp(options.promptId, 'prompt'))
    const info = existing
      ? turnInfo(existing.record, journal.id, existing.record.state === 'accepted')
      : await requests.call<TurnInfo>(sourceName(agent), 'prompt', { agent, text, options }, line)
    if (info.agent === agent) return info
    const message = `The prompt id ${options.promptId} belongs to a turn of ${info.agent}.`
    throw hubError({ code: 'conflict', op: 'prompt', message })
  }
  const recordOf = async (promptId: string): Promise<TurnRecord> => {
    const stored = await lookUp(promptId, 'turn')
    if (!stored) throw unknownTurn(promptId)
    return stored.record
  }
  const contextOf = ({ engine }: Drive): HubContext => engine.context

  return {
    agents() {
      const drives = slots.all()
      const drivenHere = new Set(drives.map(([source]) => source))
      const others = [...view.agents.values()].filter(({ id }) => !drivenHere.has(sourceName(id)))
      return [
        ...drives.flatMap(([, { engine }]) => [...engine.agents.values()].map((agent) => view.agents.get(agent.id) ?? agent)),
        ...others,
      ]
    },
    prompt(agent, text, options) {
      const drive = driveFor(agent)
      if (drive) return promptHere(drive, agent, text, options).then(asRead)
      const { promptId } = options
      const work =
        starting.get(promptId) ??
        promptAway(agent, text, options)
          .then(asRead)
          .finally(() => starting.delete(promptId))
      starting.set(promptId, work)
      return work
    },
    async find(promptId) {
      for (const [, { engine }] of slots.all()) if (engine.turns.has(promptId)) return asRead(await engine.turns.find(promptId))
      await starting.get(promptId)?.catch(() => {})
      const record = await recordOf(promptId)
      const drive = driveFor(record.agent)
      return asRead(await (drive?.engine.turns.find(promptId) ?? turnInfo(record, journal.id, record.state === 'accepted')))
    },
    async cancel(promptId, by) {
      for (const [, { engine }] of slots.all()) if (engine.turns.has(promptId)) return engine.turns.cancel(promptId, by)
      const { agent, state } = await recordOf(promptId)
      const drive = driveFor(agent)
      if (drive) return drive.engine.turns.cancel(promptId, by)
      if (state === 'ended') return
      checkReachable(agent, 'cancel')
      await requests.call(sourceName(agent), 'cancel', { promptId, by })
    },
    asks() {
      const drives = slots.all()
      const drivenHere = new Set(drives.map(([source]) => source))
      const others = [...view.asks.values()].filter(({ agent }) => !drivenHere.has(sourceName(agent)))
      return [...drives.flatMap(([, { engine }]) => engine.asks.open()), ...others]
    },
    async answer(askId, answer, by) {
      const [agent = ''] = askId.split('#')
      const drive = driveFor(agent)
      if (drive) return drive.engine.asks.answer(askId, answer, by)
      checkReachable(agent, 'answer')
      const ask = view.asks.get(askId)
      if (ask) checkAnswer(ask, answer)
      if ('secret' in answer) {
        const driver = presence.lastDriver(sourceName(agent))
        throw hubError({
          code: 'permission_denied',
          op: 'answer',
          message: 'A secret cannot travel through the store that the hubs share.',
          hint: `Answer it at the hub${driver === undefined ? '' : ` ${driver}`}, which drives ${agent}.`,
        })
      }
      return requests.call<AnswerResult>(sourceName(agent), 'answer', { askId, answer, by })
    },
    async history(agent, { signal: _signal, ...query }) {
      const drive = driveFor(agent)
      if (drive) return readHistory(contextOf(drive), agent, query)
      checkReachable(agent, 'history')
      return requests.call<HistoryPage>(sourceName(agent), 'history', { agent, query })
    },
    async sessions(agent, options) {
      const drive = driveFor(agent)
      if (drive) return readSessions(contextOf(drive), agent, options)
      checkReachable(agent, 'sessions')
      return requests.call<readonly SessionSummary[]>(sourceName(agent), 'sessions', { agent })
    },
    async openSession(agent, wanted, options) {
      const drive = driveFor(agent)
      if (drive) return openSession(contextOf(drive), agent, wanted, options)
      checkReachable(agent, 'openSession')
      return requests.call<SessionSummary>(sourceName(agent), 'openSession', { agent, wanted })
    },
    async closeSession(agent, session, options) {
      const drive = driveFor(agent)
      if (drive) return closeSession(contextOf(drive), agent, session, options)
      checkReachable(agent, 'closeSession')
      await requests.call(sourceName(agent), 'closeSession', { agent, session })
    },
    spent: ledger.spent,
    budgets: ledger.states,
    serve:
      (drive) =>
      async (op, params, until): Promise<unknown> => {
        const { turns, asks } = drive.engine
        const { agent, text, options, promptId, by, askId, answer, query, session, wanted } = params as Params
        switch (op) {
          case 'prompt':
            return promptHere(drive, agent, text, { ...options, startBy: until })
          case 'cancel':
            return turns.cancel(promptId, by)
          case 'answer':
            return asks.answer(askId, answer, by)
          case 'history':
            return readHistory(contextOf(drive), agent, query)
          case 'sessions':
            return readSessions(contextOf(drive), agent, {})
          case 'openSession':
            return openSession(contextOf(drive), agent, wanted, {})
          case 'closeSession':
            return closeSession(contextOf(drive), agent, session, {})
        }
      },
  }
}
