/**
 * The control requests to the process of a session or a query. Every request has a time limit. A request that the CLI lacks fails with
 * `unsupported`. Long because every method has an example; `call-controls.ts` has the code.
 */
import type { InterruptOptions } from '../protocol/stop-turn.js'
import type { PermissionModeName } from '../launch/launch.js'
import type {
  ContextUsage,
  ControlAnswer,
  FileContents,
  Initialization,
  McpResource,
  McpSetServersResult,
  McpStatus,
  PermissionRules,
  ReloadedPlugins,
  RewindResult,
  TaskOutput,
  UsageReport,
} from './control-answers.js'

/** Options of one control request. */
export interface ControlCallOptions {
  /** Stops waiting for the answer. */
  readonly signal?: AbortSignal
  /** How long the answer may take. Default: `controlTimeoutMs` of the client. */
  readonly timeoutMs?: number
}

/** Control requests to a process. A request that the version of the CLI lacks fails with `unsupported`. */
export interface Controls {
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
   * Changes the thinking budget; null chooses the default. `display` says whether thinking is shown (2.1).
   *
   * @example
   * ```ts
   * import type { Session } from 'signalbox/claude'
   *
   * declare const session: Session
   * await session.setMaxThinkingTokens(8_000)
   * ```
   */
  setMaxThinkingTokens(
    tokens: number | null,
    options?: ControlCallOptions & { readonly display?: 'summarized' | 'omitted' | null },
  ): Promise<ControlAnswer>
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
  mcpSetServers(servers: Readonly<Record<string, unknown>>, options?: ControlCallOptions): Promise<McpSetServersResult>
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
  rewindFiles(userMessageId: string, options?: ControlCallOptions & { readonly dryRun?: boolean }): Promise<RewindResult>
  /**
   * The used part of the context window, by category. `detail: 'summary'` is faster (newest CLIs). Needs CLI 2.1.
   *
   * @example
   * ```ts
   * import type { Session } from 'signalbox/claude'
   *
   * declare const session: Session
   * console.log(await session.contextUsage())
   * ```
   */
  contextUsage(options?: ControlCallOptions & { readonly detail?: 'summary' | 'full' }): Promise<ContextUsage>
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
  initialization(options?: ControlCallOptions): Promise<Initialization>
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
  /**
   * Renames the session, for people. Needs CLI 2.1.
   *
   * @example
   * ```ts
   * import type { Session } from 'signalbox/claude'
   *
   * declare const session: Session
   * await session.rename('Release notes')
   * ```
   */
  rename(title: string, options?: ControlCallOptions): Promise<ControlAnswer>
  /**
   * Tokens and cost of the process, and the used share of the account's limits. `skipBehaviors` leaves out an analysis of past
   * sessions, which takes time. Needs CLI 2.1.
   *
   * @example
   * ```ts
   * import type { Session } from 'signalbox/claude'
   *
   * declare const session: Session
   * const { rate_limits } = await session.usage({ skipBehaviors: true })
   * ```
   */
  usage(options?: ControlCallOptions & { readonly skipBehaviors?: boolean }): Promise<UsageReport>
  /**
   * Reads a file on the machine of the CLI, if the session may read it. Needs CLI 2.1.
   *
   * @example
   * ```ts
   * import type { Session } from 'signalbox/claude'
   *
   * declare const session: Session
   * const { contents } = await session.readFile('/project/notes.txt', { maxBytes: 10_000 })
   * ```
   */
  readFile(
    path: string,
    options?: ControlCallOptions & { readonly maxBytes?: number; readonly encoding?: 'utf-8' | 'base64' },
  ): Promise<FileContents>
  /**
   * Tells the CLI that the model knows a file as it was at this time, so that it may be edited. Needs CLI 2.1.
   *
   * @example
   * ```ts
   * import type { Session } from 'signalbox/claude'
   *
   * declare const session: Session
   * await session.seedReadState('/project/notes.txt', Date.now())
   * ```
   */
  seedReadState(path: string, modifiedAtMs: number, options?: ControlCallOptions): Promise<ControlAnswer>
  /**
   * Loads the plugins again, and gives all commands, agents and servers. Needs CLI 2.1.
   *
   * @example
   * ```ts
   * import type { Session } from 'signalbox/claude'
   *
   * declare const session: Session
   * const { error_count } = await session.reloadPlugins()
   * ```
   */
  reloadPlugins(options?: ControlCallOptions): Promise<ReloadedPlugins>
  /**
   * Loads the skills again, and gives all of them. Needs CLI 2.1.
   *
   * @example
   * ```ts
   * import type { Session } from 'signalbox/claude'
   *
   * declare const session: Session
   * console.log(await session.reloadSkills())
   * ```
   */
  reloadSkills(options?: ControlCallOptions): Promise<ControlAnswer>
  /**
   * Loads the output styles again, and gives their names. Needs one of the newest CLIs.
   *
   * @example
   * ```ts
   * import type { Session } from 'signalbox/claude'
   *
   * declare const session: Session
   * console.log(await session.reloadOutputStyles())
   * ```
   */
  reloadOutputStyles(options?: ControlCallOptions): Promise<ControlAnswer>
  /**
   * Writes settings into a file of the CLI's settings. Needs one of the newest CLIs.
   *
   * @example
   * ```ts
   * import type { Session } from 'signalbox/claude'
   *
   * declare const session: Session
   * await session.updateSettings('localSettings', { outputStyle: 'default' })
   * ```
   */
  updateSettings(
    source: 'localSettings' | 'userSettings',
    settings: Readonly<Record<string, unknown>>,
    options?: ControlCallOptions,
  ): Promise<ControlAnswer>
  /**
   * The permission rules in effect, and the folders that tools may use. Needs one of the newest CLIs.
   *
   * @example
   * ```ts
   * import type { Session } from 'signalbox/claude'
   *
   * declare const session: Session
   * const { state } = await session.permissionRules()
   * ```
   */
  permissionRules(options?: ControlCallOptions): Promise<PermissionRules>
  /**
   * Sets the permission mode for the tools of one MCP server; null removes it. Needs CLI 2.1.
   *
   * @example
   * ```ts
   * import type { Session } from 'signalbox/claude'
   *
   * declare const session: Session
   * await session.setMcpPermissionMode('github', 'default')
   * ```
   */
  setMcpPermissionMode(serverName: string, mode: 'default' | 'auto' | null, options?: ControlCallOptions): Promise<ControlAnswer>
  /**
   * Reads a resource of an MCP server. The newest CLIs read `ui://` addresses only.
   *
   * @example
   * ```ts
   * import type { Session } from 'signalbox/claude'
   *
   * declare const session: Session
   * const { contents } = await session.mcpReadResource('charts', 'ui://charts/view')
   * ```
   */
  mcpReadResource(serverName: string, uri: string, options?: ControlCallOptions): Promise<McpResource>
  /**
   * Moves the tools that run now into the background, or only the tool of one call. The turn goes on without them. Needs CLI 2.1.
   *
   * @example
   * ```ts
   * import type { Session } from 'signalbox/claude'
   *
   * declare const session: Session
   * await session.backgroundTasks()
   * ```
   */
  backgroundTasks(toolUseId?: string, options?: ControlCallOptions): Promise<ControlAnswer>
  /**
   * The end of the output of a command in the background. Needs one of the newest CLIs.
   *
   * @example
   * ```ts
   * import type { Session } from 'signalbox/claude'
   *
   * declare const session: Session
   * const { output, truncated } = await session.taskOutput('task-1')
   * ```
   */
  taskOutput(taskId: string, options?: ControlCallOptions): Promise<TaskOutput>
  /**
   * Asks for `initialization` again, as the CLI knows it now. CLI 2.0 refuses.
   *
   * @example
   * ```ts
   * import type { Session } from 'signalbox/claude'
   *
   * declare const session: Session
   * const { commands } = await session.reinitialize()
   * ```
   */
  reinitialize(options?: ControlCallOptions): Promise<Initialization>
}

/** Control requests of a session to its process. */
export interface SessionControls extends Controls {
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
}
