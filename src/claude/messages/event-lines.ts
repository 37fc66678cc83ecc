/** The other lines that a program may want to act on: news of the CLI, of its hooks, models and files. */
import type { LineBase } from './line-base.js'
import type {
  BackgroundTasksLine,
  ControlProgressLine,
  SessionStateLine,
  SessionWritesLostLine,
  TaskNotificationLine,
  TaskProgressLine,
  TaskStartedLine,
  TaskUpdatedLine,
} from './task-lines.js'

interface SystemBase extends LineBase {
  /** Always `system`. */
  readonly type: 'system'
}

/** A command that a message may begin with. */
export interface SlashCommand {
  /** The name, without the slash. */
  readonly name: string
  /** A description of the command. */
  readonly description: string
  /** The arguments, for people. */
  readonly argumentHint: string
  /** Other names of the command. */
  readonly aliases?: readonly string[]
  readonly [field: string]: unknown
}

/** What the CLI does now, or a new permission mode. */
export interface StatusLine extends SystemBase {
  /** Identifies this kind of `system` line. */
  readonly subtype: 'status'
  /** Null: nothing of these. */
  readonly status: 'compacting' | 'requesting' | null | (string & {})
  /** The permission mode, when it has changed. */
  readonly permissionMode?: string
  /** How a compaction ended. */
  readonly compact_result?: 'success' | 'failed'
  /** Why a compaction failed. */
  readonly compact_error?: string
}

/** The conversation before this line was replaced by a summary. */
export interface CompactBoundaryLine extends SystemBase {
  /** Identifies this kind of `system` line. */
  readonly subtype: 'compact_boundary'
  /** The extent of the compaction and its reason. */
  readonly compact_metadata: {
    readonly trigger: 'manual' | 'auto' | (string & {})
    readonly pre_tokens: number
    readonly post_tokens?: number
    readonly duration_ms?: number
    readonly [field: string]: unknown
  }
}

/** A hook of the CLI's settings has started. */
export interface HookStartedLine extends SystemBase {
  /** Identifies this kind of `system` line. */
  readonly subtype: 'hook_started'
  /** The run of the hook. */
  readonly hook_id: string
  /** The CLI's name for the hook. */
  readonly hook_name: string
  /** The event at which the hook runs. */
  readonly hook_event: string
}

/** A hook of the CLI's settings has written something. */
export interface HookProgressLine extends SystemBase {
  /** Identifies this kind of `system` line. */
  readonly subtype: 'hook_progress'
  /** The run of the hook. */
  readonly hook_id: string
  /** The CLI's name for the hook. */
  readonly hook_name: string
  /** The event at which the hook runs. */
  readonly hook_event: string
  /** The output so far. */
  readonly output: string
  /** The part of the output that went to stdout. */
  readonly stdout: string
  /** The part of the output that went to stderr. */
  readonly stderr: string
}

/** A tool call was refused without a question to the client. */
export interface PermissionDeniedLine extends SystemBase {
  /** Identifies this kind of `system` line. */
  readonly subtype: 'permission_denied'
  /** The tool. */
  readonly tool_name: string
  /** The call. */
  readonly tool_use_id: string
  /** The text that the model reads. */
  readonly message: string
  /** The subagent that called. */
  readonly agent_id?: string
  /** The kind of reason, such as `rule` or `mode`. */
  readonly decision_reason_type?: string
  /** The reason. */
  readonly decision_reason?: string
}

/** An overloaded model was replaced by the fallback model. */
export interface ModelFallbackLine extends SystemBase {
  /** Identifies this kind of `system` line. */
  readonly subtype: 'model_fallback'
  /** The model that was asked for. */
  readonly original_model: string
  /** The model that answers. */
  readonly fallback_model: string
  /** Why, such as `overloaded`. */
  readonly trigger?: string
  /** The news, for people. */
  readonly content?: string
}

/** A model refused, and another model answers. */
export interface ModelRefusalFallbackLine extends SystemBase {
  /** Identifies this kind of `system` line. */
  readonly subtype: 'model_refusal_fallback'
  /** The model that refused. */
  readonly original_model: string
  /** The model that answers. */
  readonly fallback_model: string
  /** `retry`: the call is repeated. `revert`: the first model is back. `sticky`: the other model stays. */
  readonly direction: 'retry' | 'revert' | 'sticky' | (string & {})
  /** Lines that are void, by their uuid. */
  readonly retracted_message_uuids?: readonly string[]
  /** The category of the refusal. */
  readonly api_refusal_category?: string | null
  /** Why the model refused. */
  readonly api_refusal_explanation?: string | null
  /** The news, for people. */
  readonly content: string
}

/** A model refused, and no other model answers. */
export interface ModelRefusalLine extends SystemBase {
  /** Identifies this kind of `system` line. */
  readonly subtype: 'model_refusal_no_fallback'
  /** The model that refused. */
  readonly original_model: string
  /** The category of the refusal. */
  readonly api_refusal_category?: string | null
  /** Why the model refused. */
  readonly api_refusal_explanation?: string | null
  /** The news, for people. */
  readonly content: string
}

/** The output of a slash command. */
export interface LocalCommandOutputLine extends SystemBase {
  /** Identifies this kind of `system` line. */
  readonly subtype: 'local_command_output'
  /** The output. */
  readonly content: string
}

/** A plugin is installed. */
export interface PluginInstallLine extends SystemBase {
  /** Identifies this kind of `system` line. */
  readonly subtype: 'plugin_install'
  /** `completed` ends the installation of all plugins. */
  readonly status: 'started' | 'installed' | 'failed' | 'completed' | (string & {})
  /** The plugin. */
  readonly name?: string
  /** Why it failed. */
  readonly error?: string
}

/** How much the model has thought so far; an estimate. Needs `includePartial`. */
export interface ThinkingTokensLine extends SystemBase {
  /** Identifies this kind of `system` line. */
  readonly subtype: 'thinking_tokens'
  /** Tokens of the block so far. */
  readonly estimated_tokens: number
  /** Tokens since the line before. */
  readonly estimated_tokens_delta: number
}

/** The process is about to end. */
export interface WorkerShuttingDownLine extends SystemBase {
  /** Identifies this kind of `system` line. */
  readonly subtype: 'worker_shutting_down'
  /** Why. */
  readonly reason: string
}

/** The commands have changed, for example after plugins were loaded. Replaces the earlier list. */
export interface CommandsChangedLine extends SystemBase {
  /** Identifies this kind of `system` line. */
  readonly subtype: 'commands_changed'
  /** All commands. */
  readonly commands: readonly SlashCommand[]
}

/** A text for the user, for a short time. */
export interface NotificationLine extends SystemBase {
  /** Identifies this kind of `system` line. */
  readonly subtype: 'notification'
  /** A later notification with the same key replaces this one. */
  readonly key: string
  /** The text. */
  readonly text: string
  /** How urgent it is. */
  readonly priority: 'low' | 'medium' | 'high' | 'immediate' | (string & {})
  /** How long it should be shown. */
  readonly timeout_ms?: number
}

/** Files were stored with the API. */
export interface FilesPersistedLine extends SystemBase {
  /** Identifies this kind of `system` line. */
  readonly subtype: 'files_persisted'
  /** The files that were stored. */
  readonly files: readonly { readonly filename: string; readonly file_id: string }[]
  /** The files that were not stored. */
  readonly failed: readonly { readonly filename: string; readonly error: string }[]
}

/** Memories were given to the model. */
export interface MemoryRecallLine extends SystemBase {
  /** Identifies this kind of `system` line. */
  readonly subtype: 'memory_recall'
  /** `select`: the memories as they are. `synthesize`: a text made from them. */
  readonly mode: 'select' | 'synthesize' | (string & {})
  /** The memories. */
  readonly memories: readonly { readonly path: string; readonly scope: string; readonly content?: string }[]
}

/** An elicitation by URL is complete. */
export interface ElicitationCompleteLine extends SystemBase {
  /** Identifies this kind of `system` line. */
  readonly subtype: 'elicitation_complete'
  /** The server that asked. */
  readonly mcp_server_name: string
  /** The id that the request had. */
  readonly elicitation_id: string
}

/** A copy of the transcript could not be written. */
export interface MirrorErrorLine extends SystemBase {
  /** Identifies this kind of `system` line. */
  readonly subtype: 'mirror_error'
  /** Why. */
  readonly error: string
}

/** A text of the CLI for the transcript. */
export interface InformationalLine extends SystemBase {
  /** Identifies this kind of `system` line. */
  readonly subtype: 'informational'
  /** The text. */
  readonly content: string
  /** How important it is. */
  readonly level: 'info' | 'notice' | 'suggestion' | 'warning' | (string & {})
  /** The tool call that the text is about. */
  readonly tool_use_id?: string
}

/** A tool still runs. */
export interface ToolProgressLine extends LineBase {
  /** Identifies this kind of line. */
  readonly type: 'tool_progress'
  /** The call. */
  readonly tool_use_id: string
  /** The tool. */
  readonly tool_name: string
  /** The call that started the subagent; null in the main loop. */
  readonly parent_tool_use_id: string | null
  /** How long the tool has run. */
  readonly elapsed_time_seconds: number
  /** The background task of the tool. */
  readonly task_id?: string
}

/** A short summary of some tool calls together. */
export interface ToolUseSummaryLine extends LineBase {
  /** Identifies this kind of line. */
  readonly type: 'tool_use_summary'
  /** The words. */
  readonly summary: string
  /** The calls. */
  readonly preceding_tool_use_ids: readonly string[]
}

/** The CLI signs in. */
export interface AuthStatusLine extends LineBase {
  /** Identifies this kind of line. */
  readonly type: 'auth_status'
  /** Whether the sign-in is under way. */
  readonly isAuthenticating: boolean
  /** The output of the sign-in. */
  readonly output: readonly string[]
  /** Why it failed. */
  readonly error?: string
}

/** A suggestion for the user's next message. Comes after the result; needs `promptSuggestions`. */
export interface PromptSuggestionLine extends LineBase {
  /** Identifies this kind of line. */
  readonly type: 'prompt_suggestion'
  /** The text. */
  readonly suggestion: string
}

/** The conversation was emptied, for example by `/clear`. The session goes on under a new id. */
export interface ConversationResetLine extends LineBase {
  /** Identifies this kind of line. */
  readonly type: 'conversation_reset'
  /** The new id. */
  readonly new_conversation_id: string
  /** What caused it, such as `clear`. */
  readonly trigger?: string
}

/** `system` lines by subtype, without those that have messages of their own: `init`, `api_retry`, `hook_response`. */
export interface SystemLines {
  readonly background_tasks_changed: BackgroundTasksLine
  readonly commands_changed: CommandsChangedLine
  readonly compact_boundary: CompactBoundaryLine
  readonly control_request_progress: ControlProgressLine
  readonly elicitation_complete: ElicitationCompleteLine
  readonly files_persisted: FilesPersistedLine
  readonly hook_progress: HookProgressLine
  readonly hook_started: HookStartedLine
  readonly informational: InformationalLine
  readonly local_command_output: LocalCommandOutputLine
  readonly memory_recall: MemoryRecallLine
  readonly mirror_error: MirrorErrorLine
  readonly model_fallback: ModelFallbackLine
  readonly model_refusal_fallback: ModelRefusalFallbackLine
  readonly model_refusal_no_fallback: ModelRefusalLine
  readonly notification: NotificationLine
  readonly permission_denied: PermissionDeniedLine
  readonly plugin_install: PluginInstallLine
  readonly session_state_changed: SessionStateLine
  readonly session_writes_lost: SessionWritesLostLine
  readonly status: StatusLine
  readonly task_notification: TaskNotificationLine
  readonly task_progress: TaskProgressLine
  readonly task_started: TaskStartedLine
  readonly task_updated: TaskUpdatedLine
  readonly thinking_tokens: ThinkingTokensLine
  readonly worker_shutting_down: WorkerShuttingDownLine
}

/** Lines of other types than `system`, by type, that have no message of their own. */
export interface EventLines {
  readonly auth_status: AuthStatusLine
  readonly conversation_reset: ConversationResetLine
  readonly prompt_suggestion: PromptSuggestionLine
  readonly tool_progress: ToolProgressLine
  readonly tool_use_summary: ToolUseSummaryLine
}
