/** The server has no error codes, only strings. One table says what each means and what had already happened when it was sent. */
import type { ErrorCode, Sent } from '../errors.js'

export type Failure = readonly [heads: string, code: ErrorCode, sent: Sent, hint?: string]

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
