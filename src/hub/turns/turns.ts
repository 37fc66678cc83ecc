/** The turns of a hub: each stored before anything is sent, ended exactly once. The order of writes is what survives a kill. */
import { sleep } from '../../core/clock.js'
import { asHubError, hubError, hubEvent, isoTime, type HubContext } from '../context.js'
import type { PromptOptions } from '../hub.js'
import type { AgentId } from '../model/agent.js'
import type { EndEvent } from '../model/event.js'
import { createRecentMap } from '../recent.js'
import type { Source, SourcePrompt } from '../source.js'
import type { Stored, Table } from '../table.js'
import { checkPrompt } from './check-prompt.js'
import { lostTurn, neverSent, stepTurn, type TurnRecord, type TurnStep } from './record.js'
import { createSchedule } from './schedule.js'
import type { TurnInfo } from './turn.js'

export interface TurnsOptions {
  readonly journalId: string
  readonly maxQueued?: number | undefined
  /** How long a system is asked about a turn of unknown outcome before the turn is lost. */
  readonly resolveWithinMs: number
  /** Ended turns that can still be found by their prompt id. */
  readonly keepEnded: number
  /** Refuses a prompt, such as for a budget. */
  readonly forbid: (agent: AgentId) => void
  /** Runs before the end of a turn is written. */
  readonly beforeEnd: (promptId: string) => Promise<void>
  readonly signal: AbortSignal
}

export interface Turns {
  prompt(agent: AgentId, text: string, options: PromptOptions & { readonly promptId: string }): Promise<TurnInfo>
  find(promptId: string): Promise<TurnInfo>
  cancel(promptId: string, by: string): Promise<void>
  /** A source says that a turn ended. False when the hub never sent this turn: then the end is an event like any other. */
  ended(promptId: string, end: EndEvent): boolean
  epochBegan(agent: AgentId, session: string | undefined, epoch: string): void
  /** Turns of an agent that run now. */
  runningOf(agent: AgentId): readonly string[]
  /** Continues with a turn that an earlier run of the hub left behind. */
  takeOver(stored: Stored<TurnRecord>, how: 'append' | 'lose' | 'lose-and-begin' | 'resolve'): Promise<void>
  mark(stored: Stored<TurnRecord>, endSeq: number): Promise<void>
  remember(record: TurnRecord): void
  has(promptId: string): boolean
}

interface Active {
  stored: Stored<TurnRecord>
  /** Where it waits for its place: the session that the caller named. */
  readonly line: string
  /** The lifetime that it was sent to. */
  epoch?: string
  ending?: Promise<void>
  resolving?: true
}

const FIRST_LOOK_MS = 500
const SLOWEST_LOOK_MS = 15_000

export function createTurns(context: HubContext, table: Table<TurnRecord>, options: TurnsOptions): Turns {
  const { clock, fence, writer, report } = context
  const { journalId, resolveWithinMs, forbid, beforeEnd, signal } = options
  const active = new Map<string, Active>()
  const starting = new Map<string, Promise<TurnInfo>>()
  const ended = createRecentMap<TurnRecord>(options.keepEnded)
  const schedule = createSchedule(options.maxQueued === undefined ? {} : { maxQueued: options.maxQueued })

  const lineOf = (agent: AgentId, session: string | undefined): string => `${agent}\n${session ?? ''}`
  const later = (what: string, work: Promise<unknown>): void => void work.catch((error) => report(what, error))
  const remember = (record: TurnRecord): void => {
    for (const gone of ended.set(record.promptId, record)) later('forgetting a turn', table.delete(gone))
  }
  const isQueued = ({ line, stored }: Active): boolean => !schedule.running(line).includes(stored.record.promptId)
  const infoOf = (record: TurnRecord): TurnInfo => {
    const { promptId, agent, session, end, endSeq } = record
    const one = active.get(promptId)
    const state = endSeq !== undefined ? 'ended' : one && isQueued(one) ? 'queued' : 'running'
    const from = { journal: journalId, seq: record.from - 1 }
    return { promptId, agent, session, state, from, ...(endSeq === undefined ? {} : { end, endSeq }) }
  }
  const step = async (one: Active, change: TurnStep): Promise<boolean> => {
    const next = await table.change(one.stored.record.promptId, (record) => stepTurn(record, change, fence), one.stored)
    if (next) one.stored = next
    return next !== undefined
  }
  const recordOf = async (promptId: string): Promise<TurnRecord | undefined> =>
    active.get(promptId)?.stored.record ?? ended.get(promptId) ?? (await table.get(promptId))?.record
  const appendTurn = ({ agent, session, promptId, by, text }: TurnRecord, what: 'queued' | 'started'): Promise<unknown> => {
    const place = { agent, session, turn: promptId }
    return writer.append([hubEvent(context, place, { kind: 'turn', what, promptId, by, text })])
  }

  /** Writes the one end: decided in the store first, then in the journal, then marked. */
  const finish = (one: Active, end: EndEvent): Promise<void> => {
    one.ending ??= (async () => {
      const { promptId } = one.stored.record
      await beforeEnd(promptId)
      if (await step(one, { to: 'ending', end, endFrom: writer.next })) await appendEnd(one)
      leave(one)
    })()
    return one.ending
  }
  const appendEnd = async (one: Active): Promise<void> => {
    const { agent, session, promptId, end } = one.stored.record
    if (!end) return
    const [endSeq = 0] = await writer.append([hubEvent(context, { agent, session, turn: promptId, epoch: one.epoch }, end)])
    await step(one, { to: 'ended', endSeq })
  }
  const leave = (one: Active): void => {
    const { promptId } = one.stored.record
    active.delete(promptId)
    remember(one.stored.record)
    for (const next of schedule.release(one.line, promptId)) {
      const waiting = active.get(next)
      if (waiting) later('starting a queued prompt', startQueued(waiting))
    }
  }

  const startQueued = async (one: Active): Promise<void> => {
    // A budget may have been passed while the prompt waited.
    try {
      forbid(one.stored.record.agent)
    } catch (error) {
      return finish(one, failed(error))
    }
    await appendTurn(one.stored.record, 'started')
    await send(one)
  }
  const send = async (one: Active): Promise<void> => {
    const { agent, session, promptId, text, by } = one.stored.record
    const source = context.sourceOf(agent)
    const prompt: SourcePrompt = { promptId, agent, session, text, by }
    try {
      if (!source?.prompt) throw hubError({ code: 'unavailable', op: 'prompt', message: `The agent ${agent} is gone.` })
      const receipt = source.receiptFor?.(prompt)
      // Too late when it was cancelled meanwhile.
      if (!(await step(one, { to: 'sending', ...(receipt === undefined ? {} : { receipt }) })) || one.ending) return
      await source.prompt({ ...prompt, receipt })
      // From now on a new lifetime behind the session means that the turn may be lost.
      one.epoch = context.epochOf(agent, session)
    } catch (error) {
      const failure = asHubError(error, 'prompt')
      if (failure.sent === 'maybe' && one.stored.record.state !== 'accepted') await resolveTurn(one, failure.message)
      else await finish(one, failed(failure))
    }
  }

  /** Asks the system what became of a prompt, until it knows or the time is up. Never sends the prompt again. */
  const resolveTurn = async (one: Active, why: string): Promise<void> => {
    if (one.resolving || one.ending) return
    one.resolving = true
    const { record } = one.stored
    const until = clock.monotonic() + resolveWithinMs
    await step(one, { to: 'resolving' })
    for (let wait = FIRST_LOOK_MS; !one.ending; wait = Math.min(wait * 2, SLOWEST_LOOK_MS)) {
      const found = await look(context.sourceOf(record.agent), record)
      if (found.outcome === 'running') {
        delete one.resolving
        one.epoch = context.epochOf(record.agent, record.session)
        return
      }
      if (found.outcome === 'ended') return finish(one, found.end)
      if (found.outcome === 'not_sent') return finish(one, neverSent(`The prompt did not reach the system. ${why}`))
      if (found.outcome === 'lost')
        return finish(one, { ...lostTurn(`The system cannot tell what became of the prompt. ${why}`), sent: found.sent ?? 'maybe' })
      if (clock.monotonic() >= until) return finish(one, lostTurn(`Nobody could tell what became of the prompt. ${why}`))
      await sleep(clock, wait, signal)
    }
  }
  const look = async (source: Source | undefined, record: TurnRecord): ReturnType<NonNullable<Source['resolve']>> => {
    if (!source?.resolve) return { outcome: 'lost' }
    const { promptId, agent, session, text, by, receipt, at } = record
    const question = source.resolve({ promptId, agent, session, text, by, receipt, at })
    // A failure to ask says nothing about the prompt.
    return await context.within(question, SLOWEST_LOOK_MS).catch(() => ({ outcome: 'unknown' }))
  }

  const begin = async (agent: AgentId, text: string, given: PromptOptions & { readonly promptId: string }): Promise<TurnInfo> => {
    const { promptId, session, by = 'user', whileBusy = 'queue' } = given
    const known = await recordOf(promptId)
    if (known) return sameTurn(known)
    const parallel = checkPrompt(context, agent, session)
    forbid(agent)
    const line = lineOf(agent, session)
    let admission = schedule.admit(line, promptId, whileBusy, parallel)
    if (admission === 'refuse')
      throw hubError({
        code: 'conflict',
        op: 'prompt',
        message: `${agent} is busy.`,
        hint: 'Let it queue, or interrupt.',
        retryable: true,
      })
    if (admission === 'full') throw hubError({ code: 'rate_limited', op: 'prompt', message: `Too many prompts wait for ${agent}.` })
    const at = isoTime(clock)
    const record: TurnRecord = { promptId, agent, session, by, text, at, fence, from: writer.next, state: 'accepted' }
    let one: Active | undefined
    try {
      const stored = await table.create(promptId, record)
      if (!stored) {
        schedule.release(line, promptId)
        return sameTurn((await recordOf(promptId)) ?? record)
      }
      one = { stored, line }
      active.set(promptId, one)
      // Its place may have become free while the record was written.
      if (!isQueued(one)) admission = 'start'
      await appendTurn(record, admission === 'start' ? 'started' : 'queued')
    } catch (error) {
      // The record stays: the next start of the hub ends the turn as never sent.
      active.delete(promptId)
      schedule.release(line, promptId)
      throw error
    }
    if (admission === 'interrupt') for (const other of schedule.running(line)) later('interrupting', cancel(other, by))
    // A place that becomes free from here on starts the prompt from there.
    if (admission === 'start') later('sending a prompt', send(one))
    return infoOf(record)
  }
  /** A second prompt with the same id is the same turn, if it is the same prompt. */
  const sameTurn = (record: TurnRecord): TurnInfo => infoOf(record)

  const cancel: Turns['cancel'] = async (promptId, by) => {
    const one = active.get(promptId)
    if (!one) {
      if (await recordOf(promptId)) return
      throw unknownTurn(promptId)
    }
    const { agent, session } = one.stored.record
    writer.push(
      hubEvent(context, { agent, session, turn: promptId }, { kind: 'notice', level: 'info', text: `${by} cancelled the turn.` }),
    )
    if (isQueued(one)) return finish(one, { kind: 'end', outcome: 'cancelled', sent: 'no' })
    const source = context.sourceOf(agent)
    if (!source?.cancel || !context.agent(agent)?.can.cancel) {
      throw hubError({ code: 'unsupported', op: 'cancel', message: `A turn of ${agent} cannot be stopped.` })
    }
    await source.cancel({ agent, session, turn: promptId })
  }

  return {
    prompt(agent, text, given) {
      const { promptId } = given
      const same = (info: TurnInfo): TurnInfo => {
        if (info.agent === agent) return info
        throw hubError({ code: 'conflict', op: 'prompt', message: `The prompt id ${promptId} belongs to a turn of ${info.agent}.` })
      }
      const running = starting.get(promptId)
      if (running) return running.then(same)
      const work = begin(agent, text, given).finally(() => starting.delete(promptId))
      starting.set(promptId, work)
      return work.then(same)
    },
    async find(promptId) {
      await starting.get(promptId)?.catch(() => {})
      const record = await recordOf(promptId)
      if (!record) throw unknownTurn(promptId)
      return infoOf(record)
    },
    cancel,
    ended(promptId, end) {
      const one = active.get(promptId)
      // A second end of a turn is dropped.
      if (!one) return ended.get(promptId) !== undefined
      later('ending a turn', finish(one, end))
      return true
    },
    epochBegan(agent, session, epoch) {
      for (const one of active.values()) {
        const { record } = one.stored
        if (record.agent !== agent || record.session !== session || one.epoch === undefined || one.epoch === epoch) continue
        if (one.epoch === '') one.epoch = epoch
        else later('resolving a turn', resolveTurn(one, 'The agent started anew while the turn ran.'))
      }
    },
    runningOf: (agent) => [...active].filter(([, one]) => one.stored.record.agent === agent && !isQueued(one)).map(([id]) => id),
    async takeOver(stored, how) {
      const { record } = stored
      const one: Active = { stored, line: lineOf(record.agent, record.session) }
      active.set(record.promptId, one)
      schedule.adopt(one.line, record.promptId)
      if (how === 'append') {
        one.ending = appendEnd(one).then(() => leave(one))
        return one.ending
      }
      if (how === 'resolve') return later('resolving a turn', resolveTurn(one, 'The hub stopped while the turn ran.'))
      if (how === 'lose-and-begin') await appendTurn(record, 'started')
      await finish(one, neverSent('The hub stopped before it sent the prompt.'))
    },
    async mark(stored, endSeq) {
      const change: TurnStep = { to: 'ended', endSeq }
      const done = await table.change(stored.record.promptId, (record) => stepTurn(record, change, fence), stored)
      remember((done ?? stored).record)
    },
    remember,
    has: (promptId) => active.has(promptId) || starting.has(promptId),
  }
}

const unknownTurn = (promptId: string) => hubError({ code: 'not_found', op: 'turn', message: `There is no turn ${promptId}.` })

/** The end of a turn that its source refused or could not run. */
function failed(error: unknown): EndEvent {
  const { code, message, remoteCode, sent } = asHubError(error, 'prompt')
  return { kind: 'end', outcome: 'failed', sent, error: { code, message, ...(remoteCode === undefined ? {} : { remoteCode }) } }
}
