/**
 * An agent of the hub for an editor that speaks the Agent Client Protocol, version 1. One link is one editor. The editor sees every event of
 * the agent's session in the order of the journal, also what other viewers prompt and answer.
 */
import type { Clock } from '../../core/clock.js'
import { SignalboxError } from '../../errors.js'
import type { Hub, Turn } from '../../hub/hub.js'
import type { Agent, AgentId } from '../../hub/model/agent.js'
import type { Ask } from '../../hub/model/ask.js'
import type { EndEvent, HubEvent } from '../../hub/model/event.js'
import { isRecord } from '../../core/is-record.js'
import type { Link } from '../../transport.js'
import { AGENT_METHODS, CLIENT_METHODS, PROTOCOL_VERSION } from '../protocol/methods.js'
import { createRpcConnection, type RpcConnection, type RpcLimits } from '../rpc/connection.js'
import { RPC_CODES, RpcRefusal } from '../rpc/errors.js'
import { promptText } from './prompt-text.js'
import { abilitiesOf, questionFor, type EditorAbilities } from './questions.js'
import { createEditorSessions, type EditorSession, type EditorSessions } from './sessions.js'
import { createUpdateWriter } from './updates.js'

/** Options of `serveAcp`. */
export interface ServeAcpOptions {
  /** The agent that the editor drives. */
  readonly agent: AgentId
  /** Who prompts and answers, for the journal. Default `editor`. */
  readonly by?: string
  /** The address of a page where the person enters a secret, such as a PIN. Without it a secret cannot be entered from the editor. */
  readonly secretPage?: (ask: Ask) => string | undefined
  /** Limits of the connection. */
  readonly limits?: RpcLimits
  /** Default the system's clock. */
  readonly clock?: Clock
}

/** An editor that is being served. */
export interface ServedEditor extends AsyncDisposable {
  /** Resolves when the editor has gone. */
  readonly done: Promise<void>
  /** Ends the connection. The agent's turns go on. */
  close(): Promise<void>
}

/**
 * Serves one agent of a hub to one editor over a link, such as the process's own stdin and stdout.
 *
 * @example
 * ```ts
 * import { serveAcp } from 'signalbox/acp'
 * import { createHub } from 'signalbox/hub'
 * import { processStdio } from 'signalbox/node'
 *
 * await using hub = await createHub({ sources: [] })
 * await serveAcp(hub, processStdio(), { agent: 'ccc/backend' }).done
 * ```
 */
export function serveAcp(hub: Hub, link: Link, options: ServeAcpOptions): ServedEditor {
  const { agent, by = 'editor' } = options
  const gone = new AbortController()
  let abilities: EditorAbilities = { forms: false, urls: false, notices: false }
  const sessions = createEditorSessions({ notices: () => abilities.notices })
  const questions = createQuestions({ hub, sessions, options, rpc: () => rpc, abilities: () => abilities, by })
  const methods = createMethods({
    hub,
    agent,
    by,
    sessions,
    update: (session, update) => send(session, update),
    began: (editorAbilities) => {
      abilities = editorAbilities
    },
  })
  const send = (session: EditorSession, update: unknown): void => {
    rpc.notify(CLIENT_METHODS.update, { sessionId: session.id, update }).catch(() => {})
  }

  const rpc: RpcConnection = createRpcConnection(
    link,
    {
      request: (method, params, signal) => methods.call(method, params, signal),
      notification(method, params) {
        if (method === AGENT_METHODS.cancel) methods.cancel(params)
      },
      closed: () => gone.abort(),
    },
    { limits: options.limits, clock: options.clock },
  )

  const follow = async (): Promise<void> => {
    const watch = hub.watch({ agents: [agent], signal: gone.signal })
    try {
      for await (const event of watch) {
        if (event.kind === 'ask') questions.ask(event.ask, event)
        else if (event.kind === 'ask_resolved') questions.resolved(event.askId, event.outcome === 'answered')
        for (const session of sessions.of(event)) {
          for (const update of session.writer.write(event)) send(session, update)
        }
        if (event.kind === 'end' && event.turn !== undefined) methods.ended(event.turn, event)
        else if (event.kind === 'gap') methods.askForEnds()
      }
    } catch (error) {
      if (!gone.signal.aborted) methods.failAll(error)
    }
  }
  const done = follow().then(() => rpc.close())

  return {
    done,
    async close() {
      await rpc.close()
      await done
    },
    async [Symbol.asyncDispose]() {
      await this.close()
    },
  }
}

/** The response to a prompt. A turn that did not complete is an error of the protocol, because no stop reason says so. */
export function promptResponse(end: EndEvent): { readonly stopReason: string } {
  switch (end.outcome) {
    case 'completed':
      return { stopReason: STOP_REASONS.includes(end.stopReason ?? '') ? (end.stopReason as string) : 'end_turn' }
    case 'cancelled':
      return { stopReason: 'cancelled' }
    case 'refused':
      return { stopReason: 'refusal' }
    default: {
      const why = end.error === undefined ? WHY[end.outcome] : end.error.message
      throw new RpcRefusal(RPC_CODES.internalError, why ?? 'The turn failed.', {
        outcome: end.outcome,
        sent: end.sent,
        ...(end.error === undefined ? {} : { code: end.error.code }),
      })
    }
  }
}
const STOP_REASONS: readonly string[] = ['end_turn', 'max_tokens', 'max_turn_requests']
const WHY: Readonly<Partial<Record<EndEvent['outcome'], string>>> = {
  lost: 'Nobody can find out what became of this prompt. It may have reached the agent.',
  unanswered: 'The prompt was delivered, and no answer to it came.',
}

interface Waiting {
  readonly turn: Turn
  resolve(end: EndEvent): void
  reject(error: unknown): void
}

/** The methods that the editor calls. */
function createMethods(parts: {
  readonly hub: Hub
  readonly agent: AgentId
  readonly by: string
  readonly sessions: EditorSessions
  readonly update: (session: EditorSession, update: unknown) => void
  readonly began: (abilities: EditorAbilities) => void
}) {
  const { hub, agent, by, sessions, update, began } = parts
  const waiting = new Map<string, Waiting>()
  let count = 0

  const find = async (): Promise<Agent> => {
    const info = (await hub.agents()).find(({ id }) => id === agent)
    if (info) return info
    throw new RpcRefusal(RPC_CODES.resourceNotFound, `The hub has no agent ${agent}.`)
  }
  const sessionOf = (params: unknown): EditorSession => {
    const { sessionId } = isRecord(params) ? params : {}
    const session = sessions.get(sessionId)
    if (session) return session
    throw new RpcRefusal(RPC_CODES.invalidParams, 'There is no such session. Call session/new first.')
  }

  const prompt = async (params: unknown): Promise<unknown> => {
    const session = sessionOf(params)
    const text = promptText(isRecord(params) ? params.prompt : undefined)
    const turn = hub.prompt(agent, text, { by, ...(session.hubSession === undefined ? {} : { session: session.hubSession }) })
    session.turns.set(turn.promptId, turn)
    try {
      const ended = new Promise<EndEvent>((resolve, reject) => waiting.set(turn.promptId, { turn, resolve, reject }))
      ended.catch(() => {})
      await turn.accepted()
      return promptResponse(await ended)
    } finally {
      waiting.delete(turn.promptId)
      session.turns.delete(turn.promptId)
    }
  }

  const load = async (params: unknown): Promise<object> => {
    const { sessionId } = isRecord(params) ? params : {}
    if (typeof sessionId !== 'string') throw new RpcRefusal(RPC_CODES.invalidParams, 'sessionId is missing.')
    const { events } = await hub.history(agent, sessionId === 'main' ? {} : { session: sessionId })
    const session = sessions.add(sessionId, sessionId === 'main' ? undefined : sessionId)
    for (const event of events) for (const item of session.writer.write(event)) update(session, item)
    return {}
  }

  return {
    async call(method: string, params: unknown, _signal: AbortSignal): Promise<unknown> {
      switch (method) {
        case AGENT_METHODS.initialize:
          began(abilitiesOf(params))
          return initializeResponse(await find())
        case AGENT_METHODS.authenticate:
          return {}
        case AGENT_METHODS.newSession: {
          await find()
          count += 1
          const id = `session-${count}`
          sessions.add(id, undefined)
          return { sessionId: id }
        }
        case AGENT_METHODS.loadSession:
          return load(params)
        case AGENT_METHODS.listSessions: {
          const listed = await hub.sessions(agent)
          return {
            sessions: listed.map(({ id, title, updatedAt, facts }) => ({
              sessionId: id,
              cwd: typeof facts.cwd === 'string' ? facts.cwd : '/',
              ...(title === undefined ? {} : { title }),
              ...(updatedAt === undefined ? {} : { updatedAt }),
            })),
          }
        }
        case AGENT_METHODS.prompt:
          return prompt(params)
        default:
          throw new RpcRefusal(RPC_CODES.methodNotFound, `${method} is not offered by this agent.`)
      }
    },
    cancel(params: unknown): void {
      const { sessionId } = isRecord(params) ? params : {}
      // A turn that cannot be cancelled goes on; its end says so.
      for (const turn of sessions.get(sessionId)?.turns.values() ?? []) turn.cancel({ by }).catch(() => {})
    },
    ended: (promptId: string, end: EndEvent & HubEvent): void => waiting.get(promptId)?.resolve(end),
    /** The end of a turn may be among the events that a gap hides. */
    askForEnds(): void {
      for (const { turn, resolve, reject } of waiting.values()) turn.end().then(resolve, reject)
    },
    failAll(error: unknown): void {
      for (const call of waiting.values()) call.reject(error)
    },
  }
}

function initializeResponse({ can, name, facts }: Agent): object {
  return {
    protocolVersion: PROTOCOL_VERSION,
    agentInfo: { name: 'signalbox', title: name, version: typeof facts.version === 'string' ? facts.version : '0' },
    authMethods: [],
    agentCapabilities: {
      loadSession: can.history !== undefined,
      promptCapabilities: { image: false, audio: false, embeddedContext: true },
      sessionCapabilities: can.sessions?.list ? { list: {} } : {},
    },
  }
}

/** Shows the open asks of the agent in the editor, and takes a request back when somebody else has answered. */
function createQuestions(parts: {
  readonly hub: Hub
  readonly sessions: EditorSessions
  readonly options: ServeAcpOptions
  readonly rpc: () => RpcConnection
  readonly abilities: () => EditorAbilities
  readonly by: string
}) {
  const { hub, sessions, options, rpc, abilities, by } = parts
  const open = new Map<string, AbortController>()
  /** Asks whose page the editor has opened, and which are still open at the hub. */
  const onPage = new Set<string>()

  const show = async (ask: Ask, session: EditorSession): Promise<void> => {
    const sendNotice = (text: string): void => {
      const writer = createUpdateWriter({ notices: abilities().notices })
      const notice = { kind: 'notice', level: 'warning', text } as HubEvent
      for (const update of writer.write(notice)) {
        rpc()
          .notify(CLIENT_METHODS.update, { sessionId: session.id, update })
          .catch(() => {})
      }
    }
    const question = questionFor(ask, session.id, abilities(), options.secretPage)
    if ('impossible' in question) {
      sendNotice(
        `"${ask.title}" cannot be answered here: ${question.impossible}. Answer it in another viewer of the hub; its id is ${ask.id}.`,
      )
      return
    }
    const controller = new AbortController()
    open.set(ask.id, controller)
    try {
      const response = await rpc().request(question.method, question.params, { signal: controller.signal })
      if (question.isPage && isRecord(response) && response.action === 'accept') onPage.add(ask.id)
      const answer = question.read(response)
      if (answer) await hub.answer(ask.id, answer, { by })
    } catch (error) {
      // The request was taken back because the ask is resolved, or somebody else was first: both are in the journal.
      if (controller.signal.aborted || SignalboxError.is(error, 'conflict')) return
      sendNotice(`The answer to "${ask.title}" was not taken: ${error instanceof Error ? error.message : String(error)}`)
    } finally {
      open.delete(ask.id)
    }
  }

  return {
    ask(ask: Ask, event: HubEvent): void {
      // A watch repeats open asks after a gap.
      if (ask.status !== 'open' || open.has(ask.id)) return
      const [session] = sessions.of(event)
      const target = session ?? (sessions.all().length === 1 ? sessions.all()[0] : undefined)
      if (target) void show(ask, target)
    },
    resolved(askId: string, answered: boolean): void {
      open.get(askId)?.abort()
      if (!onPage.delete(askId) || !answered) return
      rpc()
        .notify(CLIENT_METHODS.completeElicitation, { elicitationId: askId })
        .catch(() => {})
    },
  }
}
