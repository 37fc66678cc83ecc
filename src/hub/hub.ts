/** The interface that a program holds: the same in the process of the hub and over any link. */
import type { CallOptions } from '../core/call.js'
import type { SignalStream } from '../core/stream.js'
import type { Agent, AgentId, SessionSummary } from './model/agent.js'
import type { Answer, AnswerResult, Ask } from './model/ask.js'
import type { HubCursor } from './model/cursor.js'
import type { EndEvent, EventKind, HubEvent } from './model/event.js'
import type { HistoryPage, HistoryQuery } from './source.js'

/** What happens to a prompt while the agent runs another turn. `interrupt` cancels that turn first. */
export type WhileBusy = 'queue' | 'refuse' | 'interrupt'

/** Options of `prompt`. */
export interface PromptOptions {
  /** Who prompts, for the journal and for the agent. Default `user`. */
  readonly by?: string
  readonly session?: string
  /** The same id is the same turn: a second prompt with it sends nothing and gives the first turn. Default a new random id. */
  readonly promptId?: string
  /** Default `queue`. */
  readonly whileBusy?: WhileBusy
}

/** Which events a viewer wants. */
export interface WatchOptions {
  /**
   * Where to go on. Left out: a snapshot of the agents, their states and the open asks, then what comes. A cursor: what came after it.
   * `oldest`: everything that the journal still has.
   */
  readonly from?: HubCursor | 'oldest'
  readonly agents?: readonly AgentId[]
  readonly kinds?: readonly EventKind[]
  /** Only the events of these turns. */
  readonly turns?: readonly string[]
  readonly signal?: AbortSignal
}

/** A viewer's stream. Its cursor is the last consumed event. */
export type HubWatch = SignalStream<HubEvent, HubCursor>

/** What a hub tells of a turn. */
export interface TurnInfo {
  readonly promptId: string
  readonly agent: AgentId
  readonly session?: string | undefined
  readonly state: 'queued' | 'running' | 'ended'
  /** Watch from here to get every event of the turn. */
  readonly from: HubCursor
  /** The end, once it is in the journal. */
  readonly end?: EndEvent | undefined
  /** The position of the end. */
  readonly endSeq?: number | undefined
}

/** One turn. Iterate it for its events; every way of reading it ends with the one `end` of the turn. */
export interface Turn extends AsyncIterable<HubEvent> {
  readonly promptId: string
  readonly agent: AgentId | undefined
  /** Resolves when the hub has the prompt; rejects when the hub refused it. */
  accepted(): Promise<void>
  /** What the hub knows of the turn now. */
  info(): Promise<TurnInfo>
  /** The whole answer. Rejects with a `SignalboxError` when the turn did not complete. */
  text(): Promise<string>
  /** The end of the turn, however it ended. Rejects only when the prompt was refused or the hub cannot be reached. */
  end(): Promise<EndEvent>
  /** Stops the turn. Resolves when the system was told; the end follows. A queued prompt ends at once. */
  cancel(options?: { readonly by?: string } & CallOptions): Promise<void>
}

/** What has been used, and what that figure covers. */
export interface Spent {
  readonly costUsd: number
  readonly basis: 'reported' | 'estimated' | 'mixed' | 'none'
  /** Agents whose cost is in the sum. */
  readonly covers: readonly AgentId[]
  /** Agents that worked and whose system tells no cost. */
  readonly omits: readonly AgentId[]
}

/** Every agent behind one interface. `createHub` gives it in the process of the hub, `createHubClient` over a link. */
export interface Hub extends AsyncDisposable {
  /** The agents as they are now. */
  agents(options?: CallOptions): Promise<readonly Agent[]>
  /** Events of all agents in one order. Opens when it is first read. */
  watch(options?: WatchOptions): HubWatch
  /** Prompts an agent. Returns at once: the turn tells whether the prompt was accepted. */
  prompt(agent: AgentId, text: string, options?: PromptOptions): Turn
  /** A turn by its prompt id, also one that another viewer started, and after a restart of the hub. */
  turn(promptId: string): Turn
  /** The open asks of all agents. */
  asks(options?: CallOptions): Promise<readonly Ask[]>
  /**
   * Answers an ask. Resolves when the system took the answer. The first answer wins: later ones reject with `conflict` and tell who
   * was first. An answer that does not fit rejects with `invalid_argument` and leaves the ask open.
   */
  answer(askId: string, answer: Answer, options?: { readonly by?: string } & CallOptions): Promise<AnswerResult>
  /** The past of an agent as its system keeps it. The journal is read with `watch({ from: 'oldest' })`. */
  history(agent: AgentId, query?: HistoryQuery): Promise<HistoryPage>
  /** The sessions that the system can list. */
  sessions(agent: AgentId, options?: CallOptions): Promise<readonly SessionSummary[]>
  /** The cost so far, of all agents or of one, since this hub started. */
  spent(agent?: AgentId, options?: CallOptions): Promise<Spent>
  /** Ends this side. Running turns go on at their systems; a hub with a durable store adopts them when it starts again. */
  close(): Promise<void>
}
