/** The agents of another hub, as agents of this one: one interface over several machines. */
import { systemClock, type Clock } from '../../core/clock.js'
import { SignalboxError } from '../../errors.js'
import type { Hub } from '../hub.js'
import type { Agent } from '../model/agent.js'
import type { Ask } from '../model/ask.js'
import type { HubEvent } from '../model/event.js'
import type { Source, SourceAsk } from '../source.js'
import { createEmitter, type Presence, type SourceBody } from './emitter.js'

/** Options of `hubSource`. */
export interface HubSourceOptions {
  /** The other hub, mostly a `createHubClient`. */
  readonly hub: Hub
  /** The name of that hub: `laptop` makes `laptop:ccc/backend` of `ccc/backend`, and of `laptop.ccc/backend` too. */
  readonly name: string
  /** How often the other hub is asked whether it can be reached. While it cannot, its agents are `offline`. Default 15 s. */
  readonly checkEveryMs?: number
  /** The time source. Default the clock of the machine. */
  readonly clock?: Clock
}

/**
 * A prompt keeps its id, so the turn is the same turn in both hubs, and is found again after either of them died. The other
 * hub decides its own asks: an answer from this hub competes with the answers of the other hub's viewers.
 * Long because the calls, the events and the checks share the agents and the epochs of the other hub.
 *
 * @example
 * ```ts
 * import { createHub, createHubClient, hubSource } from 'signalbox/hub'
 * import { unixSocket } from 'signalbox/node'
 *
 * const laptop = createHubClient({ transport: unixSocket({ path: '/run/tunnel/laptop.sock' }) })
 * await using hub = await createHub({ sources: [hubSource({ hub: laptop, name: 'laptop' })] })
 * console.log(await hub.prompt('laptop:ccc/backend', 'Run the tests.').text())
 * ```
 */
export function hubSource(options: HubSourceOptions): Source {
  const { hub, name, checkEveryMs = 15_000, clock = systemClock } = options
  const emitter = createEmitter(clock)
  const { push } = emitter
  /** Agents of a hub that shares its store may have the name of their machine in front already. */
  const shortened = new Map<string, string>()
  const outer = (agent: string): string => {
    if (!agent.startsWith(`${name}.`)) return `${name}:${agent}`
    const id = `${name}:${agent.slice(name.length + 1)}`
    shortened.set(id, agent)
    return id
  }
  const inner = (agent: string): string => shortened.get(agent) ?? agent.slice(name.length + 1)
  /** Turns that this hub prompted: it writes their start itself. */
  const own = new Set<string>()
  const epochs = new Map<string, string>()
  const remoteAgents = new Map<string, Agent>()

  const agentOf = (agent: Agent): Agent => ({
    ...agent,
    id: outer(agent.id),
    source: name,
    ...(agent.group === undefined ? {} : { group: outer(agent.group) }),
  })
  /** Reports which asks are open at the other hub. All other asks of its agents are over. */
  const reportOpenAsks = async (): Promise<void> => {
    const agents = await hub.agents()
    // The last call before the report: an ask that opens after it must not count as over.
    const open = await hub.asks()
    for (const agent of agents) {
      const ofAgent = open.filter((ask) => ask.agent === agent.id)
      const epoch = ofAgent[0] ? epochOf(ofAgent[0]) : (epochs.get(agent.id) ?? '')
      push(outer(agent.id), epoch, {
        kind: 'asks_open',
        nativeIds: ofAgent.filter((ask) => epochOf(ask) === epoch).map(nativeIdOf),
      })
      for (const ask of ofAgent) pushAsk(ask)
    }
  }
  const pushAsk = (ask: Ask): void => {
    if (ask.status === 'open')
      push(outer(ask.agent), epochOf(ask), { kind: 'ask', session: ask.session, turn: ask.turn, ask: sourceAsk(ask) })
  }
  const take = (event: HubEvent): void => {
    const { agent, epoch, session, turn, reportedAt, origin } = event
    if (agent === '') {
      if (event.kind === 'gap')
        for (const id of epochs.keys()) push(outer(id), epochs.get(id) ?? '', { kind: 'gap', reason: event.reason })
      return
    }
    if (epoch !== '') epochs.set(agent, epoch)
    const place = { session, turn, reportedAt }
    const to = (body: SourceBody): void => push(outer(agent), epoch, { ...body, ...place })
    switch (event.kind) {
      case 'agent':
        if (event.agentNow && event.change === 'present') remoteAgents.set(agent, event.agentNow)
        else remoteAgents.delete(agent)
        return to({ kind: 'agent', change: event.change, ...(event.agentNow ? { agentNow: agentOf(event.agentNow) } : {}) })
      case 'ask':
        return pushAsk(event.ask)
      case 'ask_resolved': {
        const { outcome, by, delivered, askId } = event
        const author = by === undefined ? {} : { by }
        return to({
          kind: 'ask_closed',
          nativeId: nativeIdOf({ id: askId }),
          outcome: outcome === 'lost' ? 'withdrawn' : outcome,
          delivered,
          ...author,
        })
      }
      case 'turn':
        if (turn !== undefined && own.has(turn)) return
    }
    const { v: _v, seq: _seq, at: _at, agent: _agent, epoch: _epoch, ...body } = event
    push(outer(agent), epoch, { ...body, origin } as SourceBody)
    if (event.kind === 'end' && turn !== undefined) own.delete(turn)
  }
  const follow = async (): Promise<void> => {
    let isFirst = true
    for await (const batch of hub.watch({ signal: emitter.signal }).batches()) {
      for (const event of batch) take(event)
      // Asks that ended in the part of the journal that was missed.
      if (isFirst || batch.some(({ kind, agent }) => kind === 'gap' && agent === '')) await reportOpenAsks().catch(() => {})
      isFirst = false
    }
  }
  const presence: Presence = {
    away() {
      for (const [id, { sessions }] of remoteAgents)
        for (const session of sessions) emitter.state(outer(id), epochs.get(id) ?? '', session.id, 'offline', 'polled')
    },
    async back() {
      for (const agent of await hub.agents())
        push(outer(agent.id), epochs.get(agent.id) ?? '', { kind: 'agent', change: 'present', agentNow: agentOf(agent) })
    },
  }

  return {
    name,
    system: 'hub',
    async open(sink) {
      emitter.open(sink)
      const agents = await hub.agents().catch(() => [])
      for (const agent of agents) remoteAgents.set(agent.id, agent)
      await reportOpenAsks().catch(() => {})
      emitter.every(1000, follow)
      emitter.poll(checkEveryMs, () => hub.agents().then(() => {}), presence)
      return agents.map(agentOf)
    },
    async prompt({ promptId, agent, session, text, by }) {
      own.add(promptId)
      await hub.prompt(inner(agent), text, { promptId, by, ...(session === undefined ? {} : { session }) }).accepted()
    },
    cancel: ({ turn, by }) => hub.turn(turn).cancel(by === undefined ? {} : { by }),
    async answer(ask, nativeId, answer, by) {
      const { delivered } = await hub.answer(`${inner(ask.agent)}#${epochOf(ask)}#${nativeId}`, answer, { by })
      return { delivered: delivered === 'no' ? 'maybe' : delivered }
    },
    async resolve({ promptId }) {
      try {
        const { end } = await hub.turn(promptId).info()
        if (end) return { outcome: 'ended', end }
        own.add(promptId)
        return { outcome: 'running' }
      } catch (error) {
        if (SignalboxError.is(error, 'not_found')) return { outcome: 'not_sent' }
        return { outcome: 'unknown', reason: 'the other hub cannot be reached' }
      }
    },
    async history(agent, query) {
      const page = await hub.history(inner(agent), query)
      return { ...page, events: page.events.map((event) => ({ ...event, agent }) as never) }
    },
    sessions: (agent) => hub.sessions(inner(agent)),
    openSession: (agent, session, { signal }) => hub.openSession(inner(agent), session, signal ? { signal } : {}),
    closeSession: (agent, session, { signal }) => hub.closeSession(inner(agent), session, signal ? { signal } : {}),
    [Symbol.asyncDispose]: emitter.close,
  }
}

/** `<agent>#<epoch>#<native id>`: an agent id has no `#`, a native id may. */
const partsOf = (id: string): readonly string[] => id.split('#')
const epochOf = ({ id }: Pick<Ask, 'id'>): string => partsOf(id)[1] ?? ''
const nativeIdOf = ({ id }: Pick<Ask, 'id'>): string => partsOf(id).slice(2).join('#')

function sourceAsk(ask: Ask): SourceAsk {
  const { id: _id, agent: _agent, session: _session, turn: _turn, askedAt: _askedAt, status: _status, by: _by, ...rest } = ask
  return { ...rest, nativeId: nativeIdOf(ask) }
}
