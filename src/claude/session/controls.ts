/** Control requests of a session to its process. Every request has a time limit. A request that the CLI lacks fails with `unsupported`. */
import type { Connection } from '../protocol/connection.js'
import type { InterruptOptions } from '../protocol/stop-turn.js'
import type { PermissionModeName } from '../launch/launch.js'

/** The CLI's answer to a control request, with its own field names. */
export type ControlAnswer = Readonly<Record<string, unknown>>

/** Options of one control request. */
export interface ControlCallOptions {
  /** Stops waiting for the answer. */
  readonly signal?: AbortSignal
  /** How long the answer may take. Default: `controlTimeoutMs` of the client. */
  readonly timeoutMs?: number
}

/** An MCP server of the session and its state. */
export interface McpStatus {
  /** The name under which the server was configured. */
  readonly name: string
  /** `connected`, `failed`, `needs-auth`, `pending` or `disabled`. */
  readonly status: string
  readonly [field: string]: unknown
}

/** Control requests of a session to its process. A request that the version of the CLI lacks fails with `unsupported`. */
export interface SessionControls {
  /**
   * Stops the turn under way, not the session; resolves when the turn has stopped. The turn ends as `aborted`; one whose message
   * was not sent yet has `sent: 'no'`. A CLI that does not stop within `timeoutMs` (5 seconds) is ended, and started again for the
   * next turn. Nothing happens when no turn runs.
   *
   * @example
   * ```ts
   * import type { Session } from 'signalbox/claude'
   *
   * declare const session: Session
   * await session.interrupt({ timeoutMs: 2_000 })
   * ```
   */
  interrupt(options?: InterruptOptions): Promise<ControlAnswer>
  /**
   * Changes the model from the next model call on; undefined chooses the default. Newer CLIs refuse an unknown model here, older
   * ones at the next turn.
   *
   * @example
   * ```ts
   * import type { Session } from 'signalbox/claude'
   *
   * declare const session: Session
   * await session.setModel('opus')
   * ```
   */
  setModel(model?: string, options?: ControlCallOptions): Promise<ControlAnswer>
  /**
   * Changes the permission mode from the next tool call on.
   *
   * @example
   * ```ts
   * import type { Session } from 'signalbox/claude'
   *
   * declare const session: Session
   * await session.setPermissionMode('acceptEdits')
   * ```
   */
  setPermissionMode(mode: PermissionModeName, options?: ControlCallOptions): Promise<ControlAnswer>
  /**
   * Changes the thinking budget; null chooses the default.
   *
   * @example
   * ```ts
   * import type { Session } from 'signalbox/claude'
   *
   * declare const session: Session
   * await session.setMaxThinkingTokens(8_000)
   * ```
   */
  setMaxThinkingTokens(tokens: number | null, options?: ControlCallOptions): Promise<ControlAnswer>
  /**
   * The MCP servers of the session and their state.
   *
   * @example
   * ```ts
   * import type { Session } from 'signalbox/claude'
   *
   * declare const session: Session
   * for (const { name, status } of await session.mcpStatus()) console.log(name, status)
   * ```
   */
  mcpStatus(options?: ControlCallOptions): Promise<readonly McpStatus[]>
  /**
   * Connects an MCP server again, for example after it failed.
   *
   * @example
   * ```ts
   * import type { Session } from 'signalbox/claude'
   *
   * declare const session: Session
   * await session.mcpReconnect('github')
   * ```
   */
  mcpReconnect(serverName: string, options?: ControlCallOptions): Promise<ControlAnswer>
  /**
   * Switches an MCP server on or off.
   *
   * @example
   * ```ts
   * import type { Session } from 'signalbox/claude'
   *
   * declare const session: Session
   * await session.mcpToggle('github', false)
   * ```
   */
  mcpToggle(serverName: string, enabled: boolean, options?: ControlCallOptions): Promise<ControlAnswer>
  /**
   * Replaces the MCP servers that were added at run time. Servers that the CLI was started with stay.
   *
   * @example
   * ```ts
   * import type { Session } from 'signalbox/claude'
   *
   * declare const session: Session
   * await session.mcpSetServers({ docs: { type: 'http', url: 'https://mcp.example.com' } })
   * ```
   */
  mcpSetServers(servers: Readonly<Record<string, unknown>>, options?: ControlCallOptions): Promise<ControlAnswer>
  /**
   * Restores files to their state before a message. The session must run with `fileCheckpointing`. With `dryRun`, nothing is
   * written and the answer says what would change.
   *
   * @example
   * ```ts
   * import type { Session } from 'signalbox/claude'
   *
   * declare const session: Session
   * const changes = await session.rewindFiles('the-uuid-of-a-user-message', { dryRun: true })
   * ```
   */
  rewindFiles(userMessageId: string, options?: ControlCallOptions & { readonly dryRun?: boolean }): Promise<ControlAnswer>
  /**
   * How full the context window is, by category. Needs CLI 2.1.
   *
   * @example
   * ```ts
   * import type { Session } from 'signalbox/claude'
   *
   * declare const session: Session
   * console.log(await session.contextUsage())
   * ```
   */
  contextUsage(options?: ControlCallOptions): Promise<ControlAnswer>
  /**
   * The settings in effect, and the file or flag that each comes from. Needs CLI 2.1.
   *
   * @example
   * ```ts
   * import type { Session } from 'signalbox/claude'
   *
   * declare const session: Session
   * console.log(await session.settings())
   * ```
   */
  settings(options?: ControlCallOptions): Promise<ControlAnswer>
  /**
   * The cost of the session, as text of the CLI. For numbers, use `totalCostUsd`. Needs CLI 2.1.
   *
   * @example
   * ```ts
   * import type { Session } from 'signalbox/claude'
   *
   * declare const session: Session
   * console.log(await session.sessionCost())
   * ```
   */
  sessionCost(options?: ControlCallOptions): Promise<ControlAnswer>
  /**
   * The version of the executable that runs. Needs CLI 2.1.
   *
   * @example
   * ```ts
   * import type { Session } from 'signalbox/claude'
   *
   * declare const session: Session
   * console.log(await session.binaryVersion())
   * ```
   */
  binaryVersion(options?: ControlCallOptions): Promise<ControlAnswer>
  /**
   * The models that `setModel` accepts. Only the newest CLIs have this request.
   *
   * @example
   * ```ts
   * import type { Session } from 'signalbox/claude'
   *
   * declare const session: Session
   * console.log(await session.listModels())
   * ```
   */
  listModels(options?: ControlCallOptions): Promise<ControlAnswer>
  /**
   * Changes settings for this process only; no settings file is written. Needs CLI 2.1.
   *
   * @example
   * ```ts
   * import type { Session } from 'signalbox/claude'
   *
   * declare const session: Session
   * await session.applyFlagSettings({ outputStyle: 'default' })
   * ```
   */
  applyFlagSettings(settings: Readonly<Record<string, unknown>>, options?: ControlCallOptions): Promise<ControlAnswer>
  /**
   * Removes a message that the CLI has taken but not yet begun. Needs CLI 2.1.
   *
   * @example
   * ```ts
   * import type { Session } from 'signalbox/claude'
   *
   * declare const session: Session
   * await session.cancelMessage('the-uuid-of-a-message')
   * ```
   */
  cancelMessage(uuid: string, options?: ControlCallOptions): Promise<ControlAnswer>
  /**
   * Stops a background task of the CLI.
   *
   * @example
   * ```ts
   * import type { Session } from 'signalbox/claude'
   *
   * declare const session: Session
   * await session.stopTask('task-1')
   * ```
   */
  stopTask(taskId: string, options?: ControlCallOptions): Promise<ControlAnswer>
  /**
   * The CLI's answer to `initialize`: commands, agents, models and account. Starts the process if it does not run.
   *
   * @example
   * ```ts
   * import type { Session } from 'signalbox/claude'
   *
   * declare const session: Session
   * const { commands, models } = await session.initialization()
   * ```
   */
  initialization(options?: ControlCallOptions): Promise<ControlAnswer>
  /**
   * Sends any request of the control protocol, by the CLI's own name and field names. For requests that have no method here.
   *
   * @example
   * ```ts
   * import type { Session } from 'signalbox/claude'
   *
   * declare const session: Session
   * await session.control('set_model', { model: 'opus' })
   * ```
   */
  control(subtype: string, fields?: ControlAnswer, options?: ControlCallOptions): Promise<ControlAnswer>
}

export type OnConnection = <Result>(
  work: (connection: Connection) => Promise<Result>,
  signal: AbortSignal | undefined,
) => Promise<Result>

/** Requests whose arguments are sent unchanged: the subtype, then the wire name of each argument. */
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
