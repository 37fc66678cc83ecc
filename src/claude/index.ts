/** Claude Code: the CLI as a typed client, over any transport that can run it. */
export { createClaude, type ClaudeClient, type ClaudeOptions, type LineCheck } from './client.js'
export { query, querySimple, type QueryOptions } from './query.js'
export type { BatchItem, BatchOptions, QueryResult } from './batch.js'
export type { ClaudeClientEvent, ClaudeCoreOptions } from './core.js'
export type { CLIAgentOptions } from './options.js'
export type { ContextEncoder } from './context.js'
export type { Turn } from './turn.js'
export type { SendOptions, Session, SessionOptions } from './session-types.js'
export type { SessionStats } from './session-record.js'
export type { Answer, ControlCallOptions, McpStatus, SessionControls } from './session-controls.js'
export type { SessionKeeper, SessionMetadata, SessionState, SessionStatus, SessionStore } from './session-state.js'

export {
  PERMISSION_MODES,
  PermissionMode,
  type AgentDefinition,
  type ClaudeAuth,
  type ClaudeLaunch,
  type MCPServerConfig,
  type PermissionModeName,
} from './launch.js'

export type * from './messages.js'
export type * from './lines.js'
export type { ControlHandler, ControlQuestion } from './control.js'
export type { CanUseTool, PermissionResult, PermissionUpdate, ToolRequest } from './permissions.js'
export type { HookRegistry } from './hooks.js'
export type { SdkMcpServer } from './mcp.js'

export type { ClaudeObserver } from './observe.js'
export type { Metrics } from './metrics.js'
export type { ClaudeSettings } from './settings.js'
export type { Fallback, FallbackConfig } from './fallback.js'
export * from './errors.js'
