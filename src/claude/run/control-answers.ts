/** What the CLI answers to control requests, with its own field names. Unknown fields are kept; the answers are not checked. */
import type { SlashCommand } from '../messages/event-lines.js'
import type { ModelUsage } from '../messages/lines.js'

/** The CLI's answer to a control request, with its own field names. */
export type ControlAnswer = Readonly<Record<string, unknown>>

/** A model that `setModel` accepts. */
export interface ModelInfo {
  /** The name that `setModel` and the option `model` take. */
  readonly value: string
  /** The full id. */
  readonly resolvedModel?: string
  /** The name for people. */
  readonly displayName: string
  /** What the model is for, for people. */
  readonly description: string
  readonly [field: string]: unknown
}

/** An agent that the model can call. */
export interface AgentInfo {
  /** The name. */
  readonly name: string
  /** When to call it. */
  readonly description: string
  /** The model that it uses. */
  readonly model?: string
  readonly [field: string]: unknown
}

/** The owner of the account that the CLI uses. */
export interface AccountInfo {
  /** The address of the user. */
  readonly email?: string
  /** The organization. */
  readonly organization?: string
  /** The subscription, such as `max`. */
  readonly subscriptionType?: string
  /** Where the API key comes from. */
  readonly apiKeySource?: string
  readonly [field: string]: unknown
}

/** The CLI's answer to `initialize`. */
export interface Initialization extends ControlAnswer {
  /** The commands that a message may begin with. */
  readonly commands?: readonly SlashCommand[]
  /** The models. */
  readonly models?: readonly ModelInfo[]
  /** The agents; absent on CLI 2.0. */
  readonly agents?: readonly AgentInfo[]
  /** The account. */
  readonly account?: AccountInfo
  /** The output style of the session. */
  readonly output_style?: string
  /** The output styles that exist. */
  readonly available_output_styles?: readonly string[]
  /** The version, on the newest CLIs. */
  readonly claude_code_version?: string
}

/** An MCP server of the session and its state. */
export interface McpStatus {
  /** The name under which the server was configured. */
  readonly name: string
  /** `connected`, `failed`, `needs-auth`, `pending` or `disabled`. */
  readonly status: string
  readonly [field: string]: unknown
}

/** Tokens and cost of the process, and the used share of the account's limits. */
export interface UsageReport extends ControlAnswer {
  /** The sums of the process. */
  readonly session?: {
    readonly total_cost_usd: number
    readonly total_api_duration_ms: number
    readonly total_duration_ms: number
    readonly total_lines_added: number
    readonly total_lines_removed: number
    readonly model_usage: Readonly<Record<string, ModelUsage>>
    readonly [field: string]: unknown
  }
  /** The subscription; null for an API key. */
  readonly subscription_type?: string | null
  /** Whether `rate_limits` could be read. */
  readonly rate_limits_available?: boolean
  /** The used share of each limit, by name, such as `five_hour`. */
  readonly rate_limits?: Readonly<Record<string, unknown>> | null
}

/** The used part of the context window. */
export interface ContextUsage extends ControlAnswer {
  /** The tokens of each part, such as the system prompt. */
  readonly categories?: readonly { readonly name: string; readonly tokens: number; readonly [field: string]: unknown }[]
  /** The tokens in use. */
  readonly totalTokens?: number
  /** The tokens that fit. */
  readonly maxTokens?: number
  /** 0 to 100. */
  readonly percentage?: number
}

/** A file as the CLI read it. */
export interface FileContents extends ControlAnswer {
  /** The text, or base64. */
  readonly contents?: string
  /** The absolute path. */
  readonly absPath?: string
  /** True when `maxBytes` cut the file short. */
  readonly truncated?: boolean
}

/** The output of a task in the background. */
export interface TaskOutput extends ControlAnswer {
  /** The end of the output. */
  readonly output?: string
  /** The size of the whole output. */
  readonly total_bytes?: number
  /** True when `output` is not all of it. */
  readonly truncated?: boolean
}

/** What `rewindFiles` has done, or would do. */
export interface RewindResult extends ControlAnswer {
  /** Whether there is a state to go back to. */
  readonly canRewind?: boolean
  /** Why not. */
  readonly error?: string
  /** The files. */
  readonly filesChanged?: readonly string[]
}

/** What `mcpSetServers` has changed. */
export interface McpSetServersResult extends ControlAnswer {
  /** Servers that are new. */
  readonly added?: readonly string[]
  /** Servers that are gone. */
  readonly removed?: readonly string[]
  /** Why a server could not be connected, by name. */
  readonly errors?: Readonly<Record<string, string>>
}

/** A resource of an MCP server. */
export interface McpResource extends ControlAnswer {
  /** The parts of the resource. */
  readonly contents?: readonly {
    readonly uri: string
    readonly mimeType?: string
    readonly text?: string
    readonly blob?: string
    readonly [field: string]: unknown
  }[]
}

/** The permission rules in effect. */
export interface PermissionRules extends ControlAnswer {
  /** The rules, and the folders that tools may use. */
  readonly state?: {
    readonly rules: readonly ControlAnswer[]
    readonly workspaceDirectories: readonly ControlAnswer[]
    readonly [field: string]: unknown
  }
}

/** What `reloadPlugins` has found. */
export interface ReloadedPlugins extends ControlAnswer {
  /** All commands. */
  readonly commands?: readonly SlashCommand[]
  /** All agents. */
  readonly agents?: readonly AgentInfo[]
  /** The plugins. */
  readonly plugins?: readonly { readonly name: string; readonly path: string; readonly [field: string]: unknown }[]
  /** The MCP servers. */
  readonly mcpServers?: readonly McpStatus[]
  /** How many plugins could not be loaded. */
  readonly error_count?: number
}
