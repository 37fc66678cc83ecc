/** Messages of Claude Code as events. */
import type { ClaudeMessage, ResultMessage } from '../../claude/index.js'
import type { EndEvent, MessageEvent, UsageEvent } from '../model/event.js'
import type { SourceBody } from './emitter.js'

/** Translates the messages of one turn into events. Keeps the text of each open message, to close it with its whole text. */
export function createClaudeReader(): (message: ClaudeMessage) => readonly SourceBody[] {
  /** By message and role: the blocks of one API message come on lines of their own and share its id. */
  const closed = new Map<string, string>()
  let nameless = 0

  const textEvents = (message: ClaudeMessage & { type: 'text' | 'thinking' }): MessageEvent[] => {
    const { content, partial, messageId, parentToolUseId } = message
    const role = message.type === 'text' ? 'agent' : 'thought'
    if (messageId === undefined && !partial) nameless += 1
    const id = messageId ?? `unnamed-${nameless}`
    const key = `${role} ${id}`
    const whole = (closed.get(key) ?? '') + content
    if (!partial) closed.set(key, whole)
    const parent = parentToolUseId === null ? {} : { parent: parentToolUseId }
    if (partial) return [{ kind: 'message', id, role, text: content, how: 'append', partial: true, ...parent }]
    return [{ kind: 'message', id, role, text: whole, how: 'replace', partial: false, ...parent }]
  }
  return (message) => {
    const { raw } = message
    switch (message.type) {
      case 'text':
      case 'thinking':
        // Deltas carry no raw line: those of one message are joined.
        return textEvents(message).map((event) => (event.partial ? event : { ...event, raw }))
      case 'assistant': {
        const { text, messageId, parentToolUseId } = message
        const open = `agent ${messageId}`
        if (text === '' || closed.get(open)?.endsWith(text)) return []
        return textEvents({ type: 'text', content: text, deltaType: 'text_delta', messageId, partial: false, parentToolUseId, raw })
      }
      case 'retract':
        return message.messageId === undefined
          ? []
          : [{ kind: 'message', id: message.messageId, role: 'agent', text: message.content, how: 'retract', partial: false, raw }]
      case 'toolUse': {
        const { id, tool: name, args: input, parentToolUseId } = message
        return [{ kind: 'tool', id, name, status: 'running', input, ...parentOf(parentToolUseId), ...pathsOf(input), raw }]
      }
      case 'toolResult': {
        const { id, tool: name, result, isError, parentToolUseId } = message
        const status = isError ? 'failed' : 'done'
        return [{ kind: 'tool', id, name, status, output: result, ...parentOf(parentToolUseId), raw }]
      }
      case 'waiting':
        return [
          {
            kind: 'notice',
            level: 'warning',
            text: `Claude waits ${message.delayMs} ms: ${message.error ?? message.reason}.`,
            waitMs: message.delayMs,
            raw,
          },
        ]
      case 'rateLimit':
        return message.status === 'allowed'
          ? []
          : [{ kind: 'notice', level: 'warning', text: `The usage limit says ${message.status}.`, raw }]
      case 'error':
        return [{ kind: 'notice', level: 'error', text: message.message, raw }]
      case 'system':
        return [{ kind: 'unknown', name: `system/${message.subtype}`, raw }]
      case 'event':
        return [{ kind: 'unknown', name: message.event, raw }]
      case 'unknown':
        return [{ kind: 'unknown', name: message.eventType, raw }]
      case 'hook':
        return [{ kind: 'unknown', name: `hook/${message.hookType}`, raw }]
      case 'result':
        return [{ ...usageOf(message), raw }]
      default:
        return []
    }
  }
}

const parentOf = (parent: string | null) => (parent === null ? {} : { parent })

/** The paths that a tool of Claude names in its input. */
export function pathsOf(input: Readonly<Record<string, unknown>>): { readonly locations?: readonly string[] } {
  const path = input.file_path ?? input.notebook_path ?? input.path
  return typeof path === 'string' ? { locations: [path] } : {}
}

function usageOf({ usage, costUsd }: ResultMessage): UsageEvent {
  const { input_tokens: input, output_tokens: output, cache_read_input_tokens: read, cache_creation_input_tokens: write } = usage
  const tokens = {
    ...(typeof input === 'number' ? { input } : {}),
    ...(typeof output === 'number' ? { output } : {}),
    ...(typeof read === 'number' ? { cacheRead: read } : {}),
    ...(typeof write === 'number' ? { cacheWrite: write } : {}),
  }
  return { kind: 'usage', scope: 'turn', basis: 'reported', tokens, costUsd }
}

/** The end of a turn that the CLI finished. */
export function claudeEnd({ isError, text, stopReason, error }: ResultMessage): EndEvent {
  const reason = stopReason === null ? {} : { stopReason }
  // An interrupted turn is a success to the CLI, and an aborted one to its client.
  if (error?.code === 'aborted') return { kind: 'end', outcome: 'cancelled', text, sent: 'yes', ...reason }
  if (!isError) return { kind: 'end', outcome: stopReason === 'refusal' ? 'refused' : 'completed', text, sent: 'yes', ...reason }
  const { code = 'remote', message = 'The turn failed.', remoteCode } = error ?? {}
  const facts = { code, message, ...(remoteCode === undefined ? {} : { remoteCode }) } as const
  return { kind: 'end', outcome: 'failed', text, sent: 'yes', ...reason, error: facts }
}
