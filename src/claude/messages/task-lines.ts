/** Lines about work in the background: subagents, commands that run on, and the state of the session. */
import type { LineBase } from './line-base.js'

interface SystemBase extends LineBase {
  /** Always `system`. */
  readonly type: 'system'
}

/** Tokens, tool calls and time of a task so far. */
export interface TaskUsage {
  /** Input and output tokens. */
  readonly total_tokens: number
  /** How many tools were called. */
  readonly tool_uses: number
  /** How long the task has run. */
  readonly duration_ms: number
}

/** A task in the background has started: a subagent, or a command that takes some seconds. */
export interface TaskStartedLine extends SystemBase {
  /** Identifies this kind of `system` line. */
  readonly subtype: 'task_started'
  /** The id of the task; `stopTask` and `taskOutput` take it. */
  readonly task_id: string
  /** The run of the task, on CLIs that report it. */
  readonly run_id?: string
  /** The tool call that started the task. */
  readonly tool_use_id?: string
  /** What the task does, for people. */
  readonly description: string
  /** The kind of task, such as `local_agent` or `local_bash`. */
  readonly task_type?: string
  /** The name of the subagent. */
  readonly subagent_type?: string
  /** True when the turn does not wait for the task. */
  readonly is_backgrounded?: boolean
  /** 1 for a task of the main loop, 2 for a task of such a task, and so on. */
  readonly spawn_depth?: number
  /** The task that started this one. */
  readonly parent_task_id?: string
  /** The prompt of a subagent. */
  readonly prompt?: string
}

/** A task has made progress. */
export interface TaskProgressLine extends SystemBase {
  /** Identifies this kind of `system` line. */
  readonly subtype: 'task_progress'
  /** The task. */
  readonly task_id: string
  /** The tool call that started the task. */
  readonly tool_use_id?: string
  /** What the task does. */
  readonly description: string
  /** Tokens, tool calls and time of the task so far. */
  readonly usage: TaskUsage
  /** The tool that the task called last. */
  readonly last_tool_name?: string
  /** A summary of the progress, with the option `agentProgressSummaries`. */
  readonly summary?: string
}

/** The state of a task has changed. */
export interface TaskUpdatedLine extends SystemBase {
  /** Identifies this kind of `system` line. */
  readonly subtype: 'task_updated'
  /** The task. */
  readonly task_id: string
  /** The fields that have changed. */
  readonly patch: {
    /** `pending`, `running`, `completed`, `failed`, `killed` or `paused`. */
    readonly status?: 'pending' | 'running' | 'completed' | 'failed' | 'killed' | 'paused' | (string & {})
    /** Milliseconds since 1970. */
    readonly end_time?: number
    /** Why the task failed. */
    readonly error?: string
    /** True when the turn no longer waits for the task. */
    readonly is_backgrounded?: boolean
    readonly [field: string]: unknown
  }
}

/** A task is over. The CLI may begin a turn of its own after it. */
export interface TaskNotificationLine extends SystemBase {
  /** Identifies this kind of `system` line. */
  readonly subtype: 'task_notification'
  /** The task. */
  readonly task_id: string
  /** The tool call that started the task. */
  readonly tool_use_id?: string
  /** How the task ended. */
  readonly status: 'completed' | 'failed' | 'stopped' | (string & {})
  /** The file with the output of the task, on the machine of the CLI. */
  readonly output_file: string
  /** The last text of a subagent, or the summary of a command. */
  readonly summary: string
  /** Tokens, tool calls and time of the task. */
  readonly usage?: TaskUsage
}

/** All tasks that run in the background now. Replaces earlier lists. */
export interface BackgroundTasksLine extends SystemBase {
  /** Identifies this kind of `system` line. */
  readonly subtype: 'background_tasks_changed'
  /** The tasks. */
  readonly tasks: readonly {
    readonly task_id: string
    readonly task_type: string
    readonly description: string
    readonly subagent_type?: string
    readonly parent_task_id?: string
    readonly [field: string]: unknown
  }[]
}

/** The session has begun to work, waits for an answer of the client, or is idle. Needs the option `sessionStateEvents`. */
export interface SessionStateLine extends SystemBase {
  /** Identifies this kind of `system` line. */
  readonly subtype: 'session_state_changed'
  /** `requires_action`: the CLI waits for an answer, such as a permission. */
  readonly state: 'idle' | 'running' | 'requires_action' | (string & {})
}

/** A line of the transcript or of the configuration was not written, because the disk is full. */
export interface SessionWritesLostLine extends SystemBase {
  /** Identifies this kind of `system` line. */
  readonly subtype: 'session_writes_lost'
  /** `ENOSPC`: the disk is full. `EDQUOT`: the quota of the user is used up. */
  readonly error_code: 'ENOSPC' | 'EDQUOT' | (string & {})
  /** What was lost: a resumed session may lack its last messages. */
  readonly lost: readonly ('transcript' | 'global_config' | (string & {}))[]
  /** The sessions whose transcripts have lost lines. */
  readonly transcript_session_ids?: readonly string[]
}

/** A control request takes time: the CLI asks the API for it, or repeats that call. */
export interface ControlProgressLine extends SystemBase {
  /** Identifies this kind of `system` line. */
  readonly subtype: 'control_request_progress'
  /** The id of the control request. */
  readonly request_id: string
  /** `api_retry`: an API call for the request is repeated. */
  readonly status: 'started' | 'api_retry' | (string & {})
  /** The attempt that follows. */
  readonly attempt?: number
  /** How many attempts there will be at most. */
  readonly max_retries?: number
  /** The pause before the attempt. */
  readonly retry_delay_ms?: number
  /** The HTTP status of the failure; null without one. */
  readonly error_status?: number | null
}
