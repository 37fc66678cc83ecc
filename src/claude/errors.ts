/** The failures of this system. Codes tell them apart; the classes are for `instanceof` and for those who know the names from ccflow. */
import { SignalboxError, type ErrorFacts } from '../errors.js'
import type { ResultLine } from './lines.js'

export interface ClaudeErrorFacts extends ErrorFacts {
  readonly sessionId?: string | undefined
  /** The answer as far as it came. */
  readonly partialText?: string | undefined
  /** The line that ended the turn, where one did. */
  readonly result?: ResultLine | undefined
  /** When a usage limit ends, in milliseconds since 1970. */
  readonly resetsAtMs?: number | undefined
}

/** The base: ccflow's CCFlowError. */
export class ClaudeError extends SignalboxError {
  override readonly name: string = 'ClaudeError'
  readonly sessionId?: string
  readonly partialText?: string
  readonly result?: ResultLine
  readonly resetsAtMs?: number

  constructor(facts: ClaudeErrorFacts) {
    super({ system: 'claude', ...facts })
    if (facts.sessionId !== undefined) this.sessionId = facts.sessionId
    if (facts.resetsAtMs !== undefined) this.resetsAtMs = facts.resetsAtMs
    // Hidden from loggers that print every field: an answer may be long, and is the user's own.
    if (facts.partialText !== undefined) Object.defineProperty(this, 'partialText', { value: facts.partialText })
    if (facts.result !== undefined) Object.defineProperty(this, 'result', { value: facts.result })
  }
}

/** No executable, or one that cannot run here. */
export class CLINotFoundError extends ClaudeError {
  override readonly name = 'CLINotFoundError'
}
/** Not signed in, a wrong key, or an account that may not. */
export class CLIAuthenticationError extends ClaudeError {
  override readonly name = 'CLIAuthenticationError'
}
/** The run ended badly: by a failed result, or by an exit without one. */
export class CLIExecutionError extends ClaudeError {
  override readonly name = 'CLIExecutionError'
}
/** A deadline or the idle watchdog; `partialText` holds the answer as far as it came. */
export class CLITimeoutError extends ClaudeError {
  override readonly name = 'CLITimeoutError'
}
export class SessionNotFoundError extends ClaudeError {
  override readonly name = 'SessionNotFoundError'
}
export class SessionStoreError extends ClaudeError {
  override readonly name = 'SessionStoreError'
}
/** A line that is not what the protocol says. */
export class ParseError extends ClaudeError {
  override readonly name = 'ParseError'
}
export class ToonEncodingError extends ClaudeError {
  override readonly name = 'ToonEncodingError'
}
export class PermissionDeniedError extends ClaudeError {
  override readonly name = 'PermissionDeniedError'
}
/** The API's own limit: 429, or the account's usage limit with `resetsAtMs`. */
export class RateLimitError extends ClaudeError {
  override readonly name = 'RateLimitError'
}
export class MCPConfigError extends ClaudeError {
  override readonly name = 'MCPConfigError'
}
/** Our own limiter refused the call: nothing was sent. */
export class RateLimitExceededError extends ClaudeError {
  override readonly name: string = 'RateLimitExceededError'
}
export class ConcurrencyLimitExceededError extends RateLimitExceededError {
  override readonly name = 'ConcurrencyLimitExceededError'
}
export class CircuitBreakerError extends ClaudeError {
  override readonly name = 'CircuitBreakerError'
}
/** Several attempts failed; `cause` is the last failure. */
export class RetryExhaustedError extends ClaudeError {
  override readonly name = 'RetryExhaustedError'
}
/** The Messages API, where it stands in for the CLI. */
export class APIClientError extends ClaudeError {
  override readonly name: string = 'APIClientError'
}
export class APINotAvailableError extends APIClientError {
  override readonly name = 'APINotAvailableError'
}
export class APIRateLimitError extends APIClientError {
  override readonly name = 'APIRateLimitError'
}

/** Facts of an error of ours, to make one of a class of this room from it. */
function factsOf(error: SignalboxError): ClaudeErrorFacts {
  const { code, message, sent, transport, op, attempt, retryable, status, remoteCode } = error
  const { exitCode, signal, stderrTail, retryAfterMs } = error
  const facts = { code, message, sent, transport, op, attempt, retryable, status, remoteCode }
  return { ...facts, exitCode, signal, stderrTail, retryAfterMs, cause: error.cause ?? error }
}

/** Gives failures of the layers below the class that callers of this room know; `more` adds what only the turn knows. */
export function asClaudeError(error: SignalboxError, more: Partial<ClaudeErrorFacts> = {}): ClaudeError {
  if (error instanceof ClaudeError) return error
  const facts = { ...factsOf(error), ...more }
  if (error.attempt !== undefined && error.attempt > 1) {
    return new RetryExhaustedError({ ...facts, cause: error, message: `${error.message} (after ${error.attempt} attempts)` })
  }
  switch (error.code) {
    case 'deadline_exceeded':
      return new CLITimeoutError(facts)
    case 'circuit_open':
      return new CircuitBreakerError(facts)
    case 'rate_limited':
      return /concurren/i.test(facts.message) ? new ConcurrencyLimitExceededError(facts) : new RateLimitExceededError(facts)
    case 'invalid_message':
    case 'too_large':
      return error.sent === 'no' ? new ClaudeError(facts) : new ParseError(facts)
    case 'exited':
      return new CLIExecutionError(facts)
    case 'not_found':
      return error.op === 'open' ? new CLINotFoundError(facts) : new ClaudeError(facts)
    default:
      return new ClaudeError(facts)
  }
}
