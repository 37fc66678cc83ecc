/** Sends the control requests of `Controls`: a table for the plain requests, and a function for each other request. */
import type { Connection } from '../protocol/connection.js'
import type { ControlAnswer, McpStatus } from './control-answers.js'
import type { ControlCallOptions, Controls } from './controls.js'

/** Runs work on the connection of a process, which may have to be started first. */
export type OnConnection = <Result>(
  work: (connection: Connection) => Promise<Result>,
  signal: AbortSignal | undefined,
) => Promise<Result>

/** Requests whose arguments are sent unchanged: the subtype, then the wire name of each argument. */
const REQUESTS = {
  setModel: ['set_model', 'model'],
  setPermissionMode: ['set_permission_mode', 'mode'],
  mcpReconnect: ['mcp_reconnect', 'serverName'],
  mcpToggle: ['mcp_toggle', 'serverName', 'enabled'],
  mcpSetServers: ['mcp_set_servers', 'servers'],
  settings: ['get_settings'],
  sessionCost: ['get_session_cost'],
  binaryVersion: ['get_binary_version'],
  listModels: ['list_models'],
  applyFlagSettings: ['apply_flag_settings', 'settings'],
  cancelMessage: ['cancel_async_message', 'message_uuid'],
  stopTask: ['stop_task', 'task_id'],
  rename: ['rename_session', 'title'],
  seedReadState: ['seed_read_state', 'path', 'mtime'],
  reloadPlugins: ['reload_plugins'],
  reloadSkills: ['reload_skills'],
  reloadOutputStyles: ['reload_output_styles'],
  updateSettings: ['update_settings', 'source', 'settings'],
  permissionRules: ['list_permission_rules'],
  setMcpPermissionMode: ['set_mcp_permission_mode_override', 'serverName', 'mode'],
  mcpReadResource: ['mcp_read_resource', 'serverName', 'uri'],
  backgroundTasks: ['background_tasks', 'tool_use_id'],
  taskOutput: ['get_task_output', 'task_id'],
  reinitialize: ['initialize'],
} as const

type Plain = Pick<Controls, keyof typeof REQUESTS>

/** Makes the methods. */
export function controlsOf(on: OnConnection): Controls {
  const control: Controls['control'] = (subtype, fields = {}, options = {}) =>
    on((connection) => connection.control.request(subtype, fields, options), options.signal)
  const plain = Object.entries(REQUESTS).map(([method, [subtype, ...names]]) => [
    method,
    (...values: unknown[]) => {
      const fields = Object.fromEntries(names.map((name, index) => [name, values[index]]))
      return control(subtype, presentFields(fields), values[names.length] as ControlCallOptions | undefined)
    },
  ])
  return {
    ...(Object.fromEntries(plain) as Plain),
    control,
    async mcpStatus(options) {
      const { mcpServers } = await control('mcp_status', {}, options)
      return Array.isArray(mcpServers) ? (mcpServers as McpStatus[]) : []
    },
    setMaxThinkingTokens: (tokens, { display, ...options } = {}) =>
      control('set_max_thinking_tokens', presentFields({ max_thinking_tokens: tokens, thinking_display: display }), options),
    contextUsage: ({ detail, ...options } = {}) => control('get_context_usage', presentFields({ detail }), options),
    usage: ({ skipBehaviors, ...options } = {}) => control('get_usage', presentFields({ skip_behaviors: skipBehaviors }), options),
    readFile: (path, { maxBytes, encoding, ...options } = {}) =>
      control('read_file', presentFields({ path, max_bytes: maxBytes, encoding }), options),
    rewindFiles: (userMessageId, options) =>
      control('rewind_files', { user_message_id: userMessageId, ...(options?.dryRun ? { dry_run: true } : {}) }, options),
    initialization: (options = {}) => on((connection) => connection.ready, options.signal),
  }
}

/** The fields that have a value. */
function presentFields(fields: ControlAnswer): ControlAnswer {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}
