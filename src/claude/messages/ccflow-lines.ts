/** Lines that no measured CLI writes, but that recordings made for ccflow hold: read as the messages they were meant to be. */
import { isRecord } from '../../core/is-record.js'
import type { ClaudeLine } from './lines.js'
import type { ClaudeMessage } from './messages.js'

/** Reads the line types that ccflow expects and no measured CLI writes; for the option `others` of `createDeriver`. */
export function ccflowLines(line: ClaudeLine, out: ClaudeMessage[]): boolean {
  const { type } = line
  const text = (...names: string[]): string | undefined => {
    for (const name of names) if (typeof line[name] === 'string') return line[name]
    return undefined
  }
  const common = { messageId: undefined, partial: false, parentToolUseId: null, raw: line }
  if (type === 'message') out.push({ type: 'text', content: text('content') ?? '', deltaType: 'text_delta', ...common })
  else if (type === 'thinking') {
    const tokens = typeof line.thinking_tokens === 'number' ? line.thinking_tokens : 0
    out.push({ type: 'thinking', content: text('content', 'thinking') ?? '', thinkingTokens: tokens, ...common })
  } else if (type === 'tool_use' && typeof line.tool === 'string') {
    const args = isRecord(line.args) ? line.args : {}
    out.push({ type: 'toolUse', tool: line.tool, args, id: text('id') ?? '', parentToolUseId: null, raw: line })
  } else if (type === 'tool_result') {
    const result = text('content', 'result') ?? ''
    const [tool, id, isError] = [text('tool') ?? '', text('id') ?? '', line.is_error === true]
    out.push({ type: 'toolResult', tool, result, isError, id, structured: undefined, parentToolUseId: null, raw: line })
  } else if (type === 'error') {
    out.push({
      type: 'error',
      message: text('message', 'error') ?? 'Unknown error',
      code: text('code') ?? 'error',
      status: null,
      raw: line,
    })
  } else return false
  return true
}
