/** The client: one limiter, breaker, retry, tracker and emitter for all of its runs, none of them shared with another client. */
import { combined, circuitBreaker, concurrency, judgeByCode, retry, tokenBucket } from '../core/policy/index.js'
import type { CircuitBreaker, CircuitBreakerOptions, Limiter, RetryOptions, RetryPolicy } from '../core/policy/index.js'
import type { Interceptor } from '../core/call.js'
import { systemClock } from '../core/clock.js'
import { SignalboxError } from '../errors.js'
import { runBatch, type BatchItem, type BatchOptions, type QueryResult } from './batch.js'
import { createCore, type ClaudeCoreOptions } from './core.js'
import { ClaudeError, ParseError } from './errors.js'
import { createEventEmitter, type EventEmitter } from './events.js'
import { fallbackReason, type FallbackConfig } from './fallback.js'
import { createHealthChecker, type HealthChecker } from './health.js'
import type { ClaudeLine, ContentBlock } from './lines.js'
import { createSessionManager, type SessionManager, type SessionManagerOptions } from './manager.js'
import type { ClaudeMessage, ResultMessage } from './messages.js'
import { createMetrics, type Metrics } from './metrics.js'
import { createObserver } from './observe.js'
import type { CLIAgentOptions } from './options.js'
import { createProcessPool, type PoolConfig, type ProcessPool } from './pool.js'
import type { PricingOptions } from './pricing.js'
import { runQuery, type QueryOptions } from './query.js'
import { faultOfLine } from './schema.js'
import { createSessionWith } from './session.js'
import type { Session, SessionOptions } from './session-types.js'
import { memorySessionStore } from './session-store.js'
import type { SessionStore } from './session-state.js'
import type { ClaudeSettings } from './settings.js'
import type { Turn } from './turn.js'
import { createUsageTracker, type UsageTracker } from './usage.js'

export interface ClaudeOptions extends ClaudeCoreOptions {
  /** For every run; what a call says wins. */
  readonly defaults?: CLIAgentOptions
  /** What `readSettings(process.env)` gives. */
  readonly settings?: ClaudeSettings
  /** Default: the settings' rate and concurrency, 60 a minute and 10 at once. False for none. */
  readonly limiter?: Limiter | false
  readonly breaker?: CircuitBreaker | CircuitBreakerOptions | false
  /** Only what was never sent is repeated: the CLI retries API calls by itself. Default 3 attempts. */
  readonly retry?: RetryPolicy | RetryOptions | false
  readonly events?: EventEmitter
  readonly usage?: UsageTracker
  readonly pricing?: PricingOptions
  readonly metrics?: Metrics | false
  /** Where sessions are kept. Default: memory. */
  readonly store?: SessionStore
  readonly sessions?: Omit<SessionManagerOptions, 'store'>
  readonly fallback?: FallbackConfig
}

export interface ClaudeClient extends AsyncDisposable {
  /** Runs a prompt; starts at once. */
  query(prompt: string | readonly ContentBlock[], options?: QueryOptions): Turn
  querySimple(prompt: string | readonly ContentBlock[], options?: QueryOptions): Promise<string>
  batchQuery(prompts: readonly BatchItem[], options?: BatchOptions): Promise<QueryResult[]>
  /** Gives every message to the callback and waits for it; its failure ends the run and is thrown. */
  streamToCallback(
    prompt: string | readonly ContentBlock[],
    callback: (message: ClaudeMessage) => void | Promise<void>,
    options?: QueryOptions,
  ): Promise<ResultMessage>
  createSession(options?: SessionOptions): Session
  /** Goes on with a session of the CLI; rejects with the first send when there is none. */
  resumeSession(sessionId: string, options?: SessionOptions): Session
  /** From the store, with its counters; null when the store does not have it. */
  loadSession(sessionId: string, options?: SessionOptions): Promise<Session | null>
  createPool(config?: PoolConfig): ProcessPool
  readonly sessions: SessionManager
  readonly store: SessionStore
  readonly health: HealthChecker
  readonly limiter: Limiter | undefined
  readonly breaker: CircuitBreaker | undefined
  readonly retry: RetryPolicy | undefined
  readonly usage: UsageTracker
  readonly events: EventEmitter
  readonly metrics: Metrics | undefined
  /** Closes its sessions and waits for every process it started. */
  close(): Promise<void>
}

export function createClaude(options: ClaudeOptions): ClaudeClient {
  const { settings, clock = systemClock, validate = 'warn', pricing = {}, fallback } = options
  const events =
    options.events ?? createEventEmitter({ onError: (error) => core.onEvent({ type: 'callback_failed', what: 'event', error }) })
  const usage = options.usage ?? createUsageTracker(pricing)
  const metrics = options.metrics === false || settings?.enableMetrics === false ? undefined : (options.metrics ?? createMetrics())
  const store = options.store ?? memorySessionStore()
  const policies = policiesOf(options)
  const defaults = { ...defaultsOf(settings), ...options.defaults }
  const timeoutMs = options.timeoutMs ?? (settings ? settings.defaultTimeout * 1000 : undefined)

  const check = (line: ClaudeLine): void => {
    const fault = faultOfLine(line)
    if (!fault) return
    if (validate === 'warn') core.onEvent({ type: 'invalid', ...fault, line })
    else {
      throw new ParseError({
        code: 'invalid_message',
        message: `The CLI wrote a broken line: ${fault.path}: ${fault.message}`,
        remoteCode: fault.path,
        sent: 'yes',
      })
    }
  }
  const nowMs = (): number => clock.now()
  const core = createCore(
    { ...options, ...(timeoutMs === undefined ? {} : { timeoutMs }) },
    {
      interceptors: [countErrors(metrics), ...policies.interceptors],
      observe: createObserver({ events, usage, metrics, nowMs }),
      ...(validate === 'off' ? {} : { validate: check }),
    },
  )
  let closed: Promise<void> | undefined

  const merged = <Options extends CLIAgentOptions>(own: Options): Options => {
    const all = { ...defaults, ...own }
    const dangerous =
      all.dangerouslySkipPermissions || all.permissionMode === 'bypassPermissions' || all.allowDangerouslySkipPermissions
    if (dangerous && settings?.allowDangerousPermissions === false) {
      throw new ClaudeError({
        code: 'permission_denied',
        message: 'The settings do not allow runs without permission checks.',
        hint: 'Set CCFLOW_ALLOW_DANGEROUS_PERMISSIONS=true if that is meant.',
      })
    }
    return all
  }
  const onFallback = fallback
    ? async <Result>(error: unknown, run: (transport: FallbackConfig['transport']) => Promise<Result>): Promise<Result> => {
        const reason = fallbackReason(error, fallback)
        if (reason === undefined) throw error
        core.onEvent({ type: 'fallback', reason, error })
        return await run(fallback.transport)
      }
    : undefined

  const query = (prompt: string | readonly ContentBlock[], own: QueryOptions = {}): Turn => {
    if (closed) throw new ClaudeError({ code: 'closed', message: 'The client is closed.', op: 'query' })
    return runQuery(core, { prompt, options: merged(own), fallback: onFallback })
  }
  const open = new Set<Session>()
  const parts = {
    core,
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
  const sessionOptions = (own: SessionOptions): SessionOptions => {
    if (closed) throw new ClaudeError({ code: 'closed', message: 'The client is closed.', op: 'session' })
    return { store, ...own, options: merged(own.options ?? {}) }
  }
  const createSession = (own: SessionOptions = {}): Session => createSessionWith(parts, sessionOptions(own))
  const resumeSession = (sessionId: string, own: SessionOptions = {}): Session =>
    createSessionWith(parts, sessionOptions(own), { resume: sessionId })
  const loadSession = async (sessionId: string, own: SessionOptions = {}): Promise<Session | null> => {
    const state = await (own.store ?? store).load(sessionId)
    if (!state) return null
    const { model } = state
    const restored = model === 'default' ? {} : { model }
    return createSessionWith(parts, sessionOptions({ ...own, options: { ...restored, ...own.options } }), {
      resume: sessionId,
      state,
    })
  }
  const sessions = createSessionManager({ ...options.sessions, store, clock, events, createSession, loadSession })

  return {
    query,
    querySimple: (prompt, own) => query(prompt, own).text(),
    batchQuery: (prompts, own = {}) => runBatch(query, prompts, own),
    async streamToCallback(prompt, callback, own) {
      const turn = query(prompt, own)
      for await (const message of turn) await callback(message)
      return await turn.result()
    },
    createSession,
    resumeSession,
    loadSession,
    createPool: (config = {}) => createProcessPool(query, config),
    sessions,
    store,
    health: createHealthChecker({ transport: options.transport, clock, ...(defaults.auth ? { auth: defaults.auth } : {}) }),
    limiter: policies.limiter,
    breaker: policies.breaker,
    retry: policies.retry,
    usage,
    events,
    metrics,
    close() {
      closed ??= (async () => {
        await sessions.stop()
        await Promise.all([...open].map((session) => session.close()))
        await core.settled()
        if (!options.store) await store.close()
      })()
      return closed
    },
    [Symbol.asyncDispose]() {
      return this.close()
    },
  }
}

function defaultsOf(settings: ClaudeSettings | undefined): CLIAgentOptions {
  if (!settings) return {}
  const { defaultModel: model, fallbackModel, defaultMaxTurns: maxTurns } = settings
  return {
    ...(model === undefined ? {} : { model }),
    ...(fallbackModel === undefined ? {} : { fallbackModel }),
    ...(maxTurns === undefined ? {} : { maxTurns }),
  }
}

/** The limiter stands before the breaker, so that its refusals are not taken for failures of the CLI; retries happen inside. */
function policiesOf({ settings, clock = systemClock, ...options }: ClaudeOptions) {
  const limiter = options.limiter === false ? undefined : (options.limiter ?? defaultLimiter(settings, { clock }))
  const breaker =
    options.breaker === false
      ? undefined
      : typeof options.breaker === 'function'
        ? options.breaker
        : circuitBreaker({ name: 'the Claude Code CLI', judge: judgeRun, clock, ...options.breaker })
  const retrying =
    options.retry === false ? undefined : typeof options.retry === 'function' ? options.retry : retry({ clock, ...options.retry })
  const all: (Interceptor | undefined)[] = [limiter, breaker, retrying]
  const interceptors = all.filter((one) => one !== undefined)
  return { limiter, breaker, retry: retrying, interceptors }
}

/** Tokens for a steady rate with a tenth of it at once, and a cap on what runs together: ccflow's CombinedLimiter. */
function defaultLimiter(settings: ClaudeSettings | undefined, { clock }: { clock: typeof systemClock }): Limiter {
  const perMinute = settings?.rateLimitPerMinute ?? 60
  const rate = tokenBucket({ ratePerSecond: perMinute / 60, burst: Math.max(10, Math.floor(perMinute / 10)), clock })
  return combined([rate, concurrency({ maxConcurrent: settings?.maxConcurrentRequests ?? 10, clock })], {
    clock,
    maxQueued: 10_000,
  })
}

/** Only what says something about the CLI counts: not the account's limits, not the caller's mistakes, not an aborted run. */
function judgeRun(error: unknown): ReturnType<typeof judgeByCode> {
  if (SignalboxError.is(error) && (error.code === 'not_found' || error.code === 'incompatible') && error.op === 'open')
    return 'failure'
  return judgeByCode(error)
}

function countErrors(metrics: Metrics | undefined): Interceptor {
  return async (call, next) => {
    try {
      return await next(call)
    } catch (error) {
      metrics?.recordError(
        SignalboxError.is(error) ? (SignalboxError.is(error, 'remote') ? (error.remoteCode ?? error.code) : error.code) : 'unknown',
      )
      throw error
    }
  }
}
