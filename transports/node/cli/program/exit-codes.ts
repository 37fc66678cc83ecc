/** Exit codes of the command line. Scripts depend on them. */
import { SignalboxError, type ErrorCode } from '../../../../src/errors.js'

export const EXIT = {
  ok: 0,
  failure: 1,
  usage: 2,
  authentication: 4,
  notFound: 5,
  unanswered: 6,
  deadline: 124,
  interrupted: 130,
} as const

/** One line for each exit code, for the help and the documentation. */
export const EXIT_MEANINGS: readonly (readonly [number, string])[] = [
  [EXIT.ok, 'it worked'],
  [EXIT.failure, 'it failed; the message says why'],
  [EXIT.usage, 'the command was not understood'],
  [EXIT.authentication, 'a credential is missing or was refused'],
  [EXIT.notFound, 'the agent, session or ask does not exist, or nothing is running'],
  [EXIT.unanswered, 'the prompt was delivered, and no answer came'],
  [EXIT.deadline, 'the time given with --timeout has passed'],
  [EXIT.interrupted, 'interrupted with ctrl-c'],
]

const BY_CODE: Readonly<Partial<Record<ErrorCode, number>>> = {
  invalid_argument: EXIT.usage,
  unauthenticated: EXIT.authentication,
  permission_denied: EXIT.authentication,
  not_found: EXIT.notFound,
  unreachable: EXIT.notFound,
  deadline_exceeded: EXIT.deadline,
  aborted: EXIT.interrupted,
}

/** The exit code for an error. */
export function exitCodeFor(error: unknown): number {
  return (SignalboxError.is(error) ? BY_CODE[error.code] : undefined) ?? EXIT.failure
}
