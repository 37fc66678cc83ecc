/** Claude Code as agents: each a name, its options and its sessions, run by the CLI on this side. */
import type { ClaudeClient, CLIAgentOptions, Session, Turn } from '../../claude/index.js'
import { systemClock, type Clock } from '../../core/clock.js'
import { asHubError } from '../context.js'
import type { Agent, AgentSession, AgentState, SessionSummary } from '../model/agent.js'
import type { Capabilities, SessionChoices } from '../model/capabilities.js'
import type { EndEvent } from '../model/event.js'
import { SignalboxError } from '../../errors.js'
import type { NewSession, Source, SourcePrompt } from '../source.js'
import { createClaudeAsks, type ClaudeAsks } from './claude-asks.js'
import { claudeEnd, createClaudeReader } from './claude-messages.js'
import { createEmitter } from './emitter.js'

/** One agent of `claudeSource`. */
export interface ClaudeAgent {
  /** The part of the agent id after the slash. */
  readonly name: string
  /** For every session of this agent: model, folder, permission mode. `canUseTool` belongs to the hub. */
  readonly options?: Omit<CLIAgentOptions, 'canUseTool' | 'permissionTimeoutMs' | 'resume' | 'sessionId'>
  /** The CLI's session to go on with. Default a new one. */
  readonly resume?: string
  /**
   * What a new session may choose instead of the `cwd` and the `model` of `options`. Default nothing: a viewer that may prompt must not
   * choose any folder of the machine.
   */
  readonly choices?: SessionChoices
}

/** Options of `claudeSource`. */
export interface ClaudeSourceOptions {
  /** The client that runs the sessions. The caller closes it. */
  readonly client: ClaudeClient
  /** The part of an agent id before the slash. Default `claude`. */
  readonly name?: string
  /** Default one agent, `main`. */
  readonly agents?: readonly ClaudeAgent[]
  /** The time source. Default the clock of the machine. */
  readonly clock?: Clock
}

interface Running {
  readonly turn: Turn
}

/** A session that is open here. */
interface Open {
  readonly session: Session
  readonly epoch: string
  readonly asks: ClaudeAsks
  turnId: string | undefined
  /** The state that was pushed last. */
  shown: AgentSession
  readonly running: Map<string, Running>
}

const CAN: Capabilities = {
  prompt: {},
  stream: { text: true, tools: true, thinking: true },
  cancel: { keepsSession: true },
  sessions: { list: true, create: true, resume: true, fork: true, close: true },
  asks: { kinds: ['permission', 'question'], answerable: true, confirmsDelivery: false },
  usage: { tokens: true, cost: 'reported' },
}

const summary = ({ session }: Open): SessionSummary => ({
  id: session.sessionId,
  updatedAt: session.updatedAt,
  facts: { turns: session.turnCount },
})

/**
 * Prompts without a session go to the agent's own session, which starts with the first prompt; a prompt with the id of another session
 * goes on with that one. A process ends with its hub, so a turn that ran when the hub died is lost.
 * Long because sessions, turns and asks share the sessions that are open.
 *
 * @example
 * ```ts
 * import { createClaude } from 'signalbox/claude'
 * import { claudeSource, createHub } from 'signalbox/hub'
 * import { claudeProcess } from 'signalbox/node'
 *
 * await using claude = createClaude({ transport: claudeProcess() })
 * const source = claudeSource({ client: claude, agents: [{ name: 'review', options: { cwd: '/home/ann/project' } }] })
 * await using hub = await createHub({ sources: [source] })
 * console.log(await hub.prompt('claude/review', 'Review the last commit.').text())
 * ```
 */
export function claudeSource(options: ClaudeSourceOptions): Source {
  const { client, name = 'claude', agents = [{ name: 'main' }], clock = systemClock } = options
  const emitter = createEmitter(clock)
  const { push } = emitter
  const runId = crypto.randomUUID().slice(0, 8)
  const open = new Map<string, Open>()
  const own = new Map<string, string>()
  let count = 0

  const shown = (id: string, newState: AgentState): AgentSession => ({
    id,
    state: newState,
    evidence: { from: 'derived', at: emitter.now() },
  })
  const state = (agent: string, opened: Open, newState: AgentState): void => {
    const { sessionId } = opened.session
    opened.shown = shown(sessionId, newState)
    emitter.state(agent, opened.epoch, sessionId, newState, 'derived')
  }

  /** A session by its id; without one the agent's own. */
  const sessionOf = (agent: string, id: string | undefined): Open => {
    const existing = open.get(`${agent}\n${id ?? own.get(agent) ?? ''}`)
    if (existing && !existing.session.isClosed) return existing
    const resume = id ?? own.get(agent) ?? configured(agent).resume
    const opened = start(agent, resume === undefined ? {} : { resume })
    if (id === undefined) own.set(agent, opened.session.sessionId)
    return opened
  }
  const configured = (agent: string): ClaudeAgent => {
    const configuration = agents.find((each) => `${name}/${each.name}` === agent)
    if (configuration) return configuration
    throw new SignalboxError({ code: 'not_found', system: 'claude', message: `There is no agent ${agent}.` })
  }
  /** Opens a session of an agent: a new one, a stored one, or a fork. Its process starts with the first prompt. */
  const start = (agent: string, { resume, fork, folder, model }: NewSession & { readonly resume?: string }): Open => {
    const configuration = configured(agent)
    count += 1
    const epoch = `${runId}-${count}`
    const asks = createClaudeAsks()
    const sessionOptions = {
      whileBusy: 'queue',
      onTurn: (turn: Turn) => void followUnsolicited(agent, opened, turn),
      options: {
        includePartial: true,
        ...configuration.options,
        ...(folder === undefined ? {} : { cwd: folder }),
        ...(model === undefined ? {} : { model }),
        // The hub owns expiry.
        permissionTimeoutMs: 0,
        canUseTool: (tool, input, request) => {
          const { ask, result } = asks.open(tool, input, request)
          const place = { session: opened.session.sessionId, turn: opened.turnId }
          push(agent, epoch, { ...place, kind: 'ask', ask, raw: request.raw })
          state(agent, opened, 'needs_answer')
          request.signal.addEventListener('abort', () => {
            push(agent, epoch, { ...place, kind: 'ask_closed', nativeId: ask.nativeId, outcome: 'withdrawn' })
          })
          return result
        },
      } satisfies CLIAgentOptions,
    } as const
    const from = fork ?? resume
    const session =
      from === undefined
        ? client.createSession(sessionOptions)
        : client.resumeSession(from, { ...sessionOptions, fork: fork !== undefined })
    const { sessionId } = session
    const opened: Open = { session, epoch, asks, turnId: undefined, shown: shown(sessionId, 'idle'), running: new Map() }
    open.set(`${agent}\n${sessionId}`, opened)
    return opened
  }

  /** Reads a turn to its end. `first` is called when the CLI has accepted the prompt, or with an error when it has not. */
  const follow = async (
    agent: string,
    opened: Open,
    turnId: string,
    turn: Turn,
    first: (error?: unknown) => void,
  ): Promise<void> => {
    const { epoch, session, running } = opened
    const place = { session: session.sessionId, turn: turnId }
    const read = createClaudeReader()
    let end: EndEvent | undefined
    running.set(turnId, { turn })
    opened.turnId = turnId
    try {
      for await (const batch of turn.batches()) {
        first()
        for (const message of batch) {
          for (const body of read(message)) emitter.pass({ ...body, ...place, agent, epoch })
          if (message.type === 'result') end = claudeEnd(message)
        }
      }
    } catch (error) {
      const { code, message, remoteCode, sent } = asHubError(error, 'prompt')
      if (sent === 'no') {
        running.delete(turnId)
        return first(error)
      }
      first()
      const facts = { code, message, ...(remoteCode === undefined ? {} : { remoteCode }) }
      end =
        code === 'aborted' ? { kind: 'end', outcome: 'cancelled', sent } : { kind: 'end', outcome: 'failed', sent, error: facts }
    }
    running.delete(turnId)
    if (opened.turnId === turnId) opened.turnId = undefined
    push(agent, epoch, { ...(end ?? { kind: 'end', outcome: 'cancelled', sent: 'yes' }), ...place })
    state(agent, opened, 'idle')
  }
  const followUnsolicited = (agent: string, opened: Open, turn: Turn): Promise<void> => {
    const turnId = `unsolicited-${crypto.randomUUID()}`
    push(agent, opened.epoch, { session: opened.session.sessionId, turn: turnId, kind: 'turn', what: 'unsolicited' })
    state(agent, opened, 'running')
    return follow(agent, opened, turnId, turn, () => {})
  }
  const send = ({ agent, session, text, promptId }: SourcePrompt): Promise<void> => {
    const opened = sessionOf(agent, session)
    state(agent, opened, 'running')
    const turn = opened.session.sendMessage(text)
    return new Promise((resolve, reject) => {
      void follow(agent, opened, promptId, turn, (error) => (error === undefined ? resolve() : reject(error as Error)))
    })
  }
  const withSession = (session: string | undefined, agent: string): Open | undefined =>
    open.get(`${agent}\n${session ?? own.get(agent) ?? ''}`)
  const openOf = (agent: string): readonly Open[] =>
    [...open].filter(([key]) => key.startsWith(`${agent}\n`)).map(([, opened]) => opened)
  const agentOf = ({ name: agent, options: cliOptions, choices }: ClaudeAgent): Agent => ({
    id: `${name}/${agent}`,
    source: name,
    system: 'claude',
    name: agent,
    sessions: openOf(`${name}/${agent}`).map((opened) => opened.shown),
    can: choices ? { ...CAN, sessions: { ...CAN.sessions, choices } } : CAN,
    facts: {
      ...(typeof cliOptions?.model === 'string' ? { model: cliOptions.model } : {}),
      ...(typeof cliOptions?.cwd === 'string' ? { cwd: cliOptions.cwd } : {}),
    },
  })

  return {
    name,
    system: 'claude',
    async open(sink) {
      emitter.open(sink)
      // The processes of an earlier run are gone, and their questions with them.
      for (const agent of agents) push(`${name}/${agent.name}`, runId, { kind: 'asks_open', nativeIds: [] })
      return agents.map(agentOf)
    },
    prompt: async (prompt) => send(prompt),
    async cancel({ agent, session, turn }) {
      const holder = withSession(session, agent) ?? [...open.values()].find(({ running }) => running.has(turn))
      await holder?.running.get(turn)?.turn.interrupt()
    },
    async answer(ask, nativeId, answer) {
      const opened = withSession(ask.session, ask.agent)
      if (!opened?.asks.answer(nativeId, answer)) {
        throw new SignalboxError({
          code: 'not_found',
          system: 'claude',
          op: 'answer',
          message: 'Claude does not wait for this answer.',
        })
      }
      state(ask.agent, opened, 'running')
      return { delivered: 'written' }
    },
    async expire(ask, nativeId) {
      withSession(ask.session, ask.agent)?.asks.expire(nativeId)
    },
    sessions: async (agent) => openOf(agent).map(summary),
    async openSession(agent, newSession) {
      const opened = start(agent, newSession)
      state(agent, opened, 'idle')
      return summary(opened)
    },
    async closeSession(agent, session) {
      const opened = open.get(`${agent}\n${session}`)
      if (!opened) {
        const message = `The session ${session} is not open.`
        throw new SignalboxError({ code: 'not_found', system: 'claude', op: 'closeSession', message, sent: 'no' })
      }
      open.delete(`${agent}\n${session}`)
      if (own.get(agent) === session) own.delete(agent)
      await opened.session.close()
      push(agent, opened.epoch, { kind: 'agent', change: 'present', agentNow: agentOf(configured(agent)) })
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...open.values()].map(({ session }) => session.close().catch(() => {})))
      await emitter.close()
    },
  }
}
