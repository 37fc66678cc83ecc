/** The client. Its policies and its observer serve all of its runs and are not shared with another client. */
import type { Interceptor } from '../core/call.js'
import { createDeadline } from '../core/deadline.js'
import type { CircuitBreaker, Limiter, RetryPolicy } from '../core/policy/index.js'
import { runBatch, type BatchItem, type BatchOptions, type QueryResult } from './run/batch.js'
import { createRunContext, type ClaudeBaseOptions } from './run/run-context.js'
import { ClaudeError } from './messages/errors.js'
import { namesChecker, type NamesOf } from './launch/known-names.js'
import type { EventEmitter } from './ops/events.js'
import type { Fallback } from './run/fallback.js'
import type { ContentBlock } from './messages/lines.js'
import type { LineCheck } from './messages/schema.js'
import type { ClaudeMessage, ResultMessage } from './messages/messages.js'
import type { Metrics } from './ops/metrics.js'
import type { ClaudeObserver } from './ops/observe.js'
import type { CLIAgentOptions } from './run/options.js'
import { runQuery, type QueryOptions } from './run/query.js'
import { startQuery, type WarmQuery } from './run/startup.js'
import { createSessionWith } from './session/session.js'
import type { Session, SessionOptions, SessionOrigin } from './session/types.js'
import type { SessionKeeper, SessionState } from './session/state.js'
import type { Turn } from './run/turn.js'
import type { UsageTracker } from './messages/usage.js'

/** Options of `createClaude`. */
export interface ClaudeOptions extends ClaudeBaseOptions {
  /** Options for every run. An option of a call wins over the same option here. */
  readonly defaults?: CLIAgentOptions
  /** False refuses `dangerouslySkipPermissions` and `bypassPermissions`. */
  readonly allowDangerousPermissions?: boolean
  /** Limits how many runs start in a minute and run at once. Default: no limiter. `createFullClaude` has one. */
  readonly limiter?: Limiter | false
  /** Refuses runs for a while after several failures. Default: none. Use `circuitBreaker` of `signalbox`, or `claudePolicies`. */
  readonly breaker?: CircuitBreaker | false
  /** Repeats a run that failed before its prompt was sent. Default: none. */
  readonly retry?: RetryPolicy | false
  /** Collects events, usage and metrics: `createObserver()`. Default: none. */
  readonly observer?: ClaudeObserver
  /** The check that `validate` applies to every line: `checkLines`. Without it, only the fields that the client uses are checked. */
  readonly lines?: LineCheck
  /** Where sessions are kept: `memorySessionStore`, `kvSessionStore`, or a store of `signalbox/node`. Default: the client's own memory. */
  readonly store?: SessionKeeper
  /** A second backend for queries that the CLI cannot take: `fallbackTo()`. Default: none. */
  readonly fallback?: Fallback
}

/** Every option of a client. */
export const CLIENT_OPTIONS: NamesOf<ClaudeOptions> = {
  transport: true,
  interceptors: true,
  timeoutMs: true,
  clock: true,
  validate: true,
  controlTimeoutMs: true,
  limits: true,
  onEvent: true,
  defaults: true,
  allowDangerousPermissions: true,
  limiter: true,
  breaker: true,
  retry: true,
  observer: true,
  lines: true,
  store: true,
  fallback: true,
}
const checkClient = /* @__PURE__ */ namesChecker(CLIENT_OPTIONS, 'ClaudeOptions', 'createClaude')

/** A client for the Claude Code CLI. */
export interface ClaudeClient extends AsyncDisposable {
  /**
   * Runs a prompt in a process of its own. The process starts at once. The turn can be iterated for its messages, or awaited with
   * `text()` or `result()`; both reject with the typed failure.
   *
   * @example
   * ```ts
   * import type { ClaudeClient } from 'signalbox/claude'
   *
   * declare const claude: ClaudeClient
   * for await (const message of claude.query('List the files here.')) console.log(message.type)
   * ```
   */
  query<Output = unknown>(prompt: string | readonly ContentBlock[], options?: QueryOptions<Output>): Turn<Output>
  /**
   * Runs a prompt and gives the text of its answer. Rejects with the typed failure.
   *
   * @example
   * ```ts
   * import type { ClaudeClient } from 'signalbox/claude'
   *
   * declare const claude: ClaudeClient
   * const text = await claude.querySimple('Name one colour.')
   * ```
   */
  querySimple(prompt: string | readonly ContentBlock[], options?: QueryOptions): Promise<string>
  /**
   * Starts the process of a query before its prompt is known; resolves when the process waits for it. Rejects like a query that cannot
   * start.
   *
   * @example
   * ```ts
   * import type { ClaudeClient } from 'signalbox/claude'
   *
   * declare const claude: ClaudeClient
   * const warm = await claude.startup({ model: 'sonnet' })
   * console.log(await warm.query('What is 2+2?').text())
   * ```
   */
  startup<Output = unknown>(options?: QueryOptions<Output>): Promise<WarmQuery<Output>>
  /**
   * Runs many prompts, a few at a time, and gives their results in order. A prompt that fails has its error in its result; the others go
   * on.
   *
   * @example
   * ```ts
   * import type { ClaudeClient } from 'signalbox/claude'
   *
   * declare const claude: ClaudeClient
   * const results = await claude.batchQuery(['one', 'two'], { concurrency: 2 })
   * ```
   */
  batchQuery(prompts: readonly BatchItem[], options?: BatchOptions): Promise<QueryResult[]>
  /**
   * Runs a prompt and calls the callback with every message, in order. The next message waits until the callback is done. When the
   * callback throws, the run ends and this call rejects with what was thrown.
   *
   * @example
   * ```ts
   * import type { ClaudeClient } from 'signalbox/claude'
   *
   * declare const claude: ClaudeClient
   * const { costUsd } = await claude.streamToCallback('Hello', ({ type }) => console.log(type))
   * ```
   */
  streamToCallback(
    prompt: string | readonly ContentBlock[],
    callback: (message: ClaudeMessage) => void | Promise<void>,
    options?: QueryOptions,
  ): Promise<ResultMessage>
  /**
   * A new conversation over one process, which starts with the first message.
   *
   * @example
   * ```ts
   * import type { ClaudeClient } from 'signalbox/claude'
   *
   * declare const claude: ClaudeClient
   * await using session = claude.createSession({ tags: ['demo'] })
   * console.log(await session.sendMessage('Hello!').text())
   * ```
   */
  createSession(options?: SessionOptions): Session
  /**
   * A session that the CLI already has on its disk. The id is not checked here: with an unknown id, the first message fails with
   * `SessionNotFoundError`. With `fork` the session is a new one that begins with the conversation of that one.
   *
   * @example
   * ```ts
   * import type { ClaudeClient } from 'signalbox/claude'
   *
   * declare const claude: ClaudeClient
   * await using session = claude.resumeSession('7f1a6d0e-5c2b-4b8e-9a41-2f6f6f1f0c11')
   * console.log(await session.sendMessage('Where were we?').text())
   * ```
   */
  resumeSession(sessionId: string, options?: SessionOptions & { readonly fork?: boolean }): Session
  /**
   * A session of the client's store, with its counters, tags and metadata. Gives null when the store does not have the session.
   *
   * @example
   * ```ts
   * import type { ClaudeClient } from 'signalbox/claude'
   *
   * declare const claude: ClaudeClient
   * const session = await claude.loadSession('7f1a6d0e-5c2b-4b8e-9a41-2f6f6f1f0c11')
   * console.log(session?.turnCount)
   * ```
   */
  loadSession(sessionId: string, options?: SessionOptions): Promise<Session | null>
  /** Where the sessions of this client are kept. */
  readonly store: SessionKeeper
  /** The limiter that was given, or that `createFullClaude` made. */
  readonly limiter: Limiter | undefined
  /** The circuit breaker that was given, or that `createFullClaude` made. */
  readonly breaker: CircuitBreaker | undefined
  /** The retry policy that was given, or that `createFullClaude` made. */
  readonly retry: RetryPolicy | undefined
  /** Sums of tokens and cost. Undefined without an observer. */
  readonly usage: UsageTracker | undefined
  /** Typed events. Undefined without an observer. */
  readonly events: EventEmitter | undefined
  /** Counters for Prometheus. Undefined when the observer has none. */
  readonly metrics: Metrics | undefined
  /**
   * Ends the queries that run and closes the sessions; resolves when every process is gone. Idempotent.
   *
   * @example
   * ```ts
   * import type { ClaudeClient } from 'signalbox/claude'
   *
   * declare const claude: ClaudeClient
   * await claude.close()
   * ```
   */
  close(): Promise<void>
}

/**
 * A client for the Claude Code CLI over a transport that can run it. Policies, events and stores are given as options; `createFullClaude`
 * has them from the start. Closing the client ends everything that it started.
 *
 * @example
 * ```ts
 * import { createClaude } from 'signalbox/claude'
 * import { claudeProcess } from 'signalbox/node'
 *
 * await using claude = createClaude({ transport: claudeProcess() })
 * console.log(await claude.querySimple('What is 2+2?'))
 * ```
 */
export function createClaude(options: ClaudeOptions): ClaudeClient {
  checkClient(options)
  const { defaults, validate = 'warn', fallback, observer, lines, store = memoryKeeper() } = options
  const { events, usage, metrics } = observer ?? {}
  if (validate === 'strict' && !lines) {
    throw new ClaudeError({
      code: 'invalid_argument',
      message: "validate: 'strict' needs lines: checkLines.",
    })
  }
  const { limiter, breaker, retry } = options
  // Only turns need a permit. A control request to a process that runs a turn must not wait until the turn is over.
  const turnsOnly: Interceptor | false | undefined =
    limiter && ((call, next) => (call.op.endsWith('.control') ? next(call) : limiter(call, next)))
  // The limiter comes before the breaker, so that the breaker does not count its refusals as failures of the CLI. Retries come last.
  const policies = [turnsOnly, breaker, retry]

  const life = createDeadline()
  const context = createRunContext(options, {
    life: life.signal,
    interceptors: [metrics?.interceptor, ...policies].filter((entry) => !!entry),
    observe: observer?.see,
    validate: validate === 'off' ? undefined : lines?.(validate, (event) => context.onEvent(event)),
  })
  let closed: Promise<void> | undefined

  const merged = <Options extends CLIAgentOptions>(own: Options): Options => {
    if (closed) throw new ClaudeError({ code: 'closed', message: 'The client is closed.' })
    const all = { ...defaults, ...own }
    const dangerous =
      all.dangerouslySkipPermissions || all.permissionMode === 'bypassPermissions' || all.allowDangerouslySkipPermissions
    if (dangerous && options.allowDangerousPermissions === false) {
      const message = 'Runs without permission checks are not allowed here.'
      const hint = 'Set allowDangerousPermissions.'
      throw new ClaudeError({ code: 'permission_denied', message, hint })
    }
    return all
  }
  const query = (prompt: string | readonly ContentBlock[], own: QueryOptions = {}): Turn =>
    runQuery(context, { prompt, options: merged(own), fallback })
  const open = new Set<Session>()
  const parts = {
    context,
    events,
    onOpened(session: Session) {
      open.add(session)
      metrics?.sessionOpened()
    },
    onClosed(session: Session) {
      open.delete(session)
      metrics?.sessionClosed(session.turnCount)
    },
  }
  const session = (own: SessionOptions = {}, origin: SessionOrigin = {}): Session =>
    createSessionWith(parts, { store, ...own, options: merged(own.options ?? {}) }, origin)

  const close = (): Promise<void> => {
    closed ??= (async () => {
      life.abort(new ClaudeError({ code: 'closed', message: 'The client was closed.', op: 'close' }))
      await Promise.all([...open].map((session) => session.close()))
      await context.settled()
    })()
    return closed
  }
  return {
    query: query as ClaudeClient['query'],
    querySimple: (prompt, own) => query(prompt, own).text(),
    startup: (async (own: QueryOptions = {}) => await startQuery(context, merged(own))) as ClaudeClient['startup'],
    batchQuery: (prompts, own) => runBatch(query, prompts, own),
    async streamToCallback(prompt, callback, own) {
      const turn = query(prompt, own)
      for await (const message of turn) await callback(message)
      return await turn.result()
    },
    createSession: (own) => session(own),
    resumeSession: (sessionId, { fork = false, ...own } = {}) =>
      session(own, fork ? { fork: { from: sessionId } } : { resume: sessionId }),
    async loadSession(sessionId, own = {}) {
      const state = await (own.store ?? store).load(sessionId)
      if (!state) return null
      const restored = state.model === 'default' ? {} : { model: state.model }
      return session({ ...own, options: { ...restored, ...own.options } }, { resume: sessionId, state })
    },
    store,
    limiter: limiter || undefined,
    breaker: breaker || undefined,
    retry: retry || undefined,
    usage,
    events,
    metrics,
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** The store of a client that was given none. Its sessions are lost when the client is gone. */
function memoryKeeper(): SessionKeeper {
  const states = new Map<string, SessionState>()
  return {
    save: async (state) => void states.set(state.sessionId, state),
    load: async (sessionId) => states.get(sessionId) ?? null,
  }
}
