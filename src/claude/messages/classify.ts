/** Finds the kind of failure of a result line: by `is_error` and subtype, then by HTTP status, then by the CLI's name, then by text. */
import type { ErrorCode } from '../../errors.js'
import type { Answer } from './answer.js'
import {
  APIClientError,
  APIRateLimitError,
  type ClaudeError,
  CLIAuthenticationError,
  CLIExecutionError,
  RateLimitError,
  SessionNotFoundError,
  type ClaudeErrorFacts,
} from './errors.js'
import { asText, isFailure, textIn } from './guards.js'
import type { ResultLine } from './lines.js'

/** The CLI's message for an unknown session, on stderr or in a result. */
export const NO_SESSION = /No conversation found|requires a valid session ID/
export const NO_SESSION_HINT = 'Sessions are kept per directory: check cwd and the id.'

export const SIGN_IN = 'Sign in with `claude`, or check ANTHROPIC_API_KEY.'

/** Error codes by the CLI's name of a failed API call, or by the subtype of the result. Other names are `remote`. */
const ACCOUNT = 'Check the account.'
const LATER = 'Try later: the CLI has retried already.'
const TABLE: Readonly<Record<string, readonly [code: ErrorCode, hint?: string]>> = {
  authentication_failed: ['unauthenticated', SIGN_IN],
  cloud_credential_error: ['unauthenticated', 'Check the cloud credentials.'],
  oauth_org_not_allowed: ['permission_denied', ACCOUNT],
  account_on_hold: ['permission_denied', ACCOUNT],
  verification_required: ['permission_denied', ACCOUNT],
  billing_error: ['permission_denied', ACCOUNT],
  rate_limit: ['rate_limited', LATER],
  overloaded: ['unavailable', 'A fallbackModel helps.'],
  server_error: ['unavailable', LATER],
  invalid_request: ['invalid_argument'],
  model_not_found: ['not_found', 'Check the model.'],
  max_output_tokens: ['remote', 'Raise maxTokens or ask for less.'],
  refusal: ['remote', 'The model refused. Rephrase the message, or choose another model.'],
  error_max_turns: ['remote', 'Raise maxTurns, or go on with another message.'],
  error_max_budget_usd: ['remote', 'Raise maxBudgetUsd: it counts for the process.'],
  error_max_structured_output_retries: ['remote', 'The tool results say why.'],
}
/** A map and not an object, because the peer chooses the names and one of them may be `constructor`. */
const VERDICTS = new Map(Object.entries(TABLE))

const BY_STATUS = new Map<unknown, string>([
  [400, 'invalid_request'],
  [401, 'authentication_failed'],
  [404, 'model_not_found'],
  [413, 'invalid_request'],
  [429, 'rate_limit'],
])

export function classifyResult(line: ResultLine, answer: Answer, interrupted: boolean, nowMs: number): ClaudeError | undefined {
  const { subtype, terminal_reason: reason } = line
  const result = asText(line.result) ?? ''
  const fail = (Kind: typeof ClaudeError, code: ErrorCode, message: string, more: Partial<ClaudeErrorFacts>): ClaudeError => {
    const sessionId = line.session_id ?? answer.sessionId
    return new Kind({ op: 'turn', sent: 'yes', sessionId, partialText: answer.partialText, result: line, code, message, ...more })
  }
  const cut = reason === 'aborted_streaming' || reason === 'aborted_tools'
  // Interrupted by this client or by a permission decision. Newer CLIs report some of these as a success without an answer.
  if (cut || (interrupted && subtype === 'error_during_execution'))
    return fail(CLIExecutionError, 'aborted', 'The turn was interrupted.', { remoteCode: isFailure(line) ? subtype : reason })
  if (!isFailure(line)) return undefined

  // The CLI's message may have no full stop. Add one, because a hint may follow.
  const sentence = `The turn failed: ${wordsOf(line, answer)}`.replace(/[^.!?]$/, '$&.')
  const named = (remoteCode: string, status?: number): ClaudeError => {
    const [code, hint] = VERDICTS.get(remoteCode) ?? ['remote']
    const Kind = classOf(code, line.backend === 'messages-api')
    return fail(Kind, code, sentence, { remoteCode, hint, status })
  }
  if (subtype !== 'success') {
    if (!errorsOf(line).some((text) => NO_SESSION.test(text))) return named(subtype)
    return fail(SessionNotFoundError, 'not_found', sentence, { remoteCode: 'no_conversation', sent: 'no', hint: NO_SESSION_HINT })
  }
  const { limit, failure } = answer
  const rejected = limit?.status === 'rejected'
  if (rejected || line.api_error === 'usage_limit_reached') {
    // The value may not be a valid date. Then the time of the reset is unknown.
    const resetsAt = new Date(((rejected && limit.resetsAt) || Number.NaN) * 1000)
    const resetsAtMs = resetsAt.getTime()
    const isKnown = Number.isFinite(resetsAtMs)
    return fail(RateLimitError, 'rate_limited', isKnown ? `${sentence} It resets at ${resetsAt.toISOString()}.` : sentence, {
      remoteCode: 'usage_limit_reached',
      status: 429,
      hint: 'resendAfterReset waits for it and sends again.',
      ...(isKnown && { resetsAtMs, retryAfterMs: Math.max(0, resetsAtMs - nowMs) }),
    })
  }
  // CLI 2.1 gives the refusal in the result, 2.0 in the message of the model.
  if (line.stop_reason === 'refusal' || answer.refused) return named('refusal')
  // CLI 2.0 has no field for the status and names most failures `unknown`.
  const status = line.api_error_status ?? statusInText(result)
  const name = failure?.error
  if (status === 403)
    return fail(CLIAuthenticationError, 'permission_denied', sentence, { remoteCode: name, status, hint: ACCOUNT })
  if (status === 529) return named('overloaded', status)
  if (name !== undefined && VERDICTS.has(name)) return named(name, status)
  // Read the text only for CLI 2.0, which may give neither a status nor a name.
  const guess =
    (status ?? 0) >= 500 || /connect/i.test(result)
      ? 'server_error'
      : /exceeded the \d+ output token maximum/.test(result)
        ? 'max_output_tokens'
        : 'unknown'
  return named(BY_STATUS.get(status) ?? guess, status)
}

function statusInText(text: string): number | undefined {
  return Number(/\bAPI Error: (\d{3})\b/.exec(text)?.[1]) || undefined
}

function classOf(code: ErrorCode, isApi: boolean): typeof ClaudeError {
  if (code === 'unauthenticated' || code === 'permission_denied') return CLIAuthenticationError
  if (code === 'rate_limited') return isApi ? APIRateLimitError : RateLimitError
  return isApi ? APIClientError : CLIExecutionError
}

function errorsOf({ errors }: ResultLine): readonly string[] {
  return Array.isArray(errors) ? errors.filter((text) => typeof text === 'string') : []
}

function wordsOf(line: ResultLine, answer: Answer): string {
  // After an interrupt this field has a diagnostic for the CLI's authors. Users do not need it.
  const errors = errorsOf(line)
    .filter((text) => !text.startsWith('[ede_diagnostic]'))
    .join('; ')
  return asText(line.result) || errors || textIn(answer.failure?.message.content) || line.subtype
}
