/**
 * A simulated agent that speaks the Agent Client Protocol, version 1. It serves links and keeps a ledger of what it received. Its answers
 * come from a script, so a test decides what the agent does in a turn.
 */
import { systemClock, type Clock } from '../../core/clock.js'
import { encodeNdjson, ndjsonDecoder } from '../../core/codec/ndjson.js'
import { deferred, type Deferred } from '../../core/deferred.js'
import { messages } from '../../core/messages.js'
import type { Link, StreamTransport } from '../../transport.js'
import { memoryPair } from '../memory-link.js'
import { createSimulatedConfig, type SimulatedConfig } from './config.js'

type Json = Record<string, unknown>

/** One turn, as a script gets it. */
export interface SimulatedAcpTurn {
  /** The session that was prompted. */
  readonly sessionId: string
  /** The text blocks of the prompt, joined. */
  readonly text: string
  /** Aborts on `session/cancel` and when the connection ends. */
  readonly signal: AbortSignal
  /** Sends a `session/update` to the client. */
  update(update: Json): Promise<void>
  /** Sends a request to the client and gives its result. Rejects with the error of the response. */
  request(method: string, params: Json): Promise<unknown>
  /** Sends a notification to the client. */
  notify(method: string, params: Json): Promise<void>
  /** Ends the connection without an answer, as a killed process does. */
  die(): void
}

/** What the agent does with a prompt. Returns the stop reason, or the whole response. */
export type SimulatedAcpScript = (turn: SimulatedAcpTurn) => Promise<string | Json>

/** Options of `createAcpAgentSimulator`. */
export interface AcpAgentSimulatorOptions {
  /** Default: answers `You said: ` and the prompt, in two chunks. */
  readonly script?: SimulatedAcpScript
  /** Members of the answer to `initialize` beside the defaults. */
  readonly initialize?: Json
  /** Sessions that can be listed and loaded, with the updates that a load replays. */
  readonly stored?: Readonly<Record<string, readonly Json[]>>
  /** The time of `updatedAt` in the list of sessions. Default the system's clock. */
  readonly clock?: Clock
  /** True: every byte is written by itself. Default false. */
  readonly splitWrites?: boolean
}

/** A simulated ACP agent, for the `transport` of `acpSource`. */
export interface AcpAgentSimulator {
  /** Opens links to the simulator in memory. Each link is one process of the agent. */
  readonly transport: StreamTransport<void>
  /**
   * Serves one connection until it ends.
   *
   * @example
   * import { createAcpAgentSimulator, memoryPair } from 'signalbox/testing'
   *
   * const simulator = createAcpAgentSimulator()
   * const [near, far] = memoryPair()
   * void simulator.serve(far)
   * await near.end()
   */
  serve(link: Link): Promise<void>
  /** Every message that arrived, in order. */
  readonly received: readonly Json[]
  /** Connections so far. */
  readonly connections: number
  /**
   * Ends every open connection without an answer, as a killed process does.
   *
   * @example
   * import { createAcpAgentSimulator } from 'signalbox/testing'
   *
   * const simulator = createAcpAgentSimulator()
   * simulator.kill()
   * console.log(simulator.connections)
   */
  kill(): void
}

/** Repeats the prompt. Every chunk of one answer has the same message id, as recorded agents have it. */
function createEcho(): SimulatedAcpScript {
  let answers = 0
  return async ({ text, update }) => {
    answers += 1
    const messageId = `message-${answers}`
    for (const part of ['You said: ', text]) {
      await update({ sessionUpdate: 'agent_message_chunk', content: { type: 'text', text: part }, messageId })
    }
    return 'end_turn'
  }
}

/** Writes messages to a link, whole or byte by byte. */
function writer(link: Link, splitWrites: boolean): (message: Json) => Promise<void> {
  return async (message) => {
    const bytes = encodeNdjson({ jsonrpc: '2.0', ...message })
    if (!splitWrites) return link.write(bytes)
    for (const byte of bytes) await link.write(Uint8Array.of(byte))
  }
}

/** Answers a request with an error. */
function refuse(code: number, message: string, data?: Json): never {
  throw { code, message, ...(data ? { data } : {}) }
}

/** What a client learns of a stored session. */
interface SessionFacts {
  readonly config: SimulatedConfig
  cwd: string
  updatedAt: string
  title?: string
}

/** Joins the chunks of each message, because a loaded session gives every message whole. */
function wholeMessages(updates: readonly Json[]): readonly Json[] {
  const whole: Json[] = []
  for (const update of updates) {
    const last = whole.at(-1)
    const isSame =
      last?.sessionUpdate === update.sessionUpdate && last?.messageId === update.messageId && update.messageId !== undefined
    if (!isSame) whole.push(update)
    else {
      const [before, added] = [last?.content as Json, update.content as Json]
      whole[whole.length - 1] = { ...update, content: { type: 'text', text: `${String(before.text)}${String(added.text)}` } }
    }
  }
  return whole
}

/**
 * Creates an ACP agent in memory. Without a script it repeats each prompt.
 *
 * Long because the requests of one connection share its sessions.
 *
 * @example
 * import { acpSource } from 'signalbox/acp'
 * import { createHub } from 'signalbox/hub'
 * import { createAcpAgentSimulator } from 'signalbox/testing'
 *
 * const simulator = createAcpAgentSimulator()
 * await using hub = await createHub({ sources: [acpSource({ transport: simulator.transport, agent: 'agent', cwd: '/srv/project' })] })
 * console.log((await hub.agents()).length)
 */
export function createAcpAgentSimulator(options: AcpAgentSimulatorOptions = {}): AcpAgentSimulator {
  const { script = createEcho(), stored = {}, splitWrites = false, clock = systemClock } = options
  const received: Json[] = []
  const open = new Set<Link>()
  /** What a load replays: the sessions that were given, and those that were created here. */
  const past = new Map<string, Json[]>(Object.entries(stored).map(([id, updates]) => [id, [...updates]]))
  const facts = new Map<string, SessionFacts>()
  let connections = 0
  let sessions = 0
  let prompts = 0

  const now = (): string => new Date(clock.now()).toISOString()
  const factsOf = (id: string): SessionFacts => {
    const known = facts.get(id) ?? { config: createSimulatedConfig(), cwd: '/simulated', updatedAt: now() }
    facts.set(id, known)
    return known
  }
  const gone = (sessionId: string): never => refuse(-32002, 'Resource not found', { sessionId })
  /** The members of an answer that opens a session. */
  const opened = (sessionId: string, { cwd }: Json): Json => {
    const known = factsOf(sessionId)
    if (typeof cwd === 'string') known.cwd = cwd
    return { sessionId, modes: known.config.modes(), configOptions: known.config.options() }
  }

  /** Long because the requests of one connection share its sessions. */
  const serve = async (link: Link): Promise<void> => {
    connections += 1
    open.add(link)
    const own = new Set<string>()
    const running = new Map<string, AbortController>()
    const waiting = new Map<number, Deferred<unknown>>()
    let lastId = 0

    const send = writer(link, splitWrites)
    const update = (sessionId: string, body: Json): Promise<void> =>
      send({ method: 'session/update', params: { sessionId, update: body } })

    const runPrompt = async ({ sessionId, prompt }: Json): Promise<Json> => {
      const id = String(sessionId)
      if (!own.has(id)) gone(id)
      const known = factsOf(id)
      known.title ??= (prompt as Json[]).map(({ text }) => text ?? '').join('')
      known.updatedAt = now()
      prompts += 1
      const messageId = `prompt-${prompts}`
      for (const content of prompt as Json[]) past.get(id)?.push({ sessionUpdate: 'user_message_chunk', content, messageId })
      const controller = new AbortController()
      running.set(id, controller)
      try {
        const result = await script({
          sessionId: id,
          text: (prompt as Json[]).map(({ text }) => text ?? '').join(''),
          signal: controller.signal,
          update(body) {
            past.get(id)?.push(body)
            return update(id, body)
          },
          request(method, params) {
            lastId += 1
            const answer = deferred<unknown>()
            waiting.set(lastId, answer)
            void send({ id: lastId, method, params })
            return answer.promise
          },
          notify: (method, params) => send({ method, params }),
          die: () => void link.close({ graceMs: 0 }),
        })
        return typeof result === 'string' ? { stopReason: result } : result
      } finally {
        running.delete(id)
      }
    }

    const answer = async (method: string, params: Json): Promise<Json> => {
      switch (method) {
        case 'initialize':
          return {
            protocolVersion: 1,
            agentInfo: { name: 'simulated-agent', title: 'Simulated agent', version: '1.0.0' },
            authMethods: [],
            agentCapabilities: {
              loadSession: true,
              promptCapabilities: { image: true, embeddedContext: true },
              mcpCapabilities: { http: true, sse: true },
              auth: { logout: {} },
              sessionCapabilities: { additionalDirectories: {}, close: {}, delete: {}, fork: {}, list: {}, resume: {} },
            },
            ...options.initialize,
          }
        case 'authenticate': {
          const offered = (options.initialize?.authMethods ?? []) as readonly Json[]
          if (offered.some(({ id }) => id === params.methodId)) return {}
          return refuse(-32602, `Invalid params: Unsupported authentication method: ${String(params.methodId)}`)
        }
        case 'logout':
          return {}
        case 'session/set_mode': {
          const { config } = factsOf(String(params.sessionId))
          if (config.set('mode', params.modeId) !== 'done') refuse(-32602, `Invalid params: Invalid Mode: ${String(params.modeId)}`)
          await update(String(params.sessionId), { sessionUpdate: 'config_option_update', configOptions: config.options() })
          return {}
        }
        case 'session/set_config_option': {
          const { config } = factsOf(String(params.sessionId))
          const { configId, value } = params
          const result = config.set(configId, value)
          if (result === 'unknown option') refuse(-32602, `Invalid params: Unknown config option: ${String(configId)}`)
          if (result === 'invalid value') {
            refuse(-32602, `Invalid params: Invalid value for config option ${String(configId)}: ${String(value)}`)
          }
          if (configId === 'mode') {
            await update(String(params.sessionId), { sessionUpdate: 'current_mode_update', currentModeId: config.mode })
          }
          return { configOptions: config.options() }
        }
        case 'session/new':
        case 'session/fork': {
          if (typeof params.cwd !== 'string') refuse(-32602, 'Invalid params', { cwd: { _errors: ['The folder is missing.'] } })
          const from = method === 'session/new' ? [] : (past.get(String(params.sessionId)) ?? gone(String(params.sessionId)))
          sessions += 1
          const sessionId = `session-${sessions}`
          own.add(sessionId)
          past.set(sessionId, [...from])
          return opened(sessionId, params)
        }
        case 'session/load':
        case 'session/resume': {
          const id = String(params.sessionId)
          const stored = past.get(id) ?? gone(id)
          for (const body of method === 'session/load' ? wholeMessages(stored) : []) await update(id, body)
          own.add(id)
          return opened(id, params)
        }
        case 'session/close':
          running.get(String(params.sessionId))?.abort()
          return own.delete(String(params.sessionId)) ? {} : gone(String(params.sessionId))
        case 'session/delete':
          past.delete(String(params.sessionId))
          own.delete(String(params.sessionId))
          return {}
        case 'session/list':
          return {
            sessions: [...past.keys()].flatMap((sessionId) => {
              const { cwd, title, updatedAt } = factsOf(sessionId)
              if (params.cwd !== undefined && params.cwd !== cwd) return []
              return [{ sessionId, cwd, ...(title === undefined ? {} : { title }), updatedAt }]
            }),
          }
        case 'session/prompt':
          return runPrompt(params)
        default:
          return refuse(-32601, `"Method not found": ${method}`, { method })
      }
    }

    const take = async (message: Json): Promise<void> => {
      const { id, method, params = {} } = message
      if (typeof method !== 'string') {
        const call = waiting.get(Number(id))
        waiting.delete(Number(id))
        if (message.error === undefined) call?.resolve(message.result)
        else call?.reject(message.error)
        return
      }
      if (id === undefined) {
        if (method === 'session/cancel') running.get(String((params as Json).sessionId))?.abort()
        return
      }
      try {
        await send({ id, result: await answer(method, params as Json) })
      } catch (error) {
        const {
          code = -32603,
          message: text = String(error),
          data,
        } = Object(error) as { code?: number; message?: string; data?: Json }
        await send({ id, error: { code, message: text, ...(data ? { data } : {}) } }).catch(() => {})
      }
    }

    try {
      for await (const message of messages(link, ndjsonDecoder<Json>())) {
        received.push(message)
        take(message).catch(() => {})
      }
    } catch {
      // The client is gone; the connection ends like any other.
    }
    open.delete(link)
    for (const controller of running.values()) controller.abort()
    for (const call of waiting.values()) {
      call.promise.catch(() => {})
      call.reject({ code: -32603, message: 'The connection ended.' })
    }
    await link.close()
  }

  return {
    serve,
    received,
    get connections() {
      return connections
    },
    kill() {
      for (const link of open) void link.close({ graceMs: 0 })
    },
    transport: {
      kind: 'stream',
      name: 'simulated-acp',
      async open() {
        const [near, far] = memoryPair({ name: 'acp' })
        void serve(far)
        return near
      },
    },
  }
}
