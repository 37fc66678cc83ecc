/** For whoever runs a service: settings from the environment, health without a turn, prices, Prometheus text. */
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
export { readSettings, SETTING_NAMES, type ClaudeSettings, type EnvironmentRecord } from './settings.js'
