/** Type guards for lines. They check the fields that the client uses, and always run, because they are cheap. */
import type {
  ApiRetryLine,
  AssistantLine,
  ClaudeLine,
  ContentBlock,
  ControlCancelLine,
  ControlRequestLine,
  ControlResponseLine,
  InitLine,
  RateLimitLine,
  ResultLine,
  StreamEventLine,
  SystemLine,
  TextBlock,
  ThinkingBlock,
  ToolResultBlock,
  ToolUseBlock,
  UserLine,
} from './lines.js'
import { isRecord } from '../../core/is-record.js'

/** Whether a value is an object with a `type`. Everything else on stdout is ignored as noise. */
export const hasType = (value: unknown): value is ClaudeLine => isRecord(value) && typeof value.type === 'string'

export const isControlRequest = (line: unknown): line is ControlRequestLine =>
  isRecord(line) && line.type === 'control_request' && typeof line.request_id === 'string' && isRecord(line.request)
export const isControlResponse = (line: unknown): line is ControlResponseLine =>
  isRecord(line) && line.type === 'control_response' && isRecord(line.response) && typeof line.response.request_id === 'string'
export const isControlCancel = (line: unknown): line is ControlCancelLine =>
  isRecord(line) && line.type === 'control_cancel_request' && typeof line.request_id === 'string'

/** Any `system` line. */
export const isSystem = (line: ClaudeLine): line is SystemLine => line.type === 'system'
/** The line that begins a turn. */
export const isInit = (line: ClaudeLine): line is InitLine => line.type === 'system' && line.subtype === 'init'
/** The CLI repeats an API call after a pause. */
export const isApiRetry = (line: ClaudeLine): line is ApiRetryLine =>
  line.type === 'system' && line.subtype === 'api_retry' && Number.isFinite(line.retry_delay_ms)
/** The end of a turn. */
export const isResult = (line: ClaudeLine): line is ResultLine => line.type === 'result'
/** A delta, or another event of the API's stream. */
export const isStreamEvent = (line: ClaudeLine): line is StreamEventLine => line.type === 'stream_event' && isRecord(line.event)
/** News about the account's usage limit. */
export const isRateLimit = (line: ClaudeLine): line is RateLimitLine =>
  line.type === 'rate_limit_event' && isRecord(line.rate_limit_info)
/** One block of the model's answer. */
export const isAssistant = (line: ClaudeLine): line is AssistantLine =>
  line.type === 'assistant' && isRecord(line.message) && Array.isArray(line.message.content)
/** Tool results, notes of the CLI, and replayed messages. */
export const isUser = (line: ClaudeLine): line is UserLine =>
  line.type === 'user' &&
  isRecord(line.message) &&
  (typeof line.message.content === 'string' || Array.isArray(line.message.content))

/** A block of text. */
export const isText = (block: ContentBlock): block is TextBlock => block.type === 'text' && typeof block.text === 'string'
/** A block of thinking. */
export const isThinking = (block: ContentBlock): block is ThinkingBlock =>
  block.type === 'thinking' && typeof block.thinking === 'string'
/** A call of a tool. */
export const isToolUse = (block: ContentBlock): block is ToolUseBlock => block.type === 'tool_use' && typeof block.name === 'string'
/** The result of a tool. */
export const isToolResult = (block: ContentBlock): block is ToolResultBlock => block.type === 'tool_result'

/** Whether the run failed, by `is_error` or by the subtype. CLI 2.0 sets only the subtype. */
export const isFailure = (line: ResultLine): boolean => line.is_error === true || line.subtype !== 'success'

/** The blocks of a message. Entries that are not blocks, such as null, are left out. */
export const blocksIn = (content: unknown): readonly ContentBlock[] => {
  if (!Array.isArray(content)) return []
  // The usual content is sound, and is not copied.
  return content.every(hasType) ? content : content.filter(hasType)
}

/** The texts of the blocks, joined. */
export const textIn = (blocks: unknown): string =>
  blocksIn(blocks)
    .map((block) => (isText(block) ? block.text : ''))
    .join('')

/** The value, if it is a record; else an empty one. */
export const recordOf = (value: unknown): Readonly<Record<string, unknown>> => (isRecord(value) ? value : {})

export const asText = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)
