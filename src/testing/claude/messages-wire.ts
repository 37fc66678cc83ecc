/** The HTTP answers of the Messages API for a reply of the scripted model: event stream, plain message, errors. */
import type { FakeBlock, FakeReply, FakeRequest } from './fake-model.js'

export const MESSAGES_PATH = '/v1/messages'
export const COUNT_TOKENS_PATH = '/v1/messages/count_tokens'

const USAGE = {
  input_tokens: 120,
  cache_creation_input_tokens: 10,
  cache_read_input_tokens: 20,
  service_tier: 'standard',
  cache_creation: { ephemeral_5m_input_tokens: 10, ephemeral_1h_input_tokens: 0 },
}
const OUTPUT_TOKENS = 25

export interface WireAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** The pieces of the body. A paced reply pauses before each piece. */
  readonly pieces: readonly string[]
  readonly paceMs: number
  /** What happens to the connection after the last piece. */
  readonly ending: 'end' | 'reset' | 'hang'
}

export interface WireRequest extends FakeRequest {
  readonly stream: boolean
  /** A number that no other request of this server has. */
  readonly serial: number
}

export function wireAnswer(reply: FakeReply, request: WireRequest): WireAnswer {
  const id = `msg_fake${String(request.serial).padStart(6, '0')}`
  const headers = { 'request-id': `req_fake${String(request.serial).padStart(6, '0')}` }
  switch (reply.kind) {
    case 'error': {
      const retry = reply.retryAfterS === undefined ? {} : { 'retry-after': String(reply.retryAfterS) }
      return failure(reply.status, reply.type, reply.message, { ...headers, ...retry })
    }
    case 'usage_limit':
      return failure(429, 'rate_limit_error', 'usage limit reached', { ...headers, ...limitHeaders('rejected', 1) })
    case 'reset':
      return { status: 200, headers, pieces: [], paceMs: 0, ending: 'reset' }
    case 'hang':
      return { status: 200, headers: { ...headers, 'content-type': 'text/event-stream' }, pieces: [], paceMs: 0, ending: 'hang' }
    case 'cut': {
      const all = streamed(id, request.model, reply.blocks.map(withId), 'end_turn')
      return sse(all.slice(0, 4), headers, 0, 'reset')
    }
    case 'refusal':
      return message(request, id, headers, [], 'refusal', 0)
    default: {
      const limits = reply.limit ? limitHeaders(reply.limit.status, reply.limit.utilization) : {}
      return message(request, id, { ...headers, ...limits }, reply.blocks.map(withId), reply.stopReason, reply.paceMs ?? 0)
    }
  }

  function withId(block: FakeBlock, index: number): FakeBlock {
    return block.type === 'tool_use' && block.id === '' ? { ...block, id: `toolu_fake${request.serial}_${index}` } : block
  }
}

function message(
  request: WireRequest,
  id: string,
  headers: Readonly<Record<string, string>>,
  blocks: readonly FakeBlock[],
  stopReason: string,
  paceMs: number,
): WireAnswer {
  if (request.stream) return sse(streamed(id, request.model, blocks, stopReason), headers, paceMs, 'end')
  const whole = {
    ...start(id, request.model),
    content: blocks,
    stop_reason: stopReason,
    usage: { ...USAGE, output_tokens: OUTPUT_TOKENS },
  }
  return {
    status: 200,
    headers: { ...headers, 'content-type': 'application/json' },
    pieces: [JSON.stringify(whole)],
    paceMs: 0,
    ending: 'end',
  }
}

function failure(status: number, type: string, text: string, headers: Readonly<Record<string, string>>): WireAnswer {
  const body = JSON.stringify({ type: 'error', error: { type, message: text }, request_id: headers['request-id'] })
  return { status, headers: { ...headers, 'content-type': 'application/json' }, pieces: [body], paceMs: 0, ending: 'end' }
}

function sse(
  events: readonly object[],
  headers: Readonly<Record<string, string>>,
  paceMs: number,
  ending: WireAnswer['ending'],
): WireAnswer {
  const pieces = events.map((event) => `event: ${(event as { type: string }).type}\ndata: ${JSON.stringify(event)}\n\n`)
  return { status: 200, headers: { ...headers, 'content-type': 'text/event-stream' }, pieces, paceMs, ending }
}

const start = (id: string, model: string): object => ({
  id,
  type: 'message',
  role: 'assistant',
  model,
  content: [],
  stop_reason: null,
  stop_sequence: null,
  usage: { ...USAGE, output_tokens: 1 },
})

function streamed(id: string, model: string, blocks: readonly FakeBlock[], stopReason: string): object[] {
  const events: object[] = [{ type: 'message_start', message: start(id, model) }]
  for (const [index, block] of blocks.entries()) {
    events.push({ type: 'content_block_start', index, content_block: emptied(block) })
    for (const delta of deltasOf(block)) events.push({ type: 'content_block_delta', index, delta })
    events.push({ type: 'content_block_stop', index })
  }
  events.push({
    type: 'message_delta',
    delta: { stop_reason: stopReason, stop_sequence: null },
    usage: { output_tokens: OUTPUT_TOKENS },
  })
  events.push({ type: 'message_stop' })
  return events
}

function emptied(block: FakeBlock): object {
  if (block.type === 'text') return { type: 'text', text: '' }
  if (block.type === 'thinking') return { type: 'thinking', thinking: '', signature: '' }
  return { ...block, input: {} }
}

function deltasOf(block: FakeBlock): object[] {
  if (block.type === 'text') {
    const text = String(block.text)
    // Ticks are sent one by one. A long text is sent in larger pieces, to limit the number of events.
    return pieces(text, /^tick 0 /.test(text) ? 7 : Math.max(12, Math.ceil(text.length / 200))).map((part) => ({
      type: 'text_delta',
      text: part,
    }))
  }
  if (block.type === 'thinking') {
    const thoughts = pieces(String(block.thinking), 16).map((thinking) => ({ type: 'thinking_delta', thinking }))
    return [...thoughts, { type: 'signature_delta', signature: block.signature }]
  }
  return pieces(JSON.stringify(block.input), 24).map((partial_json) => ({ type: 'input_json_delta', partial_json }))
}

function limitHeaders(status: string, utilization: number): Record<string, string> {
  const resets = String(Math.floor(Date.now() / 1000) + 4_800)
  return {
    'anthropic-ratelimit-unified-status': status,
    'anthropic-ratelimit-unified-reset': resets,
    'anthropic-ratelimit-unified-representative-claim': 'five_hour',
    'anthropic-ratelimit-unified-overage-status': 'rejected',
    'anthropic-ratelimit-unified-5h-status': status,
    'anthropic-ratelimit-unified-5h-utilization': String(utilization),
    'anthropic-ratelimit-unified-5h-reset': resets,
    ...(status === 'allowed_warning' ? { 'anthropic-ratelimit-unified-5h-surpassed-threshold': '0.9' } : {}),
  }
}

/** Splits a text, but never inside a surrogate pair. */
export function pieces(text: string, length: number): string[] {
  const out: string[] = []
  for (let at = 0; at < text.length; ) {
    let end = Math.min(text.length, at + length)
    if (end < text.length && (text.charCodeAt(end) & 0xfc00) === 0xdc00) end += 1
    out.push(text.slice(at, end))
    at = end
  }
  return out
}
