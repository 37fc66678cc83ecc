/** The lines of one simulated turn, with the fields of each generation. The file is long because it is one list of all lines. */
import type { FakeBlock } from './fake-model.js'
import { pieces } from './messages-wire.js'
import type { Simulated } from './simulated.js'
import type { ToolOutcome } from './tools.js'

interface ResultFields {
  readonly subtype: string
  readonly isError?: boolean
  readonly result?: string
  readonly errors?: readonly string[]
  readonly numTurns: number
  readonly terminal?: string
  readonly stopReason?: string
  readonly structured?: unknown
  readonly status?: number | null
  readonly more?: object
}

const USAGE = {
  input_tokens: 120,
  cache_creation_input_tokens: 10,
  cache_read_input_tokens: 20,
  service_tier: 'standard',
  cache_creation: { ephemeral_5m_input_tokens: 10, ephemeral_1h_input_tokens: 0 },
}
const OUTPUT_TOKENS = 25
const RESETS_IN_S = 4_800

export type Lines = ReturnType<typeof createLines>

/** Long because it is one list of small functions, one for each kind of line. */
export function createLines(process: Simulated, uuids: readonly string[]) {
  const { generation, conversation, parsed, clock } = process
  const { name } = generation
  const { sessionId: session_id } = conversation
  const partials = parsed.has('--include-partial-messages')
  const since = clock.monotonic()
  const billedBefore = conversation.costUsd
  let calls = 0
  let messages = 0
  let partial: { id: string; text: string } | undefined
  let openTool = false
  let asked = false
  let failure: { status: number | null; name: string; limit?: object } | undefined

  const model = (): string => conversation.model ?? generation.model
  const stamp = (from: 'a' | 'b' | 'c' = 'b'): object => (name >= from ? { timestamp: new Date(clock.now()).toISOString() } : {})
  const linked = (): object =>
    name === 'c' && uuids.length > 0 ? { user_message_uuid: uuids.at(-1), user_message_uuids: [...uuids] } : {}
  const emit = (line: object): void => process.emit(line)
  const system = (subtype: string, fields: object): void =>
    emit({ type: 'system', subtype, ...fields, uuid: process.uuid(), session_id })
  const nextId = (): string => {
    messages += 1
    return `msg_fake${session_id.slice(0, 4)}${conversation.results}${String(messages).padStart(3, '0')}`
  }
  const event = (value: object): void => {
    const id = name === 'c' ? { api_message_id: partial?.id } : {}
    emit({ type: 'stream_event', event: value, parent_tool_use_id: null, session_id, uuid: process.uuid(), ...id })
  }

  const assistant = (
    content: readonly FakeBlock[],
    how: { id?: string; synthetic?: boolean; error?: string; stopReason?: string | null; more?: object } = {},
  ): void => {
    const synthetic = how.synthetic || how.error !== undefined
    const zero = { ...USAGE, input_tokens: 0, cache_creation_input_tokens: 0, cache_read_input_tokens: 0 }
    const usage = { ...(synthetic ? zero : USAGE), output_tokens: synthetic ? 0 : name === 'a' ? OUTPUT_TOKENS : 1 }
    const message = {
      id: how.id ?? nextId(),
      type: 'message',
      role: 'assistant',
      model: synthetic ? '<synthetic>' : model().replace(/\[.*/, ''),
      content,
      stop_reason: how.stopReason ?? (synthetic ? 'stop_sequence' : null),
      stop_sequence: synthetic ? '' : null,
      usage,
      context_management: null,
    }
    const request = name === 'a' || synthetic ? {} : { request_id: `req_fake${messages}` }
    const error = how.error === undefined ? {} : { error: how.error }
    emit({
      type: 'assistant',
      message,
      parent_tool_use_id: null,
      session_id,
      uuid: process.uuid(),
      ...stamp('c'),
      ...error,
      ...request,
      ...linked(),
      ...how.more,
    })
  }

  const deltas = (block: FakeBlock, index: number): object[] => {
    const delta = (value: object): object => ({ type: 'content_block_delta', index, delta: value })
    if (block.type === 'text') return pieces(String(block.text), 12).map((text) => delta({ type: 'text_delta', text }))
    if (block.type === 'thinking') {
      const thoughts = pieces(String(block.thinking), 16).map((thinking) => delta({ type: 'thinking_delta', thinking }))
      return [...thoughts, delta({ type: 'signature_delta', signature: block.signature })]
    }
    return pieces(JSON.stringify(block.input), 24).map((partial_json) => delta({ type: 'input_json_delta', partial_json }))
  }
  const opened = (block: FakeBlock): object => {
    if (block.type === 'text') return { type: 'text', text: '' }
    if (block.type === 'thinking') return { type: 'thinking', thinking: '', signature: '' }
    return { ...block, input: {} }
  }

  const lines = {
    init(): void {
      const common = {
        cwd: process.cwd ?? '/workspace',
        session_id,
        tools: [...generation.tools, ...process.sdkServers.map((server) => `mcp__${server.replace(/[^\w-]/g, '_')}__tool`)],
        mcp_servers: process.sdkServers.map((server) => ({
          name: server,
          status: 'connected',
          ...(name === 'c' ? { source: 'sdk' } : {}),
        })),
        model: model(),
        permissionMode: conversation.permissionMode,
        slash_commands: generation.slashCommands,
        apiKeySource: process.env.ANTHROPIC_API_KEY ? 'ANTHROPIC_API_KEY' : 'none',
        claude_code_version: generation.version.join('.'),
        output_style: 'default',
        agents: ['general-purpose'],
        skills: [],
        plugins: [],
      }
      emit({ type: 'system', subtype: 'init', ...common, ...generation.init, uuid: process.uuid() })
    },
    state: (state: string): void => system('session_state_changed', { state }),
    requesting(): void {
      if (partials && name !== 'a')
        emit({ type: 'system', subtype: 'status', status: 'requesting', session_id, uuid: process.uuid() })
    },
    assistant,
    note(text: string, synthetic = true): void {
      const message = { role: 'user', content: [{ type: 'text', text }] }
      emit({
        type: 'user',
        message,
        parent_tool_use_id: null,
        session_id,
        uuid: process.uuid(),
        ...stamp(),
        ...(synthetic ? { isSynthetic: true } : {}),
      })
    },
    /** Streams an answer: deltas if asked for, then one line for each block. */
    async answer(
      blocks: readonly FakeBlock[],
      stopReason: string,
      wait: (ms: number) => Promise<void>,
      paceMs?: number,
    ): Promise<void> {
      const id = nextId()
      partial = { id, text: '' }
      if (partials && blocks.length > 0)
        event({
          type: 'message_start',
          message: { id, type: 'message', role: 'assistant', model: model(), content: [], stop_reason: null, usage: USAGE },
        })
      for (const [index, block] of blocks.entries()) {
        if (partials) event({ type: 'content_block_start', index, content_block: opened(block) })
        const parts = paceMs === undefined && !partials ? [] : deltas(block, index)
        let thought = 0
        for (const [at, part] of parts.entries()) {
          if (paceMs !== undefined && at > 0) await wait(paceMs)
          const { delta } = part as { delta: { text?: string; thinking?: string } }
          if (partials && delta.thinking !== undefined && name !== 'a') {
            const step = Math.ceil(delta.thinking.length / 4)
            thought += step
            system('thinking_tokens', { estimated_tokens: thought, estimated_tokens_delta: step })
          }
          if (partials) event(part)
          partial.text += delta.text ?? ''
        }
        const isLast = index === blocks.length - 1
        assistant([block], { id, stopReason: name === 'a' && isLast ? stopReason : null })
        if (partials) event({ type: 'content_block_stop', index })
      }
      if (partials && blocks.length > 0) {
        event({
          type: 'message_delta',
          delta: { stop_reason: stopReason, stop_sequence: null },
          usage: { output_tokens: OUTPUT_TOKENS },
        })
        event({ type: 'message_stop' })
      }
      partial = undefined
    },
    /** An answer that was fetched without a stream. */
    whole(blocks: readonly FakeBlock[]): void {
      const id = nextId()
      for (const block of blocks) assistant([block], { id })
    },
    /** The stream broke in the middle, so the blocks that were shown do not count. */
    async cut(blocks: readonly FakeBlock[]): Promise<void> {
      const [block] = blocks
      if (!partials || !block) return
      partial = { id: nextId(), text: '' }
      event({
        type: 'message_start',
        message: {
          id: partial.id,
          type: 'message',
          role: 'assistant',
          model: model(),
          content: [],
          stop_reason: null,
          usage: USAGE,
        },
      })
      event({ type: 'content_block_start', index: 0, content_block: opened(block) })
      for (const part of deltas(block, 0).slice(0, 2)) event(part)
      if (name === 'c') {
        event({ type: 'content_block_stop', index: 0 })
        event({ type: 'message_stop', abandoned_blocks: { api_message_id: partial.id, from_block_index: 0 } })
      }
      partial = undefined
    },
    retry(attempt: number, max_retries: number, retry_delay_ms: number, error_status: number | null, error: string): void {
      emit({
        type: 'system',
        subtype: 'api_retry',
        attempt,
        max_retries,
        retry_delay_ms,
        error_status,
        error,
        session_id,
        uuid: process.uuid(),
      })
    },
    rateLimit({ status, utilization }: { readonly status: string; readonly utilization: number }): void {
      const resetsAt = Math.floor(clock.now() / 1000) + RESETS_IN_S
      const rate_limit_info = {
        status,
        resetsAt,
        rateLimitType: 'five_hour',
        utilization,
        overageStatus: 'rejected',
        isUsingOverage: false,
      }
      emit({ type: 'rate_limit_event', rate_limit_info, uuid: process.uuid(), session_id })
    },
    /** The synthetic message and the result of a failed API call. */
    failure(
      status: number | null,
      error: string,
      text: string,
      how: { status?: null; limit?: boolean; refusal?: boolean } = {},
    ): void {
      const known = how.status === null ? null : status
      failure = { status: known, name: error }
      const more =
        name === 'c'
          ? {
              is_api_error_message: true,
              ...(known === null ? {} : { api_error_status: known }),
              ...(how.limit ? { api_error: 'usage_limit_reached' } : {}),
            }
          : {}
      const stopReason = how.refusal && name !== 'a' ? 'refusal' : 'stop_sequence'
      assistant([{ type: 'text', text }], { error, more, stopReason })
      const api = name === 'c' && how.limit ? { api_error: 'usage_limit_reached' } : {}
      lines.result({
        subtype: 'success',
        isError: true,
        result: text,
        numTurns: 1,
        terminal: name === 'c' ? 'api_error' : 'completed',
        stopReason,
        status: known,
        more: api,
      })
    },
    toolResult(call: FakeBlock, outcome: ToolOutcome): FakeBlock {
      const block = {
        tool_use_id: call.id,
        type: 'tool_result',
        content: outcome.content,
        ...(outcome.isError === undefined ? {} : { is_error: outcome.isError }),
      }
      const structured = outcome.structured === undefined ? {} : { tool_use_result: outcome.structured }
      emit({
        type: 'user',
        message: { role: 'user', content: [block] },
        parent_tool_use_id: null,
        session_id,
        uuid: process.uuid(),
        ...stamp(),
        ...structured,
      })
      openTool = outcome.isError === true && String(outcome.content).startsWith("The user doesn't want")
      return block
    },
    permissionDenied(call: FakeBlock, message: string): void {
      if (name === 'c') system('permission_denied', { tool_name: call.name, tool_use_id: call.id, message })
    },
    /** The text that the model had sent when the turn was stopped. 2.0 drops it. */
    flushPartial(): void {
      if (name !== 'a' && partial && partial.text !== '') {
        const { id, text } = partial
        assistant([{ type: 'text', text }], { id, more: name === 'c' ? { aborted: true } : {} })
        if (partials && name === 'c') {
          event({ type: 'content_block_stop', index: 0 })
          event({ type: 'message_delta', delta: { stop_reason: null } })
          event({ type: 'message_stop' })
        }
      }
    },
    /** An answer of the client changed the permission mode. */
    mode(permissionMode: string): void {
      if (name !== 'a') system('status', { status: null, permissionMode })
    },
    noteAsked(): void {
      asked = true
    },
    get askedWhenStopped(): boolean {
      return asked
    },
    /** The text that the model has sent since its last whole block. */
    get shownText(): string {
      return partial?.text ?? ''
    },
    get openTool(): boolean {
      return openTool
    },
    charge(): void {
      calls += 1
      const { input, output, cacheWrite, cacheRead } = generation.price
      const costUsd = (120 * input + OUTPUT_TOKENS * output + 10 * cacheWrite + 20 * cacheRead) / 1e6
      conversation.costUsd += costUsd
      const before = conversation.usageByModel.get(model()) ?? { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, costUsd: 0 }
      conversation.usageByModel.set(model(), {
        input: before.input + 120,
        output: before.output + OUTPUT_TOKENS,
        cacheRead: before.cacheRead + 20,
        cacheWrite: before.cacheWrite + 10,
        costUsd: before.costUsd + costUsd,
      })
    },
    /** Returns true if the process would exit with a failure. */
    result(fields: ResultFields): boolean {
      const isError = fields.isError ?? (fields.subtype !== 'success' && name !== 'a')
      const usage = {
        ...USAGE,
        input_tokens: 120 * calls,
        output_tokens: OUTPUT_TOKENS * calls,
        cache_creation_input_tokens: 10 * calls,
        cache_read_input_tokens: 20 * calls,
      }
      const modelUsage = Object.fromEntries(
        [...conversation.usageByModel].map(([id, one]) => [
          id,
          {
            inputTokens: one.input,
            outputTokens: one.output,
            cacheReadInputTokens: one.cacheRead,
            cacheCreationInputTokens: one.cacheWrite,
            webSearchRequests: 0,
            costUSD: one.costUsd,
            contextWindow: name === 'a' ? 200_000 : 1_000_000,
          },
        ]),
      )
      const own = conversation.costUsd - billedBefore
      const sinceLast = {
        [model()]: {
          inputTokens: usage.input_tokens,
          outputTokens: usage.output_tokens,
          cacheReadInputTokens: 20 * calls,
          cacheCreationInputTokens: 10 * calls,
          costUSD: own,
        },
      }
      const duration_ms = Math.round(clock.monotonic() - since)
      emit({
        type: 'result',
        subtype: fields.subtype,
        is_error: isError,
        ...(name === 'a' || fields.subtype !== 'success' ? {} : { api_error_status: fields.status ?? failure?.status ?? null }),
        duration_ms,
        duration_api_ms: duration_ms,
        num_turns: fields.numTurns,
        ...(fields.result === undefined ? {} : { result: fields.result }),
        ...(name === 'a' ? {} : { stop_reason: fields.stopReason ?? null }),
        session_id,
        total_cost_usd: conversation.costUsd,
        usage,
        modelUsage,
        permission_denials: conversation.denials.splice(0),
        ...(name === 'a' ? {} : { terminal_reason: fields.terminal, fast_mode_state: 'off' }),
        ...(name === 'c'
          ? {
              fast_mode_disabled_reason: 'sdk_opt_in_required',
              queued_turn_count: process.queue.length,
              result_index: conversation.results,
              subagent_stats: { spawned: 0 },
              safety_stops: 0,
              model_usage_since_last_result: sinceLast,
              ...linked(),
            }
          : {}),
        ...(fields.structured === undefined ? {} : { structured_output: fields.structured }),
        ...(fields.errors === undefined ? {} : { errors: name === 'a' ? [] : fields.errors }),
        ...fields.more,
        uuid: process.uuid(),
      })
      conversation.results += 1
      return isError
    },
  }
  return lines
}
