/** One schema for the answer to each command. */
import * as z from 'zod/mini'
import type { ClientOptions } from '../core/call.js'
import { validated, type InvalidMessage, type Schema } from '../core/validate.js'
import type { Line } from './exchange.js'
import type { WireAnswers } from './results.js'

const string = z.string()
const number = z.number()
const text = z.optional(string)
const count = z.optional(number)
const flag = z.optional(z.boolean())
const list = <Item extends z.ZodMiniType>(item: Item) => z.optional(z.array(item))

const session = z.looseObject({ name: string, host: string, status: string, cwd: text, last_activity: count })

const message = z.looseObject({
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

const activity = z.looseObject({ name: string, lastMessageId: number, lastMessageTs: number, lastFrom: text, lastText: text })

const question = z.looseObject({
  question: string,
  header: string,
  options: z.array(z.looseObject({ label: string, description: text })),
  multi_select: flag,
  answered: z.boolean(),
  answer_index: count,
})

const response = z.looseObject({ response: text })

const SCHEMAS: { readonly [Name in keyof WireAnswers]: Schema<unknown> } = {
  ping: z.looseObject({ version: text, uptime_seconds: count, sessions_active: count }),
  sessions: z.looseObject({ sessions: list(session) }),
  history: z.looseObject({ messages: list(message) }),
  activity: z.looseObject({ activity: list(activity) }),
  ask: z.looseObject({ response: text, duration_ms: count }),
  send: z.looseObject({ message_id: count }),
  continue: z.looseObject({}),
  screenshot: response,
  questions: z.looseObject({ questions: z.optional(z.looseObject({ session: string, questions: list(question) })) }),
  answer: response,
}

/** How answers are checked. */
export interface CccChecks extends Pick<ClientOptions, 'validate'> {
  /** Called for an answer that does not fit its schema. Names the path of the value and never the value, which may be a prompt. */
  readonly onEvent?: (event: InvalidMessage) => void
}

/** Returns a function that checks answers: a broken one is reported and delivered, or refused under `validate: 'strict'`. */
export function createAnswerCheck({ validate = 'warn', onEvent }: CccChecks): (cmd: keyof WireAnswers, answer: Line) => unknown {
  return (cmd, answer) => validated(SCHEMAS[cmd], answer, { validate, op: cmd, facts: { system: 'ccc' }, onInvalid: onEvent })
}
