/** Makes the error for a process that ended without a result. The exit status says little, so the end of stderr is used too. */
import { SignalboxError, type ErrorCode } from '../../errors.js'
import type { CloseReason } from '../../transport.js'
import { type ClaudeError, CLIExecutionError, SessionNotFoundError, type ClaudeErrorFacts } from '../messages/errors.js'
import { NO_SESSION, NO_SESSION_HINT, SIGN_IN } from '../messages/classify.js'
import type { TurnState } from './turn-state.js'

export interface EndFacts {
  readonly reason: CloseReason
  readonly fault?: SignalboxError | undefined
  readonly op: string
  readonly turn?: TurnState | undefined
  readonly transport: string
  /** Nothing came on stdout, so the CLI probably refused to start. */
  readonly silent: boolean
}

/** Texts of start-up failures, because only the text tells them apart. The first match counts. */
const START_UP: readonly (readonly [RegExp, ErrorCode, string])[] = [
  [/Error parsing streaming input/, 'protocol', 'A line of ours was refused.'],
  [/is already in use/, 'conflict', 'Resume it instead.'],
  [NO_SESSION, 'not_found', NO_SESSION_HINT],
  [/unknown option|argument '.*' is invalid/, 'incompatible', 'This CLI does not know an option: check its version.'],
  [/root\/sudo privileges/, 'permission_denied', 'Run as another user, or set IS_SANDBOX=1 in a container.'],
  [/Invalid API key|Not logged in|Please run \/login/, 'unauthenticated', SIGN_IN],
  [/--session-id|not found|Invalid |is not valid JSON|also needs --fork-session|requires /, 'invalid_argument', 'See stderrTail.'],
]

export function endError({ reason, fault, op, turn, transport, silent }: EndFacts): SignalboxError {
  const written = turn?.written
  const fail = (
    code: ErrorCode,
    message: string,
    more: Partial<ClaudeErrorFacts>,
    Kind: typeof ClaudeError = CLIExecutionError,
  ): SignalboxError =>
    new Kind({
      transport,
      op,
      sent: turn ? (turn.answer.lines > 0 ? 'yes' : written ? 'maybe' : 'no') : 'maybe',
      sessionId: turn?.answer.sessionId,
      partialText: turn?.answer.partialText,
      code,
      message,
      ...more,
    })
  // The fault of reading is the cause. The process ended only because this client closed it after the fault.
  if (fault) return fail(fault.code, fault.message, { cause: fault })
  if (reason.kind !== 'exit') {
    const isLocal = reason.kind === 'local'
    const detail = reason.kind === 'peer' && reason.detail !== undefined ? ` (${reason.detail})` : ''
    const cause = reason.kind === 'error' ? { cause: reason.error } : {}
    return fail(
      SignalboxError.is(cause.cause) ? cause.cause.code : 'closed',
      `The connection to the CLI ${isLocal ? 'was closed by us' : `ended${detail}`} before the turn had its result.`,
      { retryable: !isLocal, ...cause },
    )
  }
  const { exitCode, signal, stderrTail } = reason
  const firstLine = stderrTail.trim().split('\n')[0]
  const how = signal === null ? `with status ${exitCode}` : `by ${signal}`
  const ended = (when: string): string => `The CLI ended ${how} ${when}${firstLine ? `: ${firstLine}` : ''}`
  const known = { exitCode, signal, stderrTail, retryable: signal !== null }
  if (!silent || exitCode === 0)
    return fail('exited', ended('without a result'), { ...known, hint: 'Its output may be cut; a session can be resumed.' })
  const found = START_UP.find(([pattern]) => pattern.test(stderrTail))
  const [, code, hint] = found ?? [/./, 'exited', 'See stderrTail.']
  // The CLI did not read the message, because a start-up error comes before it reads stdin.
  const sent = found || !written ? 'no' : 'maybe'
  const retryable = !found && signal !== null
  const Kind = code === 'not_found' ? SessionNotFoundError : CLIExecutionError
  return fail(code, ended('before it said anything'), { ...known, sent, hint, retryable }, Kind)
}
