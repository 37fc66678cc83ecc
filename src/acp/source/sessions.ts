/** The sessions of one agent and their turns: which turn an update belongs to, and how a turn ends. */
import { SignalboxError, type Sent } from '../../errors.js'
import type { AgentSession, AgentState } from '../../hub/model/agent.js'
import type { EndEvent, HubEventBody, TurnOutcome } from '../../hub/model/event.js'
import type { PromptResponse } from '../protocol/schema.js'
import { createTranslator, turnUsage, type Translator } from './translate.js'

/** Where an event of a session belongs. */
export interface SessionPlace {
  readonly session: string
  readonly turn: string | undefined
  readonly origin: 'live' | 'replay'
  readonly raw?: unknown
}

interface Session {
  readonly id: string
  readonly translator: Translator
  state: AgentState
  stateAt: string
  /** The prompt id of the turn that runs. */
  turn: string | undefined
  /** Takes the events of a `session/load` in place of the journal. */
  replay: HubEventBody[] | undefined
}

export interface AcpSessions {
  /** Adds a session that the agent has. */
  add(id: string): void
  has(id: string): boolean
  /** The turn that runs in a session. */
  turnOf(id: string): string | undefined
  /** Starts the turn of a prompt. Throws `conflict` while another prompt runs. */
  begin(id: string, promptId: string): void
  /** Takes one `session/update`. */
  update(id: string, update: unknown): void
  /** Ends the turn of a prompt with the response, or with the error that took its place. */
  end(id: string, promptId: string, outcome: { readonly response: PromptResponse } | { readonly error: SignalboxError }): void
  /** Collects the updates of a session, which the agent replays, until the returned function is called. */
  collect(id: string): () => readonly HubEventBody[]
  setState(id: string, state: AgentState): void
  /** All sessions, for the agent's description. */
  list(): readonly AgentSession[]
  /** Forgets a session that was closed. A turn that runs in it ends as cancelled. */
  remove(id: string): void
  /** Forgets the sessions of a connection that ended. Turns that ran are returned. */
  clear(): readonly { readonly session: string; readonly turn: string }[]
}

const OUTCOMES: Readonly<Record<string, TurnOutcome>> = { cancelled: 'cancelled', refusal: 'refused' }

/** How a turn ended. A response that stopped at a limit completed: its text is there, and `stopReason` says why it stopped. */
export function endOf(outcome: { readonly response: PromptResponse } | { readonly error: SignalboxError }, text: string): EndEvent {
  const textField = text === '' ? {} : { text }
  if ('error' in outcome) {
    const { code, message, remoteCode, sent } = outcome.error
    return {
      kind: 'end',
      outcome: code === 'aborted' ? 'cancelled' : 'failed',
      error: { code, message, ...(remoteCode === undefined ? {} : { remoteCode }) },
      sent: sent satisfies Sent,
      ...textField,
    }
  }
  const { stopReason } = outcome.response
  return { kind: 'end', outcome: OUTCOMES[stopReason] ?? 'completed', stopReason, sent: 'yes', ...textField }
}

export function createAcpSessions(push: (place: SessionPlace, event: HubEventBody) => void, now: () => string): AcpSessions {
  const sessions = new Map<string, Session>()

  const get = (id: string): Session => {
    const existing = sessions.get(id)
    if (existing) return existing
    const session: Session = {
      id,
      translator: createTranslator(),
      state: 'idle',
      stateAt: now(),
      turn: undefined,
      replay: undefined,
    }
    sessions.set(id, session)
    return session
  }

  const setState = (session: Session, state: AgentState): void => {
    if (session.state === state) return
    session.state = state
    session.stateAt = now()
    push(place(session), { kind: 'state', state, evidence: { from: 'derived', at: session.stateAt } })
  }
  const place = (session: Session, raw?: unknown): SessionPlace => ({
    session: session.id,
    turn: session.turn,
    origin: 'live',
    ...(raw === undefined ? {} : { raw }),
  })

  return {
    add: (id) => void get(id),
    has: (id) => sessions.has(id),
    turnOf: (id) => sessions.get(id)?.turn,
    begin(id, promptId) {
      const session = get(id)
      if (session.turn !== undefined) {
        const message = `The session ${id} still runs a turn.`
        throw new SignalboxError({ code: 'conflict', system: 'acp', op: 'session/prompt', message })
      }
      for (const event of session.translator.finish()) push(place(session), event)
      session.translator.begin()
      session.turn = promptId
      setState(session, 'running')
    },
    update(id, update) {
      const session = get(id)
      if (session.replay) {
        session.replay.push(...session.translator.update(update, `replay-${id}`))
        return
      }
      // An update after the end of a turn belongs to no turn: the protocol has none that the agent starts by itself.
      for (const event of session.translator.update(update, session.turn ?? id)) push(place(session, update), event)
    },
    end(id, promptId, outcome) {
      const session = sessions.get(id)
      if (session?.turn !== promptId) return
      for (const event of session.translator.finish()) push(place(session), event)
      const used = 'response' in outcome ? turnUsage(outcome.response) : undefined
      if (used) push(place(session), used)
      push(place(session), endOf(outcome, session.translator.answer))
      session.turn = undefined
      setState(session, 'idle')
    },
    collect(id) {
      const session = get(id)
      const collected: HubEventBody[] = []
      session.replay = collected
      return () => {
        collected.push(...session.translator.finish())
        session.replay = undefined
        return collected
      }
    },
    setState(id, state) {
      const session = sessions.get(id)
      if (session) setState(session, state)
    },
    list: () => [...sessions.values()].map(({ id, state, stateAt }) => ({ id, state, evidence: { from: 'derived', at: stateAt } })),
    remove(id) {
      const session = sessions.get(id)
      if (session?.turn !== undefined) {
        push(place(session), { kind: 'end', outcome: 'cancelled', sent: 'yes' })
        session.turn = undefined
      }
      sessions.delete(id)
    },
    clear() {
      const ran = [...sessions.values()].flatMap(({ id, turn }) => (turn === undefined ? [] : [{ session: id, turn }]))
      sessions.clear()
      return ran
    },
  }
}
