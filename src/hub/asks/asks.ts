/** The asks of a hub: each stored before it is shown, answered once, and closed with one event. */
import { SignalboxError } from '../../errors.js'
import { hubError, isoTime, type HubContext } from '../context.js'
import { decideAsk, type Policy } from '../guard/policy.js'
import type { AgentId } from '../model/agent.js'
import type { Answer, AnswerResult, Ask, AskOutcome, Delivered } from '../model/ask.js'
import type { SourceAskClosed, SourceAskEvent, SourceEnvelope, SourceOpenAsks } from '../source.js'
import type { Stored, Table } from '../table.js'
import { answerAsk } from './answer.js'
import { createAskBook, liveAsk, type LiveAsk } from './book.js'
import type { AskRecord } from './record.js'

export interface AsksOptions {
  readonly policies: readonly Policy[]
  /** After this time an ask without a time of its own expires. Default never. */
  readonly askTtlMs?: number | undefined
  /** How long a source may take to deliver an answer. */
  readonly answerTimeoutMs: number
  /** How many closed asks are remembered, so that the error for a late answer can name who was first. */
  readonly keepClosed: number
}

/** How an ask of an earlier run of the hub is closed. `append`: its event may be missing. `mark`: only its record is behind. */
export type LeftAsk = { readonly outcome: AskOutcome; readonly delivered: Delivered } | 'append' | 'mark'

export interface Asks {
  arrived(event: SourceEnvelope & SourceAskEvent): void
  /** The system closed an ask by itself. */
  closedBySystem(event: SourceEnvelope & SourceAskClosed): void
  /** These asks are open at the agent. Its other asks are lost. */
  openAtAgent(event: SourceEnvelope & SourceOpenAsks): void
  /** A new epoch of a session began. */
  epochBegan(agent: AgentId, session: string | undefined, epoch: string): void
  /** The agent and all of its sessions are gone. */
  agentGone(agent: AgentId): void
  /** Closes the asks of a turn that ends. */
  endTurn(turn: string): Promise<void>
  answer(askId: string, answer: Answer, by: string): Promise<AnswerResult>
  open(): readonly Ask[]
  /** Takes over an ask that an earlier run of the hub left open. */
  adopt(stored: Stored<AskRecord>): void
  finishLeft(stored: Stored<AskRecord>, end: LeftAsk): Promise<void>
  remember(record: AskRecord): void
  /** Stops timers. Open asks stay in the store. */
  stop(): void
}

const MAX_OPEN = 10_000

export function createAsks(context: HubContext, table: Table<AskRecord>, options: AsksOptions): Asks {
  const { clock, report } = context
  const { policies, askTtlMs, answerTimeoutMs: timeoutMs } = options
  const book = createAskBook(context, table, options.keepClosed)
  const { live } = book

  const later = (what: string, work: Promise<unknown>): void => void work.catch((error) => report(what, error))
  const expire = async (entry: LiveAsk): Promise<void> => {
    const { ask, nativeId } = entry.stored.record
    if (!(await book.finish(entry, 'expired', 'no'))) return
    await context.sourceOf(ask.agent)?.expire?.(ask, nativeId)
  }
  const watchExpiry = (entry: LiveAsk): void => {
    const { expiresAt } = entry.stored.record.ask
    if (expiresAt === undefined) return
    entry.timer = clock.after(Date.parse(expiresAt) - clock.now(), () => later('expiring an ask', expire(entry)))
  }
  const lose = (isLost: (record: AskRecord) => boolean): void => {
    for (const entry of live.values()) {
      if (!isLost(entry.stored.record)) continue
      entry.gone = true
      later('closing a lost ask', book.finish(entry, 'lost', 'no'))
    }
  }
  const store = async (entry: LiveAsk): Promise<void> => {
    const { record } = entry.stored
    // An earlier run can store this ask after this run has read the records. By then the log refuses the events of the earlier run, so the event of
    // an open ask is missing.
    const stored = (await book.create(record)) ?? (await table.get(entry.key))
    if (stored) entry.stored = stored
    if (stored?.record.ask.status !== 'open') {
      live.delete(record.ask.id)
      return
    }
    await book.begin(entry)
    watchExpiry(entry)
  }
  const decide = async (entry: LiveAsk): Promise<void> => {
    const { ask } = entry.stored.record
    if (!live.has(ask.id)) return
    const decision = decideAsk(policies, ask, context.agent(ask.agent)?.system ?? '')
    if (!decision) return
    const { by, note, answer } = decision
    await answerAsk(context, book, ask.id, answer, { by, note, timeoutMs }).catch((error: unknown) => {
      // A person answered before the policy.
      if (!SignalboxError.is(error, 'conflict')) report('answering an ask by a policy', error)
    })
  }

  return {
    arrived(event) {
      // A replayed event opens no ask.
      if (event.origin === 'replay') return
      const ask = askOf(event, isoTime(clock), askTtlMs === undefined ? undefined : clock.now() + askTtlMs)
      if (live.has(ask.id) || book.closed(ask.id)) return
      if (live.size >= MAX_OPEN) {
        const message = `${MAX_OPEN} asks are open. An ask of ${ask.agent} was not taken.`
        return report('taking an ask', hubError({ code: 'rate_limited', message }))
      }
      const { fence, writer } = context
      const record: AskRecord = { ask, nativeId: event.ask.nativeId, epoch: event.epoch, fence, from: writer.next }
      const entry = liveAsk({ record, version: '' })
      live.set(ask.id, entry)
      entry.ready = store(entry)
      later(
        'storing an ask',
        entry.ready.then(() => decide(entry)),
      )
    },
    closedBySystem({ agent, epoch, nativeId, outcome, delivered, by }) {
      const entry = live.get(`${agent}#${epoch}#${nativeId}`)
      // The hub is delivering an answer. The report of the system is about that answer, and the delivery closes the ask.
      if (!entry || entry.stored.record.ask.status === 'answering') return
      later('closing an ask', book.finish(entry, outcome, delivered ?? (outcome === 'answered' ? 'yes' : 'no'), by))
    },
    openAtAgent({ agent, session, epoch, nativeIds }) {
      const open = new Set(nativeIds)
      const isHere = ({ ask }: AskRecord): boolean => ask.agent === agent && (session === undefined || ask.session === session)
      lose((record) => isHere(record) && (record.epoch !== epoch || !open.has(record.nativeId)))
    },
    epochBegan: (agent, session, epoch) =>
      lose(({ ask, epoch: of }) => ask.agent === agent && ask.session === session && of !== epoch),
    agentGone: (agent) => lose(({ ask }) => ask.agent === agent),
    async endTurn(turn) {
      const entries = [...live.values()].filter((entry) => entry.stored.record.ask.turn === turn)
      // After an answer has won, its delivery closes the ask.
      await Promise.all(entries.map((entry) => entry.answering ?? book.finish(entry, 'withdrawn', 'no')))
    },
    answer: (askId, answer, by) => answerAsk(context, book, askId, answer, { by, timeoutMs }),
    // An ask without a stored record would not survive a crash, so viewers do not see it yet.
    open: () => [...live.values()].filter(({ stored }) => stored.version !== '').map(({ stored }) => stored.record.ask),
    adopt(stored) {
      const entry = liveAsk(stored)
      live.set(stored.record.ask.id, entry)
      watchExpiry(entry)
    },
    async finishLeft(stored, end) {
      const entry = liveAsk(stored)
      if (typeof end === 'object') {
        await book.finish(entry, end.outcome, end.delivered)
        return
      }
      if (end === 'append') await book.appendEnd(stored.record)
      book.remember(stored.record)
      await book.step(entry, { to: 'closed' })
    },
    remember: book.remember,
    stop() {
      for (const entry of live.values()) entry.timer?.cancel()
    },
  }
}

/** The ask as viewers see it. */
function askOf(event: SourceEnvelope & SourceAskEvent, now: string, expires: number | undefined): Ask {
  const { agent, session, turn, epoch, reportedAt = now } = event
  const { nativeId, ...rest } = event.ask
  const { expiresAt = expires === undefined ? undefined : new Date(expires).toISOString() } = rest
  return {
    ...rest,
    id: `${agent}#${epoch}#${nativeId}`,
    agent,
    ...(session === undefined ? {} : { session }),
    ...(turn === undefined ? {} : { turn }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
    askedAt: reportedAt,
    status: 'open',
  }
}
