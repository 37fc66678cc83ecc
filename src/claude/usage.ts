/** Adds up tokens and cost over the runs of a client, by model. Fed by results, never by the usage of single messages. */
import { isRecord } from './guards.js'
import type { ModelUsage, ResultLine } from './lines.js'
import { calculateCost, type PricingOptions } from './pricing.js'

export interface ModelTotals {
  readonly inputTokens: number
  readonly outputTokens: number
  readonly cacheWriteTokens: number
  readonly cacheReadTokens: number
  readonly costUsd: number
  readonly requests: number
}

export interface UsageStats extends ModelTotals {
  readonly totalCostUsd: number
  readonly totalTokens: number
  readonly requestCount: number
  readonly modelUsage: Readonly<Record<string, ModelTotals>>
}

export interface UsageTracker extends Omit<UsageStats, 'requests' | 'costUsd'> {
  /** One run of a model; gives its cost: what is said here, or what the table makes of the tokens. */
  add(model: string, inputTokens: number, outputTokens: number, more?: UsageMore): number
  merge(other: UsageStats): void
  toJSON(): UsageStats
  reset(): void
}

export interface UsageMore {
  readonly cacheWriteTokens?: number
  readonly cacheReadTokens?: number
  readonly costUsd?: number
  readonly requests?: number
}

const NOTHING: ModelTotals = { inputTokens: 0, outputTokens: 0, cacheWriteTokens: 0, cacheReadTokens: 0, costUsd: 0, requests: 0 }

export function createUsageTracker(pricing: PricingOptions = {}): UsageTracker {
  const models = new Map<string, ModelTotals>()
  const add: UsageTracker['add'] = (model, inputTokens, outputTokens, more = {}) => {
    const { cacheWriteTokens = 0, cacheReadTokens = 0, requests = 1 } = more
    const costUsd =
      more.costUsd ?? calculateCost(model, inputTokens, outputTokens, { ...pricing, cacheWriteTokens, cacheReadTokens }) ?? 0
    const known = models.get(model) ?? NOTHING
    models.set(model, plus(known, { inputTokens, outputTokens, cacheWriteTokens, cacheReadTokens, costUsd, requests }))
    return costUsd
  }
  const stats = (): UsageStats => {
    const all = [...models.values()].reduce(plus, NOTHING)
    const { costUsd: totalCostUsd, requests: requestCount, inputTokens, outputTokens } = all
    const modelUsage = Object.fromEntries(models)
    return { ...all, totalCostUsd, requestCount, totalTokens: inputTokens + outputTokens, modelUsage }
  }
  const tracker = {
    add,
    merge(other: UsageStats) {
      for (const [model, totals] of Object.entries(other.modelUsage)) models.set(model, plus(models.get(model) ?? NOTHING, totals))
    },
    toJSON: stats,
    reset: () => models.clear(),
  }
  for (const name of Object.keys(stats()).filter((key) => key !== 'requests' && key !== 'costUsd')) {
    Object.defineProperty(tracker, name, { get: () => stats()[name as keyof UsageStats], enumerable: true })
  }
  return tracker as UsageTracker
}

function plus(one: ModelTotals, other: ModelTotals): ModelTotals {
  return {
    inputTokens: one.inputTokens + other.inputTokens,
    outputTokens: one.outputTokens + other.outputTokens,
    cacheWriteTokens: one.cacheWriteTokens + other.cacheWriteTokens,
    cacheReadTokens: one.cacheReadTokens + other.cacheReadTokens,
    costUsd: Math.round((one.costUsd + other.costUsd) * 1e9) / 1e9,
    requests: one.requests + other.requests,
  }
}

/** The models of one turn, from totals that add up over the process: give the ones of the result before. */
export function modelUsageOfTurn(
  line: ResultLine,
  before: Readonly<Record<string, ModelUsage>>,
): Readonly<Record<string, ModelUsage>> {
  if (line.model_usage_since_last_result) return line.model_usage_since_last_result
  const out: Record<string, ModelUsage> = {}
  for (const [model, now] of Object.entries(line.modelUsage ?? {})) {
    const earlier = before[model]
    const since = (
      name: 'inputTokens' | 'outputTokens' | 'cacheReadInputTokens' | 'cacheCreationInputTokens' | 'costUSD',
    ): number => Math.max(0, (now[name] ?? 0) - (earlier?.[name] ?? 0))
    const inputTokens = since('inputTokens')
    const outputTokens = since('outputTokens')
    const costUSD = since('costUSD')
    if (inputTokens === 0 && outputTokens === 0 && costUSD === 0) continue
    out[model] = {
      ...now,
      inputTokens,
      outputTokens,
      cacheReadInputTokens: since('cacheReadInputTokens'),
      cacheCreationInputTokens: since('cacheCreationInputTokens'),
      costUSD,
    }
  }
  return out
}

export interface TokenCounts {
  readonly inputTokens: number
  readonly outputTokens: number
  readonly thinkingTokens: number
  readonly cacheWriteTokens: number
  readonly cacheReadTokens: number
  readonly totalTokens: number
}

/** The turn's own tokens, main loop only, as the result says. */
export function tokensOf(line: ResultLine): TokenCounts {
  const usage = isRecord(line.usage) ? line.usage : {}
  const count = (value: unknown): number => (typeof value === 'number' ? value : 0)
  const [inputTokens, outputTokens] = [count(usage.input_tokens), count(usage.output_tokens)]
  const details = isRecord(usage.output_tokens_details) ? usage.output_tokens_details : {}
  return {
    inputTokens,
    outputTokens,
    thinkingTokens: count(details.thinking_tokens),
    cacheWriteTokens: count(usage.cache_creation_input_tokens),
    cacheReadTokens: count(usage.cache_read_input_tokens),
    totalTokens: inputTokens + outputTokens,
  }
}
