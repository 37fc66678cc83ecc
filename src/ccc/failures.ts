/** The server has no error codes, only strings. One table says what each means and what had already happened when it was sent. */
import { SignalboxError, type ErrorCode, type ErrorFacts, type Sent } from '../errors.js'

type Failure = readonly [heads: string, code: ErrorCode, sent: Sent, hint?: string]

/** By what stands before the detail, which begins at a colon or a parenthesis. What has no row is `remote`, and promises nothing. */
export const FAILURES: readonly Failure[] = [
  [
    'invalid JSON|session and text required|session required|question_index out of range|option_index out of range',
    'invalid_argument',
    'no',
  ],
  ['unknown command', 'unsupported', 'no', 'This server is older than the command.'],
  ['session not found|no pending questions for this session', 'not_found', 'no', 'Names are exact; see sessions().'],
  ['question already answered', 'conflict', 'no'],
  // The oldest servers look for the host only after the message was stored.
  ['host not configured', 'unavailable', 'maybe', 'Give the host an address in ~/.ccc.json.'],
  ['failed to send', 'remote', 'maybe', 'It may stand in the history: resolve() before sending again.'],
  [
    'failed to start session|failed to restart Claude|capture failed',
    'unavailable',
    'no',
    'continue() starts it, if its host answers.',
  ],
  ['timeout waiting for response', 'deadline_exceeded', 'yes', 'Claude may still answer: resolve() finds out.'],
  ['failed to start', 'unavailable', 'maybe'],
  ['session started but Claude failed to initialize', 'unavailable', 'yes'],
]

/** The error of this room, for whatever no server said. */
export function cccError(code: ErrorCode, message: string, more?: Partial<ErrorFacts>): SignalboxError {
  return new SignalboxError({ system: 'ccc', ...more, code, message })
}

/** The typed error for an answer that is not `ok`. A string that nobody knows says nothing about what it left behind. */
export function failureOf(op: string, answer: { readonly error?: unknown }, idempotent: boolean): SignalboxError {
  const { error } = answer
  if (typeof error !== 'string') return cccError('protocol', `The answer to ${op} is none of a ccc server.`, { sent: 'maybe' })
  const remoteCode = error.split(/: | \(/, 1)[0]?.slice(0, 200) ?? ''
  const known = FAILURES.find(([heads]) => heads.split('|').includes(remoteCode))
  const [, code = 'remote', sent = idempotent ? 'yes' : 'maybe', hint] = known ?? []
  return cccError(code, `The server answered ${op}: ${error}.`, { hint, sent, remoteCode })
}
