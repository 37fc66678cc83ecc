/** The events of the journal. Names follow the Agent Client Protocol where the meaning is the same. */
import type { GapReason } from '../../core/stream.js'
import type { ErrorCode, Sent } from '../../errors.js'
import type { Agent, AgentId, AgentState, Evidence } from './agent.js'
import type { Ask, AskOutcome, Delivered } from './ask.js'

/** What every event carries. */
export interface Envelope {
  /** The version of the event format. */
  readonly v: 1
  /** The position in the journal: rises with every event, may have holes. */
  readonly seq: number
  /** One lifetime of the process or connection behind the agent. A silent restart begins a new epoch. */
  readonly epoch: string
  /** When the hub took the event, as an ISO time. */
  readonly at: string
  /** The system's own time, if it gave one. */
  readonly reportedAt?: string
  /** The agent that the event is about. Empty for a gap of the whole journal. */
  readonly agent: AgentId
  /** The session that the event is about. Absent when it is about the agent. */
  readonly session?: string
  /** The prompt id of the turn, or the source's own id for a turn that was not prompted through this hub. */
  readonly turn?: string
  /** `replay`: an earlier event that is read again. It opens no ask, adds no cost and causes no notification. */
  readonly origin: 'live' | 'replay'
  /** The system's own message, if the hub keeps raw data. */
  readonly raw?: unknown
}

/** Token counts of a turn or of a session. A cache read is not a fresh token, so it is counted apart. */
export interface Tokens {
  /** Tokens that the model read, without those from a cache. */
  readonly input?: number
  /** Tokens that the model wrote. */
  readonly output?: number
  /** Tokens that came from the cache of the provider. */
  readonly cacheRead?: number
  /** Tokens that were written to the cache of the provider. */
  readonly cacheWrite?: number
  /** Tokens of the model's reasoning, where the system counts them apart. */
  readonly thinking?: number
}

/** One entry of a plan. */
export interface PlanEntry {
  /** The step, for people. */
  readonly text: string
  /** How far the step is. */
  readonly status: 'pending' | 'running' | 'done'
  /** Absent when the system gives none. */
  readonly priority?: 'low' | 'medium' | 'high'
}

/** A change of one file by a tool. `oldText` is absent for a new file. */
export interface FileDiff {
  /** The file, as the system names it. */
  readonly path: string
  /** The text before the change. Absent for a new file. */
  readonly oldText?: string
  /** The text after the change. */
  readonly newText: string
}

/** Why a turn failed. */
export interface TurnError {
  /** Why the turn failed, in the codes of `SignalboxError`. */
  readonly code: ErrorCode
  /** One sentence for people. */
  readonly message: string
  /** What the system itself calls the failure. */
  readonly remoteCode?: string
}

/** How a turn ended. `unanswered`: delivered, and no answer came in time. `lost`: the outcome cannot be found out. */
export type TurnOutcome = 'completed' | 'refused' | 'cancelled' | 'failed' | 'lost' | 'unanswered'

/**
 * Whether the text of an end answers this prompt. `own`: it does. `shared`: it may answer another one. `foreign`: it answers another one.
 * `unverified`: the system gives no proof.
 */
export type TurnAttribution = 'own' | 'shared' | 'foreign' | 'unverified'

/** An agent came, changed or went. `agentNow` is the whole agent; it is absent when the agent went. */
export interface AgentEvent {
  /** Always `agent`. Check it to narrow a `HubEvent` to this type. */
  readonly kind: 'agent'
  /** `present`: the agent came or changed. `gone`: it went. */
  readonly change: 'present' | 'gone'
  /** The whole agent as it is now. Absent when the agent went. */
  readonly agentNow?: Agent
}

/** The state of a session changed. The envelope names the session. */
export interface StateEvent {
  /** Always `state`. Check it to narrow a `HubEvent` to this type. */
  readonly kind: 'state'
  /** The new state of the session. */
  readonly state: AgentState
  /** Where the state comes from, and its time. */
  readonly evidence: Evidence
}

/** A prompt waits, a turn began, or a turn began that was not prompted through this hub. */
export interface TurnEvent {
  /** Always `turn`. Check it to narrow a `HubEvent` to this type. */
  readonly kind: 'turn'
  /** `queued`: the prompt waits. `started`: it goes to the system. `unsolicited`: a turn that was not prompted through this hub. */
  readonly what: 'queued' | 'started' | 'unsolicited'
  /** Pass it to `hub.turn`. Absent for an unsolicited turn. */
  readonly promptId?: string
  /** Who prompted. */
  readonly by?: string
  /** The text of the prompt. */
  readonly text?: string
}

/**
 * Text. Two events with the same `id` and `role` are the same message. `append` adds to its text, `replace` sets it, `retract` takes it back.
 * The last event of a streamed message is one `replace` with `partial: false`.
 */
export interface MessageEvent {
  /** Always `message`. Check it to narrow a `HubEvent` to this type. */
  readonly kind: 'message'
  /** The id of the message. Only together with `role` is it unique within the agent. */
  readonly id: string
  /** `user`: a prompt or another person's text. `agent`: the answer. `thought`: the model's reasoning. */
  readonly role: 'user' | 'agent' | 'thought'
  /** What to append or to set. Of a retracted message: the text that was taken back. */
  readonly text: string
  /** Whether `text` is added to the message, replaces it, or takes it back. */
  readonly how: 'append' | 'replace' | 'retract'
  /** True while more of the message may follow. */
  readonly partial: boolean
  /** The tool call of a subagent that said this. */
  readonly parent?: string
  /** The author, where a system has several. */
  readonly from?: string
  /** Who the message is for, where a system has several readers. */
  readonly to?: readonly string[]
  /** The id of the message that this one answers. */
  readonly replyTo?: string
}

/** A tool call. In later events of the same id a missing field is unchanged and null clears. */
export interface ToolEvent {
  /** Always `tool`. Check it to narrow a `HubEvent` to this type. */
  readonly kind: 'tool'
  /** The id of the tool call: later events with this id update it. */
  readonly id: string
  /** A line for people, if the system gives one. */
  readonly title?: string
  /** The system's name of the tool, such as `Bash`. */
  readonly name?: string
  /** The kind of tool, if the system gives one, such as `edit` or `execute`. */
  readonly toolKind?: string
  /** How far the call is. `done` and `failed` are final. */
  readonly status: 'pending' | 'running' | 'done' | 'failed'
  /** The input of the tool, as the system gave it. */
  readonly input?: unknown
  /** The result or the error of the tool, as the system gave it. */
  readonly output?: unknown
  /** The changes of files, if the system reports them. */
  readonly diff?: readonly FileDiff[]
  /** Files that the tool reads or changes. */
  readonly locations?: readonly string[]
  /** The id of the tool call whose subagent makes this call. */
  readonly parent?: string
}

/** The whole plan of the agent; replaces the one before. */
export interface PlanEvent {
  /** Always `plan`. Check it to narrow a `HubEvent` to this type. */
  readonly kind: 'plan'
  /** Every entry of the plan, in its order. */
  readonly entries: readonly PlanEntry[]
}

/** The agent asks. */
export interface AskEvent {
  /** Always `ask`. Check it to narrow a `HubEvent` to this type. */
  readonly kind: 'ask'
  /** The ask as it was when it arrived. Answer it with `hub.answer(ask.id, …)`. */
  readonly ask: Ask
}

/** An ask ended. `delivered` says what is known about the answer on its way to the agent. */
export interface AskResolvedEvent {
  /** Always `ask_resolved`. Check it to narrow a `HubEvent` to this type. */
  readonly kind: 'ask_resolved'
  /** The `id` of the ask that ended. */
  readonly askId: string
  /** How the ask ended. */
  readonly outcome: AskOutcome
  /** Who answered: a person, `policy:<name>`, or a program outside the hub. Absent when nobody did. */
  readonly by?: string
  /** What is known about the answer on its way to the agent. `no` when nobody answered. */
  readonly delivered: Delivered
  /** The note of the policy that answered. */
  readonly note?: string
}

/** What a turn used, or what the session has used so far. */
export interface UsageEvent {
  /** Always `usage`. Check it to narrow a `HubEvent` to this type. */
  readonly kind: 'usage'
  /** `turn`: the figures add up. `session`: a running total, which replaces the one before. */
  readonly scope: 'turn' | 'session'
  /** Whether the system counted, or the figures are an estimate. */
  readonly basis: 'reported' | 'estimated'
  /** The tokens. Absent when the system does not count them. */
  readonly tokens?: Tokens
  /** The cost in US dollars. Absent when the system does not report it. */
  readonly costUsd?: number
  /** Tokens of the context window that are in use, and its size, if the system reports it. */
  readonly context?: { readonly used: number; readonly size?: number }
}

/** The end of a turn: exactly one for each accepted prompt. */
export interface EndEvent {
  /** Always `end`. Check it to narrow a `HubEvent` to this type. */
  readonly kind: 'end'
  /** How the turn ended. Only `completed` has an answer that is whole. */
  readonly outcome: TurnOutcome
  /** The whole answer, where the source can give it. */
  readonly text?: string
  /** The system's own reason why the model stopped, such as `max_tokens`. */
  readonly stopReason?: string
  /** Whether `text` is the answer to this prompt. Absent when the system leaves no doubt. */
  readonly attribution?: TurnAttribution
  /** Why the turn failed. Absent when it completed. */
  readonly error?: TurnError
  /** Whether the prompt reached the system. */
  readonly sent: Sent
}

/** A message for people, such as a warning of a budget. */
export interface NoticeEvent {
  /** Always `notice`. Check it to narrow a `HubEvent` to this type. */
  readonly kind: 'notice'
  /** How urgent it is. A budget with `stop` that is used up is an `error`. */
  readonly level: 'info' | 'warning' | 'error'
  /** One or two sentences for people. */
  readonly text: string
  /** The agent waits this many milliseconds before it goes on, such as before it tries again. Absent when the system does not say. */
  readonly waitMs?: number
}

/** How far a message between agents has come. */
export interface DeliveryEvent {
  /** Always `delivery`. Check it to narrow a `HubEvent` to this type. */
  readonly kind: 'delivery'
  /** The `id` of the message event. */
  readonly messageId: string
  /** The member that the message was for. */
  readonly to: string
  /** How far the message has come at that member. */
  readonly state: 'accepted' | 'delivered' | 'read' | 'acknowledged'
}

/** Events may be missing here. In a watch a snapshot of states and open asks follows. */
export interface GapEvent {
  /** Always `gap`. Check it to narrow a `HubEvent` to this type. */
  readonly kind: 'gap'
  /** Why events may be missing. */
  readonly reason: GapReason
  /** The last position that is known to be good, if it is known. */
  readonly from?: unknown
  /** The position after the gap, if it is known. */
  readonly to?: unknown
}

/** The system sent a message that this version of the package cannot translate. */
export interface UnknownEvent {
  /** Always `unknown`. Check it to narrow a `HubEvent` to this type. */
  readonly kind: 'unknown'
  /** What the system calls it. */
  readonly name?: string
}

/** The part of an event that says what happened, without its envelope. */
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

/** One event of the journal. Its type depends on `kind`. */
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
