/** A hub at the other end of a link, with the interface of a hub. */
import { createCaller, type CallOptions, type ClientOptions } from '../../core/call.js'
import { systemClock, type Random } from '../../core/clock.js'
import { raceSignal } from '../../core/deadline.js'
import type { SignalboxError } from '../../errors.js'
import type { StreamTransport } from '../../transport.js'
import { hubError } from '../context.js'
import type { BudgetState, Spent } from '../guard/budget.js'
import type { Hub, TurnInfo } from '../hub.js'
import type { Agent, SessionSummary } from '../model/agent.js'
import type { AnswerResult, Ask } from '../model/ask.js'
import type { HistoryPage } from '../source.js'
import { createTurn, type TurnAccess } from '../turns/turn.js'
import { createConnection, type HubConnection } from './connection.js'
import { watchOverLink } from './client-watch.js'
import { HUB_SCOPES, type HubMethod } from './protocol.js'

/** Options of `createHubClient`. */
export interface HubClientOptions extends Omit<ClientOptions, 'validate'> {
  /** Opens links to the hub: a unix socket, a WebSocket of the gateway, a MessagePort. */
  readonly transport: StreamTransport
  /** The `by` of prompts and answers whose call names none. The server may replace it. */
  readonly by?: string
  /** Watches go on over a new link when theirs dies. Default true. */
  readonly reconnect?: boolean
  /**
   * While a call or a watch waits and nothing arrives for this long, the hub is asked whether it lives. If nothing arrives after that
   * either, the link is closed: calls fail with `sent: 'maybe'`, and watches go on over a new link. 0 never asks. Default 15 s.
   */
  readonly checkEveryMs?: number
  /** The random source for the pauses before a new link. Default `Math.random`. */
  readonly random?: Random
}

/**
 * Connects to a hub at its first call. Every call and every watch share one link.
 *
 * @example
 * ```ts
 * import { createHubClient } from 'signalbox/hub'
 * import { unixSocket } from 'signalbox/node'
 *
 * await using hub = createHubClient({ transport: unixSocket({ path: '/run/user/1000/hub.sock' }) })
 * for await (const event of hub.watch()) console.log(event.seq, event.agent, event.kind)
 * ```
 */
export function createHubClient(options: HubClientOptions): Hub {
  const {
    transport,
    interceptors,
    timeoutMs,
    clock = systemClock,
    by: author,
    reconnect = true,
    checkEveryMs = 15_000,
    random = Math.random,
  } = options
  const caller = createCaller({ system: 'hub', transport: transport.name, interceptors, timeoutMs, clock })
  let opening: Promise<HubConnection> | undefined
  let closed = false

  const open = async (): Promise<HubConnection> => {
    const connection = createConnection(await transport.open(), { clock, checkEveryMs })
    if (!closed) return connection
    await connection.close()
    throw closedError()
  }
  const connect = async (signal: AbortSignal): Promise<HubConnection> => {
    if (closed) throw closedError()
    opening ??= open().catch((error) => {
      opening = undefined
      throw error
    })
    const connection = await raceSignal(opening, signal)
    if (!connection.failure) return connection
    opening = undefined
    return connect(signal)
  }
  const call = async <Result>(method: HubMethod, params: object, callOptions: CallOptions = {}): Promise<Result> => {
    // A prompt carries its id, so that a second one is the same turn.
    const idempotent = HUB_SCOPES[method] === 'observe' || method === 'prompt'
    const limits = {
      ...(callOptions.signal === undefined ? {} : { signal: callOptions.signal }),
      ...(callOptions.timeoutMs === undefined ? {} : { timeoutMs: callOptions.timeoutMs }),
    }
    const attempt = async (at: { readonly signal: AbortSignal }): Promise<Result> =>
      (await (await connect(at.signal)).call(method, params)) as Result
    // The interceptors see the method and not its parameters: an answer may be a secret.
    return await caller.run({ op: method, idempotent }, limits, attempt)
  }
  const access: TurnAccess = {
    watch: (callOptions) => watchOverLink({ clock, random, connect, reconnect }, callOptions),
    find: (promptId, callOptions) => call<TurnInfo>('turn', { promptId }, callOptions),
    cancel: (promptId, by = author, callOptions = {}) => call('cancel', { promptId, by }, callOptions),
  }
  const close = async (): Promise<void> => {
    closed = true
    await (await opening?.catch(() => undefined))?.close()
  }
  return {
    agents: (callOptions) => call<Agent[]>('agents', {}, callOptions),
    watch: access.watch,
    prompt(agent, text, callOptions = {}) {
      const { promptId = crypto.randomUUID(), by = author, ...rest } = callOptions
      return createTurn(access, promptId, agent, call<TurnInfo>('prompt', { ...rest, agent, text, promptId, by }))
    },
    turn: (promptId) => createTurn(access, promptId, undefined),
    asks: (callOptions) => call<Ask[]>('asks', {}, callOptions),
    answer: (askId, answer, { by = author, ...callOptions } = {}) =>
      call<AnswerResult>('answer', { askId, answer, by }, callOptions),
    history: (agent, { signal, ...query } = {}) => call<HistoryPage>('history', { ...query, agent }, signal ? { signal } : {}),
    sessions: (agent, callOptions) => call<SessionSummary[]>('sessions', { agent }, callOptions),
    openSession: (agent, session = {}, callOptions = {}) => call<SessionSummary>('openSession', { ...session, agent }, callOptions),
    async closeSession(agent, session, callOptions) {
      await call('closeSession', { agent, session }, callOptions)
    },
    spent: (agent, callOptions) => call<Spent>('spent', { agent }, callOptions),
    budgets: (callOptions) => call<BudgetState[]>('budgets', {}, callOptions),
    close,
    [Symbol.asyncDispose]: close,
  }
}

const closedError = (): SignalboxError => hubError({ code: 'closed', message: 'The hub client is closed.', retryable: false })
