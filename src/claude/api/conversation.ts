/** A conversation with the Messages API as the CLI's lines: init, deltas, one assistant line a block, tool results, result. */
import { onAbort } from '../../core/on-abort.js'
import { isRecord } from '../../core/is-record.js'
import type { ClaudeLaunch } from '../launch/launch.js'
import type { ContentBlock } from '../messages/lines.js'
import { MODEL_PRICING } from '../ops/pricing.js'
import { callMessages } from './call.js'
import { createClientTools } from './client-tools.js'
import type { APIClientConfig } from './config.js'
import {
  addAnswer,
  assistantLines,
  costOf,
  failureLine,
  initLine,
  INTERRUPTED,
  lastText,
  newTally,
  resultLine,
  toolCalls,
  userLine,
  type Fields,
} from './conversation-lines.js'

export interface ApiConversationParts {
  readonly config: APIClientConfig
  readonly launch: ClaudeLaunch
  readonly emit: (line: object) => Promise<void>
  readonly signal: AbortSignal
  readonly trace?: Readonly<Record<string, string>>
}

type Content = string | readonly ContentBlock[]

/** Default ids for the short names of models. */
const MODELS: Readonly<Record<string, string>> = { sonnet: 'claude-sonnet-4-5', opus: 'claude-opus-4-5', haiku: 'claude-haiku-4-5' }

/** Long because the control requests, the turns and the history belong to one conversation. */
export function createApiConversation({ config, launch, emit, signal, trace }: ApiConversationParts) {
  const sessionId = launch.sessionId ?? crypto.randomUUID()
  const history: { role: string; content: Content }[] = []
  const client = createClientTools(launch, emit)
  const { maxTurns = launch.maxTurns ?? 25 } = config
  let modelName = launch.model ?? config.defaultModel ?? 'sonnet'
  let turn: AbortController | undefined
  let tail: Promise<void> = Promise.resolve()
  let totalCostUsd = 0

  const model = (): string => config.models?.[modelName] ?? MODELS[modelName] ?? modelName
  const emitLine = (line: object): Promise<void> => emit({ ...line, session_id: sessionId, uuid: crypto.randomUUID() })
  const reply = (requestId: unknown, body: Fields): Promise<void> =>
    emit({ type: 'control_response', response: { request_id: requestId, ...body } })

  const control = async (requestId: unknown, request: Fields): Promise<void> => {
    switch (request.subtype) {
      case 'initialize':
        if (Array.isArray(request.sdkMcpServers)) await client.connect(request.sdkMcpServers)
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

  const callModel = (stop: AbortSignal) =>
    callMessages({
      config,
      launch,
      model: model(),
      messages: history,
      tools: client.tools.map(({ name, description, input_schema }) => ({ name, description, input_schema })),
      signal: stop,
      ...(trace ? { trace } : {}),
      onEvent: async (event) => {
        if (launch.includePartial) await emitLine({ type: 'stream_event', event, parent_tool_use_id: null })
      },
      onRetry: (retry) => emitLine({ type: 'system', subtype: 'api_retry', ...retry }),
    })

  /** Asks the model and runs its tools until it has an answer. Gives the fields of the result line. */
  const answer = async (content: Content, tally: ReturnType<typeof newTally>, stop: AbortSignal): Promise<Fields> => {
    const before = history.length
    history.push({ role: 'user', content })
    for (;;) {
      tally.rounds += 1
      const answered = await callModel(stop)
      if ('failure' in answered) {
        history.length = before
        const { failure } = answered
        await emitLine(failureLine(failure))
        return { is_error: true, result: failure.message, api_error_status: failure.status, terminal_reason: 'api_error' }
      }
      addAnswer(tally, answered)
      history.push({ role: 'assistant', content: answered.content })
      for (const line of assistantLines(answered)) await emitLine(line)
      const calls = toolCalls(answered)
      if (calls.length === 0) return { result: lastText(answered) }
      const results: ContentBlock[] = []
      for (const call of calls) {
        const block = await client.use(call)
        stop.throwIfAborted()
        results.push(block)
        await emitLine(userLine([block]))
      }
      history.push({ role: 'user', content: results })
      if (tally.rounds >= maxTurns) {
        return { subtype: 'error_max_turns', is_error: true, errors: [`Reached maximum number of turns (${maxTurns})`] }
      }
    }
  }

  const run = async (content: Content): Promise<void> => {
    const controller = new AbortController()
    const ignore = onAbort(signal, () => controller.abort())
    turn = controller
    const since = performance.now()
    const before = history.length
    const tally = newTally()
    const end = async (fields: Fields): Promise<void> => {
      const costUsd = costOf(model(), tally, config.prices ?? MODEL_PRICING)
      totalCostUsd += costUsd
      const durationMs = Math.round(performance.now() - since)
      await emitLine(resultLine({ model: model(), tally, durationMs, costUsd, totalCostUsd, fields }))
    }
    try {
      await emitLine(
        initLine(
          model(),
          client.tools.map(({ name }) => name),
        ),
      )
      await end(await answer(content, tally, controller.signal))
    } catch (error) {
      if (!controller.signal.aborted) throw error
      history.length = before
      await emitLine(userLine(INTERRUPTED))
      await end({ subtype: 'error_during_execution', is_error: true, errors: [], terminal_reason: 'aborted_streaming' })
    } finally {
      turn = undefined
      ignore()
    }
  }

  return {
    take(line: unknown): void {
      if (!isRecord(line)) return
      if (line.type === 'control_response' && isRecord(line.response)) {
        client.answered(line.response)
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
