/** What the CLI counts adds up over its process. Each result passes the meter of its process once; what that gives may be added to anything. */
import { recordOf } from './guards.js'
import type { ModelUsage, ResultLine } from './lines.js'

/** What one result adds to those before it; nothing but zeros for a model that it did not use. */
export interface Spent {
  /** The cost. */
  readonly costUsd: number
  /** The tokens and cost of each model. */
  readonly models: Readonly<Record<string, ModelUsage>>
}

const COUNTS = ['inputTokens', 'outputTokens', 'cacheReadInputTokens', 'cacheCreationInputTokens', 'costUSD'] as const

/** USD in whole nano-dollars: sums of decimals drift. */
export const roundUsd = (usd: number): number => Math.round(usd * 1e9) / 1e9

/** The value, if it is a finite number; else 0. */
export const figure = (value: unknown): number => (Number.isFinite(value) ? (value as number) : 0)

export function createMeter(): (line: ResultLine) => Spent {
  // The highest seen: after a result that counts nothing, such as one of a failed start, the next does not count everything again.
  const marks = new Map<string, number>()
  const since = (value: unknown, name: string): number => {
    const before = marks.get(name) ?? 0
    const now = Math.max(before, figure(value))
    marks.set(name, now)
    return roundUsd(now - before)
  }
  const read = (all: unknown, count: (value: unknown, name: string) => number): Spent['models'] => {
    const models: Record<string, ModelUsage> = {}
    for (const [model, one] of Object.entries(recordOf(all))) {
      models[model] = Object.fromEntries(
        COUNTS.map((name) => [name, count(recordOf(one)[name], `${model} ${name}`)]),
      ) as unknown as ModelUsage
    }
    return models
  }
  return (line) => {
    const spent = { costUsd: since(line.total_cost_usd, ''), models: read(line.modelUsage, since) }
    // Newer CLIs say it outright, which is also right for the first result of a resumed session, whose totals go on from the earlier ones.
    const own = line.model_usage_since_last_result
    if (!own) return spent
    const models = read(own, figure)
    return { costUsd: Object.values(models).reduce((sum, { costUSD }) => roundUsd(sum + costUSD), 0), models }
  }
}
