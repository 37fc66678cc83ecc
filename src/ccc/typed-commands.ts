/**
 * The commands with types: argument names become those of the wire, the answer is checked against its schema, and fields that the server
 * left out are filled in.
 */
import type { CallOptions } from '../core/call.js'
import { createAnswerCheck, type CccChecks } from './answer-schemas.js'
import { cccError } from './error.js'
import type { CccActivity, CccMessage, CccPing, CccQuestion, CccQuestions, CccSession, WireAnswers } from './results.js'
import type { CccCore } from './small-client.js'

/** The arguments of all commands. */
export interface CommandArguments {
  readonly signal?: AbortSignal | undefined
  readonly timeoutMs?: number | undefined
  readonly session?: string
  readonly after?: number
  readonly limit?: number
  readonly fromFilter?: string
  readonly text?: string
  readonly from?: string
  readonly questionIndex?: number
  readonly optionIndex?: number
}

/** What each command returns, complete. */
export interface CommandResults {
  readonly ping: CccPing
  readonly sessions: readonly CccSession[]
  readonly activity: readonly CccActivity[]
  readonly history: readonly CccMessage[]
  readonly ask: WireAnswers['ask']
  readonly send: WireAnswers['send']
  readonly continue: undefined
  readonly screenshot: string
  readonly questions: CccQuestions | undefined
  readonly answer: string
}

export type RunCommand = <Name extends keyof WireAnswers>(cmd: Name, args?: CommandArguments) => Promise<CommandResults[Name]>

const sortedByName = <Named extends { readonly name: string }>(list: readonly Named[] = []): Named[] =>
  [...list].sort((a, b) => (a.name < b.name ? -1 : 1))

const responseOf = ({ response = '' }: { readonly response?: string }): string => response

/** The server leaves out every field of a question that is false or zero. */
const completeQuestion = (question: CccQuestion): CccQuestion => ({ ...{ multi_select: false, answer_index: 0 }, ...question })

/** Fills in what the server left out because it was empty or zero. */
const COMPLETE: { readonly [Name in keyof WireAnswers]: (answer: WireAnswers[Name]) => CommandResults[Name] } = {
  ping: (answer) => ({ version: '', uptime_seconds: 0, sessions_active: 0, ...answer }),
  sessions: ({ sessions }) => sortedByName(sessions),
  activity: ({ activity }) => sortedByName(activity),
  history: ({ messages = [] }) => messages.map(checkedMessage),
  ask: (answer) => answer,
  send: (answer) => answer,
  continue: () => undefined,
  screenshot: responseOf,
  questions: ({ questions: set }) => set && { ...set, questions: (set.questions ?? []).map(completeQuestion) },
  answer: responseOf,
}

/** Throws for null and other values without fields: the caller reads fields of it. */
function checkedMessage(message: CccMessage): CccMessage {
  const { from: _from } = message
  return message
}

export function createTypedCommands(call: CccCore['call'], checks: CccChecks): RunCommand {
  const checked = createAnswerCheck(checks)
  return async (cmd, args = {}) => {
    const { signal, timeoutMs, fromFilter, questionIndex, optionIndex, ...same } = args
    // The server takes a missing index for 0 and would press Enter on the first option.
    if (cmd === 'answer' && ![questionIndex, optionIndex].every((index) => Number.isInteger(index) && Number(index) >= 0)) {
      throw cccError('invalid_argument', 'questionIndex and optionIndex must both be given, as integers from 0.', { op: cmd })
    }
    // JSON leaves out what is undefined.
    const renamed = { from_filter: fromFilter, question_index: questionIndex, option_index: optionIndex }
    const answer = checked(cmd, await call(cmd, { ...same, ...renamed }, { signal, timeoutMs } as CallOptions))
    try {
      return COMPLETE[cmd](answer as never) as never
    } catch (cause) {
      // A broken answer is delivered unchanged, unless its shape is too different to be completed.
      throw cccError('invalid_message', `The answer to ${cmd} cannot be read.`, { op: cmd, sent: 'yes', cause })
    }
  }
}
