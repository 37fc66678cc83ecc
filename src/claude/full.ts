/** The client with everything that ccflow gives at once: its policies by default, a manager and a store, pools, health, metrics. */
import type { CircuitBreaker, CircuitBreakerOptions, RetryOptions, RetryPolicy } from '../core/policy/index.js'
import { createClaude as createSmall, type ClaudeClient, type ClaudeOptions } from './client.js'
import { createHealthChecker, type HealthChecker } from './health.js'
import { createSessionManager, type SessionManager, type SessionManagerOptions } from './manager.js'
import { createMetrics, type Metrics } from './metrics.js'
import { claudePolicies } from './policies.js'
import { costBy, type PricingOptions } from './pricing.js'
import { createProcessPool, type PoolConfig, type ProcessPool } from './pool.js'
import { memorySessionStore } from './session-store.js'
import type { SessionStore } from './session-state.js'
import { createUsageTracker } from './usage.js'

export interface FullClaudeOptions extends Omit<ClaudeOptions, 'breaker' | 'retry' | 'metrics' | 'store'> {
  readonly breaker?: CircuitBreaker | CircuitBreakerOptions | false
  /** Only what was never sent is repeated: the CLI retries API calls by itself. Default 3 attempts. */
  readonly retry?: RetryPolicy | RetryOptions | false
  readonly metrics?: Metrics | false
  /** For what is added to `usage` without a cost. */
  readonly pricing?: PricingOptions
  /** Default: in memory. */
  readonly store?: SessionStore
  readonly sessions?: Omit<SessionManagerOptions, 'store'>
}

export interface FullClaudeClient extends ClaudeClient {
  createPool(config?: PoolConfig): ProcessPool
  readonly sessions: SessionManager
  readonly store: SessionStore
  readonly health: HealthChecker
}

export function createClaude(options: FullClaudeOptions): FullClaudeClient {
  const { metrics = createMetrics(), store = memorySessionStore(), sessions: managing, ...rest } = options
  const { clock } = options
  const usage = options.usage ?? createUsageTracker({ costOf: costBy(options.pricing) })
  const client = createSmall({ ...rest, usage, store, ...claudePolicies(options), ...(metrics ? { metrics } : {}) })
  const sessions = createSessionManager(client, { ...managing, store, ...(clock ? { clock } : {}) })
  const auth = options.defaults?.auth
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
    createPool: (config = {}) => createProcessPool(client.query, config),
    sessions,
    store,
    health,
    close,
    [Symbol.asyncDispose]: close,
  }
}

export { claudePolicies, type Policies, type PolicyOptions } from './policies.js'
