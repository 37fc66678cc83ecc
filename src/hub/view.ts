/** The current state according to the journal: the agents with their states, and the open asks. Computed from events only. */
import type { Agent, AgentId, AgentSession } from './model/agent.js'
import type { Ask } from './model/ask.js'
import type { HubEvent, HubEventOf } from './model/event.js'

export interface HubView {
  readonly agents: Map<AgentId, Agent>
  readonly asks: Map<string, Ask>
  /** The epoch of the last event of each agent. */
  readonly epochs: Map<AgentId, string>
}

export const emptyView = (): HubView => ({ agents: new Map(), asks: new Map(), epochs: new Map() })

/** The id of the only session of an agent whose system has no session ids. */
export const MAIN_SESSION = 'main'

/** Applies one event to the view. A replayed event changes nothing. */
export function applyEvent(view: HubView, event: HubEvent): void {
  if (event.origin === 'replay') return
  view.epochs.set(event.agent, event.epoch)
  switch (event.kind) {
    case 'agent':
      if (event.change === 'gone') view.agents.delete(event.agent)
      else if (event.agentNow) view.agents.set(event.agent, event.agentNow)
      return
    case 'state': {
      const agent = view.agents.get(event.agent)
      if (agent) view.agents.set(event.agent, { ...agent, sessions: withState(agent.sessions, event) })
      return
    }
    case 'ask':
      view.asks.set(event.ask.id, event.ask)
      return
    case 'ask_resolved':
      view.asks.delete(event.askId)
  }
}

function withState(sessions: readonly AgentSession[], event: HubEventOf<'state'>): readonly AgentSession[] {
  const { state, evidence } = event
  // An event without a session is about every session of the agent.
  if (event.session === undefined && sessions.length > 0) return sessions.map(({ id }) => ({ id, state, evidence }))
  const id = event.session ?? MAIN_SESSION
  return [...sessions.filter((each) => each.id !== id), { id, state, evidence }]
}

/** The view as events of one position, for a viewer that joins: each agent with its states, then the open asks. */
export function snapshotOf(view: HubView, seq: number, at: string): HubEvent[] {
  const envelope = (agent: AgentId) => ({ v: 1, seq, epoch: view.epochs.get(agent) ?? '', at, agent, origin: 'replay' }) as const
  const present = [...view.agents.values()].map(
    (agentNow): HubEvent => ({ ...envelope(agentNow.id), kind: 'agent', change: 'present', agentNow }),
  )
  const open = [...view.asks.values()].map(
    (ask): HubEvent => ({
      ...envelope(ask.agent),
      ...(ask.session === undefined ? {} : { session: ask.session }),
      ...(ask.turn === undefined ? {} : { turn: ask.turn }),
      kind: 'ask',
      ask,
    }),
  )
  return [...present, ...open]
}
