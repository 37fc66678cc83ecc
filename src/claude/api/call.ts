/** One streaming call of the Messages API. Collects the events into one message. Retries only before the first byte. */
import { sseDecoder } from '../../core/codec/sse.js'
import { sleep, systemClock } from '../../core/clock.js'
import { parseRetryAfter } from '../../core/policy/retry-after.js'
import { SignalboxError } from '../../errors.js'
import type { Reply } from '../../transport.js'
import { isRecord } from '../../core/is-record.js'
import type { ClaudeLaunch } from '../launch/launch.js'
import type { ContentBlock, Usage } from '../messages/lines.js'
import type { APIClientConfig } from './config.js'

export interface ApiMessage {
  readonly id: string
  readonly model: string
  readonly content: readonly ContentBlock[]
  readonly stopReason: string | null
  readonly usage: Usage
}

export interface ApiFailure {
  readonly status: number | null
  /** As the CLI names it on its synthetic messages. */
  readonly name: string
  readonly message: string
}

type Fields = Readonly<Record<string, unknown>>

export interface ApiCall {
  readonly config: APIClientConfig
  readonly launch: ClaudeLaunch
  readonly model: string
  readonly messages: readonly unknown[]
  readonly tools: readonly unknown[]
  readonly signal: AbortSignal
  readonly trace?: Readonly<Record<string, string>>
  readonly onEvent: (event: Fields) => Promise<void>
  readonly onRetry: (retry: Fields) => Promise<void>
}

const VERSION = '2023-06-01'
const PATH = '/v1/messages'

export async function callMessages(call: ApiCall): Promise<ApiMessage | { readonly failure: ApiFailure }> {
  const { config, signal, onRetry } = call
  const { maxRetries = 2 } = config
  for (let attempt = 1; ; attempt += 1) {
    const outcome = await once(call)
    if (!('failure' in outcome) || !outcome.retryable || attempt > maxRetries) return outcome
    const delayMs = Math.max(outcome.retryAfterMs ?? 0, 500 * 2 ** (attempt - 1))
    const { status, name } = outcome.failure
    await onRetry({ attempt, max_retries: maxRetries, retry_delay_ms: delayMs, error_status: status, error: name })
    await sleep(systemClock, delayMs, signal)
  }
}

type Outcome =
  | ApiMessage
  | { readonly failure: ApiFailure; readonly retryable: boolean; readonly retryAfterMs?: number | undefined }

async function once(call: ApiCall): Promise<Outcome> {
  const { config, signal, trace } = call
  const key = typeof config.apiKey === 'function' ? await config.apiKey() : config.apiKey
  const headers = {
    'content-type': 'application/json',
    accept: 'text/event-stream',
    'anthropic-version': VERSION,
    ...(key === undefined ? {} : { 'x-api-key': key }),
    ...(call.launch.betas?.length ? { 'anthropic-beta': call.launch.betas.join(',') } : {}),
  }
  let reply: Reply
  try {
    const request = { method: 'POST', path: PATH, headers, body: JSON.stringify(bodyOf(call)) }
    reply = await config.exchange.exchange(request, { signal, ...(trace ? { trace } : {}) })
  } catch (error) {
    signal.throwIfAborted()
    const known = SignalboxError.is(error)
    const message = `API Error: Unable to connect to API (${known ? error.code : 'failed'})`
    return { failure: { status: null, name: 'server_error', message }, retryable: known ? error.sent === 'no' : false }
  }
  if (reply.status !== 200) return await refusal(reply)
  try {
    return await gather(call, reply)
  } catch (error) {
    signal.throwIfAborted()
    const detail = error instanceof Error ? error.message : String(error)
    return { failure: { status: null, name: 'server_error', message: `API Error: the stream broke: ${detail}` }, retryable: false }
  }
}

function bodyOf({ config, launch, model, messages, tools }: ApiCall): Fields {
  const system = [launch.systemPrompt, launch.appendSystemPrompt].filter((text) => text !== undefined && text !== '').join('\n\n')
  return {
    model,
    messages,
    max_tokens: launch.maxTokens ?? config.maxTokens ?? 4096,
    stream: true,
    ...(system === '' ? {} : { system }),
    ...(tools.length > 0 ? { tools } : {}),
  }
}

/** A map and not an object, because the peer chooses the names and one of them may be `constructor`. */
const NAMES = new Map<unknown, string>([
  ['authentication_error', 'authentication_failed'],
  ['permission_error', 'authentication_failed'],
  ['rate_limit_error', 'rate_limit'],
  ['overloaded_error', 'overloaded'],
  ['not_found_error', 'model_not_found'],
  ['invalid_request_error', 'invalid_request'],
  ['billing_error', 'billing_error'],
])

async function refusal(reply: Reply): Promise<Outcome> {
  const text = await readSome(reply, 64 * 1024)
  let error: Fields = {}
  try {
    const body: unknown = JSON.parse(text)
    if (isRecord(body) && isRecord(body.error)) error = body.error
  } catch {
    // A proxy's page, perhaps: the status says enough.
  }
  const { status } = reply
  const name = NAMES.get(error.type) ?? (status >= 500 ? 'server_error' : 'unknown')
  const message = `API Error: ${status} ${typeof error.message === 'string' ? error.message : ''}`.trim()
  const retryable = status === 408 || status === 429 || status >= 500
  return { failure: { status, name, message }, retryable, retryAfterMs: parseRetryAfter(reply.headers['retry-after'], Date.now()) }
}

async function readSome(reply: Reply, maxBytes: number): Promise<string> {
  const utf8 = new TextDecoder()
  let text = ''
  const reader = reply.body?.getReader()
  if (!reader) return text
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done || text.length > maxBytes) return text
      text += utf8.decode(value, { stream: true })
    }
  } catch {
    return text
  } finally {
    void reader.cancel().catch(() => {})
  }
}

async function gather({ onEvent, signal }: ApiCall, reply: Reply): Promise<Outcome> {
  const reader = reply.body?.getReader()
  if (!reader) throw new Error('no body')
  const decoder = sseDecoder()
  const message = createGatherer()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      signal.throwIfAborted()
      for (const item of done ? decoder.end() : decoder.push(value)) {
        if (item.type !== 'event') continue
        const event: unknown = JSON.parse(item.data)
        if (!isRecord(event) || event.type === 'ping') continue
        if (event.type === 'error') {
          const error = isRecord(event.error) ? event.error : {}
          const name = NAMES.get(error.type) ?? 'server_error'
          return {
            failure: { status: null, name, message: `API Error: ${String(error.message ?? 'stream error')}` },
            retryable: false,
          }
        }
        message.see(event)
        await onEvent(event)
      }
      if (decoder.fault) throw decoder.fault
      if (done) break
    }
  } finally {
    void reader.cancel().catch(() => {})
  }
  if (!message.stopped) throw new Error('it ended before message_stop')
  return message.whole()
}

function createGatherer() {
  const content: Record<string, unknown>[] = []
  const inputs = new Map<number, string>()
  let start: Fields = {}
  let stopReason: string | null = null
  let usage: Usage = {}
  let stopped = false
  return {
    see(event: Fields): void {
      const index = typeof event.index === 'number' ? event.index : 0
      if (event.type === 'message_start' && isRecord(event.message)) {
        start = event.message
        if (isRecord(start.usage)) usage = start.usage
      } else if (event.type === 'content_block_start' && isRecord(event.content_block)) content[index] = { ...event.content_block }
      else if (event.type === 'content_block_delta' && isRecord(event.delta)) add(index, event.delta)
      else if (event.type === 'content_block_stop') {
        const json = inputs.get(index)
        const block = content[index]
        if (block && json !== undefined) block.input = JSON.parse(json === '' ? '{}' : json)
      } else if (event.type === 'message_delta') {
        if (isRecord(event.delta) && typeof event.delta.stop_reason === 'string') stopReason = event.delta.stop_reason
        if (isRecord(event.usage)) usage = { ...usage, ...event.usage }
      } else if (event.type === 'message_stop') stopped = true
    },
    get stopped() {
      return stopped
    },
    whole(): ApiMessage {
      const blocks = content.filter((block) => block !== undefined) as unknown as ContentBlock[]
      return { id: String(start.id ?? ''), model: String(start.model ?? ''), content: blocks, stopReason, usage }
    },
  }

  function add(index: number, delta: Fields): void {
    const block = content[index]
    if (!block) return
    for (const name of ['text', 'thinking', 'signature']) {
      if (typeof delta[name] === 'string') block[name] = `${typeof block[name] === 'string' ? block[name] : ''}${delta[name]}`
    }
    if (typeof delta.partial_json === 'string') inputs.set(index, (inputs.get(index) ?? '') + delta.partial_json)
  }
}
