/** The shapes of the server's answers. Unknown fields of newer servers reach the caller. */
import * as z from 'zod/mini'

const text = z.string()
const count = z.number()
const maybeText = z.nullish(text)
const session = { session_id: text, conversation_id: text, status: text }

export const registration = z.looseObject({ collector_id: text, api_key: text, api_key_prefix: text, created_at: text })
export const eventsResponse = z.looseObject({
  accepted: count,
  last_sequence: z.nullish(count),
  conversation_id: text,
  warnings: z.array(text),
})
export const sessionStatus = z.looseObject({
  ...session,
  last_sequence: count,
  event_count: count,
  first_event_at: text,
  last_event_at: text,
})
export const completeResponse = z.looseObject({ ...session, total_events: count })
export const health = z.looseObject({ status: text, database: text })

const conversationMessage = z.looseObject({
  id: text,
  role: text,
  content: z.nullable(text),
  timestamp: text,
  sequence: z.nullish(count),
})
export const conversation = z.looseObject({
  id: text,
  agent_type: maybeText,
  start_time: maybeText,
  end_time: maybeText,
  status: maybeText,
  success: z.nullish(z.boolean()),
  messages: z.array(conversationMessage),
})

/** The answer to a registration. */
export type Registration = z.infer<typeof registration>
/** The answer to a batch of events. */
export type EventsResponse = z.infer<typeof eventsResponse>
/** The status of a session. */
export type SessionStatusResponse = z.infer<typeof sessionStatus>
/** The answer to a completion. */
export type SessionCompleteResponse = z.infer<typeof completeResponse>
/** The server's description of itself. */
export type Health = z.infer<typeof health>
/** A stored conversation. */
export type Conversation = z.infer<typeof conversation>
/** A message of a stored conversation. */
export type ConversationMessage = z.infer<typeof conversationMessage>

/** Whether the answer says that a CatSyphon server took the events. Other servers may answer with success, too. */
export const isReceipt = (answer: unknown): answer is { conversation_id: string } & Partial<EventsResponse> =>
  typeof (answer as { conversation_id?: unknown } | null)?.conversation_id === 'string'
