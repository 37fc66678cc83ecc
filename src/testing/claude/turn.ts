/** One turn of the simulated CLI: init, model calls, tools and their permissions, retries, result. */
import type { FakeBlock, FakeReply } from './fake-model.js'
import { createLines, type Lines } from './turn-lines.js'
import { decide, postHooks, promptHooks, stopHooks } from './turn-permission.js'
import { lifecycle, pause, replayLine, type Simulated, type UserMessageIn } from './simulated.js'
import { failed, runTool, type ToolOutcome } from './tools.js'

export type TurnOutcome =
  | 'killed'
  | { readonly kind: 'done'; readonly failed: boolean }
  | { readonly kind: 'broken'; readonly stderr: string }

/** Thrown to end a turn early. */
class Stop {
  constructor(readonly why: 'interrupt' | 'denied' | 'now') {}
}

export async function runTurn(process: Simulated, batch: readonly UserMessageIn[]): Promise<TurnOutcome> {
  const { conversation, generation, parsed } = process
  process.inTool = false
  const controller = new AbortController()
  process.turn = controller
  if (process.interruptNext) controller.abort('interrupt')
  process.interruptNext = false
  const uuids = batch.flatMap(({ uuid }) => (uuid === undefined ? [] : [uuid]))
  const content = batch.length === 1 ? batch[0]?.content : batch.map((message) => textOf(message.content)).join('\n')
  const own = [...uuids]
  const lines = createLines(process, uuids)
  const over = (isFailure: boolean, state = 'completed'): TurnOutcome => {
    process.turn = undefined
    if (generation.name === 'c') for (const uuid of own) lifecycle(process, uuid, state)
    if (stateEvents(process)) lines.state('idle')
    conversation.save()
    return { kind: 'done', failed: isFailure }
  }
  if (generation.name === 'c') for (const uuid of uuids) lifecycle(process, uuid, 'started')
  if (stateEvents(process)) lines.state('running')
  await process.connecting
  await promptHooks(process, textOf(content), controller.signal).catch((error: unknown) => {
    if (!controller.signal.aborted) throw error
  })
  lines.init()
  if (parsed.has('--replay-user-messages'))
    for (const { uuid, content: own } of batch) replayLine(process, own, uuid ?? process.uuid())
  conversation.history.push({ role: 'user', content: content as string })
  if (batch.every(({ shouldQuery }) => !shouldQuery)) {
    lines.result({ subtype: 'success', result: '', numTurns: 0, terminal: 'completed' })
    return over(false)
  }
  const command = slashCommand(textOf(content))
  if (command !== undefined && generation.name !== 'c') {
    if (generation.name === 'b') lines.assistant([{ type: 'text', text: command }], { synthetic: true })
    lines.result({ subtype: 'success', result: generation.name === 'b' ? command : '', numTurns: 0, terminal: 'completed' })
    return over(false)
  }
  try {
    return over(await converse(process, lines, controller, uuids))
  } catch (error) {
    if (process.killed.aborted) return 'killed'
    if (error instanceof Broken) return { kind: 'broken', stderr: error.message }
    if (!controller.signal.aborted && !(error instanceof Stop)) throw error
    const why = error instanceof Stop ? error.why : controller.signal.reason === 'now' ? 'now' : 'interrupt'
    return over(stopped(process, lines, why), 'cancelled')
  }
}

class Broken extends Error {}

/** Calls the model and its tools until the model calls no more tools. Returns true if the turn failed. */
async function converse(process: Simulated, lines: Lines, controller: AbortController, uuids: string[]): Promise<boolean> {
  const own = uuids.length
  const { conversation, parsed, generation } = process
  const maxTurns = Number(parsed.value('--max-turns') ?? Number.POSITIVE_INFINITY)
  const maxBudget = Number(parsed.value('--max-budget-usd') ?? Number.POSITIVE_INFINITY)
  const schema = parsed.value('--json-schema')
  let invalid = 0
  let nudged = false
  let structured: unknown
  if (conversation.costUsd > maxBudget) return overBudget(lines, maxBudget, 1)
  for (let round = 1; ; round += 1) {
    const reply = await callModel(process, lines, controller.signal)
    if (reply.kind === 'failed') return true
    const { blocks, stopReason } = reply
    lines.charge()
    if (blocks.length === 0) {
      if (generation.name === 'a') return lines.result({ subtype: 'error_during_execution', numTurns: round })
      if (nudged)
        return lines.result({ subtype: 'success', result: '', numTurns: round, terminal: 'completed', stopReason: 'end_turn' })
      nudged = true
      lines.note('[Your previous response had no visible output. Please continue and produce a user-visible response.]')
      continue
    }
    conversation.history.push({ role: 'assistant', content: blocks })
    const calls = blocks.filter((block) => block.type === 'tool_use')
    const last = blocks.filter((block) => block.type === 'text').at(-1)
    if (conversation.costUsd > maxBudget) return overBudget(lines, maxBudget, round)
    if (stopReason === 'max_tokens') {
      // Newer generations continue after the token limit, up to three times.
      if (generation.name === 'a' || round > 3) return outputLimit(process, lines, round)
      if (generation.name === 'c') lines.note('Output token limit hit. Resume directly.')
      continue
    }
    if (calls.length === 0) {
      await stopHooks(process, String(last?.text ?? ''), controller.signal)
      if (generation.name === 'c') for (const uuid of uuids.slice(own)) lifecycle(process, uuid, 'completed')
      return lines.result({
        subtype: 'success',
        result: String(last?.text ?? ''),
        numTurns: round,
        terminal: 'completed',
        stopReason: 'end_turn',
        structured,
      })
    }
    const results: FakeBlock[] = []
    process.inTool = true
    for (const call of calls) {
      const outcome =
        call.name === 'StructuredOutput' ? structuredOutput(call, schema) : await useTool(process, lines, call, controller.signal)
      if (call.name === 'StructuredOutput') {
        if (outcome.isError) invalid += 1
        else structured = call.input
      }
      results.push(lines.toolResult(call, outcome))
    }
    process.inTool = false
    if (generation.name !== 'a' && process.queue.some(({ priority }) => priority === 'now')) {
      conversation.history.push({ role: 'user', content: results })
      throw new Stop('now')
    }
    conversation.history.push({ role: 'user', content: [...results, ...takeQueued(process, uuids)] })
    if (invalid >= 5)
      return lines.result({
        subtype: 'error_max_structured_output_retries',
        errors: ['Failed to provide valid structured output after 5 attempts'],
        numTurns: round + 1,
        terminal: 'completed',
      })
    if (structured !== undefined && generation.name !== 'a') {
      return lines.result({
        subtype: 'success',
        result: JSON.stringify(structured),
        numTurns: round + 1,
        terminal: 'completed',
        stopReason: 'tool_use',
        structured,
      })
    }
    // 2.0 also counts the round that it is about to begin.
    if (round >= maxTurns || (generation.name === 'a' && round + 1 >= maxTurns)) {
      return lines.result({
        subtype: 'error_max_turns',
        errors: [`Reached maximum number of turns (${maxTurns})`],
        numTurns: round + 1,
        terminal: 'max_turns',
        stopReason: 'tool_use',
      })
    }
  }
}

/** Messages that came while tools ran join the turn, except those with the priority `later`. */
function takeQueued(process: Simulated, uuids: string[]): FakeBlock[] {
  const { generation, parsed } = process
  const waits = ({ priority }: UserMessageIn): boolean => generation.name !== 'a' && priority === 'later'
  const taken = process.queue.filter((message) => !waits(message))
  process.queue = process.queue.filter(waits)
  return taken.map(({ content, uuid }) => {
    if (parsed.has('--replay-user-messages')) replayLine(process, content, uuid ?? process.uuid())
    if (uuid !== undefined) {
      uuids.push(uuid)
      if (generation.name === 'c') lifecycle(process, uuid, 'started')
    }
    return { type: 'text', text: textOf(content) }
  })
}

function overBudget(lines: Lines, budget: number, numTurns: number): boolean {
  return lines.result({
    subtype: 'error_max_budget_usd',
    errors: [`Reached maximum budget ($${budget})`],
    numTurns,
    terminal: 'budget_exhausted',
  })
}

function outputLimit(process: Simulated, lines: Lines, numTurns: number): boolean {
  const text = "API Error: Claude's response exceeded the 32000 output token maximum."
  lines.assistant([{ type: 'text', text }], { error: process.generation.name === 'a' ? 'unknown' : 'max_output_tokens' })
  return lines.result({ subtype: 'success', isError: true, result: text, numTurns, terminal: 'completed' })
}

type Called =
  | { readonly kind: 'answered'; readonly blocks: readonly FakeBlock[]; readonly stopReason: string }
  | { readonly kind: 'failed' }

/** One API call with the CLI's own retries. */
async function callModel(process: Simulated, lines: Lines, signal: AbortSignal): Promise<Called> {
  const { conversation, generation, env } = process
  const maxRetries = Number(env.CLAUDE_CODE_MAX_RETRIES ?? 10)
  if (!authenticated(process)) {
    lines.failure(
      401,
      'authentication_failed',
      generation.name === 'a' ? 'Invalid API key · Please run /login' : 'Not logged in · Please run /login',
      { status: null },
    )
    return { kind: 'failed' }
  }
  for (let attempt = 0; ; attempt += 1) {
    signal.throwIfAborted()
    lines.requesting()
    const model = conversation.model ?? generation.model
    const reply = process.model({ model, messages: conversation.history, attempt })
    if (reply.kind === 'answer') {
      const blocks = reply.blocks.map(withId)
      await lines.answer(blocks, reply.stopReason, (ms) => pause(process, ms, signal), reply.paceMs)
      if (reply.limit && generation.name !== 'a') lines.rateLimit(reply.limit)
      return { kind: 'answered', blocks, stopReason: reply.stopReason }
    }
    if (reply.kind === 'hang') await pause(process, Number.POSITIVE_INFINITY, signal)
    if (reply.kind === 'cut') {
      await lines.cut(reply.blocks)
      // Older generations call again without a stream. The newest does so only if its retry is cut too.
      if (generation.name !== 'c' || attempt > 0) {
        const again = process.model({ model, messages: conversation.history, attempt: attempt + 1 })
        const blocks = (again.kind === 'answer' || again.kind === 'cut' ? again.blocks : reply.blocks).map(withId)
        lines.whole(blocks)
        return { kind: 'answered', blocks, stopReason: 'end_turn' }
      }
    }
    const fault = faultOf(reply, generation.name)
    if (!fault.retried || attempt >= maxRetries) {
      if (reply.kind === 'usage_limit' && generation.name !== 'a') lines.rateLimit({ status: 'rejected', utilization: 1 })
      const refusal = reply.kind === 'refusal'
      // 2.0 writes an assistant line for the begun message. Only that line shows the refusal.
      if (refusal && generation.name === 'a') lines.assistant([{ type: 'text', text: '(no content)' }], { stopReason: 'refusal' })
      lines.failure(fault.status, fault.name, fault.text, { limit: reply.kind === 'usage_limit', refusal })
      return { kind: 'failed' }
    }
    // The delay is reported but not waited for, so the test does not slow down.
    if (generation.name !== 'a') lines.retry(attempt + 1, maxRetries, 500 * 2 ** attempt, fault.status, fault.retryName)
  }
}

/** The CLI accepts any of three credentials. */
function authenticated({ env }: Simulated): boolean {
  return [env.ANTHROPIC_API_KEY, env.ANTHROPIC_AUTH_TOKEN, env.CLAUDE_CODE_OAUTH_TOKEN].some(
    (value) => value !== undefined && value !== '',
  )
}

interface Fault {
  readonly status: number | null
  readonly name: string
  readonly retryName: string
  readonly text: string
  readonly retried: boolean
}

function faultOf(reply: FakeReply, generation: 'a' | 'b' | 'c'): Fault {
  const old = generation === 'a'
  const fault = (status: number | null, name: string, text: string, retried: boolean, retryName = name): Fault => ({
    status,
    name,
    text,
    retried,
    retryName,
  })
  if (reply.kind === 'usage_limit') return fault(429, 'rate_limit', "You've hit your 5-hour limit · resets 5:38am (UTC)", false)
  if (reply.kind === 'refusal')
    return fault(null, old ? 'unknown' : 'invalid_request', 'API Error: Claude Code is unable to respond to this request', false)
  if (reply.kind !== 'error')
    return fault(
      null,
      old ? 'unknown' : 'server_error',
      old ? 'API Error: Connection error.' : 'API Error: Unable to connect to API',
      true,
      'unknown',
    )
  const { status, message } = reply
  if (message.startsWith('prompt is too long')) return fault(400, 'invalid_request', 'Prompt is too long', false)
  if (status === 400) return fault(400, 'unknown', `API Error: 400 ${message}`, false)
  if (status === 401) return fault(401, 'authentication_failed', 'Invalid API key · Fix external API key', true)
  if (status === 403) return fault(403, 'authentication_failed', `Failed to authenticate. API Error: 403 ${message}`, false)
  if (status === 404) return fault(404, 'model_not_found', "There's an issue with the selected model. It may not exist.", false)
  if (status === 429) return fault(429, 'rate_limit', `API Error: Request rejected (429) · ${message}`, true)
  return fault(
    status,
    old ? 'unknown' : 'server_error',
    `API Error: ${status} ${message}`,
    true,
    status === 529 ? 'overloaded' : 'server_error',
  )
}

function structuredOutput({ input }: FakeBlock, schema: string | undefined): ToolOutcome {
  const wanted = schema === undefined ? {} : (JSON.parse(schema) as { required?: readonly string[] })
  const fields = (input ?? {}) as Readonly<Record<string, unknown>>
  const missing = (wanted.required ?? []).find((name) => !(name in fields))
  if (missing === undefined)
    return { content: 'Structured output provided successfully', structured: 'Structured output provided successfully' }
  return failed(`Output does not match required schema: must have required property '${missing}'`)
}

async function useTool(process: Simulated, lines: Lines, call: FakeBlock, signal: AbortSignal): Promise<ToolOutcome> {
  const { parsed, sdkServers } = process
  const name = String(call.name)
  const disallowed = (parsed.value('--disallowedTools') ?? '').split(',').includes(name)
  const server = /^mcp__([\w-]+)__(\w+)$/.exec(name)
  const known = process.generation.tools.includes(name) || name === 'AskUserQuestion' || name === 'ExitPlanMode' || server !== null
  if (!known || disallowed) return failed(`No such tool available: ${name}`)
  const prompt = parsed.value('--permission-prompt-tool')
  const decision = await decide(process, lines, call, signal).catch((error: unknown) => {
    const content = "The user doesn't want to proceed with this tool use."
    if (signal.aborted) lines.toolResult(call, { content, isError: true, structured: 'Error: stopped' })
    throw error
  })
  if (decision.kind === 'missing-prompt-tool') {
    lines.toolResult(call, { content: 'Tool permission request failed', isError: true })
    throw new Broken(`Error: MCP tool ${prompt} (passed via --permission-prompt-tool) not found. Available MCP tools: none`)
  }
  if (decision.kind === 'refused') {
    process.conversation.denials.push({ tool_name: name, tool_use_id: call.id, tool_input: call.input })
    if (decision.interrupt) {
      lines.toolResult(call, { content: decision.message, isError: true, structured: `Error: ${decision.message}` })
      throw new Stop('denied')
    }
    if (decision.announced) lines.permissionDenied(call, decision.message)
    return { content: decision.message, isError: true, structured: `Error: ${decision.message}` }
  }
  const { input } = decision
  try {
    if (server && sdkServers.includes(server[1] as string)) {
      const params = { name: server[2], arguments: input, _meta: { 'claudecode/toolUseId': call.id } }
      const message = { method: 'tools/call', params, jsonrpc: '2.0', id: 2 }
      const { mcp_response: reply } = await process.ask({ subtype: 'mcp_message', server_name: server[1], message }, signal)
      const { result } = reply as { result: { content: readonly unknown[]; isError?: boolean } }
      return { content: result.content, structured: result.content, ...(result.isError ? { isError: true } : {}) }
    }
    const outcome = await runTool(name, input, { files: process.files, clock: process.clock, signal })
    await postHooks(process, call, outcome, signal)
    return outcome
  } catch (error) {
    if (!signal.aborted) throw error
    lines.toolResult(call, {
      content: "The user doesn't want to proceed with this tool use.",
      isError: true,
      structured: 'Error: stopped',
    })
    throw error
  }
}

/** Returns true if the turn counts as failed. */
function stopped(process: Simulated, lines: Lines, why: Stop['why']): boolean {
  const { generation } = process
  const inTool = lines.openTool || why === 'denied' || (why === 'now' && lines.shownText === '')
  const cut = lines.shownText
  if (!inTool) lines.flushPartial()
  if (why !== 'now') lines.note(inTool ? '[Request interrupted by user for tool use]' : '[Request interrupted by user]', false)
  const terminal = inTool ? 'aborted_tools' : 'aborted_streaming'
  const asked = lines.askedWhenStopped || why === 'denied'
  // A message with the priority `now` cuts the answer, and the CLI calls that a success.
  if (why === 'now') return lines.result({ subtype: 'success', result: cut, numTurns: 1, terminal })
  if (generation.name !== 'a' && asked) return lines.result({ subtype: 'success', result: '', numTurns: 2, terminal })
  return lines.result({ subtype: 'error_during_execution', errors: ['[ede_diagnostic] result_type=user'], numTurns: 2, terminal })
}

const withId = (block: FakeBlock): FakeBlock =>
  block.type === 'tool_use' && block.id === '' ? { ...block, id: `toolu_fake${crypto.randomUUID().slice(0, 8)}` } : block

const stateEvents = ({ env, generation }: Simulated): boolean =>
  generation.name !== 'a' && (env.CLAUDE_CODE_EMIT_SESSION_STATE_EVENTS === '1' || env.CLAUDE_CODE_SDK_READS_SESSION_STATE === '1')

const slashCommand = (text: string): string | undefined => (/^\/[\w-]+$/.test(text) ? `Unknown command: ${text}` : undefined)

function textOf(content: unknown): string {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return ''
  return content.map((block: FakeBlock) => (block.type === 'text' ? String(block.text) : '')).join('')
}
