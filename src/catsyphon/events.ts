/** The seven event types, their data as callers write it, and how it stands on the wire. */
import * as z from 'zod/mini'

export const EVENT_TYPES = ['session_start', 'session_end', 'message', 'tool_call', 'tool_result', 'thinking', 'error'] as const
export type EventType = (typeof EVENT_TYPES)[number]

/** Written so that `EventType.MESSAGE` of the Python SDK has its twin. */
export const EventType = {
  SESSION_START: 'session_start',
  SESSION_END: 'session_end',
  MESSAGE: 'message',
  TOOL_CALL: 'tool_call',
  TOOL_RESULT: 'tool_result',
  THINKING: 'thinking',
  ERROR: 'error',
} as const satisfies Record<string, EventType>

export const AUTHOR_ROLES = ['human', 'caller', 'assistant', 'agent', 'tool', 'system'] as const
export type AuthorRole = (typeof AUTHOR_ROLES)[number]
/** `user` is another word for `human`. */
export type Role = AuthorRole | 'user'

export const MESSAGE_TYPES = ['prompt', 'response', 'tool_call', 'tool_result', 'plan', 'summary', 'context', 'error'] as const
export type MessageType = (typeof MESSAGE_TYPES)[number]

/** What the server makes a verdict of; it takes any other text too, and keeps no verdict for it. */
export type Outcome = 'success' | 'partial' | 'failed' | 'abandoned'

const text = z.string()
const filled = z.string().check(z.minLength(1))
const whole = z.number().check(z.int())
const map = z.record(z.string(), z.unknown())

/** Every key that the server looks at, whatever the event's type. Others pass untouched. */
const known = {
  author_role: z.optional(z.enum(AUTHOR_ROLES)),
  message_type: z.optional(text),
  content: z.optional(text),
  model: z.optional(text),
  stop_reason: z.optional(text),
  thinking_content: z.optional(text),
  token_usage: z.optional(z.record(z.string(), whole)),
  thinking_metadata: z.optional(map),
  raw_data: z.optional(map),
  tool_name: z.optional(text),
  tool_use_id: z.optional(text),
  parameters: z.optional(map),
  success: z.optional(z.boolean()),
  result: z.optional(text),
  error_message: z.optional(text),
  agent_type: z.optional(text),
  agent_version: z.optional(text),
  working_directory: z.optional(text),
  git_branch: z.optional(text),
  slug: z.optional(text),
  parent_session_id: z.optional(text),
  context_semantics: z.optional(map),
  summaries: z.optional(z.array(map)),
  compaction_events: z.optional(z.array(map)),
  outcome: z.optional(text),
  summary: z.optional(text),
  total_messages: z.optional(whole),
  total_tool_calls: z.optional(whole),
  plans: z.optional(z.array(map)),
  files_touched: z.optional(z.array(text)),
}

/** What the server demands of each type. An event that fails here would be refused, and take its batch with it. */
export const eventDataSchemas = {
  session_start: z.looseObject({ ...known, agent_type: filled }),
  session_end: z.looseObject({ ...known, outcome: filled }),
  message: z.looseObject({ ...known, author_role: z.enum(AUTHOR_ROLES), message_type: filled }),
  tool_call: z.looseObject({ ...known, tool_name: filled, tool_use_id: filled }),
  tool_result: z.looseObject({ ...known, tool_use_id: filled }),
  thinking: z.looseObject(known),
  error: z.looseObject(known),
} as const satisfies Record<EventType, z.ZodMiniType>

export type EventData<Type extends EventType> = z.infer<(typeof eventDataSchemas)[Type]>
export type SessionStartData = EventData<'session_start'>
export type SessionEndData = EventData<'session_end'>
export type MessageData = EventData<'message'>
export type ToolCallData = EventData<'tool_call'>
export type ToolResultData = EventData<'tool_result'>
export type ThinkingData = EventData<'thinking'>
export type ErrorData = EventData<'error'>

/** An event as the caller gives it. `data` has the wire's own names. */
export interface CollectorEvent {
  readonly type: EventType | (string & {})
  readonly data: Readonly<Record<string, unknown>>
  /** When it happened; default now. Made strictly rising within a session. */
  readonly emittedAt?: Date | number | string
  /** When it was seen; default now. */
  readonly observedAt?: Date | number | string
  /** The server's key for telling events apart, at most 32 characters. Default: a hash of the whole event. */
  readonly eventHash?: string
  /** Only for `sendEvents`, and only older servers look at it. The outbox numbers its events itself. */
  readonly sequence?: number
}
