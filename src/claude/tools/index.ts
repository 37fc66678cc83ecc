/** Callbacks of this process that the CLI calls during a turn: permission callbacks, hooks, and tools over MCP. */
export type { CanUseTool, PermissionResult, PermissionUpdate, ToolRequest } from './permissions.js'
export type {
  DialogOptions,
  ElicitationRequest,
  ElicitationResult,
  OnElicitation,
  OnUserDialog,
  UserDialogRequest,
  UserDialogResult,
} from './dialogs.js'
export type { BaseHookInput, HookInputs } from './hook-inputs.js'
export {
  createHookRegistry,
  HOOK_EVENTS,
  HookEvent,
  type HookCallback,
  type HookContext,
  type HookDecision,
  type HookEventName,
  type HookMatcher,
  type HookRegistry,
  type HookWiring,
} from './hooks.js'
export {
  createSdkMcpServer,
  parseTaskTool,
  tool,
  type McpSdkServerConfig,
  type SdkMcpServer,
  type SdkMcpTool,
  type StandardSchema,
  type TaskToolUse,
  type ToolAnswer,
  type ToolCall,
  type ToolContent,
} from './mcp.js'
export type { JsonSchema } from './json-check.js'
