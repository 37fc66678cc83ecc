/** How a turn ended, from its result line and from what was seen before it: the text, the cost of this turn alone, the typed failure. */
import type { SignalboxError } from '../errors.js'
import type { Answer } from './answer.js'
import { classifyResult } from './classify.js'
import type { ResultLine } from './lines.js'
import { roundUsd } from './usage.js'

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
      return own ? Object.values(own).reduce((sum, { costUSD = 0 }) => roundUsd(sum + costUSD), 0) : difference
    },
  }
}

export function endOf(line: ResultLine, answer: Answer, costUsd: number, interrupted: boolean, nowMs: number): TurnEnd {
  const error = classifyResult(line, answer, interrupted, nowMs)
  // The answer of a local command or of structured output has no text blocks; there the result field is all there is.
  return { line, text: answer.text || (error ? '' : (line.result ?? '')), costUsd, error }
}
