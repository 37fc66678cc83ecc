/**
 * An agent that speaks the Agent Client Protocol, as a source of the hub. One source is one connection to one agent; the agent may run
 * several sessions. When the connection ends, its turns end as `failed` with `sent: 'maybe'`, and a new connection starts a new epoch.
 */
import { createBackoff } from '../../core/backoff.js'
import { systemClock } from '../../core/clock.js'
import { createDeadline } from '../../core/deadline.js'
import { SignalboxError } from '../../errors.js'
import type { Agent } from '../../hub/model/agent.js'
import type { HubEventBody } from '../../hub/model/event.js'
import type { Source, SourceEvent, SourcePrompt, SourceSink } from '../../hub/source.js'
import { AGENT_METHODS, CLIENT_METHODS } from '../protocol/methods.js'
import type { InitializeResponse } from '../protocol/schema.js'
import { RPC_CODES, RpcRefusal } from '../rpc/errors.js'
import { createAcpAsks, type AcpAsks } from './asks.js'
import { capabilitiesOf, connect } from './connect.js'
import { answerFileRequest } from './files.js'
import { keepConnected, type Live } from './live.js'
import type { AcpSourceOptions } from './options.js'
import { bringBack, listSessions, newSession, promptOutcome, resumeMethod } from './requests.js'
import { createAcpSessions, type AcpSessions, type SessionPlace } from './sessions.js'

/**
 * Brings an agent that speaks the Agent Client Protocol into a hub.
 *
 * A prompt without a session goes to one session that is created with the first such prompt. The agent's requests for permission and its
 * questions become asks. File requests are answered only through `files`; terminals are never offered.
 *
 * @example
 * ```ts
 * import { acpSource } from 'signalbox/acp'
 * import { createHub } from 'signalbox/hub'
 * import { acpProcess } from 'signalbox/node'
 *
 * const gemini = acpSource({ transport: acpProcess('gemini --acp'), name: 'gemini', cwd: '/home/ann/project' })
 * await using hub = await createHub({ sources: [gemini] })
 * console.log(await hub.prompt('gemini/main', 'Which tests fail?').text())
 * ```
 */
export function acpSource(options: AcpSourceOptions): Source {
  const { name = 'acp', agent: nativeId = 'main', clock = systemClock, random = Math.random, transport } = options
  const agentId = `${name}/${nativeId}`
  const now = (): string => new Date(clock.now()).toISOString()
  let sink: SourceSink | undefined
  let count = 0
  let epoch = 'none'
  let agentInfo: InitializeResponse | undefined

  const push = (place: Partial<SessionPlace>, event: object): void =>
    sink?.push({ agent: agentId, epoch, ...place, ...event } as SourceEvent)
  const sessions = createAcpSessions(push, now)

  const connection = keepConnected({
    transport: transport.name,
    clock,
    backoff: createBackoff({ baseMs: 500, clock, random }),
    async connect(signal) {
      count += 1
      const own = `${clock.now().toString(36)}-${count}`
      const asks = createAcpAsks((event, session) => {
        if (session === undefined) return push({}, event)
        push({ session, turn: sessions.turnOf(session) }, event)
        sessions.setState(session, event.kind === 'ask' ? 'needs_answer' : 'running')
      })
      const handlers = handlersFor({ asks, sessions, options, closed: (cause) => connection.lost(own, cause) })
      const { rpc, agent } = await connect(options, handlers, signal)
      epoch = own
      agentInfo = agent
      return { rpc, info: agent, epoch: own, asks }
    },
    onLost(cause) {
      const { code, message } = cause
      push({}, { kind: 'asks_open', nativeIds: [] })
      for (const { session, turn } of sessions.clear()) {
        push({ session, turn }, { kind: 'end', outcome: 'failed', error: { code, message }, sent: 'maybe' })
      }
      present()
    },
    onBack() {
      tellOpenAsks()
      present()
    },
  })
  const tellOpenAsks = (): void => push({}, { kind: 'asks_open', nativeIds: connection.now?.asks.open() ?? [] })
  const present = (): void => push({}, { kind: 'agent', change: 'present', agentNow: describe() })
  const describe = (): Agent =>
    agentOf({
      agentId,
      name,
      nativeId,
      options,
      initialized: agentInfo,
      sessions,
      connected: !!connection.now,
      why: connection.why,
      at: now(),
    })
  const prompts = createPrompts({ options, sessions, connection })

  return {
    name,
    system: 'acp',
    async open(hubSink) {
      sink = hubSink
      await connection.start()
      tellOpenAsks()
      return [describe()]
    },
    prompt: (prompt) => prompts.send(prompt),
    async cancel({ turn }) {
      const { rpc, asks } = connection.get(AGENT_METHODS.cancel)
      const session = sessions.list().find(({ id }) => sessions.turnOf(id) === turn)?.id
      if (session === undefined) return
      await rpc.notify(AGENT_METHODS.cancel, { sessionId: session })
      // The protocol demands an answer to every open request of the session.
      asks.cancelSession(session)
    },
    checkAnswer(_ask, id, answer) {
      connection.get('answer').asks.check(id, answer)
    },
    async answer(ask, id, answer) {
      const delivered = await connection.get('answer').asks.answer(id, answer)
      if (ask.session !== undefined && sessions.turnOf(ask.session) !== undefined) sessions.setState(ask.session, 'running')
      return { delivered }
    },
    async expire(_ask, id) {
      connection.get('expire').asks.cancel(id)
    },
    // The process that had the prompt is gone, and the protocol has no way to ask another one.
    resolve: async () => ({ outcome: 'lost', sent: 'maybe' }),
    async history(agent, { session, limit = 200, signal }) {
      const { epoch: own } = connection.get(AGENT_METHODS.loadSession)
      const { session: loaded, events } = await prompts.past(session, signal)
      const newest = events.slice(-limit)
      return {
        events: newest.map((event) => ({ agent, epoch: own, session: loaded, origin: 'replay', ...event }) as SourceEvent),
        complete: newest.length === events.length,
      }
    },
    sessions: (_agent, { signal }) => listSessions(connection.get(AGENT_METHODS.listSessions).rpc, signal),
    async openSession(_agent, { folder, fork }, { signal }) {
      const live = connection.get(fork === undefined ? AGENT_METHODS.newSession : AGENT_METHODS.forkSession)
      const id = await newSession(live, folder === undefined ? options : { ...options, cwd: folder }, signal, fork)
      sessions.add(id)
      present()
      return { id, facts: { cwd: folder ?? options.cwd } }
    },
    async closeSession(_agent, session, { signal }) {
      const { rpc, asks } = connection.get(AGENT_METHODS.closeSession)
      await rpc.request(AGENT_METHODS.closeSession, { sessionId: session }, { signal })
      asks.cancelSession(session)
      prompts.forget(session)
      sessions.remove(session)
      present()
    },
    [Symbol.asyncDispose]: () => connection.close(),
  }
}

/** Answers the agent's requests and takes its updates. */
function handlersFor(parts: {
  readonly asks: AcpAsks
  readonly sessions: AcpSessions
  readonly options: AcpSourceOptions
  readonly closed: (cause: SignalboxError) => void
}) {
  const { asks, sessions, options, closed } = parts
  return {
    closed,
    async request(method: string, params: unknown, signal: AbortSignal): Promise<unknown> {
      switch (method) {
        case CLIENT_METHODS.requestPermission:
          return asks.permission(params, signal)
        case CLIENT_METHODS.createElicitation:
          return asks.elicitation(params, signal)
        case CLIENT_METHODS.readTextFile:
        case CLIENT_METHODS.writeTextFile:
          return answerFileRequest(options.files ?? {}, method, params)
        default:
          throw new RpcRefusal(RPC_CODES.methodNotFound, `${method} is not offered by this client.`)
      }
    },
    notification(method: string, params: unknown): void {
      if (method === CLIENT_METHODS.completeElicitation) return asks.complete(params)
      if (method !== CLIENT_METHODS.update) return
      const { sessionId, update } = Object(params) as { sessionId?: unknown; update?: unknown }
      if (typeof sessionId === 'string') sessions.update(sessionId, update)
    },
  }
}

/** The agent as the hub shows it. */
function agentOf(parts: {
  readonly agentId: string
  readonly name: string
  readonly nativeId: string
  readonly options: AcpSourceOptions
  readonly initialized: InitializeResponse | undefined
  readonly sessions: AcpSessions
  readonly connected: boolean
  readonly why: string | undefined
  readonly at: string
}): Agent {
  const { agentId, name, nativeId, options, initialized, sessions, connected, why, at } = parts
  const { agentInfo } = initialized ?? {}
  const list = sessions.list()
  const idle = { id: 'main', state: connected ? 'idle' : 'offline', evidence: { from: 'derived', at } } as const
  return {
    id: agentId,
    source: name,
    system: 'acp',
    name: options.title ?? agentInfo?.title ?? agentInfo?.name ?? nativeId,
    sessions: connected && list.length > 0 ? list : [idle],
    can: initialized ? capabilitiesOf(initialized, [options.cwd, ...(options.folders ?? [])]) : {},
    facts: {
      cwd: options.cwd,
      ...(typeof agentInfo?.name === 'string' ? { agent: agentInfo.name } : {}),
      ...(typeof agentInfo?.version === 'string' ? { version: agentInfo.version } : {}),
      ...(why === undefined ? {} : { offlineReason: why }),
    },
  }
}

/** Prompts and the past, both of which may have to bring back a session first. */
function createPrompts(parts: {
  readonly options: AcpSourceOptions
  readonly sessions: AcpSessions
  readonly connection: { get(op: string): Live; readonly now: Live | undefined }
}) {
  const { options, sessions, connection } = parts
  const { openTimeoutMs = 30_000, clock } = options
  /** The session for prompts that name none, of one connection. */
  let shared: { readonly live: Live; readonly id: Promise<string> } | undefined

  /** Runs requests that open or load a session, within the time limit of the options. */
  const limited = async <Result>(run: (signal: AbortSignal) => Promise<Result>, signal?: AbortSignal): Promise<Result> => {
    const deadline = createDeadline({ signal, timeoutMs: openTimeoutMs, clock })
    try {
      return await run(deadline.signal)
    } finally {
      deadline[Symbol.dispose]()
    }
  }

  /** Brings back a session and gives what the agent replayed of it. */
  const load = async (live: Live, session: string, method: string, signal?: AbortSignal): Promise<readonly HubEventBody[]> => {
    const finish = sessions.collect(session)
    try {
      await limited((limit) => bringBack(live, options, method, session, limit), signal)
    } catch (error) {
      finish()
      throw error
    }
    return finish()
  }

  const sessionFor = async (live: Live, sessionName: string | undefined): Promise<string> => {
    if (sessionName === undefined || sessionName === 'main') {
      if (shared?.live !== live) shared = { live, id: limited((signal) => newSession(live, options, signal)) }
      const opening = shared
      const id = await opening.id.catch((error: unknown) => {
        if (shared === opening) shared = undefined
        throw error
      })
      sessions.add(id)
      return id
    }
    if (sessions.has(sessionName)) return sessionName
    const method = resumeMethod(live.info)
    if (!method) {
      const message = `The agent does not have the session ${sessionName} and cannot bring one back.`
      throw new SignalboxError({ code: 'not_found', system: 'acp', op: AGENT_METHODS.prompt, message })
    }
    await load(live, sessionName, method)
    return sessionName
  }

  return {
    /** A closed session must not get the next prompt that names none. */
    forget(session: string): void {
      const before = shared
      void before?.id.then((id) => {
        if (id === session && shared === before) shared = undefined
      })
    },
    async send({ session: sessionName, promptId, text }: SourcePrompt): Promise<void> {
      const live = connection.get(AGENT_METHODS.prompt)
      const session = await sessionFor(live, sessionName).catch((error: unknown) => {
        // The request that creates or loads the session failed, so the prompt was not sent.
        throw SignalboxError.is(error) ? notSent(error) : error
      })
      sessions.begin(session, promptId)
      const params = { sessionId: session, prompt: [{ type: 'text', text }] }
      await new Promise<void>((resolve) => {
        const answered = live.rpc.request(AGENT_METHODS.prompt, params, {
          onWritten: resolve,
          onSettled(outcome) {
            // When the connection ends, `onLost` ends every turn.
            if (connection.now === live) sessions.end(session, promptId, promptOutcome(outcome))
            resolve()
          },
        })
        answered.catch(() => {})
      })
    },
    /** The past of a session. Without a name: of the session for prompts that name none, which has no past before its first prompt. */
    async past(
      sessionName: string | undefined,
      signal: AbortSignal | undefined,
    ): Promise<{ readonly session: string | undefined; readonly events: readonly HubEventBody[] }> {
      const op = AGENT_METHODS.loadSession
      const live = connection.get(op)
      const refuse = (code: 'unsupported' | 'conflict', message: string): SignalboxError =>
        new SignalboxError({ code, system: 'acp', op, message })
      if (!live.info.agentCapabilities?.loadSession) throw refuse('unsupported', 'The agent cannot load sessions.')
      const isNamed = sessionName !== undefined && sessionName !== 'main'
      const session = isNamed ? sessionName : shared?.live === live ? await shared.id : undefined
      if (session === undefined) return { session, events: [] }
      if (sessions.turnOf(session) !== undefined)
        throw refuse('conflict', `The session ${session} runs a turn; read its past when it has ended.`)
      return { session, events: await load(live, session, op, signal) }
    },
  }
}

function notSent(error: SignalboxError): SignalboxError {
  const { code, message, remoteCode, retryable } = error
  return new SignalboxError({
    code,
    message,
    remoteCode,
    retryable,
    system: 'acp',
    op: AGENT_METHODS.prompt,
    sent: 'no',
    cause: error,
  })
}
