/** Runs a turn on a connection and gives a failed turn its typed error. Queries and sessions share this. */
import type { Call } from '../../core/call.js'
import { onAbort } from '../../core/on-abort.js'
import { abortError } from '../../core/deadline.js'
import { SignalboxError, withFacts, type ErrorCode } from '../../errors.js'
import type { Connection } from '../protocol/connection.js'
import {
  CircuitBreakerError,
  ClaudeError,
  type ClaudeErrorFacts,
  CLIExecutionError,
  CLINotFoundError,
  CLITimeoutError,
  ConcurrencyLimitExceededError,
  ParseError,
  RateLimitExceededError,
  RetryExhaustedError,
} from '../messages/errors.js'
import type { ContentBlock } from '../messages/lines.js'
import type { TurnState } from '../protocol/turn-state.js'

export interface TurnRun {
  readonly on: Connection
  readonly call: Call
  readonly state: TurnState
  readonly content: string | readonly ContentBlock[]
  readonly over: Promise<TurnState>
  /** The message was written. */
  readonly onBegun: (on: Connection) => void
  /** The call was given up while the turn runs. */
  readonly giveUp: () => void
}

export async function playTurn({ on, call, state, content, over, onBegun, giveUp }: TurnRun): Promise<TurnState> {
  const ignore = onAbort(call.signal, () => {
    const { partialText, sessionId } = state.answer
    const { system, transport, op } = call
    // The reader gets the same error as the caller, not the error of the process that was ended for it.
    const reason = abortError(call.signal, { system, transport, op, sent: state.written ? 'maybe' : 'no' })
    state.giveUp(asClaudeError(reason, { partialText, sessionId }))
    giveUp()
  })
  try {
    call.signal.throwIfAborted()
    await on.begin(state, content)
    onBegun(on)
    const done = await over
    if (done.lastEnd?.error) throw done.lastEnd.error
    return done
  } finally {
    ignore()
  }
}

/** The error of a turn that was interrupted before its message was written. */
export const interruptedEarly = (): ClaudeError =>
  new ClaudeError({ code: 'aborted', message: 'The turn was interrupted before its message was sent.', op: 'turn', sent: 'no' })

/** Waits for the run. A failure gets the facts that only the turn knows, and reaches the turn's reader too. */
export async function withTurnFacts(run: Promise<TurnState>, state: TurnState, sessionId?: string): Promise<TurnState> {
  try {
    return await run
  } catch (error) {
    const { partialText, sessionId: seen } = state.answer
    const known = { partialText, sessionId: sessionId ?? seen, ...(state.written ? {} : { sent: 'no' as const }) }
    const typed = SignalboxError.is(error) ? asClaudeError(error, known) : error
    state.fail(typed as SignalboxError)
    throw typed
  }
}

/** Gives a failure of a lower layer the class that callers of this client know. `more` adds what only the turn knows. */
function asClaudeError(error: SignalboxError, more: Partial<ClaudeErrorFacts>): ClaudeError {
  if (error instanceof ClaudeError) return withMissing(error, more)
  const { code, message, attempt = 1 } = error
  const facts = { ...error, message, cause: error.cause ?? error, ...more }
  if (attempt > 1) return new RetryExhaustedError({ ...facts, cause: error, message: `${message} (after ${attempt} attempts)` })
  const typed = new (classOf(code, error))(facts)
  // The stack of the first error shows where it happened.
  if (error.stack) typed.stack = error.stack
  return typed
}

/** The same error, with the facts of the turn where the error does not have them. */
function withMissing(error: ClaudeError, more: Partial<ClaudeErrorFacts>): ClaudeError {
  const { sent, ...missing } = more
  const complete = withFacts(error, missing, { sent })
  // Hidden from loggers that print every field, as the constructor hides it.
  if (complete !== error && complete.partialText !== undefined)
    Object.defineProperty(complete, 'partialText', { enumerable: false })
  return complete
}

type ErrorClass = new (facts: ClaudeErrorFacts) => ClaudeError

function classOf(code: ErrorCode, { op, sent, retryAfterMs }: SignalboxError): ErrorClass {
  if (code === 'deadline_exceeded') return CLITimeoutError
  if (code === 'circuit_open') return CircuitBreakerError
  if (code === 'exited') return CLIExecutionError
  // A rate limit knows when the next call may pass. A limit on concurrent runs does not: another run must end first.
  if (code === 'rate_limited') return retryAfterMs === undefined ? ConcurrencyLimitExceededError : RateLimitExceededError
  if (code === 'not_found' && op === 'open') return CLINotFoundError
  return sent !== 'no' && (code === 'invalid_message' || code === 'too_large') ? ParseError : ClaudeError
}
