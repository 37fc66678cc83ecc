/** The options of a run, with ccflow's names in camelCase. Turns them into a launch and into the handlers that serve the process. */
import type { CallOptions } from '../../core/call.js'
import type { Clock } from '../../core/clock.js'
import { outputJsonSchema, withoutDialect, type OutputSchema } from './output-schema.js'
import { encodeContext, type ContextEncoder } from './context.js'
import type { ControlHandler } from '../protocol/control.js'
import { ClaudeError, MCPConfigError } from '../messages/errors.js'
import { recordOf } from '../messages/guards.js'
import { dialogHandler, elicitationHandler, type OnElicitation, type OnUserDialog } from '../tools/dialogs.js'
import type { HookRegistry } from '../tools/hooks.js'
import type { ClaudeLaunch, MCPServerConfig } from '../launch/launch.js'
import type { ContentBlock } from '../messages/lines.js'
import type { SdkMcpServer } from '../tools/mcp.js'
import { permissionHandler, type CanUseTool } from '../tools/permissions.js'

/** All options of a run: ccflow's CLIAgentOptions and more. The client does not change the object. */
export interface CLIAgentOptions extends Omit<ClaudeLaunch, 'resume' | 'mcpServers' | 'probe'> {
  /** The id of the session to continue; or `true` to continue the session of `sessionId`. */
  readonly resume?: boolean | string
  /** MCP servers by name: servers that the CLI starts or connects to, and servers in this process (`createSdkMcpServer`). */
  readonly mcpServers?: Readonly<Record<string, MCPServerConfig | SdkMcpServer>>
  /**
   * The JSON schema of the answer; the result has the answer as `structuredOutput`. A turn that ends without it fails with the `remoteCode`
   * `structured_output_missing`. Use this or `jsonSchema`.
   */
  readonly outputSchema?: OutputSchema
  /** Decides whether a tool may run. */
  readonly canUseTool?: CanUseTool
  /** How long `canUseTool` may take before it counts as a refusal. Default ten minutes. */
  readonly permissionTimeoutMs?: number
  /** Hooks that run in this process. */
  readonly hooks?: HookRegistry
  /** Answers the questions of MCP servers. Without it they are declined. */
  readonly onElicitation?: OnElicitation
  /** Answers the dialogs of the CLI. The CLI shows only the kinds of `supportedDialogKinds`. */
  readonly onUserDialog?: OnUserDialog
  /** The kinds of dialog that `onUserDialog` can show. */
  readonly supportedDialogKinds?: readonly string[]
  /** The title of the session, for people (2.1). */
  readonly title?: string
  /** The skills that the main loop knows of, by name. Default: all that are found (2.1). */
  readonly skills?: readonly string[]
  /** Tools that run in place of others: the name that the model uses, then the tool that runs (2.1). */
  readonly toolAliases?: Readonly<Record<string, string>>
  /** The instructions for plan mode, in place of the CLI's own text (2.1). */
  readonly planModeInstructions?: string
  /** Gives `task_progress` lines a summary of what the subagent does (2.1). */
  readonly agentProgressSummaries?: boolean
  /** The program lets its user stop single tasks, so an interrupt of a session does not end tasks in the background (2.1). */
  readonly perTaskStop?: boolean
  /** Sends every message as it is written: `@path` is not expanded, and a slash is no command (2.1.248 and later). */
  readonly verbatim?: boolean
  /** Answers requests of the CLI that no other option handles. */
  readonly onControlRequest?: ControlHandler
  /** More fields for the CLI's `initialize` request, with the CLI's names. */
  readonly initialize?: Readonly<Record<string, unknown>>
  /** Data for the model. It is sent before the message, as a separate block. */
  readonly context?: unknown
  /** How `context` is written: JSON by default, TOON with `toon()` of `signalbox/claude/toon`. */
  readonly toon?: ContextEncoder
  /** Adds the word `ultrathink` before the message, which makes older models think more. For newer CLIs use `effort`. */
  readonly ultrathink?: boolean
  /** Seconds for a turn, 0 for no limit; ccflow's unit. `timeoutMs` of the call wins. Default 300. */
  readonly timeout?: number
  /** A CLI that writes nothing for this long during a turn counts as hung, and the turn fails; 0 for never. Default five minutes. */
  readonly idleMs?: number
  /** Ignored; accepted because ccflow has it. The client always uses `stream-json` and verbose output. */
  readonly inputFormat?: 'text' | 'stream-json'
  /** Accepted and ignored, like `inputFormat`. */
  readonly verbose?: boolean
  /**
   * When the account's usage limit is hit: wait until it resets and send the message again, if that is no later than this many
   * milliseconds away. Off unless set, because a turn may then take hours.
   */
  readonly resendAfterReset?: number
}

export interface Wiring {
  readonly handlers: readonly ControlHandler[]
  readonly initialize: Readonly<Record<string, unknown>>
}

const isInProcess = (server: MCPServerConfig | SdkMcpServer): server is SdkMcpServer => 'handle' in server
const isComplete = (server: MCPServerConfig): boolean => ('url' in server ? server.url !== '' : server.command !== '')

/** The part of the options that is plain data and can cross a gateway. Throws `MCPConfigError` for a server without command and URL. */
export function launchOf(options: CLIAgentOptions): ClaudeLaunch {
  const {
    resume,
    mcpServers,
    canUseTool,
    permissionTimeoutMs: _permissionTimeout,
    hooks: _hooks,
    onControlRequest: _onControlRequest,
    onElicitation: _onElicitation,
    onUserDialog: _onUserDialog,
    supportedDialogKinds: _dialogKinds,
    title: _title,
    skills: _skills,
    toolAliases: _toolAliases,
    planModeInstructions: _planModeInstructions,
    agentProgressSummaries: _progressSummaries,
    perTaskStop: _perTaskStop,
    verbatim: _verbatim,
    initialize: _initialize,
    context: _context,
    toon: _toon,
    ultrathink: _ultrathink,
    timeout: _timeout,
    idleMs: _idle,
    inputFormat: _inputFormat,
    verbose: _verbose,
    resendAfterReset: _resend,
    outputSchema: _outputSchema,
    sessionId,
    // Options of the call, not of the launch. A gateway refuses launch fields that it does not know.
    signal: _signal,
    timeoutMs: _timeoutMs,
    ...rest
  } = options as CLIAgentOptions & CallOptions
  const external: Record<string, MCPServerConfig> = {}
  for (const [name, server] of Object.entries(mcpServers ?? {})) {
    if (isInProcess(server)) continue
    if (!isComplete(server)) {
      throw new MCPConfigError({ code: 'invalid_argument', message: `The MCP server ${name} names neither a command nor a URL.` })
    }
    external[name] = server
  }
  return {
    ...rest,
    ...sessionOf(resume, sessionId),
    ...(Object.keys(external).length > 0 ? { mcpServers: external } : {}),
    ...(canUseTool ? { permissionPromptTool: 'stdio' } : {}),
    ...jsonSchemaOf(options),
  }
}

function jsonSchemaOf({ outputSchema, jsonSchema }: CLIAgentOptions): Pick<ClaudeLaunch, 'jsonSchema'> {
  if (outputSchema !== undefined) return { jsonSchema: outputJsonSchema(outputSchema) }
  if (jsonSchema === undefined || typeof jsonSchema === 'string') return {}
  return { jsonSchema: withoutDialect(jsonSchema) }
}

/** Whether a turn must end with structured output. */
export const wantsOutput = ({ outputSchema, jsonSchema }: CLIAgentOptions): boolean =>
  outputSchema !== undefined || jsonSchema !== undefined

function sessionOf(
  resume: boolean | string | undefined,
  sessionId: string | undefined,
): Pick<ClaudeLaunch, 'resume' | 'sessionId'> {
  if (typeof resume === 'string') return { resume, ...(sessionId === undefined ? {} : { sessionId }) }
  if (!resume) return sessionId === undefined ? {} : { sessionId }
  if (sessionId !== undefined) return { resume: sessionId }
  throw new ClaudeError({
    code: 'invalid_argument',
    message: 'resume: true does not say which session.',
    hint: 'Give sessionId, or continueSession for the latest.',
  })
}

/** The handlers for the requests of the CLI: permission callback, hooks, servers in this process, and `onControlRequest`. */
export function wiringOf(options: CLIAgentOptions, clock: Clock, onFailure?: (what: string, error: unknown) => void): Wiring {
  const { canUseTool, permissionTimeoutMs: timeoutMs, hooks, mcpServers, onElicitation, onUserDialog, onControlRequest } = options
  const servers = Object.entries(mcpServers ?? {}).flatMap(([name, server]) => (isInProcess(server) ? [{ ...server, name }] : []))
  const handlers: ControlHandler[] = []
  if (canUseTool) handlers.push(permissionHandler({ canUseTool, timeoutMs, clock, onFailure }))
  const wired = hooks?.wire(clock, onFailure)
  if (wired) handlers.push(wired.handler)
  for (const server of servers) handlers.push(serving(server))
  if (onElicitation) handlers.push(elicitationHandler(onElicitation, onFailure))
  if (onUserDialog) handlers.push(dialogHandler(onUserDialog, onFailure))
  if (onControlRequest) handlers.push(onControlRequest)
  handlers.push(declined)
  return {
    handlers,
    initialize: {
      ...initializeOf(options),
      ...options.initialize,
      ...(wired && hooks?.events.length ? { hooks: wired.registration } : {}),
      ...(servers.length > 0 ? { sdkMcpServers: servers.map(({ name }) => name) } : {}),
    },
  }
}

/** The options that travel in `initialize`. CLI 2.0 ignores them. */
function initializeOf(options: CLIAgentOptions): Readonly<Record<string, unknown>> {
  const { title, skills, toolAliases, planModeInstructions, agentProgressSummaries, supportedDialogKinds, perTaskStop } = options
  const fields = { title, skills, toolAliases, planModeInstructions, agentProgressSummaries, supportedDialogKinds }
  const presentFields = Object.entries({ ...fields, perTaskStopAffordance: perTaskStop }).filter(([, value]) => value !== undefined)
  return Object.fromEntries(presentFields)
}

/** Passes JSON-RPC messages to a server in this process. The CLI cleans server names in tool names, but not in these messages. */
const serving =
  ({ name, handle }: SdkMcpServer): ControlHandler =>
  ({ subtype, server_name: wanted, message }, signal) =>
    subtype === 'mcp_message' && wanted === name
      ? handle(recordOf(message), signal).then((reply) => ({ mcp_response: reply }))
      : undefined

/** Declines an elicitation that no handler has answered. Every other unknown request gets an error. */
const declined: ControlHandler = (question) =>
  question.subtype === 'elicitation' ? Promise.resolve({ action: 'decline' }) : undefined

/** The message with the context before it. The context is not in the system prompt, because a resumed session may keep its first one. */
export function contentOf(
  prompt: string | readonly ContentBlock[],
  options: CLIAgentOptions,
  label = 'Context',
): string | readonly ContentBlock[] {
  const block = options.context === undefined ? '' : `${encodeContext(options.context, options.toon, label)}\n\n`
  const before = `${options.ultrathink ? 'ultrathink ' : ''}${block}`
  if (before === '') return prompt
  return typeof prompt === 'string' ? before + prompt : [{ type: 'text', text: before }, ...prompt]
}

export function timeoutOf(options: CLIAgentOptions, timeoutMs: number | undefined, fallbackMs: number): number {
  return timeoutMs ?? (options.timeout === undefined ? fallbackMs : options.timeout * 1000)
}
