/** Messages as callers read them: derived from the lines, which each of them carries as `raw`. */
import type { SignalboxError } from '../../errors.js'
import type { AssistantLine, ClaudeLine, ContentBlock, InitLine, ModelUsage, ResultLine, Usage, UserLine } from './lines.js'

interface Base {
  readonly raw: ClaudeLine
}

/** A turn begins: once for each turn, not once for each process. */
export interface InitMessage extends Base {
  readonly type: 'init'
  readonly sessionId: string
  readonly model: string | undefined
  readonly cwd: string | undefined
  readonly tools: readonly string[]
  readonly mcpServers: readonly { readonly name: string; readonly status: string }[]
  readonly slashCommands: readonly string[]
  readonly permissionMode: string | undefined
  readonly apiKeySource: string | undefined
  readonly version: string | undefined
  readonly capabilities: readonly string[]
}

/** Text of the answer: a whole block, or a delta with `partial`. */
export interface TextMessage extends Base {
  readonly type: 'text'
  readonly content: string
  readonly deltaType: 'text_delta'
  readonly messageId: string | undefined
  /** A delta: void if the stream is cut, see `RetractMessage`. Without partial messages there is one text message a block. */
  readonly partial: boolean
  readonly parentToolUseId: string | null
}

/** Thinking: a whole block, or a delta with `partial`. */
export interface ThinkingMessage extends Base {
  readonly type: 'thinking'
  readonly content: string
  /** 0 where the CLI does not tell. */
  readonly thinkingTokens: number
  readonly messageId: string | undefined
  readonly partial: boolean
  readonly parentToolUseId: string | null
}

/** The model calls a tool. */
export interface ToolUseMessage extends Base {
  readonly type: 'toolUse'
  readonly tool: string
  readonly args: Readonly<Record<string, unknown>>
  readonly id: string
  readonly parentToolUseId: string | null
}

/** The result of a tool call. */
export interface ToolResultMessage extends Base {
  readonly type: 'toolResult'
  /** The tool of the call that this answers. */
  readonly tool: string
  readonly result: string
  readonly isError: boolean
  readonly id: string
  /** The tool's own structured output, where it has one. */
  readonly structured: unknown
  readonly parentToolUseId: string | null
}

/** One line of the model's answer: one block. Lines of one API message share `messageId`. */
export interface AssistantMessage extends Base {
  readonly type: 'assistant'
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
  readonly stopReason: string | null
  readonly parentToolUseId: string | null
  /** Set when the CLI made this message out of a failure. */
  readonly error: string | undefined
}

/** A `user` line of the CLI: tool results, notes, replayed messages. */
export interface UserMessage extends Base {
  readonly type: 'user'
  readonly raw: UserLine
  readonly blocks: readonly ContentBlock[]
  readonly text: string
  readonly sessionId: string | undefined
  readonly isReplay: boolean
  readonly isSynthetic: boolean
  readonly toolUseResult: unknown
  readonly parentToolUseId: string | null
}

/** Partial text that was shown is void: its stream was cut and the answer starts anew. */
export interface RetractMessage extends Base {
  readonly type: 'retract'
  readonly messageId: string | undefined
  /** The text to take back. */
  readonly content: string
}

/** The CLI waits by itself, or we wait for a usage limit to end. */
export interface WaitingMessage extends Base {
  readonly type: 'waiting'
  readonly reason: 'api_retry' | 'usage_limit'
  readonly attempt: number
  readonly maxRetries: number | undefined
  readonly delayMs: number
  readonly status: number | null
  readonly error: string | undefined
}

/** News about the account's usage limit. */
export interface RateLimitMessage extends Base {
  readonly type: 'rateLimit'
  readonly status: string
  readonly resetsAtMs: number | undefined
  readonly rateLimitType: string | undefined
  /** 0 to 1. */
  readonly utilization: number | undefined
}

/** A hook of the CLI's settings has run. */
export interface HookMessage extends Base {
  readonly type: 'hook'
  readonly hookType: string
  readonly hookName: string | undefined
  readonly content: string | undefined
  readonly outcome: string | undefined
}

/** Something failed; the end of the turn follows. */
export interface ErrorMessage extends Base {
  readonly type: 'error'
  readonly message: string
  /** What the CLI calls it: an assistant error, or the result's subtype. */
  readonly code: string
  readonly status: number | null
}

/** The turn has stopped; its result follows. */
export interface StopMessage extends Base {
  readonly type: 'stop'
  readonly sessionId: string | undefined
  readonly usage: Usage | undefined
  readonly stopReason: string | null
}

/** The end of a turn. */
/** `Output` is the type of the structured output, which the schema that was asked for gives. */
export interface ResultMessage<Output = unknown> extends Base {
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
  /** What this turn cost: the CLI's running total less what it was before. */
  readonly costUsd: number
  /** The CLI's running total over its process. */
  readonly totalCostUsd: number
  /** This turn's main loop only. */
  readonly usage: Usage
  /** By model, adding up over the process. */
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

/** A `system` line of a kind that has no message of its own. */
export interface UnknownSystemMessage extends Base {
  readonly type: 'system'
  readonly subtype: string
  readonly sessionId: string | undefined
}

/** A type that this version of ours does not know; `raw` holds all of it. Stream events and bookkeeping show in `lines()` only. */
export interface UnknownMessage extends Base {
  readonly type: 'unknown'
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
  | UnknownSystemMessage
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
