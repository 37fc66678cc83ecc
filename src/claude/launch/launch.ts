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
  readonly description: string
  readonly prompt: string
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
  readonly cwd?: string
  /** On top of what the transport inherits; undefined removes a name. */
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly auth?: ClaudeAuth

  readonly model?: string
  /** Several only from 2.1 on. */
  readonly fallbackModel?: string | readonly string[]
  readonly effort?: 'low' | 'medium' | 'high' | 'xhigh' | 'max'
  readonly thinking?: 'enabled' | 'adaptive' | 'disabled'
  readonly thinkingDisplay?: 'summarized' | 'omitted'
  readonly maxThinkingTokens?: number
  /** Model round trips for each user turn. */
  readonly maxTurns?: number
  /** For the whole process; can be overshot by one call. */
  readonly maxBudgetUsd?: number
  readonly taskBudget?: number
  /** Output tokens of one model call: CLAUDE_CODE_MAX_OUTPUT_TOKENS. */
  readonly maxTokens?: number
  /** The CLI's own retries of failed API calls: CLAUDE_CODE_MAX_RETRIES. Its default of 10 takes a wrong key three minutes to fail. */
  readonly maxApiRetries?: number

  readonly systemPrompt?: string
  readonly appendSystemPrompt?: string
  readonly systemPromptFile?: string
  readonly appendSystemPromptFile?: string
  readonly systemPromptSnapshot?: 'on' | 'off'
  readonly excludeDynamicSystemPromptSections?: boolean

  readonly permissionMode?: PermissionModeName
  readonly allowedTools?: readonly string[]
  readonly disallowedTools?: readonly string[]
  /** The built-in tools that exist; `[]` is none, `['default']` all. */
  readonly tools?: readonly string[]
  /** `stdio` asks us; any other value names an MCP tool. Set by the client when there is a `canUseTool`. */
  readonly permissionPromptTool?: string
  readonly permissionPrompts?: 'host' | 'none'
  readonly dangerouslySkipPermissions?: boolean
  readonly allowDangerouslySkipPermissions?: boolean
  readonly restricted?: boolean

  /** The session to go on with; a UUID, and a title from 2.1 on. */
  readonly resume?: string
  readonly continueSession?: boolean
  /** The id of a new session, or of the fork. */
  readonly sessionId?: string
  readonly forkSession?: boolean
  /** Resume only up to this message. */
  readonly resumeSessionAt?: string
  readonly noSessionPersistence?: boolean
  readonly name?: string

  readonly mcpServers?: Readonly<Record<string, MCPServerConfig>>
  /** Files or JSON texts, beside `mcpServers`. */
  readonly mcpConfig?: readonly string[]
  readonly strictMcp?: boolean
  /** A file, or settings as an object. */
  readonly settings?: string | Readonly<Record<string, unknown>>
  /** `[]` loads none. */
  readonly settingSources?: readonly ('user' | 'project' | 'local')[]
  readonly managedSettings?: Readonly<Record<string, unknown>>
  readonly addDirs?: readonly string[]
  readonly agent?: string
  readonly agents?: Readonly<Record<string, AgentDefinition>>
  readonly jsonSchema?: Readonly<Record<string, unknown>> | string
  readonly betas?: readonly string[]
  readonly pluginDirs?: readonly string[]
  readonly disableSlashCommands?: boolean
  readonly bare?: boolean
  readonly safeMode?: boolean

  /** Deltas while the model speaks. */
  readonly includePartial?: boolean
  readonly replayUserMessages?: boolean
  readonly includeHookEvents?: boolean
  readonly forwardSubagentText?: boolean
  readonly promptSuggestions?: boolean
  /** `system/session_state_changed` lines. */
  readonly sessionStateEvents?: boolean
  /** Allows `rewindFiles`. */
  readonly fileCheckpointing?: boolean
  readonly debug?: boolean | string
  readonly debugFile?: string
  /** Flags that this table does not know, at the caller's own risk: `{ '--new-flag': 'value' }`, `true` for a switch. */
  readonly extraFlags?: Readonly<Record<string, string | true>>
}
