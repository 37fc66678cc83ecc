/** Claude Code: the CLI as a typed client, over any transport that can run it. */
export { createClaude, type ClaudeClient, type ClaudeOptions } from './client.js'
export { query, querySimple, type QueryOptions } from './query.js'
export { runBatch, type BatchItem, type BatchOptions, type QueryResult } from './batch.js'
export type { ClaudeClientEvent, ClaudeCoreOptions } from './core.js'
export type { CLIAgentOptions } from './options.js'
export { contentOf, launchOf } from './options.js'
export { encodeContext, type ContextEncoder } from './context.js'
export type { Turn } from './turn.js'
export type { SendOptions, Session, SessionOptions } from './session-types.js'
export type { SessionStats } from './session-record.js'
export type { Answer, ControlCallOptions, McpStatus, SessionControls } from './session-controls.js'
export type { SessionManager, SessionManagerOptions, ManagerStats } from './manager.js'
export { kvSessionStore, memorySessionStore, storeError } from './session-store.js'
export {
  matchesFilter,
  metadataOf,
  pageOf,
  SESSION_ORDERS,
  SESSION_STATUSES,
  type SessionFilter,
  type SessionMetadata,
  type SessionOrder,
  type SessionState,
  type SessionStatus,
  type SessionStore,
} from './session-state.js'
export {
  createProcessPool,
  createStreamingPool,
  type PoolConfig,
  type PoolStats,
  type PoolTask,
  type ProcessPool,
  type StreamingPool,
  type StreamingTask,
  type TaskOptions,
  type TaskStatus,
} from './pool.js'

export {
  PERMISSION_MODES,
  PermissionMode,
  type AgentDefinition,
  type ClaudeAuth,
  type ClaudeLaunch,
  type MCPServerConfig,
  type PermissionModeName,
} from './launch.js'
export { formatVersion, isAtLeast, MEASURED, parseVersion, type Version } from './version.js'

export type * from './messages.js'
export type * from './lines.js'
export {
  hasType,
  isApiRetry,
  isAssistant,
  isFailure,
  isInit,
  isRateLimit,
  isResult,
  isStreamEvent,
  isSystem,
  isText,
  isThinking,
  isToolResult,
  isToolUse,
  isUser,
} from './guards.js'
export { createDeriver, type Deriver } from './derive.js'
export {
  collectText,
  collectThinking,
  extractModelFromEvents,
  extractSessionId,
  extractThinkingFromAssistant,
  extractThinkingTokens,
  extractUsageFromEvents,
  type ExtractedUsage,
} from './text.js'

export type { ControlHandler, ControlQuestion } from './control.js'
export type { CanUseTool, PermissionResult, PermissionUpdate, ToolRequest } from './permissions.js'
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

export {
  createEventEmitter,
  EventType,
  type ClaudeEvent,
  type EmitterOptions,
  type EventEmitter,
  type EventHandler,
  type EventName,
  type EventOf,
  type EventPayloads,
} from './events.js'
export {
  BATCH_DISCOUNT,
  calculateCost,
  getPricing,
  HAIKU_PRICING,
  MODEL_PRICING,
  ModelTier,
  OPUS_PRICING,
  SONNET_PRICING,
  type CostOptions,
  type ModelPricing,
  type PriceTable,
  type PricingOptions,
} from './pricing.js'
export {
  createUsageTracker,
  type ModelTotals,
  type TokenCounts,
  type UsageMore,
  type UsageStats,
  type UsageTracker,
} from './usage.js'
export { createMetrics, type Metrics, type TurnMetrics } from './metrics.js'
export { createHealthChecker, type HealthChecker, type HealthOptions, type HealthStatus } from './health.js'
export { readSettings, SETTING_NAMES, type ClaudeSettings, type EnvironmentRecord } from './settings.js'
export type { FallbackConfig } from './fallback.js'
export * from './errors.js'
