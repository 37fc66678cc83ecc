/** What kind of failure a result line is. By `is_error` and subtype, then the API's status, then what the CLI calls it; text comes last. */
import type { ErrorCode } from '../errors.js'
import type { Answer } from './answer.js'
import {
  type ClaudeError,
  CLIAuthenticationError,
  CLIExecutionError,
  RateLimitError,
  SessionNotFoundError,
  type ClaudeErrorFacts,
} from './errors.js'
import { isFailure, isText } from './guards.js'
import type { ResultLine } from './lines.js'

interface Verdict {
  readonly code: ErrorCode
  readonly remoteCode: string
  readonly hint: string
  readonly retryable?: boolean
}

/** By what the CLI itself calls the failure of an API call. */
const BY_NAME: Readonly<Record<string, Verdict>> = {
  authentication_failed: {
    code: 'unauthenticated',
    remoteCode: 'authentication_failed',
    hint: 'Check the key, or run `claude` and sign in.',
  },
  oauth_org_not_allowed: {
    code: 'permission_denied',
    remoteCode: 'oauth_org_not_allowed',
    hint: 'This organisation may not use Claude Code.',
  },
  account_on_hold: { code: 'permission_denied', remoteCode: 'account_on_hold', hint: 'The account is on hold.' },
  verification_required: { code: 'permission_denied', remoteCode: 'verification_required', hint: 'The account must be verified.' },
  billing_error: { code: 'permission_denied', remoteCode: 'billing_error', hint: 'Check the billing of the account.' },
  rate_limit: {
    code: 'rate_limited',
    remoteCode: 'rate_limit',
    hint: 'The CLI has retried by itself already: wait before the next call.',
  },
  overloaded: { code: 'unavailable', remoteCode: 'overloaded', hint: 'The API is overloaded; a fallbackModel helps.' },
  server_error: { code: 'unavailable', remoteCode: 'server_error', hint: "The API failed after the CLI's own retries." },
  invalid_request: { code: 'invalid_argument', remoteCode: 'invalid_request', hint: 'The API refused the request as it is.' },
  model_not_found: {
    code: 'not_found',
    remoteCode: 'model_not_found',
    hint: 'Check the model: the CLI does not validate it at start.',
  },
  max_output_tokens: { code: 'remote', remoteCode: 'max_output_tokens', hint: 'Raise maxTokens or ask for less.' },
  cloud_credential_error: {
    code: 'unauthenticated',
    remoteCode: 'cloud_credential_error',
    hint: 'Check the credentials of the cloud provider.',
  },
}
const UNAVAILABLE = BY_NAME.server_error as Verdict
const OVERLOADED = BY_NAME.overloaded as Verdict

const BY_STATUS: Readonly<Record<number, string>> = {
  400: 'invalid_request',
  401: 'authentication_failed',
  404: 'model_not_found',
  413: 'invalid_request',
  429: 'rate_limit',
  529: 'overloaded',
}

const BY_SUBTYPE: Readonly<Record<string, Verdict>> = {
  error_max_turns: { code: 'remote', remoteCode: 'error_max_turns', hint: 'Raise maxTurns, or go on with another message.' },
  error_max_budget_usd: {
    code: 'remote',
    remoteCode: 'error_max_budget_usd',
    hint: 'Raise maxBudgetUsd; it counts for the whole process.',
  },
  error_max_structured_output_retries: {
    code: 'remote',
    remoteCode: 'error_max_structured_output_retries',
    hint: 'The model never met jsonSchema; the tool results say why.',
  },
  error_during_execution: { code: 'remote', remoteCode: 'error_during_execution', hint: '' },
}

export function classifyResult(line: ResultLine, answer: Answer, interrupted: boolean, nowMs: number): ClaudeError | undefined {
  const facts = {
    op: 'turn',
    sent: 'yes',
    sessionId: line.session_id ?? answer.sessionId,
    partialText: answer.text,
    result: line,
  } as const
  const said = `The turn failed: ${message(line, answer)}`
  const cut = line.terminal_reason === 'aborted_streaming' || line.terminal_reason === 'aborted_tools'
  if (interrupted && (cut || line.subtype === 'error_during_execution')) {
    return new CLIExecutionError({ ...facts, code: 'aborted', remoteCode: line.subtype, message: 'The turn was interrupted.' })
  }
  if (!isFailure(line)) {
    // A refusing callback can end a turn too; newer CLIs call that a success without an answer.
    if (!cut) return undefined
    return new CLIExecutionError({
      ...facts,
      code: 'aborted',
      remoteCode: line.terminal_reason,
      message: 'A permission decision ended the turn.',
    })
  }
  if (line.subtype !== 'success') return bySubtype(line, said, facts)
  return byApi(line, answer, said, facts, nowMs)
}

type Facts = Omit<ClaudeErrorFacts, 'code' | 'message'>

function bySubtype(line: ResultLine, said: string, facts: Facts): ClaudeError {
  const missing = line.errors?.some((text) => /^No conversation found|requires a valid session ID/.test(text))
  if (missing) {
    return new SessionNotFoundError({
      ...facts,
      code: 'not_found',
      remoteCode: 'no_conversation',
      sent: 'no',
      message: said,
      hint: 'Sessions are kept per working directory: check cwd and the id.',
    })
  }
  const verdict = BY_SUBTYPE[line.subtype] ?? { code: 'remote', remoteCode: line.subtype, hint: '' }
  return new CLIExecutionError({ ...facts, ...verdict, message: said })
}

function byApi(line: ResultLine, answer: Answer, said: string, facts: Facts, nowMs: number): ClaudeError {
  // 2.0 has no field for it.
  const status = line.api_error_status ?? statusInText(line.result ?? '')
  const name = answer.failure?.error
  const limit = answer.limit?.status === 'rejected' ? answer.limit : undefined
  if (limit || line.api_error === 'usage_limit_reached') {
    const resetsAtMs = limit?.resetsAt === undefined ? undefined : limit.resetsAt * 1000
    const retryAfterMs = resetsAtMs === undefined ? undefined : Math.max(0, resetsAtMs - nowMs)
    const until = resetsAtMs === undefined ? '' : ` It resets at ${new Date(resetsAtMs).toISOString()}.`
    return new RateLimitError({
      ...facts,
      code: 'rate_limited',
      remoteCode: 'usage_limit_reached',
      status: 429,
      message: `${said}${until}`,
      hint: 'resendAfterReset waits for it and sends the message again.',
      ...(resetsAtMs === undefined ? {} : { resetsAtMs, retryAfterMs }),
    })
  }
  if (status === 403) {
    return new CLIAuthenticationError({
      ...facts,
      code: 'permission_denied',
      remoteCode: name,
      status,
      message: said,
      hint: 'Check the account.',
    })
  }
  const byStatus = status === undefined ? undefined : (BY_STATUS[status] ?? (status >= 500 ? 'server_error' : undefined))
  // 2.0 calls most failures `unknown` and gives no status.
  const verdict = (name !== undefined ? BY_NAME[name] : undefined) ?? (byStatus !== undefined ? BY_NAME[byStatus] : undefined)
  const known = { ...facts, status, message: said }
  if (verdict?.code === 'unauthenticated') return new CLIAuthenticationError({ ...known, ...verdict })
  if (verdict?.code === 'rate_limited') return new RateLimitError({ ...known, ...verdict })
  if (verdict) return new CLIExecutionError({ ...known, ...(status === 529 ? OVERLOADED : verdict) })
  return new CLIExecutionError({ ...known, ...byText(line.result ?? '') })
}

/** The last resort, for 2.0, which tells neither a status nor a name. */
function byText(text: string): Verdict {
  if (/connect/i.test(text)) return UNAVAILABLE
  if (/exceeded the \d+ output token maximum/.test(text)) return BY_NAME.max_output_tokens as Verdict
  return { code: 'remote', remoteCode: 'unknown', hint: '', retryable: false }
}

function statusInText(text: string): number | undefined {
  const found = /\bAPI Error: (\d{3})\b/.exec(text)?.[1]
  return found === undefined ? undefined : Number(found)
}

function message(line: ResultLine, answer: Answer): string {
  // What interrupts leave here is a diagnostic of the CLI's authors, not for users.
  const errors = (line.errors ?? []).filter((text) => !text.startsWith('[ede_diagnostic]'))
  const said = answer.failure?.message.content
    .filter(isText)
    .map((block) => block.text)
    .join('')
  return line.result || errors.join('; ') || said || line.subtype
}
