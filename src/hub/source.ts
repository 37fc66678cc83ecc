/**
 * Connects the agents of one system to a hub. A source translates and takes no decisions. It has no queue and no viewers, and never
 * waits for the journal: it pushes events into a sink that returns at once.
 */
import type { Sent } from '../errors.js'
import type { Agent, AgentId, SessionSummary } from './model/agent.js'
import type { Answer, Ask, Delivered } from './model/ask.js'
import type { AskEvent, AskResolvedEvent, EndEvent, HubEvent, HubEventBody } from './model/event.js'

/** The part of an ask that a source gives. The hub adds the id, the status and the times. */
export interface SourceAsk extends Omit<Ask, 'id' | 'agent' | 'session' | 'turn' | 'askedAt' | 'status' | 'by'> {
  /** The system's own id of the question. Unique within the epoch of the agent. */
  readonly nativeId: string
}

/** The agent asks. Pushing the same `nativeId` in the same epoch again changes nothing. */
export interface SourceAskEvent {
  /** Always `ask`. Check it to narrow a `SourceEvent` to this type. */
  readonly kind: 'ask'
  /** The question. The hub makes an `Ask` of it. */
  readonly ask: SourceAsk
}

/**
 * The system closed an ask by itself: the agent withdrew it, somebody answered it in another program, or it expired there.
 * With `delivered` it reports on an answer that the hub gave, such as `rejected` for a wrong PIN.
 */
export interface SourceAskClosed {
  /** Always `ask_closed`. Check it to narrow a `SourceEvent` to this type. */
  readonly kind: 'ask_closed'
  /** The `nativeId` of the ask that is closed. */
  readonly nativeId: string
  /** `answered`: in another program. `withdrawn`: by the agent. `expired`: by the system. */
  readonly outcome: 'answered' | 'withdrawn' | 'expired'
  /** Who answered, if the system reports it. */
  readonly by?: string
  /** How far an answer of the hub came. Left out when the hub gave none. */
  readonly delivered?: Delivered
}

/**
 * These questions are open at the agent now; all others of the agent are lost. A source pushes it for each agent when it opens, and after
 * each time that it was cut off: until then the hub keeps the open asks of an earlier run of itself.
 */
export interface SourceOpenAsks {
  /** Always `asks_open`. Check it to narrow a `SourceEvent` to this type. */
  readonly kind: 'asks_open'
  /** The `nativeId` of every question that is open. */
  readonly nativeIds: readonly string[]
}

/** The agent, the session and the turn of an event. The hub adds the position, its own time and the version. */
export interface SourceEnvelope {
  /** The whole agent id, with the name of the source in front. */
  readonly agent: AgentId
  /**
   * One lifetime of the process or connection behind the session, or behind the agent where its sessions share one. A new epoch closes
   * the asks of the old one as lost.
   */
  readonly epoch: string
  /** The session, if the event is about one. */
  readonly session?: string | undefined
  /** The `promptId` of the prompt that this belongs to, or the source's own id of a turn that was not prompted through this hub. */
  readonly turn?: string | undefined
  /** The system's own time, as an ISO time. Never made up. */
  readonly reportedAt?: string | undefined
  /** Default `live`. */
  readonly origin?: 'live' | 'replay'
  /** The system's own message. The hub drops it unless `keepRaw` is set. */
  readonly raw?: unknown
}

/** An event that a source pushes. An `end` with the `turn` of a prompt ends that prompt. */
export type SourceEvent = SourceEnvelope &
  (Exclude<HubEventBody, AskEvent | AskResolvedEvent> | SourceAskEvent | SourceAskClosed | SourceOpenAsks)

/** Takes events. Never waits and never throws, so that a slow journal does not slow down a source. */
export interface SourceSink {
  /** Takes one event. The hub checks, numbers and stores it later. */
  push(event: SourceEvent): void
}

/** One prompt for a source. */
export interface SourcePrompt {
  /** Push the events of this turn with it as `turn`. */
  readonly promptId: string
  /** The whole agent id, with the name of the source in front. */
  readonly agent: AgentId
  /** The session that the caller named. Undefined when the source may choose. */
  readonly session?: string | undefined
  /** What to send, unchanged. */
  readonly text: string
  /** Who prompts. Systems that show an author show this. */
  readonly by: string
  /** What `receiptFor` gave. It was stored before this call. */
  readonly receipt?: unknown
}

/** A prompt whose outcome the hub lost, because it or the connection died. */
export interface UnresolvedPrompt extends SourcePrompt {
  /** When the hub accepted the prompt, as an ISO time. */
  readonly at: string
}

/** The outcome of such a prompt. */
export type Resolution =
  /** It runs. From now on the source pushes its events, and its `end`. */
  | { readonly outcome: 'running' }
  | { readonly outcome: 'ended'; readonly end: EndEvent }
  /** It never reached the system. */
  | { readonly outcome: 'not_sent' }
  /** The outcome is not known yet. The hub asks again until its deadline. */
  | { readonly outcome: 'unknown'; readonly reason?: string }
  /** The outcome can never be found out. */
  | { readonly outcome: 'lost'; readonly sent?: Sent }

/** How far an answer came. */
export interface SourceDelivery {
  /** `yes` only when the system proved that it has the answer; `written` when it was only sent. */
  readonly delivered: Exclude<Delivered, 'no'>
}

/** Which part of the past. */
export interface HistoryQuery {
  /** Only this session. Left out, the source chooses: all sessions, or the agent's own one. */
  readonly session?: string | undefined
  /** At most so many events, the newest. Default 200; over a link at most 1,000. */
  readonly limit?: number | undefined
  /** The `before` of an earlier page. */
  readonly before?: string | undefined
  /** Stops waiting for the page. */
  readonly signal?: AbortSignal | undefined
}

/** A page of the past, oldest first. */
export interface HistoryPage<Event = HubEvent> {
  /** The events of this page. */
  readonly events: readonly Event[]
  /** Where the next older page starts; absent at the beginning. */
  readonly before?: string
  /** Whether the system keeps everything. */
  readonly complete: boolean
}

/** A session to open. */
export interface NewSession {
  /** Begin with the conversation of this session, which stays as it is. Needs `can.sessions.fork`. */
  readonly fork?: string | undefined
  /** One of `can.sessions.choices.folders`. */
  readonly folder?: string | undefined
  /** One of `can.sessions.choices.models`. */
  readonly model?: string | undefined
}

/** Limits of a call to a source. */
export interface SourceCallOptions {
  /** Aborted when the caller no longer waits for the result. */
  readonly signal?: AbortSignal | undefined
}

/**
 * The agents of one system at one place. Write one to bring a system of your own into the hub, and test it with `sourceSuite` of
 * `signalbox/testing`. A method that the capabilities of no agent claim may be absent.
 *
 * @example
 * import type { Agent, Source, SourceSink } from 'signalbox/hub'
 *
 * declare function connect(sink: SourceSink): Promise<readonly Agent[]>
 * export const source: Source = { name: 'mine', system: 'mine', open: connect, async [Symbol.asyncDispose]() {} }
 */
export interface Source extends AsyncDisposable {
  /** The part of an agent id before the slash. Unique in a hub. */
  readonly name: string
  /** What the agents of this source give as `system`, such as `ccc`. */
  readonly system: string
  /**
   * Connects and begins to push. Called once. Resolves with the agents as they are now; agents that come and go later are pushed as
   * `agent` events. Where the system cannot be reached the source keeps trying by itself: it resolves with the agents that are known, in
   * the state `offline`.
   */
  open(sink: SourceSink): Promise<readonly Agent[]>
  /** Gives plain data that the hub stores before it sends the prompt, so that `resolve` can find the prompt. Must not send anything. */
  receiptFor?(prompt: SourcePrompt): unknown
  /**
   * Sends a prompt. Resolves when the system has it; its events and its one `end` are pushed with `turn: promptId`. A rejection is the
   * end of the turn with `sent: 'no'`, and leads to `resolve` with `sent: 'maybe'`; then no `end` may be pushed.
   */
  prompt?(prompt: SourcePrompt): Promise<void>
  /** Stops a turn. The `end` is pushed as for any other turn. `by`: who cancels, for systems that show it. */
  cancel?(turn: {
    readonly agent: AgentId
    readonly session?: string | undefined
    readonly turn: string
    readonly by?: string
  }): Promise<void>
  /**
   * Throws `invalid_argument` for an answer that fits the ask and that the system cannot take, such as a refusal of a CCC question. Called
   * before the answer wins, so the ask stays open. Must not send anything.
   */
  checkAnswer?(ask: Ask, nativeId: string, answer: Answer): void
  /** Gives an answer that has won. The ask is checked and still belongs to the current epoch. */
  answer?(ask: Ask, nativeId: string, answer: Answer, by: string): Promise<SourceDelivery>
  /** Tells the system that an ask expired. Must not report it as a person's refusal. */
  expire?(ask: Ask, nativeId: string): Promise<void>
  /** Finds out about a prompt whose outcome is unknown. Must not send the prompt again. */
  resolve?(prompt: UnresolvedPrompt): Promise<Resolution>
  /** The past, as events with `origin: 'replay'`. */
  history?(agent: AgentId, query: HistoryQuery): Promise<HistoryPage<SourceEvent>>
  /** The sessions that the system can list, running or not. Called for agents that claim `can.sessions.list`. */
  sessions?(agent: AgentId, options: SourceCallOptions): Promise<readonly SessionSummary[]>
  /**
   * Opens a session. Called for agents that claim `can.sessions.create`, and only with choices that they offer. Pushes the state of the
   * session, so that it is among the sessions of the agent.
   */
  openSession?(agent: AgentId, session: NewSession, options: SourceCallOptions): Promise<SessionSummary>
  /** Closes a session. A turn that runs in it ends. Called for agents that claim `can.sessions.close`. */
  closeSession?(agent: AgentId, session: string, options: SourceCallOptions): Promise<void>
}
