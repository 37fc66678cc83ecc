/** What a session can ask of its living process beside turns. Every request is bounded in time; what a version lacks is `unsupported`. */
import type { Connection } from './connection.js'
import type { PermissionModeName } from './launch.js'

export type Answer = Readonly<Record<string, unknown>>

export interface ControlCallOptions {
  readonly signal?: AbortSignal
  readonly timeoutMs?: number
}

export interface McpStatus {
  readonly name: string
  readonly status: string
  readonly [field: string]: unknown
}

export interface SessionControls {
  /** Stops the turn under way, not the session; its end comes as `aborted`. Nothing happens when none runs. */
  interrupt(options?: { readonly cancelQueued?: boolean; readonly timeoutMs?: number }): Promise<Answer>
  /** Undefined for the default. Newer CLIs refuse an unknown model here, older ones at the next turn. */
  setModel(model?: string, options?: ControlCallOptions): Promise<Answer>
  setPermissionMode(mode: PermissionModeName, options?: ControlCallOptions): Promise<Answer>
  setMaxThinkingTokens(tokens: number | null, options?: ControlCallOptions): Promise<Answer>
  mcpStatus(options?: ControlCallOptions): Promise<readonly McpStatus[]>
  mcpReconnect(serverName: string, options?: ControlCallOptions): Promise<Answer>
  mcpToggle(serverName: string, enabled: boolean, options?: ControlCallOptions): Promise<Answer>
  mcpSetServers(servers: Readonly<Record<string, unknown>>, options?: ControlCallOptions): Promise<Answer>
  /** Puts files back as they were before a message; the session must run with `fileCheckpointing`. */
  rewindFiles(userMessageId: string, options?: ControlCallOptions & { readonly dryRun?: boolean }): Promise<Answer>
  contextUsage(options?: ControlCallOptions): Promise<Answer>
  settings(options?: ControlCallOptions): Promise<Answer>
  sessionCost(options?: ControlCallOptions): Promise<Answer>
  binaryVersion(options?: ControlCallOptions): Promise<Answer>
  listModels(options?: ControlCallOptions): Promise<Answer>
  applyFlagSettings(settings: Readonly<Record<string, unknown>>, options?: ControlCallOptions): Promise<Answer>
  cancelMessage(uuid: string, options?: ControlCallOptions): Promise<Answer>
  stopTask(taskId: string, options?: ControlCallOptions): Promise<Answer>
  /** The answer to `initialize`: commands, agents, models, account. */
  initialization(options?: ControlCallOptions): Promise<Answer>
  /** Any request of the control protocol by its own name and fields. */
  control(subtype: string, fields?: Answer, options?: ControlCallOptions): Promise<Answer>
}

export type OnConnection = <Result>(
  work: (connection: Connection) => Promise<Result>,
  signal: AbortSignal | undefined,
) => Promise<Result>

export function sessionControls(on: OnConnection): Omit<SessionControls, 'interrupt'> {
  const control: SessionControls['control'] = (subtype, fields = {}, options = {}) =>
    on((connection) => connection.control.request(subtype, fields, options), options.signal)
  return {
    control,
    setModel: (model, options) => control('set_model', model === undefined ? {} : { model }, options),
    setPermissionMode: (mode, options) => control('set_permission_mode', { mode }, options),
    setMaxThinkingTokens: (tokens, options) => control('set_max_thinking_tokens', { max_thinking_tokens: tokens }, options),
    async mcpStatus(options) {
      const { mcpServers } = await control('mcp_status', {}, options)
      return Array.isArray(mcpServers) ? (mcpServers as McpStatus[]) : []
    },
    mcpReconnect: (serverName, options) => control('mcp_reconnect', { serverName }, options),
    mcpToggle: (serverName, enabled, options) => control('mcp_toggle', { serverName, enabled }, options),
    mcpSetServers: (servers, options) => control('mcp_set_servers', { servers }, options),
    rewindFiles: (userMessageId, options) =>
      control('rewind_files', { user_message_id: userMessageId, ...(options?.dryRun ? { dry_run: true } : {}) }, options),
    contextUsage: (options) => control('get_context_usage', {}, options),
    settings: (options) => control('get_settings', {}, options),
    sessionCost: (options) => control('get_session_cost', {}, options),
    binaryVersion: (options) => control('get_binary_version', {}, options),
    listModels: (options) => control('list_models', {}, options),
    applyFlagSettings: (settings, options) => control('apply_flag_settings', { settings }, options),
    cancelMessage: (uuid, options) => control('cancel_async_message', { message_uuid: uuid }, options),
    stopTask: (taskId, options) => control('stop_task', { task_id: taskId }, options),
    initialization: (options = {}) => on((connection) => connection.ready, options.signal),
  }
}
