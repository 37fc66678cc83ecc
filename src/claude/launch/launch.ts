/** A launch of the CLI as plain data. It can cross a gateway, so it contains no function and no command line. */

import type { SandboxSettings } from './sandbox.js'

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

/** ccflow's names of the permission modes. Every current CLI refuses `delegate`. */
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

/** An MCP server that the CLI starts or connects to. Secrets in `env` and `headers` are passed in a private file, never in argv. */
export type MCPServerConfig =
  | {
      readonly type?: 'stdio'
      readonly command: string
      readonly args?: readonly string[]
      readonly env?: Readonly<Record<string, string>>
    }
  | { readonly type: 'sse' | 'http'; readonly url: string; readonly headers?: Readonly<Record<string, string>> }

/** A native subagent of the CLI. The fields after `model` need CLI 2.1; CLI 2.0 ignores them. */
export interface AgentDefinition {
  /** When the model should call this agent. */
  readonly description: string
  /** The prompt of the agent. */
  readonly prompt: string
  /** The tools that the agent has. Default: all. */
  readonly tools?: readonly string[]
  /** `sonnet`, `opus`, `haiku`, `inherit`, or a full id. */
  readonly model?: string
  /** Tools that the agent does not have. */
  readonly disallowedTools?: readonly string[]
  /** MCP servers of the agent: names of servers of the session, or servers of its own. */
  readonly mcpServers?: readonly (string | Readonly<Record<string, MCPServerConfig>>)[]
  /** A reminder that the agent gets again and again. The CLI calls this an experiment. */
  readonly criticalSystemReminder_EXPERIMENTAL?: string
  /** Skills that the agent has from its start. */
  readonly skills?: readonly string[]
  /** The first message, when the agent is the main one (`agent`). */
  readonly initialPrompt?: string
  /** Model round trips of one call of the agent. */
  readonly maxTurns?: number
  /** The tokens after which the agent's conversation is compacted. */
  readonly autoCompactWindow?: number
  /** The turn does not wait for the agent. */
  readonly background?: boolean
  /** The agent does not read CLAUDE.md. */
  readonly omitClaudeMd?: boolean
  /** Where the agent keeps its memory. */
  readonly memory?: 'user' | 'project' | 'local'
  /** How hard the agent's model thinks. */
  readonly effort?: 'low' | 'medium' | 'high' | 'xhigh' | 'max' | number
  /** The agent's permission mode. */
  readonly permissionMode?: PermissionModeName
  /** The agent that observes this one. */
  readonly observer?: string
  /** The instructions of the observer. */
  readonly observerMessage?: string
}

/** Which credentials the CLI sees: `inherit` all, `subscription` no API keys, `apiKey` no token of a login. */
export type ClaudeAuth = 'inherit' | 'subscription' | 'apiKey'

/** All options for the start of the CLI. Undefined fields are left out. */
export interface ClaudeLaunch {
  /** Ask the executable about itself instead of running it: `--version`, or `auth status --json`. */
  readonly probe?: 'version' | 'authStatus'
  /** The folder that the CLI works in. Its sessions are kept per folder. */
  readonly cwd?: string
  /** Variables in addition to the inherited ones. Undefined removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Which credentials the CLI sees. Default `inherit`. */
  readonly auth?: ClaudeAuth

  /** An alias such as `sonnet`, or a full id. An unknown one fails at the first model call. */
  readonly model?: string
  /** The model that is used when the first one is overloaded. A list needs CLI 2.1. */
  readonly fallbackModel?: string | readonly string[]
  /** How hard the model thinks (2.1). */
  readonly effort?: 'low' | 'medium' | 'high' | 'xhigh' | 'max'
  /** Whether the model thinks (2.1). */
  readonly thinking?: 'enabled' | 'adaptive' | 'disabled'
  /** Whether thinking is shown (2.1). */
  readonly thinkingDisplay?: 'summarized' | 'omitted'
  /** How many tokens the model may think in one answer. */
  readonly maxThinkingTokens?: number
  /** Model round trips for each user turn. */
  readonly maxTurns?: number
  /** The most that the process may spend, in USD. The last call can exceed it. */
  readonly maxBudgetUsd?: number
  /** A token budget that the model is told (2.1). */
  readonly taskBudget?: number
  /** Output tokens of one model call: CLAUDE_CODE_MAX_OUTPUT_TOKENS. */
  readonly maxTokens?: number
  /** How often the CLI retries a failed API call (CLAUDE_CODE_MAX_RETRIES). With its default of 10, a wrong key fails after three minutes. */
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
  /** Leaves out the parts of the system prompt that differ between machines, so that the prompt cache works better (2.1). */
  readonly excludeDynamicSystemPromptSections?: boolean

  /** Which tools run without a permission question. */
  readonly permissionMode?: PermissionModeName
  /** Rules such as `Bash(git *)`: these calls run without a question. */
  readonly allowedTools?: readonly string[]
  /** Rules for tools that the model does not get. */
  readonly disallowedTools?: readonly string[]
  /** The built-in tools that exist; `[]` is none, `['default']` all. */
  readonly tools?: readonly string[]
  /** Who answers permission questions: `stdio` is this client, any other value an MCP tool. The client sets it for `canUseTool`. */
  readonly permissionPromptTool?: string
  /** `none` refuses every call that needs a permission question (newest CLIs). */
  readonly permissionPrompts?: 'host' | 'none'
  /** Runs every tool without a question. */
  readonly dangerouslySkipPermissions?: boolean
  /** Lets the session switch to `bypassPermissions` later. */
  readonly allowDangerouslySkipPermissions?: boolean
  /** Runs without tools that run code and without settings of user, project or folder (newest CLIs). */
  readonly restricted?: boolean

  /** The session to continue: its UUID, or from CLI 2.1 on its title. */
  readonly resume?: string
  /** Continues the latest session of this folder. */
  readonly continueSession?: boolean
  /** The id of a new session, or of the fork. */
  readonly sessionId?: string
  /** Copies the resumed session to a new id. */
  readonly forkSession?: boolean
  /** Resume only up to this message. */
  readonly resumeSessionAt?: string
  /**
   * With `resumeSessionAt`: the message of the user whose turn this resume is meant to leave out. The start fails when it would leave out
   * more (newest CLIs).
   */
  readonly resumeDropsTurn?: string
  /** Keeps nothing on disk; the session cannot be resumed. */
  readonly noSessionPersistence?: boolean
  /** The session's name for people (2.1). */
  readonly name?: string

  /** Servers that the CLI starts or reaches by itself. */
  readonly mcpServers?: Readonly<Record<string, MCPServerConfig>>
  /** More MCP servers, as paths of files or as JSON text. */
  readonly mcpConfig?: readonly string[]
  /** Uses only the MCP servers that are given here, not those of the CLI's settings. */
  readonly strictMcp?: boolean
  /** More settings, as the path of a file or as an object. */
  readonly settings?: string | Readonly<Record<string, unknown>>
  /** The sandbox of shell commands. Becomes a part of `settings`, which must then be an object or absent. */
  readonly sandbox?: SandboxSettings
  /** Which settings files are loaded. `[]` loads none. */
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
  /** Folders of plugins whose MCP servers are not started (2.1). */
  readonly pluginDirsWithoutMcp?: readonly string[]
  /** The checkout that project settings are read from, when `cwd` is a worktree of it. An absolute path (newest CLIs). */
  readonly projectConfigRoot?: string
  /** Treats a message that begins with a slash as text, not as a command. */
  readonly disableSlashCommands?: boolean
  /** Starts without hooks, plugins and memory files (2.1). */
  readonly bare?: boolean
  /** Starts without the user's customizations (2.1). */
  readonly safeMode?: boolean

  /** Also gives partial text while the model writes. */
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
  /** How previews in the questions of the tool AskUserQuestion are written (2.1). */
  readonly questionPreviewFormat?: 'markdown' | 'html'
  /** Debug output on stderr; a text filters it. */
  readonly debug?: boolean | string
  /** Debug output into a file. */
  readonly debugFile?: string
  /** More flags, which are not checked: `{ '--new-flag': 'value' }`, or `true` for a flag without a value. */
  readonly extraFlags?: Readonly<Record<string, string | true>>
}
