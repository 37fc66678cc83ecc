/** The end of a turn, from its result line and the lines before it: the text, the cost of this turn only, the typed failure. */
import type { SignalboxError } from '../../errors.js'
import type { Answer } from './answer.js'
import { classifyResult } from './classify.js'
import { CLIExecutionError, type ClaudeError } from './errors.js'
import { asText } from './guards.js'
import type { ResultLine } from './lines.js'

export interface TurnEnd {
  readonly line: ResultLine
  readonly text: string
  /** This turn alone: all of its results. */
  readonly costUsd: number
  readonly error: SignalboxError | undefined
}

export interface EndFacts {
  /** This turn alone: all of its results. */
  readonly costUsd: number
  readonly interrupted: boolean
  /** Whether a schema was given. Then a turn that ends without structured output fails. */
  readonly wantsOutput: boolean
  readonly nowMs: number
}

export function endOf(line: ResultLine, answer: Answer, { costUsd, interrupted, wantsOutput, nowMs }: EndFacts): TurnEnd {
  const error = classifyResult(line, answer, interrupted, nowMs) ?? (wantsOutput ? missingOutput(line, answer) : undefined)
  // Local commands and structured output have no text blocks. Then the result field is the answer.
  return { line, text: answer.text || (error ? '' : (asText(line.result) ?? '')), costUsd, error }
}

/** CLI 2.0 reports success when the model answers with text although a schema was given. */
function missingOutput(line: ResultLine, answer: Answer): ClaudeError | undefined {
  if (line.structured_output !== undefined) return undefined
  return new CLIExecutionError({
    code: 'remote',
    message: 'The turn ended without the structured output that its schema asked for.',
    hint: 'Ask for the output in the message, or ask again.',
    remoteCode: 'structured_output_missing',
    sent: 'yes',
    op: 'turn',
    sessionId: line.session_id ?? answer.sessionId,
    partialText: answer.partialText,
    result: line,
  })
}
