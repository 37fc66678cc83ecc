/** Guards for the lines of `event-lines.ts`. A line that lacks a required field is not of its type. */
import { isRecord } from '../../core/is-record.js'
import type { EventLines, SystemLines } from './event-lines.js'
import type { ClaudeLine } from './lines.js'

type Kind = 'string' | 'number' | 'boolean' | 'list' | 'record' | 'any'
type Fields = Readonly<Record<string, Kind>>

const task = { task_id: 'string' } as const
const text = { content: 'string' } as const
const hook = { hook_id: 'string', hook_name: 'string', hook_event: 'string' } as const

/** The required fields of each `system` line. */
const SYSTEM: { readonly [Subtype in keyof SystemLines]: Fields } = {
  background_tasks_changed: { tasks: 'list' },
  commands_changed: { commands: 'list' },
  compact_boundary: { compact_metadata: 'record' },
  control_request_progress: { request_id: 'string', status: 'string' },
  elicitation_complete: { mcp_server_name: 'string', elicitation_id: 'string' },
  files_persisted: { files: 'list', failed: 'list' },
  hook_progress: { ...hook, output: 'string' },
  hook_started: hook,
  informational: { ...text, level: 'string' },
  local_command_output: text,
  memory_recall: { mode: 'string', memories: 'list' },
  mirror_error: { error: 'string' },
  model_fallback: { original_model: 'string', fallback_model: 'string' },
  model_refusal_fallback: { original_model: 'string', fallback_model: 'string' },
  model_refusal_no_fallback: { original_model: 'string' },
  notification: { key: 'string', text: 'string' },
  permission_denied: { tool_name: 'string', tool_use_id: 'string', message: 'string' },
  plugin_install: { status: 'string' },
  session_state_changed: { state: 'string' },
  session_writes_lost: { error_code: 'string', lost: 'list' },
  status: { status: 'any' },
  task_notification: { ...task, status: 'string' },
  task_progress: { ...task, usage: 'record' },
  task_started: { ...task, description: 'string' },
  task_updated: { ...task, patch: 'record' },
  thinking_tokens: { estimated_tokens: 'number' },
  worker_shutting_down: { reason: 'string' },
}

/** The required fields of each line of another type. */
const EVENTS: { readonly [Type in keyof EventLines]: Fields } = {
  auth_status: { isAuthenticating: 'boolean', output: 'list' },
  conversation_reset: { new_conversation_id: 'string' },
  prompt_suggestion: { suggestion: 'string' },
  tool_progress: { tool_use_id: 'string', tool_name: 'string', elapsed_time_seconds: 'number' },
  tool_use_summary: { summary: 'string', preceding_tool_use_ids: 'list' },
}

function isOf(value: unknown, kind: Kind): boolean {
  if (kind === 'list') return Array.isArray(value)
  if (kind === 'record') return isRecord(value)
  return kind === 'any' ? value !== undefined : typeof value === kind
}

const has = (line: ClaudeLine, fields: Fields): boolean => {
  for (const name in fields) if (!isOf((line as Readonly<Record<string, unknown>>)[name], fields[name] as Kind)) return false
  return true
}

/** Whether a line is the `system` line with this subtype and has its required fields. */
export const isSystemLine = <Subtype extends keyof SystemLines>(line: ClaudeLine, subtype: Subtype): line is SystemLines[Subtype] =>
  line.type === 'system' && line.subtype === subtype && has(line, SYSTEM[subtype])

/** Whether a line has this type and its required fields, for lines that are neither `system` lines nor have a guard of their own. */
export const isEventLine = <Type extends keyof EventLines>(line: ClaudeLine, type: Type): line is EventLines[Type] =>
  line.type === type && has(line, EVENTS[type])

/** The subtype of a known `system` line; undefined for any other line. */
export const systemLineOf = (line: ClaudeLine): keyof SystemLines | undefined => {
  const subtype = line.subtype as keyof SystemLines
  return Object.hasOwn(SYSTEM, subtype) && isSystemLine(line, subtype) ? subtype : undefined
}

/** The type of a known line of the list `EventLines`; undefined for any other line. */
export const eventLineOf = (line: ClaudeLine): keyof EventLines | undefined => {
  const type = line.type as keyof EventLines
  return Object.hasOwn(EVENTS, type) && isEventLine(line, type) ? type : undefined
}
