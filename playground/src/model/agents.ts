/** What the page knows about each agent, from the events of the hub. Pure: no signals, no DOM. */
import type { Agent, AgentSession, AgentState, Evidence, HubEvent } from 'signalbox/hub'

/** A turn that has begun and not ended. */
export interface OpenTurn {
  readonly id: string
  readonly what: 'queued' | 'started' | 'unsolicited'
  readonly text?: string
  readonly by?: string
  /** When the turn was queued or started, in milliseconds. */
  readonly sinceMs: number
  /** When the agent first did something in this turn. */
  readonly firstSignMs?: number
}

/** One row of the fleet. */
export interface AgentRow {
  readonly id: string
  readonly agent: Agent
  readonly sessions: readonly AgentSession[]
  /** The state that the page shows. It agrees with open asks and open turns. */
  readonly state: AgentState
  readonly evidence: Evidence | undefined
  readonly turns: readonly OpenTurn[]
  /** Ids of its open asks. */
  readonly asks: readonly string[]
  /** From the start of the last turn to the agent's first sign in it. */
  readonly latencyMs?: number
  readonly lastOutcome?: string
  /** Cost from the hub's own sum. Undefined until the hub told it. */
  readonly costUsd?: number
  readonly costBasis?: 'reported' | 'estimated' | 'mixed' | 'none'
  readonly context?: { readonly used: number; readonly size?: number }
  /** The agent has left. Its row stays for the rest of the visit, marked as gone. */
  readonly gone: boolean
  readonly lastMs: number
}

const ms = (iso: string): number => Date.parse(iso)

/** The row after one event. The same object when nothing that is shown has changed. */
export function reduceAgent(row: AgentRow | undefined, event: HubEvent): AgentRow | undefined {
  if (event.kind === 'agent') return present(row, event)
  if (!row) return undefined
  const next = change(row, event)
  return next === row ? row : settle(next)
}

function present(row: AgentRow | undefined, event: HubEvent & { readonly kind: 'agent' }): AgentRow | undefined {
  const agent = event.agentNow
  if (event.change === 'gone' || !agent)
    return row && { ...row, gone: true, state: 'offline', turns: [], asks: [], evidence: undefined }
  const base: AgentRow = row ?? {
    id: agent.id,
    agent,
    sessions: [],
    state: 'unknown',
    evidence: undefined,
    turns: [],
    asks: [],
    gone: false,
    lastMs: ms(event.at),
  }
  return settle({ ...base, agent, sessions: agent.sessions, gone: false })
}

function change(row: AgentRow, event: HubEvent): AgentRow {
  switch (event.kind) {
    case 'state': {
      const { state, evidence } = event
      // An event without a session is about every session of the agent.
      if (event.session === undefined && row.sessions.length > 0)
        return { ...row, sessions: row.sessions.map(({ id }) => ({ id, state, evidence })), lastMs: ms(event.at) }
      const session = event.session ?? 'main'
      const others = row.sessions.filter(({ id }) => id !== session)
      return { ...row, sessions: [...others, { id: session, state, evidence }], lastMs: ms(event.at) }
    }
    case 'turn': {
      if (event.origin === 'replay' || event.turn === undefined) return row
      const before = row.turns.find(({ id }) => id === event.turn)
      const { what, text = before?.text, by = before?.by } = event
      const turn: OpenTurn = {
        id: event.turn,
        what,
        sinceMs: ms(event.at),
        ...(text === undefined ? {} : { text }),
        ...(by === undefined ? {} : { by }),
      }
      return { ...row, turns: [...row.turns.filter(({ id }) => id !== event.turn), turn], lastMs: ms(event.at) }
    }
    case 'message':
    case 'tool':
    case 'plan':
      return firstSign(row, event)
    case 'ask':
      // The snapshot that a watch begins with has the open asks as replayed events.
      return row.asks.includes(event.ask.id) || event.ask.status !== 'open'
        ? row
        : { ...firstSign(row, event), asks: [...row.asks, event.ask.id] }
    case 'ask_resolved':
      return row.asks.includes(event.askId) ? { ...row, asks: row.asks.filter((id) => id !== event.askId) } : row
    case 'usage':
      return event.context ? { ...row, context: event.context } : row
    case 'end':
      return event.origin === 'replay'
        ? row
        : { ...row, turns: row.turns.filter(({ id }) => id !== event.turn), lastOutcome: event.outcome, lastMs: ms(event.at) }
    default:
      return row
  }
}

function firstSign(row: AgentRow, event: HubEvent): AgentRow {
  const turn = row.turns.find(({ id }) => id === event.turn)
  if (!turn || turn.firstSignMs !== undefined || turn.what === 'queued') return row
  if (event.kind === 'message' && event.role === 'user') return row
  const at = ms(event.at)
  const turns = row.turns.map((one) => (one === turn ? { ...turn, firstSignMs: at } : one))
  return { ...row, turns, latencyMs: Math.max(0, at - turn.sinceMs) }
}

const ORDER: readonly AgentState[] = ['needs_answer', 'running', 'idle', 'unknown', 'stopped', 'offline']

/** The state of the row: an open ask or a running turn is better evidence than an older state of the session. */
function settle(row: AgentRow): AgentRow {
  const [first] = [...row.sessions].sort((left, right) => ORDER.indexOf(left.state) - ORDER.indexOf(right.state))
  const running = row.turns.find(({ what }) => what !== 'queued')
  if (row.asks.length > 0) return { ...row, state: 'needs_answer', evidence: evidenceOf(first, 'needs_answer', row.lastMs) }
  if (running && first?.state !== 'running')
    return { ...row, state: 'running', evidence: evidenceOf(first, 'running', running.sinceMs) }
  // The hub says that a person is awaited, and every ask is closed: the state event that follows will tell.
  return { ...row, state: first?.state ?? 'unknown', evidence: first?.evidence }
}

function evidenceOf(session: AgentSession | undefined, state: AgentState, atMs: number): Evidence {
  return session?.state === state ? session.evidence : { from: 'derived', at: new Date(atMs).toISOString() }
}
