/** Makes messages from lines. Remembers facts of earlier lines: the tool of each call, and the text that was already shown. */
import { isRecord } from '../../core/is-record.js'
import {
  asText,
  blocksIn,
  isApiRetry,
  isAssistant,
  isFailure,
  isInit,
  isRateLimit,
  isResult,
  isStreamEvent,
  isText,
  isThinking,
  isToolResult,
  isToolUse,
  isUser,
  recordOf,
  textIn,
} from './guards.js'
import type { AssistantLine, ClaudeLine, ContentBlock, RateLimitLine, ResultLine, StreamEventLine, UserLine } from './lines.js'
import { createMeter } from './meter.js'
import { eventLineOf, systemLineOf } from './event-guards.js'
import { initFields, type ClaudeMessage, type EventMessage, type SystemMessage } from './messages.js'
import type { TurnEnd } from './turn-end.js'

/** Turns lines into messages. */
export interface Deriver {
  /**
   * Appends the messages of one line to `out`: first the messages made from its parts, then the message of the whole line.
   *
   * @example
   * ```ts
   * import { createDeriver, type ClaudeLine, type ClaudeMessage } from 'signalbox/claude'
   *
   * declare const line: ClaudeLine
   * const deriver = createDeriver()
   * const out: ClaudeMessage[] = []
   * deriver.line(line, out)
   * ```
   */
  line(line: ClaudeLine, out: ClaudeMessage[]): void
}

/** How many tool calls without a result are remembered. Results of further calls have no tool name. */
const MAX_CALLS = 10_000

/** Options of `createDeriver`. */
export interface DeriveOptions {
  /** Gives the facts of the turn for its result message: the whole text, the cost of this turn, the typed error. */
  readonly end?: (line: ResultLine) => TurnEnd | undefined
  /** Reads line types that this version does not know, and returns true for those it has read. For instance `ccflowLines`. */
  readonly others?: (line: ClaudeLine, out: ClaudeMessage[]) => boolean
}

/** Deltas shown for the API message under way. */
interface Shown {
  readonly id: string | undefined
  text: string
}

/**
 * Turns lines into messages. Give it the lines of one process in their order.
 *
 * Long because its rules read and change the same open message.
 *
 * @example
 * ```ts
 * import { createDeriver, type ClaudeLine, type ClaudeMessage } from 'signalbox/claude'
 *
 * declare const lines: readonly ClaudeLine[]
 * const deriver = createDeriver()
 * const messages: ClaudeMessage[] = []
 * for (const line of lines) deriver.line(line, messages)
 * ```
 */
export function createDeriver({ end: endFor, others }: DeriveOptions = {}): Deriver {
  const calls = new Map<string, string>()
  // For lines of one process without an `end`.
  const meter = createMeter()
  // One entry for the main loop and for each subagent, by the tool call that started it.
  const shown = new Map<string | null, Shown>()

  const retract = (current: Shown | undefined, raw: ClaudeLine, out: ClaudeMessage[]): void => {
    if (current?.text) out.push({ type: 'retract', messageId: current.id, content: current.text, raw })
  }

  const assistant = (line: AssistantLine, out: ClaudeMessage[]): void => {
    const { error, session_id: sessionId, parent_tool_use_id: parentToolUseId = null } = line
    const { id: messageId, model, usage, stop_reason: stopReason = null } = line.message
    const content = blocksIn(line.message.content)
    const current = shown.get(parentToolUseId)
    const wasShown = current !== undefined && current.id === messageId
    // The line belongs to another message than the deltas before it. Their stream was cut, so they are void.
    if (!wasShown && current?.text && error === undefined) {
      retract(current, line, out)
      shown.delete(parentToolUseId)
    }
    for (const block of content) {
      if (isText(block)) {
        if (error === undefined && !wasShown) out.push(textOf(block.text, messageId, parentToolUseId, false, line))
      } else if (isThinking(block)) {
        if (!wasShown) out.push(thinkingOf(block.thinking, messageId, parentToolUseId, false, line))
      } else if (isToolUse(block)) {
        if (calls.size < MAX_CALLS) calls.set(block.id, block.name)
        out.push({ type: 'toolUse', tool: block.name, args: block.input, id: block.id, parentToolUseId, raw: line })
      }
    }
    if (wasShown) current.text = ''
    const text = textIn(content)
    if (error !== undefined) {
      const status = typeof line.api_error_status === 'number' ? line.api_error_status : null
      out.push({ type: 'error', message: text, code: error, status, raw: line })
    }
    const facts = { blocks: content, text, model, messageId, sessionId, usage, stopReason, parentToolUseId, error }
    out.push({ type: 'assistant', ...facts, raw: line })
  }

  const user = (line: UserLine, out: ClaudeMessage[]): void => {
    const { session_id: sessionId, tool_use_result: structured, parent_tool_use_id: parentToolUseId = null } = line
    const { content } = line.message
    const blocks: readonly ContentBlock[] = typeof content === 'string' ? [{ type: 'text', text: content }] : blocksIn(content)
    for (const block of blocks) {
      if (!isToolResult(block)) continue
      const id = block.tool_use_id
      const tool = calls.get(id) ?? ''
      const result = typeof block.content === 'string' ? block.content : textIn(block.content)
      calls.delete(id)
      const isError = block.is_error === true
      out.push({ type: 'toolResult', tool, result, isError, id, structured, parentToolUseId, raw: line })
    }
    const flags = { isReplay: line.isReplay === true, isSynthetic: line.isSynthetic === true }
    const text = textIn(blocks)
    out.push({ type: 'user', blocks, text, sessionId, ...flags, toolUseResult: structured, parentToolUseId, raw: line })
  }

  const streamEvent = (line: StreamEventLine, out: ClaudeMessage[]): void => {
    const { event, parent_tool_use_id: parentToolUseId = null } = line
    const current = shown.get(parentToolUseId)
    if (event.type === 'message_start') {
      retract(current, line, out)
      shown.set(parentToolUseId, { id: asText(recordOf(event.message).id), text: '' })
    } else if (event.type === 'content_block_delta') {
      const { text, thinking } = recordOf(event.delta)
      if (typeof text === 'string') {
        if (current) current.text += text
        out.push(textOf(text, current?.id, parentToolUseId, true, line))
      } else if (typeof thinking === 'string') out.push(thinkingOf(thinking, current?.id, parentToolUseId, true, line))
    } else if (event.type === 'message_stop') {
      if (isRecord(event.abandoned_blocks)) retract(current, line, out)
      shown.delete(parentToolUseId)
    }
  }

  const result = (line: ResultLine, out: ClaudeMessage[]): void => {
    const end = endFor?.(line)
    const { subtype, result: resultText, total_cost_usd: totalCostUsd = 0 } = line
    const { session_id: sessionId, usage = {}, stop_reason: stopReason = null } = line
    const error = end?.error
    if (error) {
      const { message, remoteCode: code = subtype, status = null } = error
      out.push({ type: 'error', message, code, status, raw: line })
    }
    out.push({ type: 'stop', sessionId, usage, stopReason, raw: line })
    out.push({
      type: 'result',
      subtype,
      isError: isFailure(line),
      error,
      text: end?.text ?? resultText ?? '',
      result: resultText,
      sessionId,
      durationMs: line.duration_ms ?? 0,
      numTurns: line.num_turns ?? 0,
      costUsd: end?.costUsd ?? meter(line).costUsd,
      totalCostUsd,
      usage,
      modelUsage: line.modelUsage ?? {},
      permissionDenials: line.permission_denials ?? [],
      structuredOutput: line.structured_output,
      stopReason,
      terminalReason: line.terminal_reason,
      raw: line,
    })
  }

  return {
    line(line, out) {
      if (isAssistant(line)) assistant(line, out)
      else if (isUser(line)) user(line, out)
      else if (isStreamEvent(line)) streamEvent(line, out)
      else if (isResult(line)) result(line, out)
      else if (isRateLimit(line)) rateLimit(line, out)
      else if (line.type === 'system' && typeof line.subtype === 'string') system(line, line.subtype, out)
      // Only the connection needs this type. `lines()` has it.
      else if (line.type !== 'command_lifecycle' && !others?.(line, out)) event(line, out)
    },
  }
}

type Parent = string | null

const textOf = (content: string, messageId: string | undefined, parentToolUseId: Parent, partial: boolean, raw: ClaudeLine) =>
  ({ type: 'text', content, deltaType: 'text_delta', messageId, partial, parentToolUseId, raw }) as const

const thinkingOf = (content: string, messageId: string | undefined, parentToolUseId: Parent, partial: boolean, raw: ClaudeLine) =>
  ({ type: 'thinking', content, thinkingTokens: 0, messageId, partial, parentToolUseId, raw }) as const

function rateLimit(line: RateLimitLine, out: ClaudeMessage[]): void {
  const { status, resetsAt, rateLimitType, utilization } = line.rate_limit_info
  const resetsAtMs = resetsAt === undefined ? undefined : resetsAt * 1000
  out.push({ type: 'rateLimit', status, resetsAtMs, rateLimitType, utilization, raw: line })
}

function system(line: ClaudeLine, subtype: string, out: ClaudeMessage[]): void {
  const { session_id: sessionId } = line
  if (isInit(line)) out.push({ type: 'init', ...initFields(line), raw: line })
  else if (isApiRetry(line)) {
    const { attempt, max_retries: maxRetries, retry_delay_ms: delayMs, error_status: status, error } = line
    out.push({ type: 'waiting', reason: 'api_retry', attempt, maxRetries, delayMs, status, error, raw: line })
  } else if (subtype === 'hook_response') {
    const { hook_event, hook_name, output, outcome } = line
    out.push({
      type: 'hook',
      hookType: asText(hook_event) ?? 'unknown',
      hookName: asText(hook_name),
      content: asText(output),
      outcome: asText(outcome),
      raw: line,
    })
  } else if (subtype === 'stop') {
    const usage = isRecord(line.usage) ? line.usage : undefined
    out.push({ type: 'stop', sessionId, usage, stopReason: asText(line.stop_reason) ?? null, raw: line })
  } else {
    const known = systemLineOf(line)
    // The guard has checked the line against the type of its subtype.
    if (known) out.push({ type: 'system', subtype: known, sessionId, raw: line } as SystemMessage)
    else out.push({ type: 'unknown', eventType: `system/${subtype}`, raw: line })
  }
}

function event(line: ClaudeLine, out: ClaudeMessage[]): void {
  const known = eventLineOf(line)
  if (known) out.push({ type: 'event', event: known, sessionId: line.session_id, raw: line } as EventMessage)
  else out.push({ type: 'unknown', eventType: line.type, raw: line })
}
