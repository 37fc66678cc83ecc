/** Reading lines that are there already, such as a recording: guards, the way from lines to messages, collectors, versions. */
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
export { createDeriver, type DeriveOptions, type Deriver } from './derive.js'
export { oldShapes } from './old-shapes.js'
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
export { checkLines } from './schema.js'
export { formatVersion, isAtLeast, MEASURED, parseVersion, type Version } from './version.js'
