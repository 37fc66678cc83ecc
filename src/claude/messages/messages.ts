/** The messages that callers read. They are made from the lines of the CLI; each message has its line as `raw`. */
import type { SignalboxError } from '../../errors.js'
import type { EventLines, SystemLines } from './event-lines.js'
import type { AssistantLine, ClaudeLine, ContentBlock, InitLine, ModelUsage, ResultLine, Usage, UserLine } from './lines.js'

interface Base {
  /** The line that the message was made from. */
  readonly raw: ClaudeLine
}

/** A turn begins. Comes once in each turn. */
export interface InitMessage extends Base {
  /** Identifies this kind of message. */
  readonly type: 'init'
  /** The session; the same in all turns of a process. */
  readonly sessionId: string
  /** The full id of the model. */
  readonly model: string | undefined
  /** The folder that the CLI works in. */
  readonly cwd: string | undefined
  /** The names of the tools that the model has. */
  readonly tools: readonly string[]
  /** The MCP servers and their state, such as `connected` or `failed`. */
  readonly mcpServers: readonly { readonly name: string; readonly status: string }[]
  /** The commands that a message may begin with, without the slash. */
  readonly slashCommands: readonly string[]
  /** The permission mode at the start of the turn. */
  readonly permissionMode: string | undefined
  /** Where the credential comes from, as the CLI names it. */
  readonly apiKeySource: string | undefined
  /** The version of the CLI. */
  readonly version: string | undefined
  /** Features that the CLI says it has; empty on older CLIs. */
  readonly capabilities: readonly string[]
}

/** Text of the answer: a whole block, or a delta with `partial`. */
export interface TextMessage extends Base {
  /** Identifies this kind of message. */
  readonly type: 'text'
  /** The text: the whole block, or the part that this delta adds. */
  readonly content: string
  /** Always `text_delta`; kept for code written for ccflow. */
  readonly deltaType: 'text_delta'
  /** The API message that the block belongs to. */
  readonly messageId: string | undefined
  /** True for a delta. A delta is void if its stream is cut, see `RetractMessage`. Deltas need the option `includePartial`. */
  readonly partial: boolean
  /** The tool call that started the subagent; null in the main loop. */
  readonly parentToolUseId: string | null
}

/** Thinking: a whole block, or a delta with `partial`. */
export interface ThinkingMessage extends Base {
  /** Identifies this kind of message. */
  readonly type: 'thinking'
  /** The thinking: the whole block, or the part that this delta adds. */
  readonly content: string
  /** 0 where the CLI does not tell. */
  readonly thinkingTokens: number
  /** The API message that the block belongs to. */
  readonly messageId: string | undefined
  /** True for a delta, false for a whole block. */
  readonly partial: boolean
  /** The tool call that started the subagent; null in the main loop. */
  readonly parentToolUseId: string | null
}

/** The model calls a tool. */
export interface ToolUseMessage extends Base {
  /** Identifies this kind of message. */
  readonly type: 'toolUse'
  /** The name of the tool, such as `Bash` or `mcp__server__tool`. */
  readonly tool: string
  /** The input of the tool. */
  readonly args: Readonly<Record<string, unknown>>
  /** The id of the call; the result carries the same id. */
  readonly id: string
  /** The tool call that started the subagent; null in the main loop. */
  readonly parentToolUseId: string | null
}

/** The result of a tool call. */
export interface ToolResultMessage extends Base {
  /** Identifies this kind of message. */
  readonly type: 'toolResult'
  /** The tool of the call that this answers. */
  readonly tool: string
  /** The text that the model reads; blocks that are not text are left out. */
  readonly result: string
  /** Whether the tool failed or was refused. */
  readonly isError: boolean
  /** The id of the call that this answers. */
  readonly id: string
  /** The tool's own structured output, where it has one. */
  readonly structured: unknown
  /** The tool call that started the subagent; null in the main loop. */
  readonly parentToolUseId: string | null
}

/** One line of the model's answer: one block. Lines of one API message share `messageId`. */
export interface AssistantMessage extends Base {
  /** Identifies this kind of message. */
  readonly type: 'assistant'
  /** The line that the message was made from. */
  readonly raw: AssistantLine
  /** The blocks of the line; usually one. */
  readonly blocks: readonly ContentBlock[]
  /** The texts of the blocks, joined. */
  readonly text: string
  /** The model that wrote it; `<synthetic>` for the CLI itself. */
  readonly model: string
  /** Lines of one API message share it. */
  readonly messageId: string
  /** The session. */
  readonly sessionId: string | undefined
  /** Repeats what the API message started with; the final numbers are in the result. */
  readonly usage: Usage | undefined
  /** Why the model stopped; usually null, because the line comes before the end. */
  readonly stopReason: string | null
  /** The tool call that started the subagent; null in the main loop. */
  readonly parentToolUseId: string | null
  /** Set when the CLI made this message out of a failure. */
  readonly error: string | undefined
}

/** A `user` line of the CLI: tool results, notes, replayed messages. */
export interface UserMessage extends Base {
  /** Identifies this kind of message. */
  readonly type: 'user'
  /** The line that the message was made from. */
  readonly raw: UserLine
  /** The content as blocks; a plain string becomes one text block. */
  readonly blocks: readonly ContentBlock[]
  /** The texts of the blocks, joined. */
  readonly text: string
  /** The session of the CLI. */
  readonly sessionId: string | undefined
  /** Whether the CLI repeats a message that it has accepted. */
  readonly isReplay: boolean
  /** Whether the CLI wrote the message itself. */
  readonly isSynthetic: boolean
  /** The tool's own structured output, where the line carries a tool result. */
  readonly toolUseResult: unknown
  /** The tool call that started the subagent; null in the main loop. */
  readonly parentToolUseId: string | null
}

/** Partial text that was shown is void, because its stream was cut. The answer starts again. */
export interface RetractMessage extends Base {
  /** Identifies this kind of message. */
  readonly type: 'retract'
  /** The API message whose partial text is void. */
  readonly messageId: string | undefined
  /** The text to take back. */
  readonly content: string
}

/** The CLI waits before a retry, or this client waits for a usage limit to reset. */
export interface WaitingMessage extends Base {
  /** Identifies this kind of message. */
  readonly type: 'waiting'
  /** `api_retry`: the CLI repeats an API call. `usage_limit`: this client waits for the limit to reset. */
  readonly reason: 'api_retry' | 'usage_limit'
  /** The attempt that follows the wait; counts from 1. */
  readonly attempt: number
  /** How many retries there will be at most, if that is known. */
  readonly maxRetries: number | undefined
  /** How long the wait takes, in milliseconds. */
  readonly delayMs: number
  /** The HTTP status of the failure; null without one. */
  readonly status: number | null
  /** The CLI's name for the failure. */
  readonly error: string | undefined
}

/** News about the account's usage limit. */
export interface RateLimitMessage extends Base {
  /** Identifies this kind of message. */
  readonly type: 'rateLimit'
  /** `allowed`, `allowed_warning` or `rejected`. */
  readonly status: string
  /** When the limit resets, in milliseconds since 1970. */
  readonly resetsAtMs: number | undefined
  /** Which limit this is about, such as `five_hour`. */
  readonly rateLimitType: string | undefined
  /** 0 to 1. */
  readonly utilization: number | undefined
}

/** A hook of the CLI's settings has run. */
export interface HookMessage extends Base {
  /** Identifies this kind of message. */
  readonly type: 'hook'
  /** The event at which the hook ran, or `unknown`. */
  readonly hookType: string
  /** The CLI's name for the hook. */
  readonly hookName: string | undefined
  /** What the hook wrote. */
  readonly content: string | undefined
  /** How the hook ended, as the CLI says. */
  readonly outcome: string | undefined
}

/** Something failed; the end of the turn follows. */
export interface ErrorMessage extends Base {
  /** Identifies this kind of message. */
  readonly type: 'error'
  /** A description of the failure, for people. */
  readonly message: string
  /** The CLI's name of the failure, or the subtype of the result. */
  readonly code: string
  /** The HTTP status of a failed API call; null without one. */
  readonly status: number | null
}

/** The turn has stopped; its result follows. */
export interface StopMessage extends Base {
  /** Identifies this kind of message. */
  readonly type: 'stop'
  /** The session of the CLI. */
  readonly sessionId: string | undefined
  /** The tokens of the turn's main loop. */
  readonly usage: Usage | undefined
  /** Why the model stopped; null where the CLI does not say. */
  readonly stopReason: string | null
}

/** The end of a turn. `Output` is the type of the structured output, which the schema that was asked for gives. */
export interface ResultMessage<Output = unknown> extends Base {
  /** Identifies this kind of message. */
  readonly type: 'result'
  /** The line itself. */
  readonly raw: ResultLine
  /** `success`, or the kind of failure. */
  readonly subtype: string
  /** Whether the turn failed, on every version. */
  readonly isError: boolean
  /** The typed failure, where it is one. */
  readonly error: SignalboxError | undefined
  /** The answer, assembled from its blocks; the CLI's own field holds the last block only. */
  readonly text: string
  /** The CLI's own field: the last text block only. */
  readonly result: string | undefined
  /** The session. */
  readonly sessionId: string | undefined
  /** How long the turn took, as the CLI counts. */
  readonly durationMs: number
  /** Model round trips. */
  readonly numTurns: number
  /** The cost of this turn: the difference between the CLI's totals after and before it. */
  readonly costUsd: number
  /** The CLI's running total over its process. */
  readonly totalCostUsd: number
  /** This turn's main loop only. */
  readonly usage: Usage
  /** The totals of the process so far, by model. */
  readonly modelUsage: Readonly<Record<string, ModelUsage>>
  /** Every tool call that was refused. */
  readonly permissionDenials: NonNullable<ResultLine['permission_denials']>
  /** What `outputSchema` or `jsonSchema` asked for; undefined without one. */
  readonly structuredOutput: Output
  /** Why the model stopped; null on 2.0. */
  readonly stopReason: string | null
  /** What ended the turn; undefined on 2.0. */
  readonly terminalReason: string | undefined
}

/** A `system` line of a known kind that has no message of its own. `raw` has the type of that kind. */
export interface SystemMessageOf<Subtype extends keyof SystemLines> extends Base {
  /** Identifies this kind of message. */
  readonly type: 'system'
  /** The kind of the `system` line. */
  readonly subtype: Subtype
  /** The session of the CLI. */
  readonly sessionId: string | undefined
  /** The line itself. */
  readonly raw: SystemLines[Subtype]
}

/** Any `system` line of a known kind, told apart by `subtype`. */
export type SystemMessage = { [Subtype in keyof SystemLines]: SystemMessageOf<Subtype> }[keyof SystemLines]

/** A line of a known type that has no message of its own, such as `tool_progress`. `raw` has the type of that line. */
export interface EventMessageOf<Event extends keyof EventLines> extends Base {
  /** Identifies this kind of message. */
  readonly type: 'event'
  /** The `type` of the line. */
  readonly event: Event
  /** The session of the CLI. */
  readonly sessionId: string | undefined
  /** The line itself. */
  readonly raw: EventLines[Event]
}

/** Any line of the list `EventLines`, told apart by `event`. */
export type EventMessage = { [Event in keyof EventLines]: EventMessageOf<Event> }[keyof EventLines]

/**
 * A line of a type that this version does not know, or one that lacks a required field; `raw` holds all of it. Stream events and
 * bookkeeping show in `lines()` only.
 */
export interface UnknownMessage extends Base {
  /** Identifies this kind of message. */
  readonly type: 'unknown'
  /** The `type` of the line; `system/` and the subtype for a `system` line. */
  readonly eventType: string
}

/** Any message of a turn, told apart by `type`. */
export type ClaudeMessage =
  | InitMessage
  | TextMessage
  | ThinkingMessage
  | ToolUseMessage
  | ToolResultMessage
  | AssistantMessage
  | UserMessage
  | RetractMessage
  | WaitingMessage
  | RateLimitMessage
  | HookMessage
  | ErrorMessage
  | StopMessage
  | ResultMessage
  | SystemMessage
  | EventMessage
  | UnknownMessage

/** ccflow's name for the union. */
export type Message = ClaudeMessage

/** What the CLI says about itself when a turn begins. */
export type InitFields = Omit<InitMessage, 'type' | 'raw'>

/** The fields of an init line, in camelCase. */
export function initFields(line: InitLine): InitFields {
  return {
    sessionId: line.session_id,
    model: line.model,
    cwd: line.cwd,
    tools: line.tools ?? [],
    mcpServers: line.mcp_servers ?? [],
    slashCommands: line.slash_commands ?? [],
    permissionMode: line.permissionMode,
    apiKeySource: line.apiKeySource,
    version: line.claude_code_version,
    capabilities: line.capabilities ?? [],
  }
}
