/** What the answers of a server are held to: one schema for each command. */
import * as z from 'zod/mini'
import type { ClientOptions } from '../core/call.js'
import { validated, type InvalidMessage, type Schema } from '../core/validate.js'
import type { Line } from './exchange.js'
import type { Results } from './results.js'

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

const said = z.looseObject({ response: text })

const SCHEMAS: { readonly [Name in keyof Results]: Schema<unknown> } = {
  ping: z.looseObject({ version: text, uptime_seconds: count, sessions_active: count }),
  sessions: z.looseObject({ sessions: list(session) }),
  history: z.looseObject({ messages: list(message) }),
  activity: z.looseObject({ activity: list(activity) }),
  ask: z.looseObject({ response: text, duration_ms: count }),
  send: z.looseObject({ message_id: count }),
  continue: z.looseObject({}),
  screenshot: said,
  questions: z.looseObject({ questions: z.optional(z.looseObject({ session: string, questions: list(question) })) }),
  answer: said,
}

export interface CccChecks extends Pick<ClientOptions, 'validate'> {
  /** Where an answer does not fit, by its place and never its value, which may be anybody's prompt. */
  readonly onEvent?: (event: InvalidMessage) => void
}

/** Gives an answer on: what does not fit is reported and delivered, or refused (`validate: 'strict'`). */
export function cccAnswers({ validate = 'warn', onEvent }: CccChecks): (cmd: keyof Results, answer: Line) => unknown {
  return (cmd, answer) => validated(SCHEMAS[cmd], answer, { validate, op: cmd, facts: { system: 'ccc' }, onInvalid: onEvent })
}
