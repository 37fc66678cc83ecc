/** The client with all parts that ccflow has: default policies, a session manager and a store, pools, health checks and metrics. */
import type { CircuitBreaker, CircuitBreakerOptions, RetryOptions, RetryPolicy } from '../core/policy/index.js'
import type { CLIAgentOptions } from './run/options.js'
import { CLIENT_OPTIONS, createClaude, type ClaudeClient, type ClaudeOptions } from './client.js'
import { checkNames } from './launch/known-names.js'
import { createEventEmitter, type EventEmitter } from './ops/events.js'
import { createHealthChecker, type HealthChecker } from './ops/health.js'
import { logBy } from './ops/log-by.js'
import { createSessionManager, type SessionManager, type SessionManagerOptions } from './session/manager.js'
import { createMetrics, type Metrics } from './ops/metrics.js'
import { claudePolicies } from './ops/policies.js'
import { createObserver } from './ops/observe.js'
import { costBy, type PricingOptions } from './ops/pricing.js'
import { createProcessPool, type PoolConfig, type ProcessPool } from './run/pool.js'
import { memorySessionStore } from './session/store.js'
import type { SessionStore } from './session/state.js'
import { checkLines } from './messages/schema.js'
import type { ClaudeSettings } from './ops/settings.js'
import { createUsageTracker, type UsageTracker } from './messages/usage.js'

/** Options of `createFullClaude`. */
export interface FullClaudeOptions extends Omit<ClaudeOptions, 'breaker' | 'retry' | 'observer' | 'lines' | 'store'> {
  /** Settings from the environment: `readSettings(process.env)`. */
  readonly settings?: ClaudeSettings
  /** Default: refuses runs for a while after five failures of the CLI itself. */
  readonly breaker?: CircuitBreaker | CircuitBreakerOptions | false
  /** Repeats only a run whose prompt was not sent. The CLI itself retries API calls. Default 3 attempts. */
  readonly retry?: RetryPolicy | RetryOptions | false
  /** Default: a new emitter. */
  readonly events?: EventEmitter
  /** Default: a new tracker. */
  readonly usage?: UsageTracker
  /** Default: new counters. False for none. */
  readonly metrics?: Metrics | false
  /** Prices for usage that is added without a cost. */
  readonly pricing?: PricingOptions
  /** Where the sessions are kept. Default: in memory; they are lost when the client is closed. */
  readonly store?: SessionStore
  /** Options of the session manager. */
  readonly sessions?: Omit<SessionManagerOptions, 'store'>
}

/** The client of `createFullClaude`. */
export interface FullClaudeClient extends ClaudeClient {
  /** Typed events of every query and session. */
  readonly events: EventEmitter
  /** Tokens and cost of everything that ran, by model. */
  readonly usage: UsageTracker
  /**
   * A pool of processes over this client: see `createProcessPool`.
   *
   * @example
   * ```ts
   * import type { FullClaudeClient } from 'signalbox/claude'
   *
   * declare const claude: FullClaudeClient
   * await using pool = claude.createPool({ maxWorkers: 2 })
   * ```
   */
  createPool(config?: PoolConfig): ProcessPool
  /** Opens, finds and removes stored sessions. */
  readonly sessions: SessionManager
  /** Where the sessions are kept. */
  readonly store: SessionStore
  /** Checks that the CLI is installed and signed in, without a model turn. */
  readonly health: HealthChecker
}

/** The options that a client has and a full client has not. */
type Replaced = 'observer' | 'lines'
/** The options that only a full client has. */
const ADDED: Readonly<Record<Exclude<keyof FullClaudeOptions, keyof ClaudeOptions>, true>> = {
  settings: true,
  events: true,
  usage: true,
  metrics: true,
  pricing: true,
  sessions: true,
}
const REPLACED: Readonly<Record<Replaced, true>> = { observer: true, lines: true }

function checkFull(options: FullClaudeOptions): void {
  const kept = Object.keys(CLIENT_OPTIONS).filter((name) => !Object.hasOwn(REPLACED, name))
  checkNames(options, [...kept, ...Object.keys(ADDED)], 'FullClaudeOptions', 'createFullClaude')
}

/**
 * A client with everything from the start: limiter, breaker, retry, events, usage, metrics, stored sessions, pools and health checks.
 *
 * @example
 * ```ts
 * import { createFullClaude } from 'signalbox/claude'
 * import { claudeProcess } from 'signalbox/node'
 *
 * await using claude = createFullClaude({ transport: claudeProcess() })
 * await claude.querySimple('What is 2+2?')
 * console.log(claude.usage.totalCostUsd)
 * ```
 */
export function createFullClaude(options: FullClaudeOptions): FullClaudeClient {
  checkFull(options)
  const {
    store = memorySessionStore(),
    sessions: managing,
    events: given,
    metrics: counting,
    pricing,
    settings,
    usage: tracking,
    ...rest
  } = options
  const { clock, onEvent, timeoutMs = settings ? settings.defaultTimeout * 1000 : undefined } = options
  const { allowDangerousPermissions = settings?.allowDangerousPermissions ?? true } = options
  const defaults = { ...defaultsOf(settings), ...options.defaults }
  const usage = tracking ?? createUsageTracker({ costOf: costBy(pricing) })
  const onError = (error: unknown): void => onEvent?.({ type: 'callback_failed', what: 'event', error })
  const events = given ?? createEventEmitter({ onError })
  const metrics = counting === false || settings?.enableMetrics === false ? undefined : (counting ?? createMetrics())
  const observer = createObserver({ events, usage, ...(metrics ? { metrics } : {}), ...(clock ? { clock } : {}) })
  const logging = settings ? logBy(settings) : undefined
  const client = createClaude({
    ...rest,
    interceptors: [...(options.interceptors ?? []), ...(logging ? [logging] : [])],
    ...claudePolicies(options),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    allowDangerousPermissions,
    defaults,
    observer,
    lines: checkLines,
    store,
  })
  const sessions = createSessionManager({ ...client, events }, { ...managing, store, ...(clock ? { clock } : {}) })
  const { auth } = defaults
  const health = createHealthChecker({ transport: options.transport, ...(clock ? { clock } : {}), ...(auth ? { auth } : {}) })
  let closing: Promise<void> | undefined
  const close = (): Promise<void> => {
    closing ??= (async () => {
      await sessions.stop()
      await client.close()
      if (!options.store) await store.close()
    })()
    return closing
  }
  return {
    ...client,
    events,
    usage,
    createPool: (config = {}) => createProcessPool(client.query, config),
    sessions,
    store,
    health,
    close,
    [Symbol.asyncDispose]: close,
  }
}

function defaultsOf(settings: ClaudeSettings | undefined): CLIAgentOptions {
  const { defaultModel: model, fallbackModel, defaultMaxTurns: maxTurns } = settings ?? {}
  const all = Object.entries({ model, fallbackModel, maxTurns })
  return Object.fromEntries(all.filter(([, value]) => value !== undefined))
}
