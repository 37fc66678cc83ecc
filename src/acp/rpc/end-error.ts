/** Errors for a connection that has ended. */
import { SignalboxError } from '../../errors.js'
import type { CloseReason } from '../../transport.js'

/** A request after the end never left. */
export function unsent(cause: SignalboxError, op: string): SignalboxError {
  const message = `${op} was not sent: the connection has ended.`
  return new SignalboxError({ code: cause.code, message, op, system: 'acp', sent: 'no', cause, retryable: cause.retryable })
}

/** Why the connection ended. A pending request may have been acted on, so `sent` is `maybe`. */
export function endError(reason: CloseReason, transport: string): SignalboxError {
  const facts = { system: 'acp', transport, sent: 'maybe' } as const
  switch (reason.kind) {
    case 'exit': {
      const { exitCode, signal, stderrTail } = reason
      const lastLine = stderrTail.trim().split('\n').at(-1)
      const exit = signal === null ? `with status ${exitCode}` : `by ${signal}`
      const message = `The agent process ended ${exit}${lastLine ? `: ${lastLine}` : ''}.`
      return new SignalboxError({ ...facts, code: 'exited', message, exitCode, signal, stderrTail })
    }
    case 'error': {
      const { error } = reason
      if (SignalboxError.is(error)) {
        return new SignalboxError({ ...facts, code: error.code, message: error.message, cause: error })
      }
      return new SignalboxError({ ...facts, code: 'closed', message: 'The connection to the agent failed.', cause: error })
    }
    case 'peer':
      return new SignalboxError({
        ...facts,
        code: 'closed',
        message: `The agent ended the connection${reason.detail === undefined ? '' : ` (${reason.detail})`}.`,
      })
    default:
      return new SignalboxError({ ...facts, code: 'closed', message: 'The agent ended the connection.' })
  }
}
