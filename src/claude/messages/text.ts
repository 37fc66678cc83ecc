/** Collectors over messages and lines, by ccflow's names. Partial texts and subagents are left out. */
import { isRecord } from '../../core/is-record.js'
import { isAssistant, isInit, isResult, isThinking } from './guards.js'
import type { ClaudeLine } from './lines.js'
import { createMeter, roundUsd } from './meter.js'
import type { AssistantMessage, ClaudeMessage } from './messages.js'
import { tokensOf } from './usage.js'

type Messages = Iterable<ClaudeMessage> | AsyncIterable<ClaudeMessage>

/** Every text of the main loop, joined. */
export async function collectText(messages: Messages): Promise<string> {
  let text = ''
  for await (const message of messages) {
    if (message.type === 'text' && !message.partial && message.parentToolUseId === null) text += message.content
  }
  return text
}

/** The thinking of all messages, joined. */
export async function collectThinking(messages: Messages): Promise<string> {
  let text = ''
  for await (const message of messages) {
    if (message.type === 'thinking' && !message.partial && message.parentToolUseId === null) text += message.content
  }
  return text
}

/** The thinking blocks of one assistant message, joined. */
export function extractThinkingFromAssistant(message: AssistantMessage): string {
  return message.blocks
    .filter(isThinking)
    .map(({ thinking }) => thinking)
    .join('')
}

/** The thinking tokens: from the usage details of the CLI, or else from its estimates. */
export function extractThinkingTokens(lines: Iterable<ClaudeLine>): number {
  let counted = 0
  let estimated = 0
  for (const line of lines) {
    if (isResult(line)) counted += tokensOf(line).thinkingTokens
    else if (line.subtype === 'thinking_tokens' && typeof line.estimated_tokens_delta === 'number')
      estimated += line.estimated_tokens_delta
  }
  return counted || estimated
}

/** The session id of the first line that has one. */
export function extractSessionId(lines: Iterable<ClaudeLine>): string | undefined {
  for (const line of lines) if (isInit(line)) return line.session_id
  return undefined
}

/** Tokens, cost and model of a run. */
export interface ExtractedUsage {
  /** Input tokens. */
  readonly inputTokens: number
  /** Output tokens. */
  readonly outputTokens: number
  /** Tokens that were written to the cache. */
  readonly cacheWriteTokens: number
  /** Tokens that were read from the cache. */
  readonly cacheReadTokens: number
  /** The cost. */
  readonly totalCostUsd: number
  /** The model. */
  readonly model: string
}

/** The usage of one process, from its results. The usage of single messages is not used, because it repeats. */
export function extractUsageFromEvents(lines: Iterable<ClaudeLine>): ExtractedUsage {
  const all = [...lines]
  const meter = createMeter()
  let usage = { inputTokens: 0, outputTokens: 0, cacheWriteTokens: 0, cacheReadTokens: 0, totalCostUsd: 0 }
  for (const line of all) {
    if (!isResult(line)) continue
    const own = tokensOf(line)
    usage = {
      inputTokens: usage.inputTokens + own.inputTokens,
      outputTokens: usage.outputTokens + own.outputTokens,
      cacheWriteTokens: usage.cacheWriteTokens + own.cacheWriteTokens,
      cacheReadTokens: usage.cacheReadTokens + own.cacheReadTokens,
      totalCostUsd: roundUsd(usage.totalCostUsd + meter(line).costUsd),
    }
  }
  return { ...usage, model: extractModelFromEvents(all) }
}

/** The model that the lines name; `unknown` if they name none. */
export function extractModelFromEvents(lines: Iterable<ClaudeLine>): string {
  for (const line of lines) {
    if (isInit(line) && line.model !== undefined) return line.model
    if (isAssistant(line) && isRecord(line.message) && line.error === undefined) return line.message.model
  }
  return 'unknown'
}
