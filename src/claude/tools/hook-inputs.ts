/** The input of each hook event from the CLI, with its field names. Unknown fields are kept. */

/** The fields that every hook event has. */
export interface BaseHookInput {
  /** The session of the CLI. */
  readonly session_id: string
  /** The file of the conversation. */
  readonly transcript_path: string
  /** The working directory. */
  readonly cwd: string
  /** The event. */
  readonly hook_event_name: string
  /** The permission mode. */
  readonly permission_mode?: string
  /** The subagent that the event is about. */
  readonly agent_id?: string
  readonly [field: string]: unknown
}

interface ToolInput extends BaseHookInput {
  /** The tool. */
  readonly tool_name: string
  /** The input of the tool. */
  readonly tool_input: unknown
  /** The call. */
  readonly tool_use_id: string
}

interface ElicitationInput extends BaseHookInput {
  /** The MCP server that asks. */
  readonly mcp_server_name: string
  /** `form` or `url`. */
  readonly mode?: 'form' | 'url' | (string & {})
  /** The id of the question, for `url`. */
  readonly elicitation_id?: string
}

interface ModelSwitchInput extends BaseHookInput {
  /** The model before. */
  readonly from_model: string
  /** The model after. */
  readonly to_model: string
  /** The model that was asked for; null for the default. */
  readonly requested_model: string | null
  /** The cause of the switch. */
  readonly source: 'command' | 'picker' | 'sdk' | 'auto' | 'resume' | (string & {})
}

interface TaskInput extends BaseHookInput {
  /** The task in the task list. */
  readonly task_id: string
  /** The title of the task. */
  readonly task_subject: string
  /** More about the task. */
  readonly task_description?: string
  /** The teammate that has the task. */
  readonly teammate_name?: string
  /** The team. */
  readonly team_name?: string
}

interface CompactInput extends BaseHookInput {
  /** Who asked for it. */
  readonly trigger: 'manual' | 'auto' | (string & {})
}

/** The input of each hook event. */
export interface HookInputs {
  /** Before a tool runs. */
  readonly PreToolUse: ToolInput
  /** After a tool has run. */
  readonly PostToolUse: ToolInput & { readonly tool_response: unknown; readonly duration_ms?: number }
  /** After a tool has failed. */
  readonly PostToolUseFailure: ToolInput & { readonly error: string; readonly is_interrupt?: boolean }
  /** After all tools of one model call have run. */
  readonly PostToolBatch: BaseHookInput & {
    readonly tool_calls: readonly {
      readonly tool_name: string
      readonly tool_input: unknown
      readonly tool_use_id: string
      readonly tool_response?: unknown
    }[]
  }
  /** The CLI has news for the user. */
  readonly Notification: BaseHookInput & { readonly message: string; readonly title?: string; readonly notification_type?: string }
  /** Before a message is given to the model. */
  readonly UserPromptSubmit: BaseHookInput & { readonly prompt: string; readonly source?: string; readonly session_title?: string }
  /** A command or a prompt of an MCP server was expanded. */
  readonly UserPromptExpansion: BaseHookInput & {
    readonly expansion_type: string
    readonly command_name: string
    readonly command_args: string
    readonly prompt: string
  }
  /** A session begins or continues. */
  readonly SessionStart: BaseHookInput & { readonly source: string; readonly model?: string; readonly session_title?: string }
  /** A session ends. */
  readonly SessionEnd: BaseHookInput & { readonly reason: string }
  /** The model is done. */
  readonly Stop: BaseHookInput & { readonly stop_hook_active: boolean; readonly last_assistant_message?: string }
  /** The turn ends with a failure. */
  readonly StopFailure: BaseHookInput & { readonly error: string; readonly error_details?: string }
  /** A subagent starts. */
  readonly SubagentStart: BaseHookInput & { readonly agent_id: string; readonly agent_type: string }
  /** A subagent is done. */
  readonly SubagentStop: BaseHookInput & {
    readonly stop_hook_active: boolean
    readonly agent_id?: string
    readonly agent_type?: string
    readonly agent_transcript_path?: string
    readonly last_assistant_message?: string
  }
  /** Before the conversation is compacted. */
  readonly PreCompact: CompactInput & { readonly custom_instructions: string | null }
  /** After the conversation was compacted. */
  readonly PostCompact: CompactInput & { readonly compact_summary: string }
  /** Before the model is switched. */
  readonly PreModelSwitch: ModelSwitchInput
  /** After the model was switched. */
  readonly PostModelSwitch: ModelSwitchInput
  /** Before a permission question. */
  readonly PermissionRequest: BaseHookInput & { readonly tool_name: string; readonly tool_input: unknown }
  /** After a call was refused. */
  readonly PermissionDenied: ToolInput & { readonly reason: string }
  /** The CLI sets up a project. */
  readonly Setup: BaseHookInput & { readonly trigger: string }
  /** A teammate has nothing to do. */
  readonly TeammateIdle: BaseHookInput & { readonly teammate_name: string; readonly team_name: string }
  /** A task was added to the task list. */
  readonly TaskCreated: TaskInput
  /** A task of the task list is done. */
  readonly TaskCompleted: TaskInput
  /** An MCP server asks the user. */
  readonly Elicitation: ElicitationInput & {
    readonly message: string
    readonly requested_schema?: Readonly<Record<string, unknown>>
  }
  /** The question of an MCP server was answered. */
  readonly ElicitationResult: ElicitationInput & {
    readonly action: 'accept' | 'decline' | 'cancel' | (string & {})
    readonly content?: Readonly<Record<string, unknown>>
  }
  /** A settings file has changed. */
  readonly ConfigChange: BaseHookInput & { readonly source: string; readonly file_path?: string }
  /** A worktree is to be made. */
  readonly WorktreeCreate: BaseHookInput & { readonly name: string }
  /** A worktree is to be removed. */
  readonly WorktreeRemove: BaseHookInput & { readonly worktree_path: string }
  /** A file of instructions was loaded. */
  readonly InstructionsLoaded: BaseHookInput & {
    readonly file_path: string
    readonly memory_type: string
    readonly load_reason: string
  }
  /** The working directory has changed. */
  readonly CwdChanged: BaseHookInput & { readonly old_cwd: string; readonly new_cwd: string }
  /** A watched file has changed. */
  readonly FileChanged: BaseHookInput & { readonly file_path: string; readonly event: 'change' | 'add' | 'unlink' | (string & {}) }
  /** A folder was added. */
  readonly DirectoryAdded: BaseHookInput & { readonly directory: string; readonly source: string }
  /** Text of the answer is about to be shown. */
  readonly MessageDisplay: BaseHookInput & {
    readonly turn_id: string
    readonly message_id: string
    readonly index: number
    readonly final: boolean
    readonly delta: string
  }
  /** Before a skill runs a command of the shell. */
  readonly PreSkillShellCommand: ToolInput & { readonly command_name: string; readonly invoked_by: string }
}
