/** The events of the journal. Words follow the Agent Client Protocol where the meaning is the same. */
import type { GapReason } from '../../core/stream.js'
import type { ErrorCode, Sent } from '../../errors.js'
import type { Agent, AgentId, AgentState, Evidence } from './agent.js'
import type { Ask, AskOutcome, Delivered } from './ask.js'

/** What every event carries. */
export interface Envelope {
  readonly v: 1
  /** The position in the journal: rises with every event, may have holes. */
  readonly seq: number
  /** One lifetime of the process or connection behind the agent. A silent restart begins a new epoch. */
  readonly epoch: string
  /** When the hub took the event, as an ISO time. */
  readonly at: string
  /** The system's own time, if it gave one. */
  readonly reportedAt?: string
  readonly agent: AgentId
  readonly session?: string
  /** The prompt id of the turn, or the source's own id for a turn that nobody here prompted. */
  readonly turn?: string
  /** `replay`: this happened earlier and is read again. It asks nothing, costs nothing and notifies nobody. */
  readonly origin: 'live' | 'replay'
  /** The system's own message, if the hub keeps raw data. */
  readonly raw?: unknown
}

/** Token counts of a turn or of a session. A cache read is not a fresh token, so it is counted apart. */
export interface Tokens {
  readonly input?: number
  readonly output?: number
  readonly cacheRead?: number
  readonly cacheWrite?: number
  readonly thinking?: number
}

/** One entry of a plan. */
export interface PlanEntry {
  readonly text: string
  readonly status: 'pending' | 'running' | 'done'
  readonly priority?: 'low' | 'medium' | 'high'
}

/** A change of one file by a tool. `oldText` is absent for a new file. */
export interface FileDiff {
  readonly path: string
  readonly oldText?: string
  readonly newText: string
}

/** Why a turn failed. */
export interface TurnError {
  readonly code: ErrorCode
  readonly message: string
  /** What the system itself calls the failure. */
  readonly remoteCode?: string
}

/** How a turn ended. `unanswered`: delivered, and no answer came. `lost`: nobody can find out any more. */
export type TurnOutcome = 'completed' | 'refused' | 'cancelled' | 'failed' | 'lost' | 'unanswered'

/** Whose answer the text of an end is, where a system cannot be sure. */
export type TurnAttribution = 'own' | 'shared' | 'foreign' | 'unverified'

/** An agent came, changed or went. `agentNow` is the whole agent; it is absent when the agent went. */
export interface AgentEvent {
  readonly kind: 'agent'
  readonly change: 'present' | 'gone'
  readonly agentNow?: Agent
}

/** The state of a session changed. The envelope names the session. */
export interface StateEvent {
  readonly kind: 'state'
  readonly state: AgentState
  readonly evidence: Evidence
}

/** A prompt waits, a turn began, or a turn began that nobody here prompted. */
export interface TurnEvent {
  readonly kind: 'turn'
  readonly what: 'queued' | 'started' | 'unsolicited'
  readonly promptId?: string
  readonly by?: string
  readonly text?: string
}

/**
 * Words. Two events with the same (id, role) are the same message. `append` adds to its text, `replace` sets it, `retract` takes it back.
 * The last event of a streamed message is one `replace` with `partial: false`.
 */
export interface MessageEvent {
  readonly kind: 'message'
  readonly id: string
  readonly role: 'user' | 'agent' | 'thought'
  readonly text: string
  readonly how: 'append' | 'replace' | 'retract'
  readonly partial: boolean
  /** The tool call of a subagent that said this. */
  readonly parent?: string
  readonly from?: string
  readonly to?: readonly string[]
  readonly replyTo?: string
}

/** A tool call. In later events of the same id a missing field is unchanged and null clears. */
export interface ToolEvent {
  readonly kind: 'tool'
  readonly id: string
  readonly title?: string
  readonly name?: string
  readonly toolKind?: string
  readonly status: 'pending' | 'running' | 'done' | 'failed'
  readonly input?: unknown
  readonly output?: unknown
  readonly diff?: readonly FileDiff[]
  readonly locations?: readonly string[]
  readonly parent?: string
}

/** The whole plan of the agent; replaces the one before. */
export interface PlanEvent {
  readonly kind: 'plan'
  readonly entries: readonly PlanEntry[]
}

/** The agent asks. */
export interface AskEvent {
  readonly kind: 'ask'
  readonly ask: Ask
}

/** An ask ended. `delivered` says what is known about the answer on its way to the agent. */
export interface AskResolvedEvent {
  readonly kind: 'ask_resolved'
  readonly askId: string
  readonly outcome: AskOutcome
  readonly by?: string
  readonly delivered: Delivered
  /** The note of the policy that answered. */
  readonly note?: string
}

/** What a turn used, or what the session has used so far. */
export interface UsageEvent {
  readonly kind: 'usage'
  readonly scope: 'turn' | 'session'
  readonly basis: 'reported' | 'estimated'
  readonly tokens?: Tokens
  readonly costUsd?: number
  readonly context?: { readonly used: number; readonly size?: number }
}

/** The end of a turn: exactly one for each accepted prompt. */
export interface EndEvent {
  readonly kind: 'end'
  readonly outcome: TurnOutcome
  /** The whole answer, where the source can give it. */
  readonly text?: string
  readonly stopReason?: string
  readonly attribution?: TurnAttribution
  readonly error?: TurnError
  /** Whether the prompt reached the system. */
  readonly sent: Sent
}

/** Something for people to know. */
export interface NoticeEvent {
  readonly kind: 'notice'
  readonly level: 'info' | 'warning' | 'error'
  readonly text: string
}

/** How far a message between agents has come. */
export interface DeliveryEvent {
  readonly kind: 'delivery'
  readonly messageId: string
  readonly to: string
  readonly state: 'accepted' | 'delivered' | 'read' | 'acknowledged'
}

/** Events may be missing here. In a watch a snapshot of states and open asks follows. */
export interface GapEvent {
  readonly kind: 'gap'
  readonly reason: GapReason
  readonly from?: unknown
  readonly to?: unknown
}

/** The system said something that this version does not know. */
export interface UnknownEvent {
  readonly kind: 'unknown'
  /** What the system calls it. */
  readonly name?: string
}

/** What happened, without where and when. */
export type HubEventBody =
  | AgentEvent
  | StateEvent
  | TurnEvent
  | MessageEvent
  | ToolEvent
  | PlanEvent
  | AskEvent
  | AskResolvedEvent
  | UsageEvent
  | EndEvent
  | NoticeEvent
  | DeliveryEvent
  | GapEvent
  | UnknownEvent

/** One event of the journal. `kind` tells what it is. */
export type HubEvent = Envelope & HubEventBody

/** The kinds of events. */
export type EventKind = HubEventBody['kind']

/** The events of some kinds. */
export type HubEventOf<Kind extends EventKind> = Envelope & Extract<HubEventBody, { readonly kind: Kind }>

/** Every kind, in the order of this file. */
export const EVENT_KINDS = [
  'agent',
  'state',
  'turn',
  'message',
  'tool',
  'plan',
  'ask',
  'ask_resolved',
  'usage',
  'end',
  'notice',
  'delivery',
  'gap',
  'unknown',
] as const satisfies readonly EventKind[]
