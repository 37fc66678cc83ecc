/** Agents, their sessions, and the state of each session. */
import type { AgentId } from './agent-id.js'
import type { Capabilities } from './capabilities.js'

export type { AgentId } from './agent-id.js'

/** What a session does now. `unknown` means that the hub has no information yet. */
export type AgentState = 'idle' | 'running' | 'needs_answer' | 'stopped' | 'offline' | 'unknown'

/** Where a state comes from. */
export interface Evidence {
  /** `reported`: the system said so. `derived`: concluded from other events. `polled`: read at this time; the change may be older. */
  readonly from: 'reported' | 'derived' | 'polled'
  /** When this was seen, as an ISO time of the hub's clock. */
  readonly at: string
}

/** The state of one session of an agent. */
export interface AgentSession {
  /** The system's own id. `main` for a system whose agents have one unnamed session. */
  readonly id: string
  /** What the session does now. */
  readonly state: AgentState
  /** Where the state comes from, and its time. */
  readonly evidence: Evidence
}

/** One agent as the hub shows it. State belongs to the session and not to the agent: one Claude agent can run several sessions. */
export interface Agent {
  /** Pass it to `prompt`, `history` and `sessions`. The same after a restart of the hub. */
  readonly id: AgentId
  /** The name of the source that brings this agent. */
  readonly source: string
  /** `ccc`, `cccc`, `claude`, `cmdop`, `acp`, or the name of a system of your own. */
  readonly system: string
  /** A name for people. May change and need not be unique; `id` identifies the agent. */
  readonly name: string
  /** The machine that the agent runs on, if the system reports it. */
  readonly host?: string
  /** The agent that represents the group of this agent. */
  readonly group?: AgentId
  /** The current sessions of the agent, each with its own state. */
  readonly sessions: readonly AgentSession[]
  /** What this agent can do. What is absent is unsupported. */
  readonly can: Capabilities
  /** Other facts that the system gives, such as a model, a working folder or a version. */
  readonly facts: Readonly<Record<string, string | number | boolean>>
  /** The system's own record, if the hub keeps raw data. */
  readonly raw?: unknown
}

/** A session that the system can list, running or not. */
export interface SessionSummary {
  /** The system's own id. Pass it as `session` of a prompt where the agent claims `can.sessions.resume`. */
  readonly id: string
  /** A title for people, if the system has one. */
  readonly title?: string
  /** When the session last changed, as an ISO time, if the system reports it. */
  readonly updatedAt?: string
  /** Other facts that the system gives, such as a folder or a branch. */
  readonly facts: Readonly<Record<string, string | number | boolean>>
}
