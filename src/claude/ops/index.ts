/** For services: events, usage, Prometheus text, prices, settings from the environment, health checks, policies. */
export {
  createEventEmitter,
  EventType,
  type ClaudeEvent,
  type EmitterOptions,
  type EventEmitter,
  type EventHandler,
  type EventName,
  type EventOf,
  type EventPayloads,
} from './events.js'
export { createHealthChecker, type HealthChecker, type HealthOptions, type HealthStatus } from './health.js'
export { createMetrics, type Metrics, type TurnMetrics } from './metrics.js'
export {
  BATCH_DISCOUNT,
  calculateCost,
  costBy,
  getPricing,
  HAIKU_PRICING,
  MODEL_PRICING,
  ModelTier,
  OPUS_PRICING,
  SONNET_PRICING,
  type CostOptions,
  type ModelPricing,
  type PriceTable,
  type PricingOptions,
} from './pricing.js'
export { logBy } from './log-by.js'
export type { Spent } from '../messages/meter.js'
export { createObserver, type ClaudeObserver, type ObserverOptions } from './observe.js'
export { readSettings, SETTING_NAMES, type ClaudeSettings, type EnvironmentRecord } from './settings.js'
export {
  createUsageTracker,
  type CostOf,
  type ModelTotals,
  type TokenCounts,
  type UsageMore,
  type UsageStats,
  type UsageTracker,
} from '../messages/usage.js'
export { claudePolicies, type Policies, type PolicyOptions } from './policies.js'
