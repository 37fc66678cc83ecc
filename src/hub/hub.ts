/** The interface that a program holds: the same in the process of the hub and over any link. */
import type { CallOptions } from '../core/call.js'
import type { SignalStream } from '../core/stream.js'
import type { BudgetState, Spent } from './guard/budget.js'
import type { Agent, AgentId, SessionSummary } from './model/agent.js'
import type { Answer, AnswerResult, Ask } from './model/ask.js'
import type { HubCursor } from './model/cursor.js'
import type { EndEvent, EventKind, HubEvent } from './model/event.js'
import type { HistoryPage, HistoryQuery, NewSession } from './source.js'

/** What happens to a prompt while the agent runs another turn. `interrupt` cancels that turn first. */
export type WhileBusy = 'queue' | 'refuse' | 'interrupt'

/** Options of `prompt`. */
export interface PromptOptions {
  /** Who prompts, for the journal and for the agent. Default `user`. */
  readonly by?: string
  /** The session to prompt, by the system's own id. Left out, the source chooses: the only session, or the agent's own one. */
  readonly session?: string
  /** The same id is the same turn: a second prompt with it sends nothing and gives the first turn. Default a new random id. */
  readonly promptId?: string
  /** Default `queue`. */
  readonly whileBusy?: WhileBusy
}

/** Which events a viewer wants. */
export interface WatchOptions {
  /**
   * Where to start. Left out: a snapshot of the agents, their states and the open asks, then new events. A cursor: the events after it.
   * `oldest`: everything that the journal still has.
   */
  readonly from?: HubCursor | 'oldest'
  /** Only events of these agents. Default all. */
  readonly agents?: readonly AgentId[]
  /** Only events of these kinds. Default all. Without `gap` the watch does not show where events are missing. */
  readonly kinds?: readonly EventKind[]
  /** Only the events of these turns. */
  readonly turns?: readonly string[]
  /** Ends the watch: its reader gets an `aborted` error. */
  readonly signal?: AbortSignal
}

/** A viewer's stream. Its cursor is the last consumed event. */
export type HubWatch = SignalStream<HubEvent, HubCursor>

/** The facts that a hub has about a turn. */
export interface TurnInfo {
  /** Pass it to `hub.turn` to find the turn again. */
  readonly promptId: string
  /** The agent that was prompted. */
  readonly agent: AgentId
  /** The session that the prompt named. Absent when it named none. */
  readonly session?: string | undefined
  /** `queued`: not yet sent to the system. `running`: sent, without an end so far. `ended`: see `end`. */
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
  /** The id of the turn in the hub, in every viewer and after a restart. Store it to find the turn again. */
  readonly promptId: string
  /** The agent that was prompted. Undefined for a turn from `hub.turn`; `info()` returns it. */
  readonly agent: AgentId | undefined
  /**
   * Resolves with the facts of the turn when the hub has stored the prompt; rejects when the hub refused it. With `sent: 'no'` the
   * prompt is never carried out. With `sent: 'maybe'` look at `hub.turn(promptId)` before you repeat it.
   *
   * @example
   * ```ts
   * import type { Hub } from 'signalbox/hub'
   *
   * declare const hub: Hub
   * const turn = hub.prompt('ccc/backend', 'Run the tests.')
   * await turn.accepted()
   * ```
   */
  accepted(): Promise<TurnInfo>
  /**
   * The current facts of the turn. Rejects with `not_found` for an unknown prompt id.
   *
   * @example
   * ```ts
   * import type { Hub } from 'signalbox/hub'
   *
   * declare const hub: Hub
   * const { state, from } = await hub.turn('deploy-42').info()
   * console.log(state, 'began at', from.seq)
   * ```
   */
  info(): Promise<TurnInfo>
  /**
   * The whole answer. Rejects with a `SignalboxError` when the turn did not complete.
   *
   * @example
   * ```ts
   * import type { Hub } from 'signalbox/hub'
   *
   * declare const hub: Hub
   * console.log(await hub.prompt('ccc/backend', 'Which tests fail?').text())
   * ```
   */
  text(): Promise<string>
  /**
   * The end of the turn, however it ended. Rejects only when the prompt was refused or the hub cannot be reached.
   *
   * @example
   * ```ts
   * import type { Hub } from 'signalbox/hub'
   *
   * declare const hub: Hub
   * const end = await hub.turn('deploy-42').end()
   * if (end.outcome !== 'completed') console.log(end.outcome, end.error?.message, 'sent:', end.sent)
   * ```
   */
  end(): Promise<EndEvent>
  /**
   * Stops the turn. Resolves when the system has the request; the end follows. A queued prompt ends at once. Rejects with `unsupported`
   * when the agent cannot stop a running turn.
   *
   * @example
   * ```ts
   * import type { Hub } from 'signalbox/hub'
   *
   * declare const hub: Hub
   * const turn = hub.turn('deploy-42')
   * await turn.cancel({ by: 'anna' })
   * console.log((await turn.end()).outcome)
   * ```
   */
  cancel(options?: { readonly by?: string } & CallOptions): Promise<void>
}

/** Every agent behind one interface. `createHub` gives it in the process of the hub, `createHubClient` over a link. */
export interface Hub extends AsyncDisposable {
  /**
   * The agents as they are now.
   *
   * @example
   * ```ts
   * import type { Hub } from 'signalbox/hub'
   *
   * declare const hub: Hub
   * for (const { id, sessions } of await hub.agents()) console.log(id, sessions[0]?.state)
   * ```
   */
  agents(options?: CallOptions): Promise<readonly Agent[]>
  /**
   * Events of all agents in one order. Opens when it is first read. A viewer that is slow or comes back later reads on at its
   * cursor; a `gap` event takes the place of events that the journal has removed.
   *
   * @example
   * ```ts
   * import type { Hub } from 'signalbox/hub'
   *
   * declare const hub: Hub
   * await using events = hub.watch({ kinds: ['state', 'ask', 'gap'] })
   * for await (const event of events) console.log(event.seq, event.agent, event.kind)
   * ```
   */
  watch(options?: WatchOptions): HubWatch
  /**
   * Prompts an agent. Returns at once; `turn.accepted()` resolves when the prompt is accepted. It is refused with `not_found`,
   * `unsupported` (the agent takes no prompts), `conflict` (busy, with `whileBusy: 'refuse'`) or `rate_limited` (too many prompts
   * wait).
   *
   * @example
   * ```ts
   * import type { Hub } from 'signalbox/hub'
   *
   * declare const hub: Hub
   * const turn = hub.prompt('ccc/backend', 'Deploy the branch.', { promptId: 'deploy-42', whileBusy: 'refuse' })
   * for await (const event of turn) if (event.kind === 'message') console.log(event.text)
   * ```
   */
  prompt(agent: AgentId, text: string, options?: PromptOptions): Turn
  /**
   * A turn by its prompt id, also one that another viewer started, and after a restart of the hub. Sends nothing: an unknown id
   * rejects with `not_found` when the turn is read.
   *
   * @example
   * ```ts
   * import type { Hub } from 'signalbox/hub'
   *
   * declare const hub: Hub
   * console.log(await hub.turn('deploy-42').text())
   * ```
   */
  turn(promptId: string): Turn
  /**
   * The open asks of all agents.
   *
   * @example
   * ```ts
   * import type { Hub } from 'signalbox/hub'
   *
   * declare const hub: Hub
   * for (const ask of await hub.asks()) console.log(ask.agent, ask.kind, ask.title)
   * ```
   */
  asks(options?: CallOptions): Promise<readonly Ask[]>
  /**
   * Answers an ask. Resolves when the system took the answer. The first answer wins: later ones reject with `conflict` and name who
   * was first. An answer that does not fit rejects with `invalid_argument` and leaves the ask open.
   *
   * @example
   * ```ts
   * import type { Hub } from 'signalbox/hub'
   *
   * declare const hub: Hub
   * const ask = (await hub.asks()).find(({ kind }) => kind === 'permission')
   * if (ask) console.log((await hub.answer(ask.id, { accept: true }, { by: 'anna' })).delivered)
   * ```
   */
  answer(askId: string, answer: Answer, options?: { readonly by?: string } & CallOptions): Promise<AnswerResult>
  /**
   * The past of an agent as its system keeps it. Rejects with `unsupported` when the agent does not claim `can.history`. The
   * journal is read with `watch({ from: 'oldest' })`.
   *
   * @example
   * ```ts
   * import type { Hub } from 'signalbox/hub'
   *
   * declare const hub: Hub
   * const newest = await hub.history('ccc/backend', { limit: 50 })
   * if (newest.before) console.log(await hub.history('ccc/backend', { before: newest.before }))
   * ```
   */
  history(agent: AgentId, query?: HistoryQuery): Promise<HistoryPage>
  /**
   * The sessions that the system can list, running or not. Rejects with `unsupported` when the agent does not claim
   * `can.sessions.list`.
   *
   * @example
   * ```ts
   * import type { Hub } from 'signalbox/hub'
   *
   * declare const hub: Hub
   * for (const { id, title } of await hub.sessions('claude/main')) console.log(id, title)
   * ```
   */
  sessions(agent: AgentId, options?: CallOptions): Promise<readonly SessionSummary[]>
  /**
   * Opens a session beside those that the agent has. Prompt it with its `id` as `session`. Rejects with `unsupported` when the agent does
   * not claim `can.sessions.create`, and with `invalid_argument` for a folder or a model that the agent does not offer.
   *
   * @example
   * ```ts
   * import type { Hub } from 'signalbox/hub'
   *
   * declare const hub: Hub
   * const { id } = await hub.openSession('claude/main', { model: 'claude-opus-4-1' })
   * console.log(await hub.prompt('claude/main', 'Read the README.', { session: id }).text())
   * ```
   */
  openSession(agent: AgentId, session?: NewSession, options?: CallOptions): Promise<SessionSummary>
  /**
   * Closes a session; a turn that runs in it ends. The conversation stays where the system keeps it. Rejects with `unsupported` when the
   * agent does not claim `can.sessions.close`.
   *
   * @example
   * ```ts
   * import type { Hub } from 'signalbox/hub'
   *
   * declare const hub: Hub
   * for (const { id } of await hub.sessions('claude/main')) await hub.closeSession('claude/main', id)
   * ```
   */
  closeSession(agent: AgentId, session: string, options?: CallOptions): Promise<void>
  /**
   * The cost so far, of all agents or of one, since this hub started.
   *
   * @example
   * ```ts
   * import type { Hub } from 'signalbox/hub'
   *
   * declare const hub: Hub
   * const { costUsd, basis, omits } = await hub.spent()
   * console.log(`${costUsd.toFixed(2)} USD (${basis}), without`, omits)
   * ```
   */
  spent(agent?: AgentId, options?: CallOptions): Promise<Spent>
  /**
   * The budgets of this hub, each with what its agents have used since the hub started. Empty when the hub has none. A hub of an earlier
   * version rejects with `unsupported`.
   *
   * @example
   * ```ts
   * import type { Hub } from 'signalbox/hub'
   *
   * declare const hub: Hub
   * for (const { budget, costUsd, isPassed } of await hub.budgets()) {
   *   console.log(budget.name, costUsd.toFixed(2), 'of', budget.maxCostUsd, isPassed ? budget.over : 'ok')
   * }
   * ```
   */
  budgets(options?: CallOptions): Promise<readonly BudgetState[]>
  /**
   * Ends this side; safe to call twice. Running turns go on at their systems; a hub with a durable store adopts them when it starts
   * again.
   *
   * @example
   * ```ts
   * import type { Hub } from 'signalbox/hub'
   *
   * declare const hub: Hub
   * process.once('SIGTERM', () => void hub.close())
   * ```
   */
  close(): Promise<void>
}
