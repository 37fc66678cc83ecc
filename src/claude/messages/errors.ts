/** The error classes of this client. Prefer `code`; the classes are for `instanceof` and have ccflow's names. */
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

/** The base class of all errors of the Claude client; ccflow's CCFlowError. */
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
      // Not enumerable, so that loggers do not print it. An answer may be long and private.
      const enumerable = key === 'sessionId' || key === 'resetsAtMs'
      if (value !== undefined) Object.defineProperty(this, key, { value, enumerable })
    }
  }
}

/** The CLI is not installed, or cannot run on this machine. */
export class CLINotFoundError extends ClaudeError {
  override readonly name = 'CLINotFoundError'
}
/** The CLI is not signed in, the key is wrong, or the account lacks a permission. */
export class CLIAuthenticationError extends ClaudeError {
  override readonly name = 'CLIAuthenticationError'
}
/** The run failed: its result is a failure, or the CLI exited without a result. */
export class CLIExecutionError extends ClaudeError {
  override readonly name = 'CLIExecutionError'
}
/** The deadline passed, or the CLI was silent for too long. `partialText` has the part of the answer that arrived. */
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
/** A line of the CLI breaks the protocol. */
export class ParseError extends ClaudeError {
  override readonly name = 'ParseError'
}
/** A permission was refused. */
export class PermissionDeniedError extends ClaudeError {
  override readonly name = 'PermissionDeniedError'
}
/** The API refused with 429, or the account's usage limit is reached; then `resetsAtMs` says when it resets. */
export class RateLimitError extends ClaudeError {
  override readonly name = 'RateLimitError'
}
/** The configuration of an MCP server has neither a command nor a URL. */
export class MCPConfigError extends ClaudeError {
  override readonly name = 'MCPConfigError'
}
/** The limiter of this client refused the call. Nothing was sent. */
export class RateLimitExceededError extends ClaudeError {
  override readonly name: string = 'RateLimitExceededError'
}
/** The limit on concurrent runs of this client refused the call. Nothing was sent. */
export class ConcurrencyLimitExceededError extends RateLimitExceededError {
  override readonly name = 'ConcurrencyLimitExceededError'
}
/** The circuit breaker of this client is open. Nothing was sent. */
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
