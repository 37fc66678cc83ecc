/** The lines that the CLI writes, with its field names. The types allow unknown fields, because every version adds some. */
import type { EventLines, SystemLines } from './event-lines.js'
import type { LineBase } from './line-base.js'

/** A block of text. */
export interface TextBlock {
  /** Identifies this kind of block. */
  readonly type: 'text'
  /** The text. */
  readonly text: string
}
/** A block of thinking. */
export interface ThinkingBlock {
  /** Identifies this kind of block. */
  readonly type: 'thinking'
  /** The text. */
  readonly thinking: string
  /** Proves to the API that the model wrote it. */
  readonly signature?: string
}
/** A call of a tool. */
export interface ToolUseBlock {
  /** Identifies this kind of block. */
  readonly type: 'tool_use'
  /** Links the result to the call. */
  readonly id: string
  /** The tool. */
  readonly name: string
  /** The input of the tool. */
  readonly input: Readonly<Record<string, unknown>>
}
/** The result of a tool. */
export interface ToolResultBlock {
  /** Identifies this kind of block. */
  readonly type: 'tool_result'
  /** The call. */
  readonly tool_use_id: string
  /** The text that the model reads. */
  readonly content?: string | readonly ContentBlock[]
  /** Whether the tool failed; may be absent. */
  readonly is_error?: boolean
}
/** Image, document, server tool, and block types of later versions. */
export interface OtherBlock {
  /** The kind of block, such as `image` or `document`. */
  readonly type: string
  readonly [field: string]: unknown
}
/** Any block of a message; unknown ones pass through. */
export type ContentBlock = TextBlock | ThinkingBlock | ToolUseBlock | ToolResultBlock | OtherBlock

/** Token counts, with the API's field names. */
export interface Usage {
  /** Input tokens, cached ones left out. */
  readonly input_tokens?: number
  /** Output tokens. */
  readonly output_tokens?: number
  /** Tokens that were written to the cache. */
  readonly cache_creation_input_tokens?: number
  /** Tokens that were read from the cache. */
  readonly cache_read_input_tokens?: number
  /** Tokens that were written to the cache, by how long the cache keeps them. */
  readonly cache_creation?: { readonly ephemeral_5m_input_tokens?: number; readonly ephemeral_1h_input_tokens?: number }
  /** Parts of the output tokens, on CLIs that report them. */
  readonly output_tokens_details?: { readonly thinking_tokens?: number }
  readonly [field: string]: unknown
}

/** Tokens and cost of one model in a process. */
export interface ModelUsage {
  /** Input tokens, cached ones left out. */
  readonly inputTokens: number
  /** Output tokens. */
  readonly outputTokens: number
  /** Tokens that were read from the prompt cache. */
  readonly cacheReadInputTokens: number
  /** Tokens that were written to the prompt cache. */
  readonly cacheCreationInputTokens: number
  /** Searches that the API did for the model. */
  readonly webSearchRequests?: number
  /** As the CLI computes it. */
  readonly costUSD: number
  /** Tokens that fit into the model's context. */
  readonly contextWindow?: number
  /** The most output tokens that one answer of the model can have. */
  readonly maxOutputTokens?: number
  /** Output tokens that were thinking, on CLIs that report them. */
  readonly thinkingTokens?: number
  readonly [field: string]: unknown
}

/** The line that begins a turn. */
export interface InitLine extends LineBase {
  /** Always `system`. */
  readonly type: 'system'
  /** Identifies this kind of `system` line. */
  readonly subtype: 'init'
  /** The session; the same in all turns of a process. */
  readonly session_id: string
  /** The full id of the model. */
  readonly model?: string
  /** The folder that the CLI works in. */
  readonly cwd?: string
  /** The tools that the model has. */
  readonly tools?: readonly string[]
  /** The MCP servers and their state. */
  readonly mcp_servers?: readonly { readonly name: string; readonly status: string }[]
  /** The commands that a message may begin with. */
  readonly slash_commands?: readonly string[]
  /** The permission mode. */
  readonly permissionMode?: string
  /** Where the credential comes from. */
  readonly apiKeySource?: string
  /** The version of the CLI. */
  readonly claude_code_version?: string
  /** Features that can be relied on (newest CLIs). */
  readonly capabilities?: readonly string[]
}

/** The CLI repeats an API call after a pause. */
export interface ApiRetryLine extends LineBase {
  /** Always `system`. */
  readonly type: 'system'
  /** Identifies this kind of `system` line. */
  readonly subtype: 'api_retry'
  /** Counts from 1. */
  readonly attempt: number
  /** How many there will be at most. */
  readonly max_retries: number
  /** The pause before this attempt. */
  readonly retry_delay_ms: number
  /** The HTTP status of the failure; null without one. */
  readonly error_status: number | null
  /** The CLI's name for the failure. */
  readonly error?: string
}

/** Any `system` line. */
export interface SystemLine extends LineBase {
  /** Always `system`. */
  readonly type: 'system'
  /** The kind of `system` line. */
  readonly subtype: string
}

/** One block of the model's answer. */
export interface AssistantLine extends LineBase {
  /** Identifies this kind of line. */
  readonly type: 'assistant'
  /** The API message, with the blocks of this line only. Lines of one API message share its `id`. */
  readonly message: {
    readonly id: string
    readonly role: 'assistant'
    readonly model: string
    readonly content: readonly ContentBlock[]
    readonly stop_reason?: string | null
    readonly usage?: Usage
    readonly [field: string]: unknown
  }
  /** The tool call that started the subagent which wrote this; null in the main loop. */
  readonly parent_tool_use_id: string | null
  /** Set when the CLI wrote this message because of a failure: the CLI's name of the failure. */
  readonly error?: string
}

/** Tool results, notes of the CLI, and replayed messages. */
export interface UserLine extends LineBase {
  /** Identifies this kind of line. */
  readonly type: 'user'
  /** The content. */
  readonly message: { readonly role: 'user'; readonly content: string | readonly ContentBlock[] }
  /** The call that started the subagent; null in the main loop. */
  readonly parent_tool_use_id?: string | null
  /** The tool's own structured result. */
  readonly tool_use_result?: unknown
  /** True when the CLI repeats a message that it has accepted. */
  readonly isReplay?: boolean
  /** The CLI wrote the message. */
  readonly isSynthetic?: boolean
}

/** A delta, or another event of the API's stream. */
export interface StreamEventLine extends LineBase {
  /** Identifies this kind of line. */
  readonly type: 'stream_event'
  /** An event of the API's stream. */
  readonly event: { readonly type: string; readonly [field: string]: unknown }
  /** The call that started the subagent; null in the main loop. */
  readonly parent_tool_use_id?: string | null
}

/** News about the account's usage limit. */
export interface RateLimitLine extends LineBase {
  /** Identifies this kind of line. */
  readonly type: 'rate_limit_event'
  /** The limit, and when it resets. */
  readonly rate_limit_info: {
    readonly status: 'allowed' | 'allowed_warning' | 'rejected' | (string & {})
    /** Seconds since 1970. */
    readonly resetsAt?: number
    readonly rateLimitType?: string
    readonly utilization?: number
    readonly [field: string]: unknown
  }
}

/** The end of a turn. */
export interface ResultLine extends LineBase {
  /** Identifies this kind of line. */
  readonly type: 'result'
  /** `success`, or the kind of failure. A failed API call is a `success` with `is_error`. */
  readonly subtype:
    | 'success'
    | 'error_during_execution'
    | 'error_max_turns'
    | 'error_max_budget_usd'
    | 'error_max_structured_output_retries'
    | (string & {})
  /** Whether the turn failed; 2.0 says so by `subtype` alone. */
  readonly is_error: boolean
  /** The last text block of the answer, or the text of the failure. */
  readonly result?: string
  /** The errors, for `error_*` subtypes. */
  readonly errors?: readonly string[]
  /** The session. */
  readonly session_id?: string
  /** How long the turn took. */
  readonly duration_ms?: number
  /** The part of `duration_ms` that API calls took. */
  readonly duration_api_ms?: number
  /** Model round trips. */
  readonly num_turns?: number
  /** The total cost of the process so far, not of this turn. */
  readonly total_cost_usd?: number
  /** This turn's main loop only. */
  readonly usage?: Usage
  /** The totals of the process so far by model, with subagents. */
  readonly modelUsage?: Readonly<Record<string, ModelUsage>>
  /** By model, of this turn only. Newest CLIs; older ones have `modelUsage` only. */
  readonly model_usage_since_last_result?: Readonly<Record<string, ModelUsage>>
  /** Every tool call that was refused. */
  readonly permission_denials?: readonly {
    readonly tool_name: string
    readonly tool_use_id: string
    readonly tool_input: unknown
  }[]
  /** The object that the schema asked for. */
  readonly structured_output?: unknown
  /** Why the model stopped (2.1). */
  readonly stop_reason?: string | null
  /** The HTTP status of a failed API call (2.1). */
  readonly api_error_status?: number | null
  /** What ended the turn (2.1). */
  readonly terminal_reason?: string
  /** What started the turn, for turns that the CLI began by itself. */
  readonly origin?: { readonly kind: string; readonly [field: string]: unknown }
  /** The messages of the caller that this turn has answered. */
  readonly user_message_uuids?: readonly string[]
}

/** A line of a type that this list does not have. It passes unchanged. */
export interface OtherLine extends LineBase {
  /** The kind of line. */
  readonly type: string
}

/** A line outside the control protocol. `type` and `subtype` tell them apart; see the guards of `guards.ts`. */
export type ClaudeLine =
  | InitLine
  | ApiRetryLine
  | SystemLine
  | AssistantLine
  | UserLine
  | StreamEventLine
  | RateLimitLine
  | ResultLine
  | SystemLines[keyof SystemLines]
  | EventLines[keyof EventLines]
  | OtherLine

/** A request of the control protocol. */
export interface ControlRequestLine {
  /** Identifies this kind of line. */
  readonly type: 'control_request'
  /** The answer carries the same id. */
  readonly request_id: string
  /** The request: `subtype` is its name, the other fields are its arguments. */
  readonly request: { readonly subtype: string; readonly [field: string]: unknown }
}
/** The answer to a control request. */
export interface ControlResponseLine {
  /** Identifies this kind of line. */
  readonly type: 'control_response'
  /** The answer, or the error, with the id of its request. */
  readonly response:
    | { readonly subtype: 'success'; readonly request_id: string; readonly response?: Readonly<Record<string, unknown>> }
    | { readonly subtype: 'error'; readonly request_id: string; readonly error: string; readonly error_code?: string }
}
/** A control request is withdrawn. */
export interface ControlCancelLine {
  /** Identifies this kind of line. */
  readonly type: 'control_cancel_request'
  /** The request that is withdrawn. */
  readonly request_id: string
}

/** A line that a client may write: a user's turn. */
export interface UserInput {
  /** Identifies this kind of line. */
  readonly type: 'user'
  /** The content, as text or as blocks. */
  readonly message: { readonly role: 'user'; readonly content: string | readonly ContentBlock[] }
  /** Always null: a client writes to the main loop only. */
  readonly parent_tool_use_id: null
  /** The session that the message belongs to. */
  readonly session_id: string
  /** The id of the message, chosen by the client; `cancelMessage` and `rewindFiles` take it. */
  readonly uuid: string
  /** From 2.1 on: added to the conversation without asking the model. 2.0 ignores it and runs a turn. */
  readonly shouldQuery?: boolean
}
