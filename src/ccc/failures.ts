/** The server has no error codes, only strings. One table says what each means and what had already happened when it was sent. */
import { SignalboxError, type ErrorCode, type Sent } from '../errors.js'

type Failure = readonly [text: string, code: ErrorCode, sent: Sent, hint?: string]

const MAY_STAND = 'It may stand in Telegram and in the history: resolve() before sending again.'

/** A text stands alone, or a colon or a parenthesis follows it. */
export const FAILURES: readonly Failure[] = [
  ['invalid JSON', 'invalid_argument', 'no'],
  ['unknown command', 'unsupported', 'no', 'This server is older than the command.'],
  ['session and text required', 'invalid_argument', 'no'],
  ['session required', 'invalid_argument', 'no'],
  ['session not found', 'not_found', 'no', 'Names are exact; see sessions().'],
  // The oldest servers look for the host only after the message was stored.
  ['host not configured', 'unavailable', 'maybe', 'Give the host an address in ~/.ccc.json.'],
  ['failed to send', 'remote', 'maybe', MAY_STAND],
  ['failed to start session', 'unavailable', 'no'],
  ['failed to restart Claude', 'unavailable', 'no', 'Repair it with continue().'],
  ['timeout waiting for response', 'deadline_exceeded', 'yes', 'Claude may still answer: resolve() finds it.'],
  ['failed to read history', 'remote', 'no'],
  ['capture failed', 'unavailable', 'no', 'No tmux session, or its host is away; continue() starts one.'],
  ['failed to start', 'unavailable', 'maybe'],
  ['session started but Claude failed to initialize', 'unavailable', 'yes'],
  ['no pending questions for this session', 'not_found', 'no'],
  ['question_index out of range', 'invalid_argument', 'no'],
  ['option_index out of range', 'invalid_argument', 'no'],
  ['question already answered', 'conflict', 'no'],
  ['failed to send keys', 'remote', 'maybe'],
]

/** The typed error for an `ok: false` answer. A string that nobody knows says nothing about what it left behind. */
export function failureOf(op: string, answer: { readonly error?: unknown }, idempotent: boolean): SignalboxError {
  const error = String(answer.error ?? 'no reason')
  const known = FAILURES.find(([text]) => error.startsWith(text) && /^(?:$|:| \()/.test(error.slice(text.length)))
  const [remoteCode = error.slice(0, 200), code = 'remote', sent = idempotent ? 'yes' : 'maybe', hint] = known ?? []
  return new SignalboxError({ code, message: `The server answered ${op}: ${error}.`, hint, sent, remoteCode })
}
