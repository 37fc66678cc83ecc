/**
 * A system of agents that a test controls. Like a real system it outlives its source: after a hub has ended, another hub finds the
 * same turns and the same open asks.
 */
import type { AgentId } from '../../hub/model/agent.js'
import type { Capabilities } from '../../hub/model/capabilities.js'
import type { Answer } from '../../hub/model/ask.js'
import type { EndEvent, HubEventBody } from '../../hub/model/event.js'
import type { Source, SourceAsk, SourceEvent, SourcePrompt } from '../../hub/source.js'
import { createScriptedSource } from './scripted-source.js'
import type { ScriptedFault, ScriptedLedger, ScriptedWorld } from './scripted-world.js'

export type { ScriptedFault, ScriptedLedger } from './scripted-world.js'

/** The calls by which a script controls a turn. */
export interface ScriptedTurn {
  /** The prompt that started the turn. */
  readonly prompt: SourcePrompt
  /** Sends a part of a message. Default id `m1`. */
  delta(text: string, id?: string): void
  /** Sends a whole message, which replaces the deltas of the same id. Default id `m1`. */
  say(text: string, id?: string): void
  /** Sends any other event of the turn, such as a tool call. */
  event(body: Exclude<HubEventBody, { kind: 'ask' | 'ask_resolved' | 'end' }>): void
  /** Asks, and waits for the answer. Gives undefined if the ask ended without one. */
  ask(ask: Partial<SourceAsk> & Pick<SourceAsk, 'nativeId'>): Promise<Answer | undefined>
  /** Ends the turn. The default outcome is `completed`, or `cancelled` after a cancel. A second end is ignored. */
  end(end?: Partial<EndEvent>): void
  /** True after the turn was cancelled. */
  readonly cancelled: boolean
  /** Resolves when the turn is cancelled. */
  readonly whenCancelled: Promise<void>
}

/** Runs for every prompt. If the script returns without `end`, the turn stays open. */
export type Script = (turn: ScriptedTurn) => void | Promise<void>

/** Options of `createScriptedSystem`. */
export interface ScriptedSystemOptions {
  /** The first part of the agent ids, as in `script/a`. Default `script`. */
  readonly name?: string
  /** The native ids of the agents. Default: one agent, `a`. */
  readonly agents?: readonly string[]
  /** The capabilities of every agent. Default `FULL_CAPABILITIES`. */
  readonly can?: Capabilities
  /** What an agent does with a prompt. Default: it answers `echo: ` and the prompt, in two deltas. */
  readonly script?: Script
}

/** An event of a source without agent and epoch. The system adds them. */
export type ScriptedEvent = SourceEvent extends infer Event
  ? Event extends SourceEvent
    ? Omit<Event, 'agent' | 'epoch'>
    : never
  : never

/** A system of scripted agents. It outlives the hubs that connect to it. */
export interface ScriptedSystem {
  /** What the system really received. It may differ from the answers that the hub got. */
  readonly ledger: ScriptedLedger
  /**
   * A connection to the system, for one hub. A new connection cuts off the earlier one.
   *
   * @example
   * import { createHub } from 'signalbox/hub'
   * import { createScriptedSystem } from 'signalbox/testing'
   *
   * await using hub = await createHub({ sources: [createScriptedSystem().source()] })
   * console.log(await hub.agents())
   */
  source(): Source
  /**
   * Sends an event of an agent to the connected hub, outside of any script.
   *
   * @example
   * import { createScriptedSystem, type ScriptedEvent } from 'signalbox/testing'
   *
   * declare const event: ScriptedEvent
   * createScriptedSystem().push('a', event)
   */
  push(agent: string, body: ScriptedEvent): void
  /**
   * Restarts an agent: it gets a new epoch, and its open turns and asks are gone without an end event. Default: every agent.
   *
   * @example
   * import { createScriptedSystem } from 'signalbox/testing'
   *
   * const system = createScriptedSystem()
   * system.restart('a')
   */
  restart(agent?: string): void
  /**
   * Makes the next prompts fail in these ways, one after the other.
   *
   * @example
   * import { createScriptedSystem } from 'signalbox/testing'
   *
   * const system = createScriptedSystem()
   * system.fail('refuse', 'lose-after')
   */
  fail(...faults: readonly ScriptedFault[]): void
  /** Set `answer` to make `resolve` of the source give this instead of the truth. */
  readonly resolving: { answer?: 'unknown' | 'lost' }
  /**
   * The id of an agent in the hub, by its native id.
   *
   * @example
   * import { createScriptedSystem } from 'signalbox/testing'
   *
   * console.log(createScriptedSystem().agentId('a')) // script/a
   */
  agentId(agent: string): AgentId
  /**
   * The epoch of an agent. It changes at every restart.
   *
   * @example
   * import { createScriptedSystem } from 'signalbox/testing'
   *
   * const system = createScriptedSystem()
   * console.log(system.epoch('a'))
   */
  epoch(agent: string): string
}

/** Every capability that an agent can have. */
export const FULL_CAPABILITIES: Capabilities = {
  prompt: {},
  stream: { text: true, tools: true },
  cancel: { keepsSession: true },
  history: { complete: true },
  asks: { kinds: ['permission', 'question', 'confirm', 'secret'], answerable: true, confirmsDelivery: true },
  usage: { tokens: true, cost: 'reported' },
  dedupe: 'by_client_id',
  sessions: { list: true, create: true, fork: true, close: true, choices: { folders: ['/a', '/b'], models: ['small', 'large'] } },
}

const echo: Script = (turn) => {
  turn.delta('echo: ')
  turn.delta(turn.prompt.text)
  turn.say(`echo: ${turn.prompt.text}`)
  turn.end()
}

/**
 * Creates a system of scripted agents, for tests of hubs and of programs that use a hub.
 *
 * @example
 * import { createHub } from 'signalbox/hub'
 * import { createScriptedSystem } from 'signalbox/testing'
 *
 * const system = createScriptedSystem({ script: (turn) => turn.end({ text: 'done' }) })
 * await using hub = await createHub({ sources: [system.source()] })
 * console.log(await hub.prompt('script/a', 'work').text())
 */
export function createScriptedSystem(options: ScriptedSystemOptions = {}): ScriptedSystem {
  const { name = 'script', agents = ['a'], can = FULL_CAPABILITIES, script = echo } = options
  let startCount = 0
  const epoch = (): string => {
    startCount += 1
    return `e${startCount}`
  }
  const agentId = (agent: string): AgentId => `${name}/${agent}`
  const world: ScriptedWorld = {
    name,
    agents: new Map(agents.map((agent) => [agent, { epoch: epoch(), can, sessions: [] }])),
    turns: new Map(),
    asks: new Map(),
    ledger: { prompts: [], answers: [], expired: [], cancelled: [], opened: [] },
    faults: [],
    resolving: {},
    connection: undefined,
    run: (prompt) => runScript(world, script, prompt),
    agentNow: (agent) => ({
      id: agentId(agent),
      source: name,
      system: 'script',
      name: agent,
      sessions: ['main', ...(world.agents.get(agent)?.sessions ?? [])].map((id) => ({
        id,
        state: 'idle',
        evidence: { from: 'reported', at: '2026-01-01T00:00:00.000Z' },
      })),
      can: world.agents.get(agent)?.can ?? {},
      facts: {},
    }),
  }
  return {
    ledger: world.ledger,
    resolving: world.resolving,
    source: () => createScriptedSource(world),
    push: (agent, body) =>
      world.connection?.push({ ...body, agent: agentId(agent), epoch: world.agents.get(agent)?.epoch ?? '' } as SourceEvent),
    restart(only) {
      for (const [agent, state] of world.agents) {
        if (only !== undefined && agent !== only) continue
        state.epoch = epoch()
        for (const [promptId, turn] of world.turns) if (turn.agent === agent && !turn.end) world.turns.delete(promptId)
        for (const [key, ask] of world.asks) if (ask.agent === agent) world.asks.delete(key)
        world.connection?.push({ agent: agentId(agent), epoch: state.epoch, kind: 'asks_open', nativeIds: [] })
      }
    },
    fail: (...faults) => void world.faults.push(...faults),
    agentId,
    epoch: (agent) => world.agents.get(agent)?.epoch ?? '',
  }
}

function runScript(world: ScriptedWorld, script: Script, prompt: SourcePrompt): void {
  const agent = prompt.agent.slice(world.name.length + 1)
  const epoch = world.agents.get(agent)?.epoch ?? ''
  const envelope = {
    agent: prompt.agent,
    epoch,
    turn: prompt.promptId,
    ...(prompt.session === undefined ? {} : { session: prompt.session }),
  }
  let cancelled = false
  let tellCancelled = (): void => {}
  const whenCancelled = new Promise<void>((resolve) => {
    tellCancelled = resolve
  })
  const alive = (): boolean => world.agents.get(agent)?.epoch === epoch
  const push = (body: object): void => {
    if (alive()) world.connection?.push({ ...envelope, ...body } as SourceEvent)
  }
  const state: { agent: string; end?: EndEvent; cancel: () => void } = {
    agent,
    cancel() {
      cancelled = true
      tellCancelled()
    },
  }
  world.turns.set(prompt.promptId, state)
  const turn: ScriptedTurn = {
    prompt,
    delta: (text, id = 'm1') => push({ kind: 'message', id, role: 'agent', text, how: 'append', partial: true }),
    say: (text, id = 'm1') => push({ kind: 'message', id, role: 'agent', text, how: 'replace', partial: false }),
    event: push,
    ask(given) {
      const ask: SourceAsk = { kind: 'permission', title: 'May it run?', ...given }
      const event = { ...envelope, kind: 'ask', ask } as SourceEvent
      const answered = new Promise<Answer | undefined>((settle) =>
        world.asks.set(`${epoch}#${ask.nativeId}`, { agent, epoch, event, settle }),
      )
      push({ kind: 'ask', ask })
      return answered
    },
    end(end = {}) {
      if (state.end || !alive()) return
      const whole: EndEvent = { kind: 'end', outcome: cancelled ? 'cancelled' : 'completed', sent: 'yes', ...end }
      state.end = whole
      push(whole)
    },
    get cancelled() {
      return cancelled
    },
    whenCancelled,
  }
  void (async () => {
    try {
      await script(turn)
    } catch (error) {
      turn.end({ outcome: 'failed', error: { code: 'remote', message: String(error) } })
    }
  })()
}
