/** The server has no error codes, only strings. This table has the meaning of each string, and whether the request had already had an effect. */
import type { ErrorCode, Sent } from '../errors.js'

/** `heads` are the strings up to the first colon or parenthesis, separated by `|`. */
export type Failure = readonly [heads: string, code: ErrorCode, sent: Sent, hint?: string]

export const FAILURES: readonly Failure[] = [
  [
    'invalid JSON|session and text required|session required|question_index out of range|option_index out of range',
    'invalid_argument',
    'no',
  ],
  ['unknown command', 'unsupported', 'no', 'This server is older than the command.'],
  ['session not found|no pending questions for this session', 'not_found', 'no', 'Names are exact; see sessions().'],
  ['question already answered', 'conflict', 'no'],
  // The servers of January look for the host only after they stored the message.
  ['host not configured', 'unavailable', 'maybe', 'Give the host an address in ~/.ccc.json.'],
  ['failed to send', 'remote', 'maybe', 'The message may be in the history: call resolve() before you send it again.'],
  [
    'failed to start session|failed to restart Claude|capture failed',
    'unavailable',
    'no',
    'continue() starts the session, if its host answers.',
  ],
  ['timeout waiting for response', 'deadline_exceeded', 'yes', 'Claude may still answer: resolve() finds the answer later.'],
  ['failed to start', 'unavailable', 'maybe'],
  ['session started but Claude failed to initialize', 'unavailable', 'yes'],
]
