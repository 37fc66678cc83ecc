/** The CLI's totals grow over its process. The meter takes each result once and gives the difference, which can be summed. */
import { recordOf } from './guards.js'
import type { ModelUsage, ResultLine } from './lines.js'

/** The cost and tokens that a result adds to the earlier results. Zeros for a model that the turn did not use. */
export interface Spent {
  /** The cost. */
  readonly costUsd: number
  /** The tokens and cost of each model. */
  readonly models: Readonly<Record<string, ModelUsage>>
}

const COUNTS = ['inputTokens', 'outputTokens', 'cacheReadInputTokens', 'cacheCreationInputTokens', 'costUSD'] as const

/** USD rounded to nano-dollars, because sums of decimal fractions are not exact. */
export const roundUsd = (usd: number): number => Math.round(usd * 1e9) / 1e9

/** The value, if it is a finite number; else 0. */
export const figure = (value: unknown): number => (Number.isFinite(value) ? (value as number) : 0)

export function createMeter(): (line: ResultLine) => Spent {
  // The highest totals so far. A result without totals, such as that of a failed start, must not make the next one count everything again.
  const marks = new Map<string, number>()
  const since = (value: unknown, name: string): number => {
    const before = marks.get(name) ?? 0
    const now = Math.max(before, figure(value))
    marks.set(name, now)
    return roundUsd(now - before)
  }
  const read = (all: unknown, count: (value: unknown, name: string) => number): Spent['models'] => {
    const models: Record<string, ModelUsage> = {}
    for (const [model, usage] of Object.entries(recordOf(all))) {
      models[model] = Object.fromEntries(
        COUNTS.map((name) => [name, count(recordOf(usage)[name], `${model} ${name}`)]),
      ) as unknown as ModelUsage
    }
    return models
  }
  return (line) => {
    const spent = { costUsd: since(line.total_cost_usd, ''), models: read(line.modelUsage, since) }
    // Newer CLIs report the difference. It is also correct for the first result of a resumed session, whose totals include earlier turns.
    const own = line.model_usage_since_last_result
    if (!own) return spent
    const models = read(own, figure)
    return { costUsd: Object.values(models).reduce((sum, { costUSD }) => roundUsd(sum + costUSD), 0), models }
  }
}
