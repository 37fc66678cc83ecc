/** Adds up tokens and cost over the runs of a client, by model. Takes results, not the usage of single messages. */
import { recordOf } from './guards.js'
import type { ResultLine } from './lines.js'
import { figure, roundUsd } from './meter.js'

/** The sums of one model. */
export interface ModelTotals {
  /** Input tokens without those from or for the cache. */
  readonly inputTokens: number
  /** Output tokens. */
  readonly outputTokens: number
  /** Tokens that were written to the cache. */
  readonly cacheWriteTokens: number
  /** Tokens that were read from the cache. */
  readonly cacheReadTokens: number
  /** The cost. */
  readonly costUsd: number
  /** Results that were added. */
  readonly requests: number
}

/** All sums of a tracker. */
export interface UsageStats extends ModelTotals {
  /** The cost of all models. */
  readonly totalCostUsd: number
  /** Input and output tokens of all models. */
  readonly totalTokens: number
  /** Results that were added. */
  readonly requestCount: number
  /** The sums by model. */
  readonly modelUsage: Readonly<Record<string, ModelTotals>>
}

/** Sums of tokens and cost. */
export interface UsageTracker extends Omit<UsageStats, 'requests' | 'costUsd'> {
  /**
   * Adds one run of a model. Gives the cost that was added: `costUsd` if given, else the cost that `costOf` computes, else 0.
   *
   * @example
   * ```ts
   * import type { UsageTracker } from 'signalbox/claude'
   *
   * declare const usage: UsageTracker
   * usage.add('sonnet', 1_000, 500, { costUsd: 0.0105 })
   * ```
   */
  add(model: string, inputTokens: number, outputTokens: number, more?: UsageMore): number
  /**
   * Adds the sums of another tracker.
   *
   * @example
   * ```ts
   * import { createUsageTracker, type UsageTracker } from 'signalbox/claude'
   *
   * declare const usage: UsageTracker
   * const other = createUsageTracker()
   * usage.merge(other.toJSON())
   * ```
   */
  merge(other: UsageStats): void
  /**
   * The sums as plain data. They do not change when more is added.
   *
   * @example
   * ```ts
   * import type { UsageTracker } from 'signalbox/claude'
   *
   * declare const usage: UsageTracker
   * const before = usage.toJSON()
   * console.log(before.totalCostUsd)
   * ```
   */
  toJSON(): UsageStats
  /**
   * Sets all sums to 0.
   *
   * @example
   * ```ts
   * import type { UsageTracker } from 'signalbox/claude'
   *
   * declare const usage: UsageTracker
   * usage.reset()
   * ```
   */
  reset(): void
}

/** Cache tokens and cost of the added usage. */
export interface UsageMore {
  /** Tokens that were written to the cache. */
  readonly cacheWriteTokens?: number
  /** Tokens that were read from the cache. */
  readonly cacheReadTokens?: number
  /** The cost. Without it, `costOf` of the tracker computes the cost. */
  readonly costUsd?: number
  /** Default 1. */
  readonly requests?: number
}

/** The cost of tokens that are added without a cost: `costBy()` looks it up in a table of prices. */
export type CostOf = (model: string, tokens: Omit<ModelTotals, 'costUsd' | 'requests'>) => number | undefined

const NOTHING: ModelTotals = { inputTokens: 0, outputTokens: 0, cacheWriteTokens: 0, cacheReadTokens: 0, costUsd: 0, requests: 0 }

/**
 * Adds up tokens and cost, by model.
 *
 * @example
 * ```ts
 * import { createUsageTracker } from 'signalbox/claude'
 *
 * const usage = createUsageTracker()
 * usage.add('sonnet', 1000, 500, { costUsd: 0.0105 })
 * console.log(usage.totalTokens)
 * ```
 */
export function createUsageTracker({ costOf }: { readonly costOf?: CostOf } = {}): UsageTracker {
  const models = new Map<string, ModelTotals>()
  const put = (model: string, more: ModelTotals): void => void models.set(model, plus(models.get(model) ?? NOTHING, more))
  const stats = (): UsageStats => {
    const all = [...models.values()].reduce(plus, NOTHING)
    return {
      ...all,
      totalCostUsd: all.costUsd,
      requestCount: all.requests,
      totalTokens: all.inputTokens + all.outputTokens,
      modelUsage: Object.fromEntries(models),
    }
  }
  const tracker = {
    add(model: string, inputTokens: number, outputTokens: number, more: UsageMore = {}) {
      const { cacheWriteTokens = 0, cacheReadTokens = 0, requests = 1 } = more
      const tokens = { inputTokens, outputTokens, cacheWriteTokens, cacheReadTokens }
      const costUsd = more.costUsd ?? costOf?.(model, tokens) ?? 0
      put(model, { ...tokens, costUsd, requests })
      return costUsd
    },
    merge(other: UsageStats) {
      for (const [model, totals] of Object.entries(other.modelUsage)) put(model, totals)
    },
    toJSON: stats,
    reset: () => models.clear(),
  }
  for (const name of Object.keys(stats()) as (keyof UsageStats)[])
    if (name !== 'requests' && name !== 'costUsd')
      Object.defineProperty(tracker, name, { get: () => stats()[name], enumerable: true })
  return tracker as UsageTracker
}

function plus(a: ModelTotals, b: ModelTotals): ModelTotals {
  const sums = (Object.keys(NOTHING) as (keyof ModelTotals)[]).map((key) => [key, roundUsd(a[key] + b[key])])
  return Object.fromEntries(sums) as ModelTotals
}

/** The tokens of one turn. */
export interface TokenCounts {
  /** Input tokens, cached ones left out. */
  readonly inputTokens: number
  /** Output tokens. */
  readonly outputTokens: number
  /** Output tokens that were thinking, where the CLI says so. */
  readonly thinkingTokens: number
  /** Tokens that were written to the prompt cache. */
  readonly cacheWriteTokens: number
  /** Tokens that were read from the prompt cache. */
  readonly cacheReadTokens: number
  /** Input and output tokens. */
  readonly totalTokens: number
}

/** The tokens of the turn's main loop, from its result line. */
export function tokensOf(line: ResultLine): TokenCounts {
  const usage = recordOf(line.usage)
  const [inputTokens, outputTokens] = [figure(usage.input_tokens), figure(usage.output_tokens)]
  return {
    inputTokens,
    outputTokens,
    thinkingTokens: figure(recordOf(usage.output_tokens_details).thinking_tokens),
    cacheWriteTokens: figure(usage.cache_creation_input_tokens),
    cacheReadTokens: figure(usage.cache_read_input_tokens),
    totalTokens: inputTokens + outputTokens,
  }
}
