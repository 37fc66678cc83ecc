/** The lines that a conversation with the Messages API is written in. */
import { expect, test } from 'vitest'
import type { ApiMessage } from '../../src/claude/api/call.js'
import {
  addAnswer,
  assistantLines,
  costOf,
  lastText,
  newTally,
  resultLine,
  toolCalls,
} from '../../src/claude/api/conversation-lines.js'
import { MODEL_PRICING } from '../../src/claude/index.js'

const answer = {
  id: 'msg_1',
  model: 'claude-sonnet-4-5',
  stopReason: 'tool_use',
  usage: { input_tokens: 10, output_tokens: 5, cache_read_input_tokens: 2 },
  content: [
    { type: 'text', text: 'Looking.' },
    { type: 'tool_use', id: 't1', name: 'mcp__a__b', input: { x: 1 } },
  ],
} as unknown as ApiMessage

test('each block of an answer is one assistant line; tool calls and the last text are found [claude.api]', () => {
  expect(assistantLines(answer).map(({ message }) => (message as { content: unknown[] }).content)).toEqual([
    [answer.content[0]],
    [answer.content[1]],
  ])
  expect(toolCalls(answer)).toMatchObject([{ id: 't1', name: 'mcp__a__b', input: { x: 1 } }])
  expect(lastText(answer)).toBe('Looking.')
})

test('a tally adds the usage of every answer, and the result line has its cost once [claude.api]', () => {
  const tally = newTally()
  tally.rounds = 2
  addAnswer(tally, answer)
  addAnswer(tally, answer)
  expect(tally.usage).toEqual({ input_tokens: 20, output_tokens: 10, cache_creation_input_tokens: 0, cache_read_input_tokens: 4 })
  const costUsd = costOf('claude-sonnet-4-5', tally, MODEL_PRICING)
  expect(costUsd).toBeGreaterThan(0)
  expect(costOf('a-model-without-a-price', tally, MODEL_PRICING)).toBe(0)
  const line = resultLine({
    model: 'claude-sonnet-4-5',
    tally,
    durationMs: 7,
    costUsd,
    totalCostUsd: 1,
    fields: { is_error: true },
  })
  expect(line).toMatchObject({ type: 'result', num_turns: 2, stop_reason: 'tool_use', total_cost_usd: 1, is_error: true })
  expect(line.modelUsage).toMatchObject({ 'claude-sonnet-4-5': { costUSD: costUsd, inputTokens: 20 } })
})
