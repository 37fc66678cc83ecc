/** Prices, for estimates. Prefer the cost that the CLI reports. Prices change, so a caller can replace the table. */

import type { CostOf } from '../messages/usage.js'

/** USD for a million tokens. */
export interface ModelPricing {
  /** Input tokens. */
  readonly input: number
  /** Output tokens. */
  readonly output: number
  /** Tokens that are written to the cache for five minutes. */
  readonly cacheWrite: number
  /** Tokens that are read from the cache. */
  readonly cacheRead: number
  /** Tokens that are written to the cache for an hour. Default: the price of five minutes. */
  readonly cacheWrite1h?: number
}

/** The families of models. */
export const ModelTier = { HAIKU: 'haiku', SONNET: 'sonnet', OPUS: 'opus', FABLE: 'fable' } as const

/** The factor for batches through the Messages API, which cost half. */
export const BATCH_DISCOUNT = 0.5

const price = (input: number, output: number, cacheWrite: number, cacheRead: number, cacheWrite1h?: number): ModelPricing => ({
  input,
  output,
  cacheWrite,
  cacheRead,
  ...(cacheWrite1h === undefined ? {} : { cacheWrite1h }),
})

/** List price of Haiku, in USD for a million tokens. */
export const HAIKU_PRICING = /* @__PURE__ */ price(0.8, 4, 1, 0.08)
/** List price of Sonnet, in USD for a million tokens. */
export const SONNET_PRICING = /* @__PURE__ */ price(3, 15, 3.75, 0.3)
/** List price of Opus, in USD for a million tokens. */
export const OPUS_PRICING = /* @__PURE__ */ price(15, 75, 18.75, 1.5)

/** Prices by model. */
export type PriceTable = Readonly<Record<string, ModelPricing>>

/** List prices: the three aliases as ccflow documents them, and exact ids as Claude Code 2.1.329 (November 2026) uses them. */
export const MODEL_PRICING: PriceTable = {
  haiku: HAIKU_PRICING,
  sonnet: SONNET_PRICING,
  opus: OPUS_PRICING,
  'claude-opus-5-5': /* @__PURE__ */ price(4, 20, 5, 0.2, 8),
  'claude-sonnet-5-5': /* @__PURE__ */ price(2, 10, 2.5, 0.1, 4),
  'claude-haiku-5-5': /* @__PURE__ */ price(0.1, 0.5, 0.125, 0.01, 0.2),
  'claude-fable-5-2': /* @__PURE__ */ price(8, 40, 10, 0.2, 16),
  'claude-fable-5': /* @__PURE__ */ price(10, 50, 12.5, 1, 20),
  'claude-opus-4-8': /* @__PURE__ */ price(5, 25, 6.25, 0.5, 10),
  'claude-opus-4-5': /* @__PURE__ */ price(5, 25, 6.25, 0.5, 10),
  'claude-sonnet-5': /* @__PURE__ */ price(2, 10, 2.5, 0.2, 4),
  'claude-sonnet-4-6': /* @__PURE__ */ price(3, 15, 3.75, 0.3, 6),
  'claude-sonnet-4-5': /* @__PURE__ */ price(3, 15, 3.75, 0.3, 6),
  'claude-haiku-4-5': /* @__PURE__ */ price(1, 5, 1.25, 0.1, 2),
  'claude-3-5-haiku': /* @__PURE__ */ price(0.8, 4, 1, 0.08, 1.6),
}

/** Which prices are used. */
export interface PricingOptions {
  /** Prices that replace or add to the list prices. */
  readonly table?: PriceTable
  /** The price of models that are not in the table. Default: no price. */
  readonly fallback?: ModelPricing
}

/** The price of a model, by its exact id without a date or context suffix. Undefined when there is no price. */
export function getPricing(model: string, { table = MODEL_PRICING, fallback }: PricingOptions = {}): ModelPricing | undefined {
  const name = model.trim().toLowerCase()
  const bare = name.replace(/\[[^\]]*\]$/, '')
  for (const key of [name, bare, bare.replace(/-\d{8}$/, '')]) if (Object.hasOwn(table, key)) return table[key]
  return fallback
}

/** Options of `calculateCost`. */
export interface CostOptions extends PricingOptions {
  /** Whether the call is part of a batch, which costs half. */
  readonly batch?: boolean
  /** Tokens that were written to the cache for five minutes. */
  readonly cacheWriteTokens?: number
  /** Tokens that were written to the cache for an hour. */
  readonly cacheWrite1hTokens?: number
  /** Tokens that were read from the cache. */
  readonly cacheReadTokens?: number
}

/** The cost in USD; undefined when the model has no price. Rounded to nano-dollars, so that sums stay exact. */
export function calculateCost(
  model: string,
  inputTokens: number,
  outputTokens: number,
  options: CostOptions = {},
): number | undefined {
  const pricing = getPricing(model, options)
  if (!pricing) return undefined
  const { batch = false, cacheWriteTokens = 0, cacheWrite1hTokens = 0, cacheReadTokens = 0 } = options
  const discount = batch ? BATCH_DISCOUNT : 1
  const hourly = pricing.cacheWrite1h ?? pricing.cacheWrite
  const nano =
    (inputTokens * pricing.input + outputTokens * pricing.output) * discount * 1e3 +
    (cacheWriteTokens * pricing.cacheWrite + cacheWrite1hTokens * hourly + cacheReadTokens * pricing.cacheRead) * 1e3
  return Math.round(nano) / 1e9
}

/** For the option `costOf` of `createUsageTracker`: computes the cost of usage that is added without one. */
export const costBy =
  (options: PricingOptions = {}): CostOf =>
  (model, { inputTokens, outputTokens, ...cached }) =>
    calculateCost(model, inputTokens, outputTokens, { ...options, ...cached })
