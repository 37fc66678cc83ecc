/** How a turn ended, from its result line and from what was seen before it: the text, the cost of this turn alone, the typed failure. */
import type { SignalboxError } from '../../errors.js'
import type { Answer } from './answer.js'
import { classifyResult } from './classify.js'
import { asText } from './guards.js'
import type { ResultLine } from './lines.js'

export interface TurnEnd {
  readonly line: ResultLine
  readonly text: string
  /** This turn alone: all of its results. */
  readonly costUsd: number
  readonly error: SignalboxError | undefined
}

export function endOf(line: ResultLine, answer: Answer, costUsd: number, interrupted: boolean, nowMs: number): TurnEnd {
  const error = classifyResult(line, answer, interrupted, nowMs)
  // The answer of a local command or of structured output has no text blocks; there the result field is all there is.
  return { line, text: answer.text || (error ? '' : (asText(line.result) ?? '')), costUsd, error }
}
