/** The server has no error codes, only strings. One table says what each means and what had already happened when it was sent. */
import { SignalboxError, type ErrorCode, type ErrorFacts, type Sent } from '../errors.js'

interface Failure {
  /** The whole string, or its beginning up to and with the colon. */
  readonly text: string
  readonly code: ErrorCode
  readonly sent: Sent
  readonly hint?: string
  /** Commands for which another row applies first. */
  readonly on?: readonly string[]
}

const MAY_STAND = 'The message may already stand in Telegram and in the history; ask resolve() before sending it again.'

export const FAILURES: readonly Failure[] = [
  { text: 'invalid JSON', code: 'invalid_argument', sent: 'no' },
  { text: 'unknown command', code: 'unsupported', sent: 'no', hint: 'This server is older than the command: update ccc.' },
  { text: 'session and text required', code: 'invalid_argument', sent: 'no' },
  { text: 'session required', code: 'invalid_argument', sent: 'no' },
  { text: 'session not found', code: 'not_found', sent: 'no', hint: 'Names are exact; list them with sessions().' },
  // The oldest servers look for the host only after the message was stored.
  {
    text: 'host not configured',
    code: 'unavailable',
    sent: 'maybe',
    on: ['ask', 'send'],
    hint: 'Give the host an address in ~/.ccc.json.',
  },
  { text: 'host not configured', code: 'unavailable', sent: 'no', hint: 'Give the host an address in ~/.ccc.json.' },
  { text: 'host not configured:', code: 'unavailable', sent: 'no', hint: 'Give the host an address in ~/.ccc.json.' },
  { text: 'failed to send:', code: 'remote', sent: 'maybe', hint: MAY_STAND },
  { text: 'failed to start session:', code: 'unavailable', sent: 'no' },
  { text: 'failed to restart Claude', code: 'unavailable', sent: 'no', hint: 'Repair the session with continue().' },
  {
    text: 'timeout waiting for response',
    code: 'deadline_exceeded',
    sent: 'yes',
    hint: 'Claude may still answer: look with resolve().',
  },
  { text: 'failed to read history:', code: 'remote', sent: 'no' },
  { text: 'capture failed:', code: 'unavailable', sent: 'no', hint: 'The session has no tmux session; continue() starts it.' },
  { text: 'failed to start:', code: 'unavailable', sent: 'maybe' },
  { text: 'session started but Claude failed to initialize', code: 'unavailable', sent: 'yes' },
  { text: 'no pending questions for this session', code: 'not_found', sent: 'no' },
  { text: 'question_index out of range', code: 'invalid_argument', sent: 'no' },
  { text: 'option_index out of range', code: 'invalid_argument', sent: 'no' },
  { text: 'question already answered', code: 'conflict', sent: 'no' },
  { text: 'failed to send keys:', code: 'remote', sent: 'maybe' },
]

function matches(failure: Failure, command: string, error: string): boolean {
  if (failure.on && !failure.on.includes(command)) return false
  const open = failure.text.endsWith(':') || failure.text.endsWith('range')
  return open ? error.startsWith(failure.text) : error === failure.text
}

/** The typed error for an `ok: false` answer. A string that nobody knows says nothing about what it left behind. */
export function failureOf(command: string, error: string, facts: Partial<ErrorFacts>, idempotent: boolean): SignalboxError {
  const known = FAILURES.find((failure) => matches(failure, command, error))
  return new SignalboxError({
    ...facts,
    code: known?.code ?? 'remote',
    message: `The server answered ${command} with: ${error || 'no reason'}.`,
    hint: known?.hint,
    sent: known?.sent ?? (idempotent ? 'yes' : 'maybe'),
    remoteCode: known?.text.replace(/:$/, '') ?? error.slice(0, 200),
  })
}
