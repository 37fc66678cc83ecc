/** What the server answers. Every field but `ok` is left out when empty or zero, so each has its default here. */
import * as z from 'zod/mini'

const text = z._default(z.string(), '')
const count = z._default(z.number(), 0)

export const session = z.looseObject({
  /** The exact name to pass back; may hold `/`, `:`, `.` and `,`. */
  name: z.string(),
  /** `local` or an alias of the server's configuration. */
  host: z.string(),
  /** `active`, `idle` or `stopped`. Here an absent session shows as `idle` too: only subscribe() tells `stopped`. */
  status: z.string(),
  cwd: z.optional(z.string()),
  last_activity: z.optional(z.number()),
})

export const message = z.looseObject({
  /** Neither unique nor rising: Claude's answers of local sessions all have 1. Never a key. */
  id: z.number(),
  /** Unix seconds. */
  ts: z.number(),
  /** `human`, `claude` or `api`. */
  from: z.string(),
  text: z.optional(z.string()),
  type: z.optional(z.string()),
  transcription: z.optional(z.string()),
  path: z.optional(z.string()),
  caption: z.optional(z.string()),
  agent: z.optional(z.string()),
  username: z.optional(z.string()),
})

const activity = z.looseObject({
  name: z.string(),
  lastMessageId: count,
  lastMessageTs: count,
  lastFrom: z.optional(z.string()),
  lastText: z.optional(z.string()),
})

const question = z.looseObject({
  question: z.string(),
  header: text,
  options: z._default(z.array(z.looseObject({ label: z.string(), description: z.optional(z.string()) })), []),
  multi_select: z._default(z.boolean(), false),
  answered: z._default(z.boolean(), false),
  /** Left out by the server for 0 as well, so it means something only beside `answered`. */
  answer_index: count,
})

export const RESULTS = {
  ping: z.looseObject({ version: text, uptime_seconds: count, sessions_active: count }),
  sessions: z.looseObject({ sessions: z._default(z.array(session), []) }),
  history: z.looseObject({ messages: z._default(z.array(message), []) }),
  activity: z.looseObject({ activity: z._default(z.array(activity), []) }),
  ask: z.looseObject({ response: z.optional(z.string()), duration_ms: count, message_id: z.optional(z.number()) }),
  send: z.looseObject({ message_id: z.optional(z.number()) }),
  continue: z.looseObject({}),
  screenshot: z.looseObject({ response: text }),
  questions: z.looseObject({
    questions: z.optional(
      z.looseObject({ session: text, questions: z._default(z.array(question), []), timestamp: z.optional(z.unknown()) }),
    ),
  }),
  answer: z.looseObject({ response: text }),
} as const

export type Results = { readonly [Name in keyof typeof RESULTS]: z.output<(typeof RESULTS)[Name]> }

export type CccSession = z.output<typeof session>
export type CccMessage = z.output<typeof message>
export type CccActivity = z.output<typeof activity>
export type CccQuestion = z.output<typeof question>
