/** The asks of a hub: each stored before it is shown, answered once, and closed with one event. */
import type { Timer } from '../../core/clock.js'
import { SignalboxError } from '../../errors.js'
import { asHubError, hubError, hubEvent, isoTime, type HubContext } from '../context.js'
import { decideAsk, type Policy } from '../guard/policy.js'
import type { AgentId } from '../model/agent.js'
import type { Answer, AnswerResult, Ask, AskOutcome, Delivered } from '../model/ask.js'
import { createRecentMap } from '../recent.js'
import type { SourceAskClosed, SourceAskEvent, SourceEnvelope, SourceOpenAsks } from '../source.js'
import type { Stored, Table } from '../table.js'
import { checkAnswer } from './check-answer.js'
import { keyOf } from './key.js'
import { stepAsk, type AskRecord, type AskStep } from './record.js'

export interface AsksOptions {
  readonly policies: readonly Policy[]
  /** After this time an ask without a time of its own expires. Default never. */
  readonly askTtlMs?: number | undefined
  /** How long a source may take to deliver an answer. */
  readonly answerTimeoutMs: number
  /** Closed asks that are remembered, to tell a late answer who was first. */
  readonly keepClosed: number
}

export interface Asks {
  arrived(event: SourceEnvelope & SourceAskEvent): void
  /** The system closed an ask by itself. */
  closedThere(event: SourceEnvelope & SourceAskClosed): void
  /** Only these are open at the agent. */
  openThere(event: SourceEnvelope & SourceOpenAsks): void
  /** A new lifetime began behind a session. */
  epochBegan(agent: AgentId, session: string | undefined, epoch: string): void
  /** Nothing of this agent is left. */
  agentGone(agent: AgentId): void
  /** Closes the asks of a turn that ends. */
  endTurn(turn: string): Promise<void>
  answer(askId: string, answer: Answer, by: string, note?: string): Promise<AnswerResult>
  open(): readonly Ask[]
  /** Takes over an ask that an earlier run of the hub left open. */
  adopt(stored: Stored<AskRecord>): void
  /** Closes an ask of an earlier run, whose event may be missing. */
  finishLeft(
    stored: Stored<AskRecord>,
    end: { readonly outcome: AskOutcome; readonly delivered: Delivered } | 'append' | 'mark',
  ): Promise<void>
  remember(record: AskRecord): void
  /** Stops timers. Open asks stay in the store. */
  stop(): void
}

const MAX_OPEN = 10_000

interface Live {
  readonly key: string
  stored: Stored<AskRecord>
  /** The ask is in the store and its event in the journal. */
  ready: Promise<void>
  timer?: Timer
  /** The lifetime that asked is over: no answer may be written any more. */
  gone?: true
  /** An answer won and is on its way: settles when the ask is closed. */
  answering?: Promise<unknown>
}

export function createAsks(context: HubContext, table: Table<AskRecord>, options: AsksOptions): Asks {
  const { clock, fence, writer, report } = context
  const { policies, askTtlMs, answerTimeoutMs } = options
  const live = new Map<string, Live>()
  const closed = createRecentMap<AskRecord>(options.keepClosed)

  const remember = (record: AskRecord): void => {
    for (const id of closed.set(record.ask.id, record)) table.delete(keyOf(id)).catch((error) => report('forgetting an ask', error))
  }
  const later = (what: string, work: Promise<unknown>): void => void work.catch((error) => report(what, error))
  const step = (one: Live, change: AskStep): Promise<Stored<AskRecord> | undefined> =>
    table.change(one.key, (record) => stepAsk(record, change, fence), one.stored)

  const begin = async (one: Live): Promise<void> => {
    const { ask, epoch } = one.stored.record
    await writer.append([hubEvent(context, { ...ask, epoch }, { kind: 'ask', ask })])
  }
  const appendEnd = async ({ ask, epoch, outcome, delivered, note }: AskRecord): Promise<void> => {
    if (!outcome || !delivered) return
    const by = ask.by === undefined ? {} : { by: ask.by }
    const body = {
      kind: 'ask_resolved',
      askId: ask.id,
      outcome,
      delivered,
      ...by,
      ...(note === undefined ? {} : { note }),
    } as const
    await writer.append([hubEvent(context, { ...ask, epoch }, body)])
  }
  const finish = async (one: Live, outcome: AskOutcome, delivered: Delivered, by?: string): Promise<boolean> => {
    await one.ready.catch(() => {})
    const ended = await step(one, { to: outcome, delivered, closeFrom: writer.next, by })
    if (!ended) return false
    one.stored = ended
    one.timer?.cancel()
    live.delete(ended.record.ask.id)
    remember(ended.record)
    await appendEnd(ended.record)
    await step(one, { to: 'closed' })
    return true
  }
  const expire = async (one: Live): Promise<void> => {
    const { ask, nativeId } = one.stored.record
    if (!(await finish(one, 'expired', 'no'))) return
    await context.sourceOf(ask.agent)?.expire?.(ask, nativeId)
  }
  const watchExpiry = (one: Live): void => {
    const { expiresAt } = one.stored.record.ask
    if (expiresAt === undefined) return
    one.timer = clock.after(Date.parse(expiresAt) - clock.now(), () => later('expiring an ask', expire(one)))
  }
  const lose = (chosen: (record: AskRecord) => boolean): void => {
    for (const one of live.values()) {
      if (!chosen(one.stored.record)) continue
      one.gone = true
      later('closing a lost ask', finish(one, 'lost', 'no'))
    }
  }

  const deliver = async (one: Live, answer: Answer, by: string): Promise<Delivered> => {
    const { ask, nativeId } = one.stored.record
    const source = context.sourceOf(ask.agent)
    if (one.gone || !source?.answer) return 'no'
    return (await context.within(source.answer(ask, nativeId, answer, by), answerTimeoutMs)).delivered
  }
  const answer: Asks['answer'] = async (askId, given, by, note) => {
    const one = live.get(askId)
    if (!one) throw notOpen(askId, closed.get(askId) ?? (await table.get(keyOf(askId)))?.record)
    await one.ready
    const { ask } = one.stored.record
    checkAnswer(ask, given)
    if (context.agent(ask.agent)?.can.asks?.answerable === false || !context.sourceOf(ask.agent)?.answer) throw unanswerable(ask)
    const kept = 'secret' in given ? {} : { answer: given }
    const won = await step(one, { to: 'answering', by, answeredAt: isoTime(clock), note, ...kept })
    if (!won) throw notOpen(askId, (await table.get(one.key))?.record ?? one.stored.record)
    one.stored = won
    // The write follows the compare-and-set at once: nothing may come between them.
    const result = deliverAndClose(one, given, by)
    one.answering = result.catch(() => {})
    return result
  }
  const deliverAndClose = async (one: Live, given: Answer, by: string): Promise<AnswerResult> => {
    const askId = one.stored.record.ask.id
    let failure: SignalboxError | undefined
    let delivered: Delivered
    try {
      delivered = await deliver(one, given, by)
    } catch (error) {
      failure = asHubError(error, 'answer')
      delivered = failure.sent === 'no' ? 'no' : 'maybe'
    }
    await finish(one, 'answered', delivered)
    if (failure) throw failure
    if (delivered === 'no') {
      throw hubError({ code: 'unavailable', op: 'answer', message: `The ask ${askId} is gone: its agent ended.` })
    }
    return { askId, by, delivered }
  }

  const arrived: Asks['arrived'] = (event) => {
    // What is read again asks nothing.
    if (event.origin === 'replay') return
    const { agent, session, turn, epoch, ask: given } = event
    const { nativeId, ...fields } = given
    const id = `${agent}#${epoch}#${nativeId}`
    if (live.has(id) || closed.get(id)) return
    if (live.size >= MAX_OPEN) {
      report(
        'taking an ask',
        hubError({ code: 'rate_limited', message: `${MAX_OPEN} asks are open. An ask of ${agent} was not taken.` }),
      )
      return
    }
    const { expiresAt = askTtlMs === undefined ? undefined : new Date(clock.now() + askTtlMs).toISOString() } = fields
    const ask: Ask = {
      ...fields,
      id,
      agent,
      ...(session === undefined ? {} : { session }),
      ...(turn === undefined ? {} : { turn }),
      ...(expiresAt === undefined ? {} : { expiresAt }),
      askedAt: event.reportedAt ?? isoTime(clock),
      status: 'open',
    }
    const record: AskRecord = { ask, nativeId, epoch, fence, from: writer.next }
    const one: Live = { key: keyOf(id), stored: { record, version: '' }, ready: Promise.resolve() }
    live.set(id, one)
    const store = async (): Promise<void> => {
      const stored = await table.create(one.key, record)
      if (!stored) {
        // Known from an earlier run of the hub: it is open already, or over.
        const before = await table.get(one.key)
        if (before) one.stored = before
        if (before?.record.ask.status !== 'open') live.delete(id)
        return
      }
      one.stored = stored
      await begin(one)
      watchExpiry(one)
    }
    one.ready = store()
    later(
      'storing an ask',
      one.ready.then(() => decide(one)),
    )
  }
  const decide = async (one: Live): Promise<void> => {
    const { ask } = one.stored.record
    if (!live.has(ask.id)) return
    const decision = decideAsk(policies, ask, context.agent(ask.agent)?.system ?? '')
    if (!decision) return
    await answer(ask.id, decision.answer, decision.by, decision.note).catch((error: unknown) => {
      // A person was faster.
      if (!SignalboxError.is(error, 'conflict')) throw error
    })
  }

  return {
    arrived,
    closedThere({ agent, epoch, nativeId, outcome, delivered, by }) {
      const one = live.get(`${agent}#${epoch}#${nativeId}`)
      if (!one) return
      // An answer of ours is on its way: what the system reports now is about that answer, and its own delivery tells it.
      if (one.stored.record.ask.status === 'answering') return
      later('closing an ask', finish(one, outcome, delivered ?? (outcome === 'answered' ? 'yes' : 'no'), by))
    },
    openThere({ agent, session, epoch, nativeIds }) {
      const open = new Set(nativeIds)
      lose(
        ({ ask, epoch: of, nativeId }) =>
          ask.agent === agent && (session === undefined || ask.session === session) && (of !== epoch || !open.has(nativeId)),
      )
    },
    epochBegan: (agent, session, epoch) =>
      lose(({ ask, epoch: of }) => ask.agent === agent && ask.session === session && of !== epoch),
    agentGone: (agent) => lose(({ ask }) => ask.agent === agent),
    async endTurn(turn) {
      const asked = [...live.values()].filter((one) => one.stored.record.ask.turn === turn)
      // An answer that won is closed by its delivery.
      await Promise.all(asked.map((one) => one.answering ?? finish(one, 'withdrawn', 'no')))
    },
    answer,
    open: () => [...live.values()].map(({ stored }) => stored.record.ask),
    adopt(stored) {
      const one: Live = { key: keyOf(stored.record.ask.id), stored, ready: Promise.resolve() }
      live.set(stored.record.ask.id, one)
      watchExpiry(one)
    },
    async finishLeft(stored, end) {
      const one: Live = { key: keyOf(stored.record.ask.id), stored, ready: Promise.resolve() }
      if (typeof end === 'object') await finish(one, end.outcome, end.delivered)
      else {
        if (end === 'append') await appendEnd(stored.record)
        remember(stored.record)
        await step(one, { to: 'closed' })
      }
    },
    remember,
    stop() {
      for (const one of live.values()) one.timer?.cancel()
    },
  }
}

/** Why an ask cannot be answered: somebody was first, it is over, or there is none. */
function notOpen(askId: string, record: AskRecord | undefined): SignalboxError {
  const op = 'answer'
  if (!record) return hubError({ code: 'not_found', op, message: `There is no ask ${askId}.` })
  const { status, by } = record.ask
  const message =
    status === 'answering' || status === 'answered'
      ? `${by ?? 'Somebody'} answered the ask ${askId} first.`
      : `The ask ${askId} is ${status}.`
  return hubError({ code: 'conflict', op, message, remoteCode: by ?? status })
}

function unanswerable(ask: Ask): SignalboxError {
  return hubError({
    code: 'unsupported',
    op: 'answer',
    message: `The system of ${ask.agent} takes no answers to this ask from here.`,
    hint: 'Answer it where the agent runs.',
  })
}
