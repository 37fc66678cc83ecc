/** The sessions of a CCC server as agents. */
import type { Ccc, CccActivity, Receipt, Resolution as CccResolution } from '../../ccc/index.js'
import { sleep, systemClock, type Clock } from '../../core/clock.js'
import { sha256Hex } from '../../core/sha256.js'
import { createRecent } from '../../core/stream.js'
import { SignalboxError, withFacts } from '../../errors.js'
import type { Agent, AgentState, Evidence } from '../model/agent.js'
import type { EndEvent } from '../model/event.js'
import type { Source, SourcePrompt } from '../source.js'
import { MAIN_SESSION } from '../view.js'
import { CCC_CAPABILITIES, cccAgent, cccAsk, cccEntryId, cccMessageEvent, cccState } from './ccc-messages.js'
import { createEmitter } from './emitter.js'

/** Options of `cccSource`. */
export interface CccSourceOptions {
  /** The client of the CCC server. The caller closes it. */
  readonly client: Ccc
  /** The part of an agent id before the slash. Default `ccc`. */
  readonly name?: string
  /** How often the server is asked for new messages and questions. Default 3 s. */
  readonly pollMs?: number
  /** How often the list of sessions is read: the server asks each remote host for it. Default 60 s. */
  readonly sessionsEveryMs?: number
  /** After this time without an answer a turn ends as `unanswered`. Default one hour. */
  readonly answerWithinMs?: number
  /** The time source. Default the clock of the machine. */
  readonly clock?: Clock
}

/** A turn from the moment before its prompt is sent until its answer is found. */
interface Waiting {
  readonly promptId: string
  receipt: Receipt
  cancelled?: true
}

/**
 * Each session is one agent with one session `main`. Messages of others are found by polling and answers in the history, so a turn
 * has no deltas and no tools, and no cost.
 * Long because polling and turns share the list of messages that were seen.
 *
 * @example
 * ```ts
 * import { createCcc } from 'signalbox/ccc'
 * import { cccSource, createHub } from 'signalbox/hub'
 * import { cccSocket } from 'signalbox/node'
 *
 * await using ccc = createCcc({ transport: cccSocket() })
 * await using hub = await createHub({ sources: [cccSource({ client: ccc })] })
 * console.log(await hub.prompt('ccc/backend', 'Which tests fail?').text())
 * ```
 */
export function cccSource(options: CccSourceOptions): Source {
  const { client, name = 'ccc', pollMs = 3000, sessionsEveryMs = 60_000, answerWithinMs = 3_600_000, clock = systemClock } = options
  const emitter = createEmitter(clock)
  const { push, now } = emitter
  const agents = new Map<string, Agent>()
  const waiting = new Map<string, Waiting>()
  const seen = createRecent<string>()
  const lastMarks = new Map<string, string>()
  const openAsks = new Map<string, string>()
  let epoch = 'none'

  const sessionOf = (agent: string): string => agent.slice(name.length + 1)
  const idOf = (session: string): string => `${name}/${session}`

  /** A restarted server has a new epoch: its questions are gone. */
  const readEpoch = async (): Promise<void> => {
    const { uptime_seconds } = await client.ping()
    const startedAt = Math.round(clock.now() / 1000 - uptime_seconds)
    if (epoch !== 'none' && Math.abs(Number(epoch) - startedAt) <= 5) return
    epoch = String(startedAt)
    openAsks.clear()
    for (const agent of agents.keys()) push(agent, epoch, { kind: 'asks_open', nativeIds: [] })
  }
  const readSessions = async (): Promise<void> => {
    const sessions = await client.sessions()
    const present = new Set(sessions.map((session) => idOf(session.name)))
    for (const session of sessions) {
      const agentNow = cccAgent(name, session, now())
      const before = agents.get(agentNow.id)
      agents.set(agentNow.id, agentNow)
      if (!before) push(agentNow.id, epoch, { kind: 'agent', change: 'present', agentNow })
      else if (stateOf(before) !== stateOf(agentNow)) emitter.state(agentNow.id, epoch, MAIN_SESSION, stateOf(agentNow), 'polled')
    }
    for (const id of agents.keys()) {
      if (present.has(id)) continue
      agents.delete(id)
      push(id, epoch, { kind: 'agent', change: 'gone' })
    }
  }
  /** Messages that this source did not send: typed by a person, by another program, or by Claude. */
  const readMessages = async (publish: boolean): Promise<void> => {
    for (const entry of await client.activity()) {
      const mark = markOf(entry)
      const session = entry.name
      // While a turn waits, new messages may be its prompt and its answer. They are read when the turn has ended.
      const hasTurn = (): boolean => [...waiting.values()].some(({ receipt }) => receipt.session === session)
      if (lastMarks.get(session) === mark || hasTurn()) continue
      if (entry.lastMessageTs > 0) {
        const messages = await client.history({ session, limit: 50 })
        if (hasTurn()) continue
        for (const message of messages) {
          if (!seen.seen(`${session}\n${cccEntryId(message)}`) && publish) push(idOf(session), epoch, cccMessageEvent(message))
        }
      }
      lastMarks.set(session, mark)
    }
  }
  const readQuestions = async (): Promise<void> => {
    for (const [agent, { sessions }] of agents) {
      if (sessions[0]?.state === 'stopped') continue
      const questions = await client.questions({ session: sessionOf(agent) })
      const ask = questions && cccAsk(questions)
      const before = openAsks.get(agent)
      if (before !== undefined && before !== ask?.nativeId) {
        openAsks.delete(agent)
        push(agent, epoch, { kind: 'ask_closed', session: MAIN_SESSION, nativeId: before, outcome: 'withdrawn' })
      }
      if (!ask || before === ask.nativeId) continue
      openAsks.set(agent, ask.nativeId)
      push(agent, epoch, { kind: 'ask', session: MAIN_SESSION, ask })
    }
  }
  const followStates = async (): Promise<void> => {
    const stream = await client.subscribe({ signal: emitter.signal })
    for await (const event of stream) {
      if (event.type === 'gap') for (const agent of agents.keys()) push(agent, epoch, { kind: 'gap', reason: event.reason })
      if (event.type === 'status') setState(idOf(event.session), cccState(event.status), 'reported')
    }
  }
  const setState = (id: string, state: AgentState, from: Evidence['from']): void => {
    const agent = agents.get(id)
    if (agent) agents.set(id, { ...agent, sessions: [{ id: MAIN_SESSION, state, evidence: { from, at: now() } }] })
    emitter.state(id, epoch, MAIN_SESSION, state, from)
  }

  const finish = (agent: string, pending: Waiting, end: EndEvent): void => {
    if (waiting.get(pending.promptId) === pending) push(agent, epoch, { ...end, session: MAIN_SESSION, turn: pending.promptId })
    waiting.delete(pending.promptId)
  }
  const tellAnswer = (agent: string, pending: Waiting, resolution: CccResolution & { outcome: 'answered' }): void => {
    for (const message of resolution.answers) {
      seen.seen(`${pending.receipt.session}\n${cccEntryId(message)}`)
      push(agent, epoch, { ...cccMessageEvent(message), turn: pending.promptId })
    }
    seen.seen(`${pending.receipt.session}\n${cccEntryId(resolution.message)}`)
    finish(agent, pending, endOf(resolution))
  }
  /** Polls until the history has the answer. */
  const follow = async (agent: string, pending: Waiting): Promise<void> => {
    const until = clock.monotonic() + answerWithinMs
    while (!pending.cancelled && clock.monotonic() < until) {
      await sleep(clock, Math.min(pollMs, 1500), emitter.signal)
      const resolution = await client.resolve(pending.receipt, { signal: emitter.signal }).catch(() => undefined)
      if (resolution?.outcome === 'answered') return tellAnswer(agent, pending, resolution)
    }
    finish(agent, pending, { kind: 'end', outcome: pending.cancelled ? 'cancelled' : 'unanswered', sent: 'yes' })
  }
  const wait = (agent: string, pending: Waiting): void => {
    waiting.set(pending.promptId, pending)
    // Stops when the source closes. The next hub then finds the turn by its receipt.
    follow(agent, pending).catch(() => {})
  }

  return {
    name,
    system: 'ccc',
    async open(sink) {
      emitter.open(sink)
      await readEpoch().catch(() => {})
      await readSessions().catch(() => {})
      await readMessages(false).catch(() => {})
      for (const agent of agents.keys()) push(agent, epoch, { kind: 'asks_open', nativeIds: [] })
      emitter.every(sessionsEveryMs, () => readEpoch().then(readSessions))
      emitter.poll(pollMs, () => readMessages(true), {
        away() {
          for (const id of agents.keys()) setState(id, 'offline', 'polled')
        },
        back: () => readEpoch().then(readSessions),
      })
      emitter.every(pollMs, readQuestions)
      emitter.every(pollMs, followStates)
      return [...agents.values()]
    },
    receiptFor: (prompt): Receipt => ({ ...receiptOf(prompt, sessionOf(prompt.agent)), sentAtMs: clock.now() }),
    async prompt(prompt) {
      const expected = receiptOf(prompt, sessionOf(prompt.agent))
      const { from, marker, session } = expected
      const author = from.slice(0, -marker.length - 1)
      const pending: Waiting = { promptId: prompt.promptId, receipt: expected }
      waiting.set(pending.promptId, pending)
      try {
        pending.receipt = (await client.send({ session, text: prompt.text, from: author, marker })).receipt
      } catch (error) {
        waiting.delete(pending.promptId)
        throw error
      }
      if (!pending.cancelled) wait(prompt.agent, pending)
    },
    async cancel({ agent, turn }) {
      // The server cannot interrupt a turn otherwise: it ends Claude and starts it again with the same conversation.
      await client.continue({ session: sessionOf(agent) })
      const pending = waiting.get(turn)
      if (!pending) return
      pending.cancelled = true
      finish(agent, pending, { kind: 'end', outcome: 'cancelled', sent: 'yes' })
    },
    checkAnswer(_ask, _nativeId, answer) {
      if (!('answers' in answer)) throw refusal('A question of CCC wants { answers }: the server has no way to refuse it.')
    },
    async answer(ask, _nativeId, answer) {
      const choices = 'answers' in answer ? Object.entries(answer.answers) : []
      for (const [at, [question, option]] of choices.entries()) {
        const choice = { session: sessionOf(ask.agent), questionIndex: Number(question), optionIndex: Number(option) }
        await client.answer(choice).catch((error: unknown) => {
          // The earlier answers of this set were typed.
          throw at > 0 && SignalboxError.is(error) ? withFacts(error, {}, { sent: 'maybe' }) : error
        })
      }
      openAsks.delete(ask.agent)
      // The server types the choice into the terminal and does not check the result.
      return { delivered: 'written' }
    },
    async resolve({ agent, promptId, receipt }) {
      if (!isReceipt(receipt)) return { outcome: 'lost', sent: 'maybe' }
      const resolution = await client.resolve(receipt)
      if (resolution.outcome === 'answered') return { outcome: 'ended', end: endOf(resolution) }
      if (resolution.outcome === 'not_stored') return { outcome: 'not_sent' }
      if (resolution.outcome === 'unknown') return { outcome: 'unknown', reason: resolution.reason }
      wait(agent, { promptId, receipt })
      return { outcome: 'running' }
    },
    async history(agent, { limit = 200, signal }) {
      const callOptions = signal ? { signal } : {}
      const messages = await client.history({ session: sessionOf(agent), limit, ...callOptions })
      return {
        events: messages.map((message) => ({ ...cccMessageEvent(message), agent, epoch, origin: 'replay' }) as never),
        complete: CCC_CAPABILITIES.history?.complete ?? false,
      }
    },
    [Symbol.asyncDispose]: emitter.close,
  }
}

const stateOf = ({ sessions }: Agent): AgentState => sessions[0]?.state ?? 'unknown'

const markOf = ({ lastMessageTs, lastFrom, lastText }: CccActivity): string => JSON.stringify([lastMessageTs, lastFrom, lastText])

/** The marker identifies the message in the history. People see it after the author. */
function receiptOf({ promptId, by, text }: SourcePrompt, session: string): Receipt & { readonly marker: string } {
  // Ids that a caller chooses often begin with the same word.
  const marker = sha256Hex(promptId).slice(0, 8)
  return { session, text, from: `${by}#${marker}`, sentAtMs: 0, marker }
}

const isReceipt = (value: unknown): value is Receipt => typeof (Object(value) as Partial<Receipt>).session === 'string'

const endOf = ({ response, attribution }: CccResolution & { outcome: 'answered' }): EndEvent => ({
  kind: 'end',
  outcome: 'completed',
  text: response,
  attribution,
  sent: 'yes',
})

const refusal = (message: string): SignalboxError =>
  new SignalboxError({ code: 'invalid_argument', system: 'ccc', op: 'answer', message })
