/** A conversation with the Messages API, told in the CLI's lines: init, deltas, one assistant line a block, tool results, result. */
import { deferred } from '../../core/deferred.js'
import { onAbort } from '../../core/on-abort.js'
import { isRecord } from '../../core/is-record.js'
import type { ClaudeLaunch } from '../launch/launch.js'
import type { ContentBlock, Usage } from '../messages/lines.js'
import { calculateCost, MODEL_PRICING } from '../ops/pricing.js'
import { callMessages, type ApiFailure, type ApiMessage } from './call.js'
import type { APIClientConfig } from './config.js'

export interface ApiConversationParts {
  readonly config: APIClientConfig
  readonly launch: ClaudeLaunch
  readonly emit: (line: object) => Promise<void>
  readonly signal: AbortSignal
  readonly trace?: Readonly<Record<string, string>>
}

interface ToolOfClient {
  readonly server: string
  readonly tool: string
  readonly name: string
  readonly description: string
  readonly input_schema: unknown
}

type Fields = Readonly<Record<string, unknown>>

/** Names that callers use, for accounts without a table of their own. */
const MODELS: Readonly<Record<string, string>> = { sonnet: 'claude-sonnet-4-5', opus: 'claude-opus-4-5', haiku: 'claude-haiku-4-5' }

export function createApiConversation({ config, launch, emit, signal, trace }: ApiConversationParts) {
  const sessionId = launch.sessionId ?? crypto.randomUUID()
  const history: { role: string; content: string | readonly ContentBlock[] }[] = []
  const waiting = new Map<string, (response: Fields) => void>()
  const tools: ToolOfClient[] = []
  const { maxTurns = launch.maxTurns ?? 25 } = config
  let modelName = launch.model ?? config.defaultModel ?? 'sonnet'
  let turn: AbortController | undefined
  let tail: Promise<void> = Promise.resolve()
  let totalCostUsd = 0

  const model = (): string => config.models?.[modelName] ?? MODELS[modelName] ?? modelName
  const say = (line: object): Promise<void> => emit({ ...line, session_id: sessionId, uuid: crypto.randomUUID() })
  const reply = (requestId: unknown, body: Fields): Promise<void> =>
    emit({ type: 'control_response', response: { request_id: requestId, ...body } })

  /** Asks the client, as the CLI does; its servers answer through the same control protocol. */
  const ask = async (request: Fields): Promise<Fields> => {
    const id = crypto.randomUUID()
    const answered = deferred<Fields>()
    waiting.set(id, answered.resolve)
    await emit({ type: 'control_request', request_id: id, request })
    const response = await answered.promise
    return isRecord(response.response) ? response.response : {}
  }
  const rpc = async (server: string, message: Fields): Promise<Fields> => {
    const { mcp_response: answer } = await ask({
      subtype: 'mcp_message',
      server_name: server,
      message: { jsonrpc: '2.0', ...message },
    })
    return isRecord(answer) && isRecord(answer.result) ? answer.result : {}
  }
  const connect = async (servers: readonly unknown[]): Promise<void> => {
    for (const server of servers.map(String)) {
      const clientInfo = { name: 'signalbox', version: '0' }
      await rpc(server, { id: 0, method: 'initialize', params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo } })
      await rpc(server, { method: 'notifications/initialized' })
      const { tools: listed } = await rpc(server, { id: 1, method: 'tools/list' })
      for (const one of Array.isArray(listed) ? listed.filter(isRecord) : []) {
        const tool = String(one.name)
        const name = `mcp__${server.replace(/[^\w-]/g, '_')}__${tool}`
        tools.push({ server, tool, name, description: String(one.description ?? ''), input_schema: one.inputSchema })
      }
    }
  }

  const control = async (requestId: unknown, request: Fields): Promise<void> => {
    switch (request.subtype) {
      case 'initialize':
        if (Array.isArray(request.sdkMcpServers)) await connect(request.sdkMcpServers)
        return await reply(requestId, {
          subtype: 'success',
          response: { commands: [], models: [], account: { apiProvider: 'messages-api' } },
        })
      case 'interrupt':
        turn?.abort()
        return await reply(requestId, { subtype: 'success' })
      case 'set_model':
        modelName = typeof request.model === 'string' ? request.model : (config.defaultModel ?? 'sonnet')
        return await reply(requestId, { subtype: 'success', response: { model: model() } })
      default:
        return await reply(requestId, {
          subtype: 'error',
          error: `Unsupported control request subtype: ${String(request.subtype)}`,
        })
    }
  }

  const useTool = async (call: { id: string; name: string; input: unknown }): Promise<ContentBlock> => {
    const known = tools.find(({ name }) => name === call.name)
    const result = (content: unknown, isError: boolean): ContentBlock => ({
      type: 'tool_result',
      tool_use_id: call.id,
      content,
      is_error: isError,
    })
    if (!known) return result(`There is no tool ${call.name}.`, true)
    if (launch.permissionPromptTool === 'stdio' && !launch.allowedTools?.includes(call.name)) {
      const decision = await ask({
        subtype: 'can_use_tool',
        tool_name: call.name,
        input: call.input,
        tool_use_id: call.id,
        permission_suggestions: [],
      })
      if (decision.behavior !== 'allow') return result(String(decision.message ?? 'Permission refused.'), true)
      call = { ...call, input: decision.updatedInput ?? call.input }
    }
    const meta = { 'claudecode/toolUseId': call.id }
    const answer = await rpc(known.server, {
      id: 2,
      method: 'tools/call',
      params: { name: known.tool, arguments: call.input, _meta: meta },
    })
    return result(answer.content ?? [], answer.isError === true)
  }

  const run = async (content: string | readonly ContentBlock[]): Promise<void> => {
    const controller = new AbortController()
    const ignore = onAbort(signal, () => controller.abort())
    turn = controller
    const since = performance.now()
    const before = history.length
    const usage = { input_tokens: 0, output_tokens: 0, cache_creation_input_tokens: 0, cache_read_input_tokens: 0 }
    let rounds = 0
    let last: ApiMessage | undefined

    const end = async (fields: Fields): Promise<void> => {
      const prices = config.prices ?? MODEL_PRICING
      const more = {
        cacheWriteTokens: usage.cache_creation_input_tokens,
        cacheReadTokens: usage.cache_read_input_tokens,
        table: prices,
      }
      const costUsd = calculateCost(model(), usage.input_tokens, usage.output_tokens, more) ?? 0
      totalCostUsd += costUsd
      const modelUsage = {
        [model()]: {
          inputTokens: usage.input_tokens,
          outputTokens: usage.output_tokens,
          cacheReadInputTokens: usage.cache_read_input_tokens,
          cacheCreationInputTokens: usage.cache_creation_input_tokens,
          costUSD: costUsd,
        },
      }
      const duration = Math.round(performance.now() - since)
      await say({
        type: 'result',
        subtype: 'success',
        is_error: false,
        duration_ms: duration,
        duration_api_ms: duration,
        num_turns: rounds,
        stop_reason: last?.stopReason ?? null,
        total_cost_usd: totalCostUsd,
        usage,
        modelUsage,
        model_usage_since_last_result: modelUsage,
        permission_denials: [],
        // Says that the API answered and not the CLI.
        backend: 'messages-api',
        ...fields,
      })
    }

    try {
      await say({
        type: 'system',
        subtype: 'init',
        model: model(),
        cwd: '',
        tools: tools.map(({ name }) => name),
        mcp_servers: [],
        permissionMode: 'default',
        slash_commands: [],
        apiKeySource: 'messages-api',
        backend: 'messages-api',
      })
      history.push({ role: 'user', content })
      for (;;) {
        rounds += 1
        const answered = await callMessages({
          config,
          launch,
          model: model(),
          messages: history,
          tools: tools.map(({ name, description, input_schema }) => ({ name, description, input_schema })),
          signal: controller.signal,
          ...(trace ? { trace } : {}),
          onEvent: async (event) => {
            if (launch.includePartial) await say({ type: 'stream_event', event, parent_tool_use_id: null })
          },
          onRetry: (retry) => say({ type: 'system', subtype: 'api_retry', ...retry }),
        })
        if ('failure' in answered) {
          history.length = before
          return await failed(answered.failure, end)
        }
        last = answered
        for (const name of Object.keys(usage) as (keyof typeof usage)[]) usage[name] += numberOf(answered.usage, name)
        history.push({ role: 'assistant', content: answered.content })
        for (const block of answered.content) {
          const message = {
            id: answered.id,
            type: 'message',
            role: 'assistant',
            model: answered.model,
            content: [block],
            stop_reason: null,
            usage: answered.usage,
          }
          await say({ type: 'assistant', message, parent_tool_use_id: null })
        }
        const calls = answered.content.filter((block) => block.type === 'tool_use') as unknown as {
          id: string
          name: string
          input: unknown
        }[]
        if (calls.length === 0) {
          const text = answered.content.filter((block) => block.type === 'text').at(-1)
          return await end({ result: isRecord(text) ? String(text.text) : '' })
        }
        const results: ContentBlock[] = []
        for (const call of calls) {
          const block = await useTool(call)
          controller.signal.throwIfAborted()
          results.push(block)
          await say({ type: 'user', message: { role: 'user', content: [block] }, parent_tool_use_id: null })
        }
        history.push({ role: 'user', content: results })
        if (rounds >= maxTurns)
          return await end({
            subtype: 'error_max_turns',
            is_error: true,
            errors: [`Reached maximum number of turns (${maxTurns})`],
          })
      }
    } catch (error) {
      if (!controller.signal.aborted) throw error
      history.length = before
      await say({
        type: 'user',
        message: { role: 'user', content: [{ type: 'text', text: '[Request interrupted by user]' }] },
        parent_tool_use_id: null,
      })
      await end({ subtype: 'error_during_execution', is_error: true, errors: [], terminal_reason: 'aborted_streaming' })
    } finally {
      turn = undefined
      ignore()
    }
  }

  const failed = async ({ status, name, message }: ApiFailure, end: (fields: Fields) => Promise<void>): Promise<void> => {
    const content = [{ type: 'text', text: message }]
    const body = {
      id: crypto.randomUUID(),
      type: 'message',
      role: 'assistant',
      model: '<synthetic>',
      content,
      stop_reason: 'stop_sequence',
    }
    await say({ type: 'assistant', message: body, parent_tool_use_id: null, error: name, api_error_status: status })
    await end({ is_error: true, result: message, api_error_status: status, terminal_reason: 'api_error' })
  }

  return {
    take(line: unknown): void {
      if (!isRecord(line)) return
      if (line.type === 'control_response' && isRecord(line.response)) {
        const id = String(line.response.request_id)
        waiting.get(id)?.(line.response)
        waiting.delete(id)
      } else if (line.type === 'control_request' && isRecord(line.request)) {
        void control(line.request_id, line.request).catch(() => {})
      } else if (line.type === 'user' && isRecord(line.message)) {
        const { content } = line.message
        tail = tail.then(() => run(typeof content === 'string' ? content : (content as readonly ContentBlock[])))
      }
    },
    finished: (): Promise<void> => tail,
  }
}

function numberOf(usage: Usage, name: string): number {
  const value = usage[name]
  return typeof value === 'number' ? value : 0
}
