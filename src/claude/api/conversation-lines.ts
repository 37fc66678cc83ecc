/** The CLI's lines for a conversation with the Messages API. Pure. */
import { isRecord } from '../../core/is-record.js'
import type { ContentBlock, Usage } from '../messages/lines.js'
import { calculateCost, type PriceTable } from '../ops/pricing.js'
import type { ApiFailure, ApiMessage } from './call.js'

export type Fields = Readonly<Record<string, unknown>>

/** A tool call in an answer of the model. */
export interface ToolCall {
  readonly id: string
  readonly name: string
  readonly input: unknown
}

/** The tokens and cost of one turn so far. */
export interface TurnTally {
  /** Answers of the model. */
  rounds: number
  /** The model's own reason for the last stop. */
  stopReason: unknown
  readonly usage: {
    input_tokens: number
    output_tokens: number
    cache_creation_input_tokens: number
    cache_read_input_tokens: number
  }
}

export const newTally = (): TurnTally => ({
  rounds: 0,
  stopReason: null,
  usage: { input_tokens: 0, output_tokens: 0, cache_creation_input_tokens: 0, cache_read_input_tokens: 0 },
})

/** Adds one answer of the model to a tally. */
export function addAnswer(tally: TurnTally, { usage, stopReason }: ApiMessage): void {
  tally.stopReason = stopReason
  for (const name of Object.keys(tally.usage) as (keyof TurnTally['usage'])[]) tally.usage[name] += numberOf(usage, name)
}

function numberOf(usage: Usage, name: string): number {
  const value = usage[name]
  return typeof value === 'number' ? value : 0
}

export function initLine(model: string, tools: readonly string[]): Fields {
  return {
    type: 'system',
    subtype: 'init',
    model,
    cwd: '',
    tools,
    mcp_servers: [],
    permissionMode: 'default',
    slash_commands: [],
    apiKeySource: 'messages-api',
    backend: 'messages-api',
  }
}

/** One line a block, as the CLI writes them. */
export function assistantLines({ id, model, content, usage }: ApiMessage): readonly Fields[] {
  return content.map((block) => ({
    type: 'assistant',
    message: { id, type: 'message', role: 'assistant', model, content: [block], stop_reason: null, usage },
    parent_tool_use_id: null,
  }))
}

/** The line for a failure that no retry cured. The model did not say this, so its name is marked as synthetic. */
export function failureLine({ status, name, message }: ApiFailure): Fields {
  const body = {
    id: crypto.randomUUID(),
    type: 'message',
    role: 'assistant',
    model: '<synthetic>',
    content: [{ type: 'text', text: message }],
    stop_reason: 'stop_sequence',
  }
  return { type: 'assistant', message: body, parent_tool_use_id: null, error: name, api_error_status: status }
}

/** A line of the user's side: results of tools, or the note of an interrupt. */
export const userLine = (content: readonly ContentBlock[]): Fields => ({
  type: 'user',
  message: { role: 'user', content },
  parent_tool_use_id: null,
})

export const INTERRUPTED: readonly ContentBlock[] = [{ type: 'text', text: '[Request interrupted by user]' }]

export const toolResult = (id: string, content: unknown, isError: boolean): ContentBlock => ({
  type: 'tool_result',
  tool_use_id: id,
  content,
  is_error: isError,
})

export function toolCalls({ content }: ApiMessage): readonly ToolCall[] {
  return content.filter((block) => block.type === 'tool_use') as unknown as readonly ToolCall[]
}

/** The text that a result line carries: the last text block. */
export function lastText({ content }: ApiMessage): string {
  const text = content.filter((block) => block.type === 'text').at(-1)
  return isRecord(text) ? String(text.text) : ''
}

/** The cost of a turn in US dollars; 0 for a model without a price. */
export function costOf(model: string, { usage }: TurnTally, table: PriceTable): number {
  const more = { cacheWriteTokens: usage.cache_creation_input_tokens, cacheReadTokens: usage.cache_read_input_tokens, table }
  return calculateCost(model, usage.input_tokens, usage.output_tokens, more) ?? 0
}

/** The result line of a turn. `fields` says what differs from a success. */
export function resultLine(parts: {
  readonly model: string
  readonly tally: TurnTally
  readonly durationMs: number
  readonly costUsd: number
  readonly totalCostUsd: number
  readonly fields: Fields
}): Fields {
  const { model, tally, durationMs, costUsd, totalCostUsd, fields } = parts
  const { usage } = tally
  const modelUsage = {
    [model]: {
      inputTokens: usage.input_tokens,
      outputTokens: usage.output_tokens,
      cacheReadInputTokens: usage.cache_read_input_tokens,
      cacheCreationInputTokens: usage.cache_creation_input_tokens,
      costUSD: costUsd,
    },
  }
  return {
    type: 'result',
    subtype: 'success',
    is_error: false,
    duration_ms: durationMs,
    duration_api_ms: durationMs,
    num_turns: tally.rounds,
    stop_reason: tally.stopReason ?? null,
    total_cost_usd: totalCostUsd,
    usage,
    modelUsage,
    model_usage_since_last_result: modelUsage,
    permission_denials: [],
    // Shows that the API answered and not the CLI.
    backend: 'messages-api',
    ...fields,
  }
}
