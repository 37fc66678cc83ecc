/** How a turn ended, from its result line and from what was seen before it: the text, the cost of this turn alone, the typed failure. */
import type { SignalboxError } from '../errors.js'
import type { Answer } from './answer.js'
import { classifyResult } from './classify.js'
import type { ModelUsage, ResultLine } from './lines.js'

export interface TurnEnd {
  readonly line: ResultLine
  readonly text: string
  /** This turn alone. */
  readonly costUsd: number
  readonly error: SignalboxError | undefined
}

/** What the process had cost before the turn: its totals add up over the turns. */
export interface CostMeter {
  /** The cost of the turn that this line ends. */
  next(line: ResultLine): number
}

export function createCostMeter(): CostMeter {
  let before = 0
  return {
    next(line) {
      const total = line.total_cost_usd ?? before
      const difference = Math.max(0, total - before)
      before = total
      // Newer CLIs say it outright, which is also right for the first turn of a resumed session, whose total goes on from the earlier one.
      const own = line.model_usage_since_last_result
      return own ? sumCosts(own) : difference
    },
  }
}

export function sumCosts(usage: Readonly<Record<string, ModelUsage>>): number {
  // Summed in whole nano-dollars: sums of decimals drift.
  let nano = 0
  for (const { costUSD } of Object.values(usage)) nano += Math.round((costUSD ?? 0) * 1e9)
  return nano / 1e9
}

export function endOf(line: ResultLine, answer: Answer, costUsd: number, interrupted: boolean, nowMs: number): TurnEnd {
  const error = classifyResult(line, answer, interrupted, nowMs)
  return { line, text: answer.text || (error ? '' : structuredText(line)), costUsd, error }
}

/** The answer of a local command or of structured output has no text blocks; there the result field is all there is. */
const structuredText = (line: ResultLine): string => line.result ?? ''
