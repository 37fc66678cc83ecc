/** What a run of the CLI is to be, as plain data: it may cross a gateway, so nothing in it is a function or a command line. */

/** Every permission mode of any version. */
export const PERMISSION_MODES = [
  'default',
  'manual',
  'acceptEdits',
  'plan',
  'dontAsk',
  'auto',
  'bypassPermissions',
  'delegate',
] as const
/** The name of a permission mode. */
export type PermissionModeName = (typeof PERMISSION_MODES)[number]

/** The names that ccflow gives them. `delegate` is refused by every current CLI. */
export const PermissionMode = {
  DEFAULT: 'default',
  MANUAL: 'manual',
  PLAN: 'plan',
  DONT_ASK: 'dontAsk',
  ACCEPT_EDITS: 'acceptEdits',
  DELEGATE: 'delegate',
  BYPASS: 'bypassPermissions',
  AUTO: 'auto',
} as const satisfies Record<string, PermissionModeName>

/** A server that the CLI starts or reaches by itself. Secrets in `env` and `headers` travel in a private file, never in argv. */
export type MCPServerConfig =
  | {
      readonly type?: 'stdio'
      readonly command: string
      readonly args?: readonly string[]
      readonly env?: Readonly<Record<string, string>>
    }
  | { readonly type: 'sse' | 'http'; readonly url: string; readonly headers?: Readonly<Record<string, string>> }

/** A native subagent of the CLI. */
export interface AgentDefinition {
  /** When the model should call this agent. */
  readonly description: string
  /** What the agent is told. */
  readonly prompt: string
  /** The tools that the agent has; all, if left out. */
  readonly tools?: readonly string[]
  /** `sonnet`, `opus`, `haiku`, `inherit`, or a full id. */
  readonly model?: string
}

/** Who pays. `inherit` changes nothing; `subscription` hides API keys from the CLI; `apiKey` hides the login's token. */
export type ClaudeAuth = 'inherit' | 'subscription' | 'apiKey'

/** Everything that is said to the CLI at its start. An undefined field is left out. */
export interface ClaudeLaunch {
  /** Ask the executable about itself instead of running it: `--version`, or `auth status --json`. */
  readonly probe?: 'version' | 'authStatus'
  /** The folder that the CLI works in. Its sessions are kept per folder. */
  readonly cwd?: string
  /** On top of what the transport inherits; undefined removes a name. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Who pays. */
  readonly auth?: ClaudeAuth

  /** An alias such as `sonnet`, or a full id. An unknown one fails at the first model call. */
  readonly model?: string
  /** Several only from 2.1 on. */
  readonly fallbackModel?: string | readonly string[]
  /** How hard the model thinks (2.1). */
  readonly effort?: 'low' | 'medium' | 'high' | 'xhigh' | 'max'
  /** Whether the model thinks (2.1). */
  readonly thinking?: 'enabled' | 'adaptive' | 'disabled'
  /** Whether thinking is shown (2.1). */
  readonly thinkingDisplay?: 'summarized' | 'omitted'
  /** A budget for thinking. */
  readonly maxThinkingTokens?: number
  /** Model round trips for each user turn. */
  readonly maxTurns?: number
  /** For the whole process; can be overshot by one call. */
  readonly maxBudgetUsd?: number
  /** A token budget that the model is told (2.1). */
  readonly taskBudget?: number
  /** Output tokens of one model call: CLAUDE_CODE_MAX_OUTPUT_TOKENS. */
  readonly maxTokens?: number
  /** The CLI's own retries of failed API calls: CLAUDE_CODE_MAX_RETRIES. Its default of 10 takes a wrong key three minutes to fail. */
  readonly maxApiRetries?: number

  /** Replaces the CLI's system prompt. */
  readonly systemPrompt?: string
  /** Added to the system prompt. */
  readonly appendSystemPrompt?: string
  /** Like `systemPrompt`, from a file. */
  readonly systemPromptFile?: string
  /** Like `appendSystemPrompt`, from a file. */
  readonly appendSystemPromptFile?: string
  /** Whether a resumed session keeps its first system prompt (newest CLIs). */
  readonly systemPromptSnapshot?: 'on' | 'off'
  /** Leaves out what differs between machines, for better use of the prompt cache (2.1). */
  readonly excludeDynamicSystemPromptSections?: boolean

  /** What runs without a question. */
  readonly permissionMode?: PermissionModeName
  /** Rules such as `Bash(git *)`: these calls run without a question. */
  readonly allowedTools?: readonly string[]
  /** Rules for tools that the model does not get. */
  readonly disallowedTools?: readonly string[]
  /** The built-in tools that exist; `[]` is none, `['default']` all. */
  readonly tools?: readonly string[]
  /** `stdio` asks us; any other value names an MCP tool. Set by the client when there is a `canUseTool`. */
  readonly permissionPromptTool?: string
  /** `none` refuses everything that would be asked (newest CLIs). */
  readonly permissionPrompts?: 'host' | 'none'
  /** Runs every tool without a question. */
  readonly dangerouslySkipPermissions?: boolean
  /** Lets the session switch to `bypassPermissions` later. */
  readonly allowDangerouslySkipPermissions?: boolean
  /** No tool that runs code, and no settings of user, project or folder (newest CLIs). */
  readonly restricted?: boolean

  /** The session to go on with; a UUID, and a title from 2.1 on. */
  readonly resume?: string
  /** Goes on with the latest session of this folder. */
  readonly continueSession?: boolean
  /** The id of a new session, or of the fork. */
  readonly sessionId?: string
  /** Copies the resumed session to a new id. */
  readonly forkSession?: boolean
  /** Resume only up to this message. */
  readonly resumeSessionAt?: string
  /** Keeps nothing on disk; the session cannot be resumed. */
  readonly noSessionPersistence?: boolean
  /** The session's name for people (2.1). */
  readonly name?: string

  /** Servers that the CLI starts or reaches by itself. */
  readonly mcpServers?: Readonly<Record<string, MCPServerConfig>>
  /** Files or JSON texts, beside `mcpServers`. */
  readonly mcpConfig?: readonly string[]
  /** Only the servers that are given here. */
  readonly strictMcp?: boolean
  /** A file, or settings as an object. */
  readonly settings?: string | Readonly<Record<string, unknown>>
  /** `[]` loads none. */
  readonly settingSources?: readonly ('user' | 'project' | 'local')[]
  /** Settings that the user cannot change (2.1). */
  readonly managedSettings?: Readonly<Record<string, unknown>>
  /** More folders that tools may use. */
  readonly addDirs?: readonly string[]
  /** The agent that answers. */
  readonly agent?: string
  /** Subagents by name. */
  readonly agents?: Readonly<Record<string, AgentDefinition>>
  /** Asks for structured output; `outputSchema` is the typed way. */
  readonly jsonSchema?: Readonly<Record<string, unknown>> | string
  /** Beta headers, for API keys only. */
  readonly betas?: readonly string[]
  /** Folders of plugins. */
  readonly pluginDirs?: readonly string[]
  /** A message that begins with a slash is a message. */
  readonly disableSlashCommands?: boolean
  /** Starts without hooks, plugins and memory files (2.1). */
  readonly bare?: boolean
  /** Starts without the user's customizations (2.1). */
  readonly safeMode?: boolean

  /** Deltas while the model speaks. */
  readonly includePartial?: boolean
  /** Every message that was accepted comes back as a `user` line. */
  readonly replayUserMessages?: boolean
  /** Lines for every hook of the settings (2.1). */
  readonly includeHookEvents?: boolean
  /** Text and thinking of subagents too (newest CLIs). */
  readonly forwardSubagentText?: boolean
  /** A suggestion for the next message after each turn (2.1). */
  readonly promptSuggestions?: boolean
  /** `system/session_state_changed` lines. */
  readonly sessionStateEvents?: boolean
  /** Allows `rewindFiles`. */
  readonly fileCheckpointing?: boolean
  /** Debug output on stderr; a text filters it. */
  readonly debug?: boolean | string
  /** Debug output into a file. */
  readonly debugFile?: string
  /** Flags that this table does not know, at the caller's own risk: `{ '--new-flag': 'value' }`, `true` for a switch. */
  readonly extraFlags?: Readonly<Record<string, string | true>>
}
