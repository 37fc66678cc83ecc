/** What a session can ask of its living process beside turns. Every request is bounded in time; what a version lacks is `unsupported`. */
import type { Connection } from '../protocol/connection.js'
import type { InterruptOptions } from '../protocol/stop-turn.js'
import type { PermissionModeName } from '../launch/launch.js'

export type ControlAnswer = Readonly<Record<string, unknown>>

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
  /**
   * Stops the turn under way, not the session; resolves when the turn has stopped. The turn ends as `aborted`; one whose message was not
   * sent yet has `sent: 'no'`. A CLI that does not stop within `timeoutMs` (5 seconds) is ended, and started again for the next turn.
   * Nothing happens when no turn runs.
   */
  interrupt(options?: InterruptOptions): Promise<ControlAnswer>
  /** Undefined for the default. Newer CLIs refuse an unknown model here, older ones at the next turn. */
  setModel(model?: string, options?: ControlCallOptions): Promise<ControlAnswer>
  setPermissionMode(mode: PermissionModeName, options?: ControlCallOptions): Promise<ControlAnswer>
  setMaxThinkingTokens(tokens: number | null, options?: ControlCallOptions): Promise<ControlAnswer>
  mcpStatus(options?: ControlCallOptions): Promise<readonly McpStatus[]>
  mcpReconnect(serverName: string, options?: ControlCallOptions): Promise<ControlAnswer>
  mcpToggle(serverName: string, enabled: boolean, options?: ControlCallOptions): Promise<ControlAnswer>
  mcpSetServers(servers: Readonly<Record<string, unknown>>, options?: ControlCallOptions): Promise<ControlAnswer>
  /** Puts files back as they were before a message; the session must run with `fileCheckpointing`. */
  rewindFiles(userMessageId: string, options?: ControlCallOptions & { readonly dryRun?: boolean }): Promise<ControlAnswer>
  contextUsage(options?: ControlCallOptions): Promise<ControlAnswer>
  settings(options?: ControlCallOptions): Promise<ControlAnswer>
  sessionCost(options?: ControlCallOptions): Promise<ControlAnswer>
  binaryVersion(options?: ControlCallOptions): Promise<ControlAnswer>
  listModels(options?: ControlCallOptions): Promise<ControlAnswer>
  applyFlagSettings(settings: Readonly<Record<string, unknown>>, options?: ControlCallOptions): Promise<ControlAnswer>
  cancelMessage(uuid: string, options?: ControlCallOptions): Promise<ControlAnswer>
  stopTask(taskId: string, options?: ControlCallOptions): Promise<ControlAnswer>
  /** The answer to `initialize`: commands, agents, models, account. */
  initialization(options?: ControlCallOptions): Promise<ControlAnswer>
  /** Any request of the control protocol by its own name and fields. */
  control(subtype: string, fields?: ControlAnswer, options?: ControlCallOptions): Promise<ControlAnswer>
}

export type OnConnection = <Result>(
  work: (connection: Connection) => Promise<Result>,
  signal: AbortSignal | undefined,
) => Promise<Result>

/** Requests that carry their arguments as they are: the subtype, then the name of each argument on the wire. */
const REQUESTS = {
  setModel: ['set_model', 'model'],
  setPermissionMode: ['set_permission_mode', 'mode'],
  setMaxThinkingTokens: ['set_max_thinking_tokens', 'max_thinking_tokens'],
  mcpReconnect: ['mcp_reconnect', 'serverName'],
  mcpToggle: ['mcp_toggle', 'serverName', 'enabled'],
  mcpSetServers: ['mcp_set_servers', 'servers'],
  contextUsage: ['get_context_usage'],
  settings: ['get_settings'],
  sessionCost: ['get_session_cost'],
  binaryVersion: ['get_binary_version'],
  listModels: ['list_models'],
  applyFlagSettings: ['apply_flag_settings', 'settings'],
  cancelMessage: ['cancel_async_message', 'message_uuid'],
  stopTask: ['stop_task', 'task_id'],
} as const

type Plain = Pick<SessionControls, keyof typeof REQUESTS>

export function sessionControls(on: OnConnection): Omit<SessionControls, 'interrupt'> {
  const control: SessionControls['control'] = (subtype, fields = {}, options = {}) =>
    on((connection) => connection.control.request(subtype, fields, options), options.signal)
  const plain = Object.entries(REQUESTS).map(([method, [subtype, ...names]]) => [
    method,
    (...given: unknown[]) => {
      const fields = names.map((name, index) => [name, given[index]]).filter(([, value]) => value !== undefined)
      return control(subtype, Object.fromEntries(fields), given[names.length] as ControlCallOptions | undefined)
    },
  ])
  return {
    ...(Object.fromEntries(plain) as Plain),
    control,
    async mcpStatus(options) {
      const { mcpServers } = await control('mcp_status', {}, options)
      return Array.isArray(mcpServers) ? (mcpServers as McpStatus[]) : []
    },
    rewindFiles: (userMessageId, options) =>
      control('rewind_files', { user_message_id: userMessageId, ...(options?.dryRun ? { dry_run: true } : {}) }, options),
    initialization: (options = {}) => on((connection) => connection.ready, options.signal),
  }
}
