/** The seven event types, with the shape of their data on the wire. */
import * as z from 'zod/mini'

/** The event types, with the names of the Python SDK. */
export const EventType = {
  SESSION_START: 'session_start',
  SESSION_END: 'session_end',
  MESSAGE: 'message',
  TOOL_CALL: 'tool_call',
  TOOL_RESULT: 'tool_result',
  THINKING: 'thinking',
  ERROR: 'error',
} as const
/** One of the seven event types. */
export type EventType = (typeof EventType)[keyof typeof EventType]

/** All event types. */
export const EVENT_TYPES: readonly EventType[] = Object.values(EventType)

/** Roles that the server takes. */
export const AUTHOR_ROLES = ['human', 'caller', 'assistant', 'agent', 'tool', 'system'] as const
/** A role that the server takes. */
export type AuthorRole = (typeof AUTHOR_ROLES)[number]
/** A role as callers give it. `user` is sent as `human`. */
export type Role = AuthorRole | 'user'

/** Message types that the server knows. It stores any other as `response`. */
export const MESSAGE_TYPES = ['prompt', 'response', 'tool_call', 'tool_result', 'plan', 'summary', 'context', 'error'] as const
/** A message type that the server knows. */
export type MessageType = (typeof MESSAGE_TYPES)[number]

/** Outcomes that the server knows. It takes any other text, and then keeps neither success nor failure. */
export type Outcome = 'success' | 'partial' | 'failed' | 'abandoned'

const text = z.string()
const filled = text.check(z.minLength(1))
const whole = z.int()
const map = z.record(text, z.unknown())
const role = z.enum(AUTHOR_ROLES)

/** The server stores a plan of any shape, but cannot read back a conversation that holds one of another shape. */
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

/** The keys that the server checks in events of every type. Other keys pass unchanged. */
const knownEvents = z.partial(
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

/** The keys that an event of this type must have. */
const required = {
  session_start: { agent_type: filled },
  session_end: { outcome: filled },
  message: { author_role: role, message_type: filled },
  tool_call: { tool_name: filled, tool_use_id: filled },
  tool_result: { tool_use_id: filled },
  thinking: {},
  error: {},
} as const satisfies Record<EventType, Readonly<Record<string, z.ZodMiniType>>>

/** The fields that the server demands of each type. It refuses the whole batch of an event that does not fit. */
export const eventDataSchemas = {
  session_start: z.extend(knownEvents, required.session_start),
  session_end: z.extend(knownEvents, required.session_end),
  message: z.extend(knownEvents, required.message),
  tool_call: z.extend(knownEvents, required.tool_call),
  tool_result: z.extend(knownEvents, required.tool_result),
  thinking: knownEvents,
  error: knownEvents,
} as const satisfies Record<EventType, z.ZodMiniType>

/** The first fault of an event's data, or undefined. The same as its schema finds, which costs more: it looks at every key that it knows. */
export function dataFault(type: string, data: Readonly<Record<string, unknown>>): { path: string; code: string } | undefined {
  const needed: Readonly<Record<string, z.ZodMiniType>> = Object.hasOwn(required, type) ? required[type as EventType] : {}
  const shape: Readonly<Record<string, z.ZodMiniType>> = knownEvents.shape
  for (const keys of [needed, data]) {
    for (const key of Object.keys(keys)) {
      const schema = Object.hasOwn(needed, key) ? needed[key] : Object.hasOwn(shape, key) ? shape[key] : undefined
      const issue = schema?.safeParse(data[key]).error?.issues[0]
      if (issue) return { path: [key, ...issue.path].join('.'), code: issue.code }
    }
  }
  return undefined
}

/** The data of an event of this type. */
export type EventData<Type extends EventType> = z.infer<(typeof eventDataSchemas)[Type]>
/** The data of a `session_start`. */
export type SessionStartData = EventData<'session_start'>
/** The data of a `session_end`. */
export type SessionEndData = EventData<'session_end'>
/** The data of a `message`. */
export type MessageData = EventData<'message'>
/** The data of a `tool_call`. */
export type ToolCallData = EventData<'tool_call'>
/** The data of a `tool_result`. */
export type ToolResultData = EventData<'tool_result'>
/** The data of a `thinking` event. */
export type ThinkingData = EventData<'thinking'>
/** The data of an `error` event. */
export type ErrorData = EventData<'error'>

/** A time as callers give it: a Date, milliseconds since 1970, or ISO 8601. */
export type Moment = Date | number | string

/** An event as the caller gives it. */
export interface CollectorEvent {
  /** The server accepts an unknown type and stores nothing for it. */
  readonly type: EventType | (string & {})
  /** The event's data, with the wire's own names. */
  readonly data: Readonly<Record<string, unknown>>
  /** When it happened. Default now. Within a session each event is made later than the one before. */
  readonly emittedAt?: Moment | undefined
  /** When the collector saw it. Default now. */
  readonly observedAt?: Moment | undefined
  /** The key by which the server recognises the event, at most 32 characters. Default: a random one. */
  readonly eventHash?: string | undefined
  /** For `sendEvents` on a sequence server only. The outbox numbers its events itself. */
  readonly sequence?: number | undefined
}
