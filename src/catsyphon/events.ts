/** The seven event types, their data as callers write it, and how it stands on the wire. */
import * as z from 'zod/mini'

/** Written so that `EventType.MESSAGE` of the Python SDK has its twin. */
export const EventType = {
  SESSION_START: 'session_start',
  SESSION_END: 'session_end',
  MESSAGE: 'message',
  TOOL_CALL: 'tool_call',
  TOOL_RESULT: 'tool_result',
  THINKING: 'thinking',
  ERROR: 'error',
} as const
export type EventType = (typeof EventType)[keyof typeof EventType]

export const EVENT_TYPES: readonly EventType[] = Object.values(EventType)

export const AUTHOR_ROLES = ['human', 'caller', 'assistant', 'agent', 'tool', 'system'] as const
export type AuthorRole = (typeof AUTHOR_ROLES)[number]
/** `user` is another word for `human`. */
export type Role = AuthorRole | 'user'

export const MESSAGE_TYPES = ['prompt', 'response', 'tool_call', 'tool_result', 'plan', 'summary', 'context', 'error'] as const
export type MessageType = (typeof MESSAGE_TYPES)[number]

/** What the server makes a verdict of; it takes any other text too, and keeps no verdict for it. */
export type Outcome = 'success' | 'partial' | 'failed' | 'abandoned'

const text = z.string()
const filled = text.check(z.minLength(1))
const whole = z.int()
const map = z.record(text, z.unknown())
const role = z.enum(AUTHOR_ROLES)

/** Ingestion takes any object; one of another shape makes the whole conversation unreadable for good. */
const plan = z.partial(
  z.looseObject({
    plan_file_path: text,
    initial_content: text,
    final_content: text,
    status: text,
    iteration_count: whole,
    entry_message_index: whole,
    exit_message_index: whole,
    related_agent_session_ids: z.array(text),
    operations: z.array(
      z.partial(
        z.looseObject({
          operation_type: text,
          file_path: text,
          content: text,
          old_content: text,
          new_content: text,
          timestamp: text,
          message_index: whole,
        }),
      ),
    ),
  }),
)

/** Every key that the server looks at, whatever the event's type. Others pass untouched. */
const known = z.partial(
  z.looseObject({
    author_role: role,
    message_type: text,
    content: text,
    model: text,
    stop_reason: text,
    thinking_content: text,
    token_usage: z.record(text, whole),
    thinking_metadata: map,
    raw_data: map,
    tool_name: text,
    tool_use_id: text,
    parameters: map,
    success: z.boolean(),
    result: text,
    error_message: text,
    agent_type: text,
    agent_version: text,
    working_directory: text,
    git_branch: text,
    slug: text,
    parent_session_id: text,
    context_semantics: map,
    summaries: z.array(map),
    compaction_events: z.array(map),
    outcome: text,
    summary: text,
    total_messages: whole,
    total_tool_calls: whole,
    plans: z.array(plan),
    files_touched: z.array(text),
  }),
)

/** What the server demands of each type. An event that fails here would be refused, and take its batch with it. */
export const eventDataSchemas = {
  session_start: z.extend(known, { agent_type: filled }),
  session_end: z.extend(known, { outcome: filled }),
  message: z.extend(known, { author_role: role, message_type: filled }),
  tool_call: z.extend(known, { tool_name: filled, tool_use_id: filled }),
  tool_result: z.extend(known, { tool_use_id: filled }),
  thinking: known,
  error: known,
} as const satisfies Record<EventType, z.ZodMiniType>

export type EventData<Type extends EventType> = z.infer<(typeof eventDataSchemas)[Type]>
export type SessionStartData = EventData<'session_start'>
export type SessionEndData = EventData<'session_end'>
export type MessageData = EventData<'message'>
export type ToolCallData = EventData<'tool_call'>
export type ToolResultData = EventData<'tool_result'>
export type ThinkingData = EventData<'thinking'>
export type ErrorData = EventData<'error'>

/** When something happened, as callers say it: milliseconds, ISO 8601, or a Date. */
export type Moment = Date | number | string

/** An event as the caller gives it. `data` has the wire's own names. */
export interface CollectorEvent {
  readonly type: EventType | (string & {})
  readonly data: Readonly<Record<string, unknown>>
  /** When it happened; default now. Made strictly rising within a session. */
  readonly emittedAt?: Moment | undefined
  /** When it was seen; default now. */
  readonly observedAt?: Moment | undefined
  /** The server's key for telling events apart, at most 32 characters. Default: one of our own. */
  readonly eventHash?: string | undefined
  /** Only for `sendEvents`, and only older servers look at it. The outbox numbers its events itself. */
  readonly sequence?: number | undefined
}
