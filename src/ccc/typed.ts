/** The commands with types: our names become those of the wire, the answer is held to its schema, and what was left out is filled in. */
import type { CallOptions } from '../core/call.js'
import { cccAnswers, type CccChecks } from './answers.js'
import type { Ccc } from './client.js'
import type { Core } from './core.js'
import { cccError } from './error.js'
import type { CccQuestion, Results } from './results.js'

/** What a command gives, where it has a method of its own; the rest as it came. */
type Given<Name extends keyof Results> = Name extends 'ask' | 'send' ? Results[Name] : Awaited<ReturnType<Ccc[Name]>>

/** The arguments of every command, under our names. */
export interface Arguments {
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

/** One command by its name. */
export type Command = <Name extends keyof Results>(cmd: Name, args?: Arguments) => Promise<Given<Name>>

/** Of a question, what is left out while it is false or zero. */
const UNTOLD: object = { multi_select: false, answer_index: 0 }

const byName = <Named extends { readonly name: string }>(list: readonly Named[] = []): Named[] =>
  [...list].sort((a, b) => (a.name < b.name ? -1 : 1))

const said = ({ response = '' }: { readonly response?: string }): string => response

/** What the server leaves out is everything that is empty or zero. */
const WHOLE: { readonly [Name in keyof Results]: (answer: Results[Name], args: Arguments) => Given<Name> } = {
  ping: (answer) => ({ version: '', uptime_seconds: 0, sessions_active: 0, ...answer }),
  sessions: ({ sessions }) => byName(sessions),
  activity: ({ activity }) => byName(activity),
  // The oldest servers do not know the filter.
  history: ({ messages = [] }, { fromFilter }) => messages.filter(({ from }) => !fromFilter || from === fromFilter),
  ask: (answer) => answer,
  send: (answer) => answer,
  continue: () => {},
  screenshot: said,
  questions: ({ questions: set }) =>
    set && { ...set, questions: (set.questions ?? []).map((one): CccQuestion => ({ ...UNTOLD, ...one })) },
  answer: said,
}

export function createTyped(core: Pick<Core, 'call'>, checks: CccChecks): Command {
  const checked = cccAnswers(checks)
  return async (cmd, args = {}) => {
    const { signal, timeoutMs, fromFilter, questionIndex, optionIndex, ...same } = args
    // The server takes a missing index for 0 and would press Enter on the first option.
    if (cmd === 'answer' && ![questionIndex, optionIndex].every((index) => Number.isInteger(index) && Number(index) >= 0)) {
      throw cccError('invalid_argument', 'An index is missing or wrong.', { op: cmd })
    }
    // What is undefined stays out of the line.
    const renamed = { from_filter: fromFilter, question_index: questionIndex, option_index: optionIndex }
    const answer = checked(cmd, await core.call(cmd, { ...same, ...renamed }, { signal, timeoutMs } as CallOptions))
    try {
      return WHOLE[cmd](answer as never, args) as never
    } catch (cause) {
      // What does not fit is delivered, unless it is so far from its form that nothing can be made of it.
      throw cccError('invalid_message', `The answer to ${cmd} cannot be read.`, { op: cmd, sent: 'yes', cause })
    }
  }
}
