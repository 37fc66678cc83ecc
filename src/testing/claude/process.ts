/**
 * One simulated CLI process. It reads stdin, queues turns, answers requests, sends requests, writes stdout and exits with a status.
 */
import { systemClock } from '../../core/clock.js'
import { encodeNdjson, ndjsonDecoder } from '../../core/codec/ndjson.js'
import { deferred } from '../../core/deferred.js'
import { createPending } from '../../core/pending.js'
import type { Link } from '../../transport.js'
import { StartFailure, parseArguments, type Arguments } from './arguments.js'
import { answerRequest } from './answers.js'
import { scriptedModel } from './fake-model.js'
import { createConversation, openConversation, type Conversation } from './conversation.js'
import { lifecycle, replayLine, type ProcessParts, type Simulated, type SimulatedExit } from './simulated.js'
import { runTurn } from './turn.js'

class Fatal extends Error {}

export async function runProcess(parts: ProcessParts): Promise<SimulatedExit> {
  const exit = (exitCode: number, stderr = ''): SimulatedExit => ({
    exitCode,
    signal: null,
    stderr: stderr === '' ? '' : `${stderr}\n`,
  })
  const { generation, args, link } = parts
  if (args[0] === '--version') {
    await link.write(new TextEncoder().encode(`${generation.version.join('.')} (Claude Code)\n`))
    return exit(0)
  }
  if (args[0] === 'auth') return await authStatus(parts)
  let process: Simulated
  try {
    const parsed = parseArguments(args, generation)
    checkRoot(parsed, parts)
    process = createSimulated(parts, parsed, openConversation(parsed, parts))
  } catch (error) {
    if (!(error instanceof StartFailure)) throw error
    if (error.result !== undefined && generation.name !== 'a') await link.write(encodeNdjson(startResult(parts, error.result)))
    return exit(1, error.message)
  }
  return await serve(process)
}

function checkRoot(parsed: Arguments, { env, root }: ProcessParts): void {
  if (!root || !parsed.has('--dangerously-skip-permissions') || env.IS_SANDBOX === '1') return
  throw new StartFailure('--dangerously-skip-permissions cannot be used with root/sudo privileges for security reasons')
}

function createSimulated(parts: ProcessParts, parsed: Arguments, conversation: Conversation): Simulated {
  const { link, clock = systemClock, model = scriptedModel, onWrite } = parts
  const pending = createPending<string, Readonly<Record<string, unknown>>>()
  const simulated: Simulated = {
    ...parts,
    clock,
    model,
    parsed,
    conversation,
    hooks: {},
    sdkServers: [],
    initialized: 0,
    connecting: Promise.resolve(),
    turn: undefined,
    interruptNext: false,
    queue: [],
    inTool: false,
    stdinEnded: false,
    emit(line) {
      onWrite?.(line)
      void link.write(encodeNdjson(line)).catch(() => {})
    },
    async ask(request, signal) {
      if (simulated.stdinEnded) throw new Error('Tool permission stream closed before response received')
      const id = simulated.uuid()
      const reply = pending.add(id)
      reply.catch(() => {})
      simulated.emit({ type: 'control_request', request_id: id, request })
      const withdraw = (): void => {
        simulated.emit({ type: 'control_cancel_request', request_id: id })
        pending.fail(id, new Error('withdrawn'))
      }
      signal.addEventListener('abort', withdraw, { once: true })
      try {
        const response = await reply
        if (response.subtype === 'error') throw new Error(`Tool permission request failed: Error: ${String(response.error)}`)
        return (response.response ?? {}) as Readonly<Record<string, unknown>>
      } finally {
        signal.removeEventListener('abort', withdraw)
      }
    },
    uuid() {
      return crypto.randomUUID()
    },
  }
  Object.defineProperty(simulated, 'pending', { value: pending })
  return simulated
}

async function serve(process: Simulated): Promise<SimulatedExit> {
  const { link, generation, parsed, killed, conversation } = process
  const streaming = parsed.value('--input-format') === 'stream-json'
  const wake = { next: deferred() }
  const tell = (): void => {
    wake.next.resolve()
    wake.next = deferred()
  }
  let fatal: string | undefined
  const pending = (process as unknown as { pending: ReturnType<typeof createPending<string, Readonly<Record<string, unknown>>>> })
    .pending

  const take = (line: unknown): void => {
    process.onRead?.(line)
    if (typeof line !== 'object' || line === null) throw new Fatal('Error parsing streaming input line')
    const message = line as Readonly<Record<string, unknown>>
    if (message.type === 'control_request') {
      if (typeof message.request !== 'object' || message.request === null)
        throw new Fatal('Error: Missing request on control_request')
      answerRequest(process, String(message.request_id), message.request as Readonly<Record<string, unknown>>, tell)
    } else if (message.type === 'control_response') {
      const response = message.response as Readonly<Record<string, unknown>>
      pending.settle(String(response.request_id), response)
    } else if (message.type === 'user') takeUser(process, message)
    else if (message.type === 'control_cancel_request') return
    else if (generation.name === 'a')
      throw new Fatal(`Error: Expected message type 'user' or 'control', got '${String(message.type)}'`)
  }

  const readInput = async (): Promise<void> => {
    if (!streaming) {
      const text = await readText(link)
      const prompt = [parsed.prompt, text].filter((part) => part !== undefined && part !== '').join('\n')
      if (prompt === '') fatal = 'Error: Input must be provided either through stdin or as a prompt argument when using --print'
      else process.queue.push({ content: prompt, uuid: undefined, shouldQuery: true })
      return
    }
    // A blank line ends the process of 2.0. Other generations skip it.
    const decoder = ndjsonDecoder<unknown>({ onInvalid: () => undefined })
    const broken = ndjsonDecoder<unknown>()
    let lineStart = true
    for (let chunk = await link.read(); ; chunk = await link.read()) {
      if (generation.name === 'a') {
        for (const byte of chunk ?? []) {
          if (byte === 0x0a && lineStart) throw new Fatal('Error parsing streaming input line: SyntaxError')
          lineStart = byte === 0x0a
        }
      }
      for (const line of chunk === null ? decoder.end() : decoder.push(chunk)) take(line)
      if (chunk === null) broken.end()
      else broken.push(chunk)
      if (broken.fault) throw new Fatal('Error parsing streaming input line: SyntaxError')
      tell()
      if (chunk === null) return
    }
  }
  const reading = readInput()
    .catch((error: unknown) => {
      if (error instanceof Fatal) fatal = error.message
    })
    .then(() => {
      process.stdinEnded = true
      pending.close(() => new Error('Tool permission stream closed before response received'))
      tell()
    })
  const onKill = (): void => {
    process.turn?.abort('killed')
    tell()
  }
  killed.addEventListener('abort', onKill, { once: true })

  process.onStart?.((prompt) => {
    process.queue.push({ content: prompt, uuid: undefined, shouldQuery: true })
    tell()
  }, process.ask)
  let failed = false
  for (;;) {
    if (killed.aborted) return { exitCode: 143, signal: null, stderr: '' }
    if (fatal !== undefined) return { exitCode: 1, signal: null, stderr: `${fatal}\n` }
    if (process.queue.length > 0) {
      const batch = generation.name === 'a' ? process.queue.splice(0, 1) : process.queue.splice(0)
      const outcome = await runTurn(process, batch)
      if (outcome === 'killed') continue
      if (outcome.kind === 'broken') return { exitCode: 1, signal: null, stderr: `${outcome.stderr}\n` }
      failed = outcome.failed
      continue
    }
    if (process.stdinEnded) break
    await Promise.race([wake.next.promise, reading])
  }
  // 2.0 keeps the file of a session that has no message, and its id is then in use.
  if (generation.name === 'a' || conversation.history.length > 0) conversation.save()
  return { exitCode: failed ? 1 : 0, signal: null, stderr: '' }
}

function takeUser(process: Simulated, message: Readonly<Record<string, unknown>>): void {
  const body = (message.message ?? {}) as Readonly<Record<string, unknown>>
  if (body.role !== 'user') throw new Fatal(`Error: Expected message role 'user', got '${String(body.role)}'`)
  const uuid = typeof message.uuid === 'string' ? message.uuid : undefined
  const { generation, conversation } = process
  if (uuid !== undefined && conversation.seen.has(uuid)) {
    if (process.parsed.has('--replay-user-messages')) replayLine(process, body.content, uuid)
    return
  }
  if (uuid !== undefined) conversation.seen.add(uuid)
  if (uuid !== undefined && generation.name === 'c') lifecycle(process, uuid, 'queued')
  const { priority } = message
  process.queue.push({
    content: body.content,
    uuid,
    shouldQuery: generation.name === 'a' || message.shouldQuery !== false,
    priority,
  })
  // 2.0 has no priorities. A tool that runs is not cut.
  if (priority === 'now' && generation.name !== 'a' && !process.inTool) process.turn?.abort('now')
}

async function readText(link: Pick<Link, 'read'>): Promise<string> {
  const utf8 = new TextDecoder()
  let text = ''
  for (let chunk = await link.read(); chunk !== null; chunk = await link.read()) text += utf8.decode(chunk, { stream: true })
  return (text + utf8.decode()).trimEnd()
}

async function authStatus({ generation, env, link }: ProcessParts): Promise<SimulatedExit> {
  if (generation.name === 'a') return { exitCode: 1, signal: null, stderr: "error: unknown option '--json'\n" }
  const key = env.ANTHROPIC_API_KEY
  const token = env.CLAUDE_CODE_OAUTH_TOKEN
  const loggedIn = Boolean(key || token)
  const status = { loggedIn, authMethod: key ? 'api_key' : token ? 'oauth_token' : 'none', apiProvider: 'firstParty' }
  await link.write(new TextEncoder().encode(`${JSON.stringify(status, undefined, 2)}\n`))
  return { exitCode: loggedIn ? 0 : 1, signal: null, stderr: '' }
}

function startResult({ generation }: ProcessParts, error: string): object {
  const conversation = createConversation(crypto.randomUUID())
  return {
    type: 'result',
    subtype: 'error_during_execution',
    duration_ms: 0,
    duration_api_ms: 0,
    is_error: true,
    num_turns: 0,
    stop_reason: null,
    session_id: conversation.sessionId,
    total_cost_usd: 0,
    usage: { input_tokens: 0, output_tokens: 0 },
    modelUsage: {},
    permission_denials: [],
    uuid: crypto.randomUUID(),
    errors: [error],
    ...(generation.name === 'c' ? { result_index: 0 } : {}),
  }
}
