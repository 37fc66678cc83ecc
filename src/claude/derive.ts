/** From lines to messages. Holds what one line does not say by itself: which tool a result answers, which text was already shown. */
import {
  isApiRetry,
  isAssistant,
  isInit,
  isRateLimit,
  isRecord,
  isResult,
  isStreamEvent,
  isText,
  isThinking,
  isToolResult,
  isToolUse,
  isUser,
} from './guards.js'
import { initFields, type ClaudeMessage } from './messages.js'
import type { AssistantLine, ClaudeLine, ContentBlock, ResultLine, StreamEventLine, SystemLine, UserLine } from './lines.js'
import { oldShapes } from './old-shapes.js'
import type { TurnEnd } from './turn-end.js'

export interface Deriver {
  /** Appends what the line means to `out`: the derived messages first, then the faithful one. */
  line(line: ClaudeLine, out: ClaudeMessage[]): void
}

/** Tool calls remembered for their results; a turn that makes more has long forgotten the first. */
const MAX_CALLS = 10_000

export interface DeriveOptions {
  /** Completes a result with what only the turn knows: the assembled text, the cost of this turn, the typed error. */
  readonly end?: (line: ResultLine) => TurnEnd | undefined
}

export function createDeriver(options: DeriveOptions = {}): Deriver {
  const calls = new Map<string, string>()
  // Deltas shown for the API message under way of each loop, by the tool call that started the loop.
  const shown = new Map<string, { id: string | undefined; text: string; blocks: number }>()

  const assistant = (line: AssistantLine, out: ClaudeMessage[]): void => {
    const parentToolUseId = line.parent_tool_use_id ?? null
    const { id: messageId, content, usage, stop_reason: stopReason = null } = line.message
    const key = parentToolUseId ?? ''
    const current = shown.get(key)
    // Another message than the one whose deltas were shown: its stream was cut, and those deltas are void.
    if (current && current.text !== '' && current.id !== messageId && line.error === undefined) {
      out.push({ type: 'retract', messageId: current.id, content: current.text, raw: line })
      shown.delete(key)
    }
    const wasShown = current !== undefined && current.id === messageId
    let text = ''
    for (const block of content) {
      if (isText(block)) {
        text += block.text
        if (line.error === undefined && !wasShown) out.push(textOf(block.text, messageId, parentToolUseId, false, line))
      } else if (isThinking(block)) {
        if (!wasShown) out.push(thinkingOf(block.thinking, messageId, parentToolUseId, false, line))
      } else if (isToolUse(block)) {
        if (calls.size < MAX_CALLS) calls.set(block.id, block.name)
        out.push({ type: 'toolUse', tool: block.name, args: block.input, id: block.id, parentToolUseId, raw: line })
      }
    }
    if (wasShown) shown.set(key, { id: messageId, text: '', blocks: current.blocks })
    const { error, session_id: sessionId } = line
    if (error !== undefined) {
      const status = typeof line.api_error_status === 'number' ? line.api_error_status : null
      out.push({ type: 'error', message: text, code: error, status, raw: line })
    }
    const { model } = line.message
    const fields = {
      blocks: content,
      text,
      model,
      messageId,
      sessionId,
      usage,
      stopReason: stopReason ?? null,
      parentToolUseId,
      error,
    }
    out.push({ type: 'assistant', ...fields, raw: line })
  }

  const user = (line: UserLine, out: ClaudeMessage[]): void => {
    const parentToolUseId = line.parent_tool_use_id ?? null
    const { content } = line.message
    const blocks: readonly ContentBlock[] = typeof content === 'string' ? [{ type: 'text', text: content }] : content
    for (const block of blocks) {
      if (!isToolResult(block)) continue
      const id = block.tool_use_id
      const isError = block.is_error === true
      const [tool, result, structured] = [calls.get(id) ?? '', resultText(block.content), line.tool_use_result]
      calls.delete(id)
      out.push({ type: 'toolResult', tool, result, isError, id, structured, parentToolUseId, raw: line })
    }
    const flags = { isReplay: line.isReplay === true, isSynthetic: line.isSynthetic === true }
    const { session_id: sessionId, tool_use_result: toolUseResult } = line
    const text = blocks.map((block) => (isText(block) ? block.text : '')).join('')
    out.push({ type: 'user', blocks, text, sessionId, ...flags, toolUseResult, parentToolUseId, raw: line })
  }

  const streamEvent = (line: StreamEventLine, out: ClaudeMessage[]): void => {
    const { event, parent_tool_use_id: parent } = line
    const parentToolUseId = parent ?? null
    const key = parentToolUseId ?? ''
    const current = shown.get(key)
    if (event.type === 'message_start') {
      if (current && current.text !== '') out.push({ type: 'retract', messageId: current.id, content: current.text, raw: line })
      const message = isRecord(event.message) ? event.message : {}
      shown.set(key, { id: typeof message.id === 'string' ? message.id : undefined, text: '', blocks: 0 })
    } else if (event.type === 'content_block_delta' && isRecord(event.delta)) {
      const { delta } = event
      const messageId = current?.id
      if (typeof delta.text === 'string') {
        if (current) current.text += delta.text
        out.push(textOf(delta.text, messageId, parentToolUseId, true, line))
      } else if (typeof delta.thinking === 'string') {
        out.push(thinkingOf(delta.thinking, messageId, parentToolUseId, true, line))
      }
    } else if (event.type === 'message_stop' && current) {
      if (isRecord(event.abandoned_blocks) && current.text !== '') {
        out.push({ type: 'retract', messageId: current.id, content: current.text, raw: line })
      }
      shown.delete(key)
    }
  }

  const result = (line: ResultLine, out: ClaudeMessage[]): void => {
    const end = options.end?.(line)
    const { subtype, session_id: sessionId, usage = {}, stop_reason: stopReason = null } = line
    const error = end?.error
    if (error)
      out.push({
        type: 'error',
        message: error.message,
        code: error.remoteCode ?? subtype,
        status: error.status ?? null,
        raw: line,
      })
    out.push({ type: 'stop', sessionId, usage, stopReason, raw: line })
    out.push({
      type: 'result',
      subtype,
      isError: line.is_error === true || subtype !== 'success',
      error,
      text: end?.text ?? line.result ?? '',
      result: line.result,
      sessionId,
      durationMs: line.duration_ms ?? 0,
      numTurns: line.num_turns ?? 0,
      costUsd: end?.costUsd ?? line.total_cost_usd ?? 0,
      totalCostUsd: line.total_cost_usd ?? 0,
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
      switch (line.type) {
        case 'assistant':
          return isAssistant(line) ? assistant(line, out) : unknown(line, out)
        case 'user':
          return isUser(line) ? user(line, out) : unknown(line, out)
        case 'stream_event':
          return isStreamEvent(line) ? streamEvent(line, out) : unknown(line, out)
        case 'result':
          return isResult(line) ? result(line, out) : unknown(line, out)
        case 'system':
          return typeof line.subtype === 'string' ? system(line as SystemLine, out) : unknown(line, out)
        case 'rate_limit_event':
          if (!isRateLimit(line)) return unknown(line, out)
          out.push(limitOf(line))
          return
        case 'command_lifecycle':
          // Of interest to the connection alone; `lines()` has it.
          return
        default:
          if (!oldShapes(line, out)) unknown(line, out)
      }
    },
  }
}

function textOf(content: string, messageId: string | undefined, parentToolUseId: string | null, partial: boolean, raw: ClaudeLine) {
  return { type: 'text', content, deltaType: 'text_delta', messageId, partial, parentToolUseId, raw } as const
}

function thinkingOf(
  content: string,
  messageId: string | undefined,
  parentToolUseId: string | null,
  partial: boolean,
  raw: ClaudeLine,
) {
  return { type: 'thinking', content, thinkingTokens: 0, messageId, partial, parentToolUseId, raw } as const
}

function limitOf(
  line: Parameters<typeof isRateLimit>[0] & { rate_limit_info: { status: string; resetsAt?: number } },
): ClaudeMessage {
  const { status, resetsAt, rateLimitType, utilization } = line.rate_limit_info as {
    status: string
    resetsAt?: number
    rateLimitType?: string
    utilization?: number
  }
  return {
    type: 'rateLimit',
    status,
    resetsAtMs: resetsAt === undefined ? undefined : resetsAt * 1000,
    rateLimitType,
    utilization,
    raw: line,
  }
}

function system(line: SystemLine, out: ClaudeMessage[]): void {
  const { subtype, session_id: sessionId } = line
  if (isInit(line)) out.push({ type: 'init', ...initFields(line), raw: line })
  else if (isApiRetry(line)) {
    const { attempt, max_retries: maxRetries, retry_delay_ms: delayMs, error_status: status, error } = line
    out.push({ type: 'waiting', reason: 'api_retry', attempt, maxRetries, delayMs, status, error, raw: line })
  } else if (subtype === 'hook_response') {
    const { hook_event: event, hook_name: name, output, outcome } = line
    out.push({
      type: 'hook',
      hookType: asText(event) ?? 'unknown',
      hookName: asText(name),
      content: asText(output),
      outcome: asText(outcome),
      raw: line,
    })
  } else if (subtype === 'stop') {
    const usage = isRecord(line.usage) ? line.usage : undefined
    out.push({ type: 'stop', sessionId, usage, stopReason: asText(line.stop_reason) ?? null, raw: line })
  } else out.push({ type: 'system', subtype, sessionId, raw: line })
}

const unknown = (line: ClaudeLine, out: ClaudeMessage[]): void =>
  void out.push({ type: 'unknown', eventType: line.type, raw: line })

const asText = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

function resultText(content: string | readonly ContentBlock[] | undefined): string {
  if (typeof content === 'string') return content
  return (content ?? []).map((block) => (isText(block) ? block.text : '')).join('')
}
