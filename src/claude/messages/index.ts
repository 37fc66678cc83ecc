/** The lines of the CLI and the messages made from them: types, errors, guards, the deriver, collectors, schemas. */
export * from './errors.js'
export type * from './event-lines.js'
export type { LineBase } from './line-base.js'
export type * from './lines.js'
export type * from './task-lines.js'
export type * from './messages.js'
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
export { isEventLine, isSystemLine } from './event-guards.js'
export { createDeriver, type DeriveOptions, type Deriver } from './derive-messages.js'
export { ccflowLines } from './ccflow-lines.js'
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
export { checkLines, type InvalidLine, type LineCheck } from './schema.js'
