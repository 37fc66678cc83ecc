/** What to say when a process ended without the result that was waited for. The exit status says little, so stderr's end helps. */
import { SignalboxError, type ErrorCode } from '../errors.js'
import type { CloseReason } from '../transport.js'
import { CLIExecutionError, SessionNotFoundError, type ClaudeErrorFacts } from './errors.js'
import type { TurnState } from './turn-state.js'

export interface EndFacts {
  readonly reason: CloseReason
  readonly fault?: SignalboxError | undefined
  readonly op: string
  readonly turn?: TurnState | undefined
  readonly transport: string
  /** Nothing at all came on stdout: the CLI refused to start. */
  readonly silent: boolean
}

/** What start-up failures say; there is nothing else to tell them apart by. First match counts. */
const START_UP: readonly (readonly [RegExp, ErrorCode, string])[] = [
  [/Error parsing streaming input/, 'protocol', 'A line of ours was refused.'],
  [/is already in use/, 'conflict', 'The session exists: resume it instead.'],
  [
    /No conversation found|requires a valid session ID/,
    'not_found',
    'Sessions are kept per working directory: check cwd and the id.',
  ],
  [
    /unknown option|argument '.*' is invalid/,
    'incompatible',
    'This version of the CLI does not know an option: check its version.',
  ],
  [/root\/sudo privileges/, 'permission_denied', 'Run as another user, or set IS_SANDBOX=1 inside a container.'],
  [/Invalid API key|Not logged in|Please run \/login/, 'unauthenticated', 'Sign in with `claude`, or set ANTHROPIC_API_KEY.'],
  [
    /--session-id|not found|Invalid |is not valid JSON|also needs --fork-session|requires /,
    'invalid_argument',
    'See stderrTail for the option it names.',
  ],
]

export function endError({ reason, fault, op, turn, transport, silent }: EndFacts): SignalboxError {
  const facts: Omit<ClaudeErrorFacts, 'code' | 'message'> = {
    transport,
    op,
    sent: turn ? (turn.answer.lines > 0 ? 'yes' : turn.written ? 'maybe' : 'no') : 'maybe',
    sessionId: turn?.answer.sessionId,
    partialText: turn?.answer.text,
  }
  // A reading fault is the cause; how the process ended after it is our own doing.
  if (fault) return new CLIExecutionError({ ...facts, code: fault.code, message: fault.message, cause: fault })
  if (reason.kind !== 'exit') return notAnExit(reason, facts)
  const { exitCode, signal, stderrTail } = reason
  const known = { ...facts, exitCode, signal, stderrTail }
  const how = signal === null ? `with status ${exitCode}` : `by ${signal}`
  const said = stderrTail.trim().split('\n')[0] ?? ''
  if (silent && exitCode !== 0) {
    const found = START_UP.find(([pattern]) => pattern.test(stderrTail))
    const message = `The CLI ended ${how} before it said anything${said === '' ? '' : `: ${said}`}`
    const [code, hint] = found ? [found[1], found[2]] : (['exited', 'See stderrTail.'] as const)
    const Kind = code === 'not_found' ? SessionNotFoundError : CLIExecutionError
    // It never took the message up: a start-up error comes before stdin is read.
    return new Kind({
      ...known,
      sent: found || !turn?.written ? 'no' : 'maybe',
      code,
      message,
      hint,
      retryable: found === undefined && signal !== null,
    })
  }
  return new CLIExecutionError({
    ...known,
    code: 'exited',
    message: `The CLI ended ${how} without a result${said === '' ? '' : `: ${said}`}`,
    hint: 'Its output may be cut; a session can be resumed.',
    retryable: signal !== null,
  })
}

function notAnExit(reason: CloseReason, facts: Omit<ClaudeErrorFacts, 'code' | 'message'>): SignalboxError {
  const detail = reason.kind === 'peer' ? reason.detail : undefined
  const what = reason.kind === 'local' ? 'was closed by us' : `ended${detail === undefined ? '' : ` (${detail})`}`
  const code = reason.kind === 'error' && SignalboxError.is(reason.error) ? reason.error.code : 'closed'
  return new CLIExecutionError({
    ...facts,
    code,
    message: `The connection to the CLI ${what} before the turn had its result.`,
    retryable: reason.kind !== 'local',
    ...(reason.kind === 'error' ? { cause: reason.error } : {}),
  })
}
