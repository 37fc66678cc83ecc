/** The agents of a recording as simulated agents: a prompt gets the recorded turn with the same text, or the next recorded one. */
import { systemClock, sleep, type Clock } from '../../../../src/core/clock.js'
import type { Agent, Capabilities, HubEvent, Source } from '../../../../src/hub/index.js'
import { createScriptedSystem, type ScriptedTurn } from '../../../../src/testing/hub/index.js'

const MAX_PAUSE_MS = 2_000

interface RecordedTurn {
  readonly text: string
  readonly events: readonly HubEvent[]
}

export interface SimulatedAgentsOptions {
  /** How many times faster than recorded; Infinity: without pauses. */
  readonly speed: number
  readonly clock?: Clock
}

/** One source for each source of the recording. */
export function simulatedAgents(
  events: readonly HubEvent[],
  { speed, clock = systemClock }: SimulatedAgentsOptions,
): readonly Source[] {
  const agents = agentsOf(events)
  const turns = turnsOf(events)
  const played = new Map<string, number>()
  const next = (agent: string, text: string): RecordedTurn | undefined => {
    const own = turns.get(agent) ?? []
    const same = own.filter((turn) => turn.text === text)
    const among = same.length > 0 ? same : own
    const key = `${agent} ${same.length > 0 ? text : ''}`
    const count = played.get(key) ?? 0
    played.set(key, count + 1)
    return among[count % Math.max(1, among.length)]
  }
  const names = [...new Set([...agents.values()].map(({ source }) => source))]
  return names.map((name) => {
    const own = [...agents.values()].filter(({ source }) => source === name)
    const system = createScriptedSystem({
      name,
      agents: own.map(({ id }) => id.slice(name.length + 1)),
      can: CAN,
      script: (turn) => play(turn, next(turn.prompt.agent, turn.prompt.text), speed, clock),
    })
    return asRecorded(system.source(), own)
  })
}

const CAN: Capabilities = {
  prompt: {},
  stream: { text: true, tools: true, thinking: true },
  cancel: { keepsSession: true },
  asks: { kinds: ['permission', 'question', 'confirm', 'secret'], answerable: true, confirmsDelivery: true },
}

/** The source shows names, systems and facts as they were recorded. */
function asRecorded(source: Source, agents: readonly Agent[]): Source {
  return {
    ...source,
    system: agents[0]?.system ?? source.system,
    async open(sink) {
      return (await source.open(sink)).map((agent) => {
        const recorded = agents.find(({ id }) => id === agent.id)
        return recorded ? { ...recorded, sessions: agent.sessions, can: CAN } : agent
      })
    },
  }
}

/** The agents with their newest facts. Agents of another hub are left out: their ids have that hub's name in front. */
function agentsOf(events: readonly HubEvent[]): ReadonlyMap<string, Agent> {
  const agents = new Map<string, Agent>()
  for (const event of events) {
    if (event.kind !== 'agent' || !event.agentNow) continue
    const { id, source } = event.agentNow
    if (id.startsWith(`${source}/`)) agents.set(id, event.agentNow)
  }
  return agents
}

/** The whole turns of each agent, in their order. */
function turnsOf(events: readonly HubEvent[]): ReadonlyMap<string, readonly RecordedTurn[]> {
  const open = new Map<string, { agent: string; text: string; events: HubEvent[] }>()
  const done = new Map<string, RecordedTurn[]>()
  for (const event of events) {
    if (event.turn === undefined) continue
    const key = `${event.agent} ${event.turn}`
    if (event.kind === 'turn') {
      const text = open.get(key)?.text ?? event.text ?? ''
      open.set(key, { agent: event.agent, text, events: open.get(key)?.events ?? [] })
      continue
    }
    const turn = open.get(key)
    if (!turn) continue
    turn.events.push(event)
    if (event.kind !== 'end') continue
    open.delete(key)
    done.set(turn.agent, [...(done.get(turn.agent) ?? []), turn])
  }
  return done
}

async function play(turn: ScriptedTurn, recorded: RecordedTurn | undefined, speed: number, clock: Clock): Promise<void> {
  if (!recorded) {
    turn.say('The recording has no turn of this agent.')
    return turn.end()
  }
  let before: number | undefined
  for (const event of recorded.events) {
    const at = Date.parse(event.at)
    const pause = before === undefined ? 0 : Math.min(at - before, MAX_PAUSE_MS) / speed
    before = at
    if (pause > 1) await Promise.race([sleep(clock, pause), turn.whenCancelled])
    if (turn.cancelled) return turn.end()
    if (event.kind === 'ask') {
      const { id, agent: _agent, session: _session, turn: _turn, askedAt: _at, status: _status, by: _by, ...ask } = event.ask
      if (event.ask.status === 'open') await turn.ask({ ...ask, nativeId: `${turn.prompt.promptId} ${id}` })
    } else if (event.kind === 'end') {
      const { outcome, text, error, stopReason, attribution } = event
      turn.end({
        outcome,
        ...(text === undefined ? {} : { text }),
        ...(error === undefined ? {} : { error }),
        ...(stopReason === undefined ? {} : { stopReason }),
        ...(attribution === undefined ? {} : { attribution }),
      })
    } else if (event.kind !== 'ask_resolved' && event.kind !== 'turn' && event.kind !== 'agent' && event.kind !== 'gap') {
      turn.event(bodyOf(event))
    }
  }
}

type Playable = Parameters<ScriptedTurn['event']>[0]

/** The event without what the hub adds. */
function bodyOf(event: HubEvent): Playable {
  const {
    v: _v,
    seq: _seq,
    epoch: _epoch,
    at: _at,
    reportedAt: _told,
    agent: _agent,
    session: _session,
    turn: _turn,
    origin: _origin,
    raw: _raw,
    ...body
  } = event
  return body as Playable
}
