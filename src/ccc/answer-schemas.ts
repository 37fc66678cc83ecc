/** The shape of the answer to each command. */
import type { ClientOptions } from '../core/call.js'
import { boolean, list, number, object, optional, schemaOf, string, type Shape } from '../core/shape.js'
import { validated, type InvalidMessage } from '../core/validate.js'
import type { Line } from './exchange.js'
import type { WireAnswers } from './results.js'

const text = optional(string)
const count = optional(number)
const flag = optional(boolean)

const session = object({ name: string, host: string, status: string, cwd: text, last_activity: count })

const message = object({
  id: number,
  ts: number,
  from: string,
  text,
  type: text,
  transcription: text,
  path: text,
  caption: text,
  agent: text,
  username: text,
})

const activity = object({ name: string, lastMessageId: number, lastMessageTs: number, lastFrom: text, lastText: text })

const question = object({
  question: string,
  header: string,
  options: list(object({ label: string, description: text })),
  multi_select: flag,
  answered: boolean,
  answer_index: count,
})

const response = object({ response: text })

const SHAPES: { readonly [Name in keyof WireAnswers]: Shape } = {
  ping: object({ version: text, uptime_seconds: count, sessions_active: count }),
  sessions: object({ sessions: optional(list(session)) }),
  history: object({ messages: optional(list(message)) }),
  activity: object({ activity: optional(list(activity)) }),
  ask: object({ response: text, duration_ms: count }),
  send: object({ message_id: count }),
  continue: object({}),
  screenshot: response,
  questions: object({ questions: optional(object({ session: string, questions: optional(list(question)) })) }),
  answer: response,
}

/** How answers are checked. */
export interface CccChecks extends Pick<ClientOptions, 'validate'> {
  /** Called for an answer that does not fit its schema. Names the path of the value and never the value, which may be a prompt. */
  readonly onEvent?: (event: InvalidMessage) => void
}

/** Returns a function that checks answers: a broken one is reported and delivered, or refused under `validate: 'strict'`. */
export function createAnswerCheck({ validate = 'warn', onEvent }: CccChecks): (cmd: keyof WireAnswers, answer: Line) => unknown {
  return (cmd, answer) =>
    validated(schemaOf(SHAPES[cmd]), answer, { validate, op: cmd, facts: { system: 'ccc' }, onInvalid: onEvent })
}
