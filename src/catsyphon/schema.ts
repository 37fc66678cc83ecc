/** What the server answers. Loose: newer servers may add fields, and they reach the caller. */
import * as z from 'zod/mini'

const text = z.string()
const count = z.number()

export const registration = z.looseObject({ collector_id: text, api_key: text, api_key_prefix: text, created_at: text })
export const eventsResponse = z.looseObject({
  accepted: count,
  last_sequence: z.optional(z.nullable(count)),
  conversation_id: text,
  warnings: z.array(text),
})
export const sessionStatus = z.looseObject({
  session_id: text,
  conversation_id: text,
  last_sequence: count,
  event_count: count,
  first_event_at: text,
  last_event_at: text,
  status: text,
})
export const completeResponse = z.looseObject({ session_id: text, conversation_id: text, status: text, total_events: count })
export const health = z.looseObject({ status: text, database: text })

const conversationMessage = z.looseObject({
  id: text,
  role: text,
  content: z.nullable(text),
  timestamp: text,
  sequence: z.optional(z.nullable(count)),
})
export const conversation = z.looseObject({
  id: text,
  agent_type: z.optional(z.nullable(text)),
  start_time: z.optional(z.nullable(text)),
  end_time: z.optional(z.nullable(text)),
  status: z.optional(z.nullable(text)),
  success: z.optional(z.nullable(z.boolean())),
  messages: z.array(conversationMessage),
})

export type Registration = z.infer<typeof registration>
export type EventsResponse = z.infer<typeof eventsResponse>
export type SessionStatusResponse = z.infer<typeof sessionStatus>
export type SessionCompleteResponse = z.infer<typeof completeResponse>
export type Health = z.infer<typeof health>
export type Conversation = z.infer<typeof conversation>
export type ConversationMessage = z.infer<typeof conversationMessage>
