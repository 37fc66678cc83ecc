/** The failures of this system. Codes tell them apart; the classes are for `instanceof` and for those who know the names from ccflow. */
import { SignalboxError, type ErrorFacts } from '../../errors.js'
import type { ResultLine } from './lines.js'

/** The facts of a `ClaudeError`. */
export interface ClaudeErrorFacts extends ErrorFacts {
  /** The session, if it is known. */
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
  /** The session, if it is known. */
  declare readonly sessionId?: string
  /** The answer as far as it came. Not enumerable, so that loggers do not print it. */
  declare readonly partialText?: string
  /** The line that ended the turn, where one did. Not enumerable. */
  declare readonly result?: ResultLine
  /** When a usage limit ends, in milliseconds since 1970. */
  declare readonly resetsAtMs?: number

  constructor(facts: ClaudeErrorFacts) {
    super({ system: 'claude', ...facts })
    for (const key of ['sessionId', 'resetsAtMs', 'partialText', 'result'] as const) {
      const value = facts[key]
      // Hidden from loggers that print every field: an answer may be long, and is the user's own.
      const enumerable = key === 'sessionId' || key === 'resetsAtMs'
      if (value !== undefined) Object.defineProperty(this, key, { value, enumerable })
    }
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
/** The CLI has no session with this id in this directory. */
export class SessionNotFoundError extends ClaudeError {
  override readonly name = 'SessionNotFoundError'
}
/** A session store failed. */
export class SessionStoreError extends ClaudeError {
  override readonly name = 'SessionStoreError'
}
/** A line that is not what the protocol says. */
export class ParseError extends ClaudeError {
  override readonly name = 'ParseError'
}
/** A permission was refused. */
export class PermissionDeniedError extends ClaudeError {
  override readonly name = 'PermissionDeniedError'
}
/** The API's own limit: 429, or the account's usage limit with `resetsAtMs`. */
export class RateLimitError extends ClaudeError {
  override readonly name = 'RateLimitError'
}
/** An MCP server is not described well enough to be started. */
export class MCPConfigError extends ClaudeError {
  override readonly name = 'MCPConfigError'
}
/** Our own limiter refused the call: nothing was sent. */
export class RateLimitExceededError extends ClaudeError {
  override readonly name: string = 'RateLimitExceededError'
}
/** Our own cap on concurrent runs refused the call: nothing was sent. */
export class ConcurrencyLimitExceededError extends RateLimitExceededError {
  override readonly name = 'ConcurrencyLimitExceededError'
}
/** Our own breaker is open: nothing was sent. */
export class CircuitBreakerError extends ClaudeError {
  override readonly name = 'CircuitBreakerError'
}
/** Several attempts failed; `cause` is the last failure. */
export class RetryExhaustedError extends ClaudeError {
  override readonly name = 'RetryExhaustedError'
}
/** A failure of the Messages API where it stands in for the CLI: see `messagesApi` of `signalbox/claude/api`. */
export class APIClientError extends ClaudeError {
  override readonly name: string = 'APIClientError'
}
/** The Messages API needs a key and none was given. */
export class APINotAvailableError extends APIClientError {
  override readonly name = 'APINotAvailableError'
}
/** The Messages API refused with 429; `retryAfterMs` says how long to wait, if the API said so. */
export class APIRateLimitError extends APIClientError {
  override readonly name = 'APIRateLimitError'
}
