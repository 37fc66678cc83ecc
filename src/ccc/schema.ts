/** What the server answers. Every field but `ok` is left out when empty or zero, so each has its default here. */
import * as z from 'zod/mini'

const string = z.string()
const number = z.number()
const optional = z.optional(string)
const text = z._default(string, '')
const count = z._default(number, 0)
const flag = z._default(z.boolean(), false)
const list = <Item extends z.ZodMiniType>(item: Item) => z._default(z.array(item), [])

const session = z.looseObject({
  /** The exact name to pass back; may hold `/`, `:`, `.` and `,`. */
  name: string,
  /** `local` or an alias of the server's configuration. */
  host: string,
  /** `active`, `idle` or `stopped`. Here an absent session shows as `idle` too: only subscribe() tells `stopped`. */
  status: string,
  cwd: optional,
  last_activity: z.optional(number),
})

const message = z.looseObject({
  /** Neither unique nor rising: Claude's answers of local sessions all have 1. Never a key. */
  id: number,
  /** Unix seconds. */
  ts: number,
  /** `human`, `claude` or `api`. */
  from: string,
  text: optional,
  type: optional,
  transcription: optional,
  path: optional,
  caption: optional,
  agent: optional,
  username: optional,
})

const activity = z.looseObject({
  name: string,
  lastMessageId: count,
  lastMessageTs: count,
  lastFrom: optional,
  lastText: optional,
})

const question = z.looseObject({
  question: string,
  header: text,
  options: list(z.looseObject({ label: string, description: optional })),
  multi_select: flag,
  answered: flag,
  /** Left out by the server for 0 as well, so it means something only beside `answered`. */
  answer_index: count,
})

const said = z.looseObject({ response: text })

export const RESULTS = {
  ping: z.looseObject({ version: text, uptime_seconds: count, sessions_active: count }),
  sessions: z.looseObject({ sessions: list(session) }),
  history: z.looseObject({ messages: list(message) }),
  activity: z.looseObject({ activity: list(activity) }),
  ask: z.looseObject({ response: text, duration_ms: count }),
  send: z.looseObject({ message_id: z.optional(number) }),
  continue: z.looseObject({}),
  screenshot: said,
  questions: z.looseObject({
    questions: z.optional(z.looseObject({ session: text, questions: list(question), timestamp: z.optional(z.unknown()) })),
  }),
  answer: said,
} as const

export type Results = { readonly [Name in keyof typeof RESULTS]: z.output<(typeof RESULTS)[Name]> }

export type CccSession = z.output<typeof session>
export type CccMessage = z.output<typeof message>
export type CccActivity = z.output<typeof activity>
export type CccQuestion = z.output<typeof question>
