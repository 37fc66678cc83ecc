/** Takes the events that sources push: checks their agent, notices new epochs, and passes each event to the part that handles it. */
import type { Asks } from './asks/asks.js'
import { hubEvent, isoTime, withoutRaw, type HubContext } from './context.js'
import type { Ledger } from './guard/budget.js'
import type { UnplacedEvent } from './journal/encode.js'
import type { Agent, AgentId } from './model/agent.js'
import type { HubEventBody } from './model/event.js'
import type { Source, SourceEvent, SourceSink } from './source.js'
import type { Turns } from './turns/turns.js'

export interface IntakeOptions {
  readonly context: HubContext
  readonly asks: Asks
  readonly turns: Turns
  readonly ledger: Ledger
  /** The agents as their sources reported them last, also before their events are in the journal. */
  readonly agents: Map<AgentId, Agent>
  readonly epochs: Epochs
  readonly onBudget: (name: string, agent: AgentId, stop: boolean) => void
}

/** The epoch of each session, according to the events. */
export interface Epochs {
  of(agent: AgentId, session: string | undefined): string
  /** True when the session had another epoch before. */
  see(agent: AgentId, session: string | undefined, epoch: string): boolean
}

export function createEpochs(): Epochs {
  const epochs = new Map<AgentId, Map<string, string>>()
  return {
    of(agent, session) {
      const sessions = epochs.get(agent)
      return sessions?.get(session ?? '') ?? sessions?.get('') ?? ''
    },
    see(agent, session = '', epoch) {
      const sessions = epochs.get(agent) ?? new Map<string, string>()
      if (sessions.size === 0) epochs.set(agent, sessions)
      const before = sessions.get(session)
      if (before === epoch) return false
      sessions.set(session, epoch)
      return before !== undefined
    },
  }
}

export function createSink(source: Source, options: IntakeOptions): SourceSink {
  const { context, asks, turns, ledger, agents, epochs, onBudget } = options
  const { writer, clock, keepRaw } = context
  const prefixes = [`${source.name}/`, `${source.name}:`]
  const checked = new Set<AgentId>()
  const checkAgent = (agent: AgentId): void => {
    if (checked.has(agent)) return
    if (!prefixes.some((prefix) => agent.startsWith(prefix)))
      throw new Error(`The source ${source.name} pushed an event of the agent ${agent}.`)
    checked.add(agent)
  }

  const unplaced = (event: SourceEvent, body: HubEventBody): UnplacedEvent => {
    const { agent, epoch, session, turn, reportedAt, origin = 'live', raw } = event
    const out: Record<string, unknown> = { v: 1, epoch, at: isoTime(clock), agent, origin, ...body }
    if (session !== undefined) out.session = session
    if (turn !== undefined) out.turn = turn
    if (reportedAt !== undefined) out.reportedAt = reportedAt
    if (keepRaw && raw !== undefined) out.raw = raw
    else delete out.raw
    return out as unknown as UnplacedEvent
  }
  const agentNews = (event: SourceEvent & { readonly kind: 'agent' }): void => {
    if (event.change === 'gone') {
      agents.delete(event.agent)
      checked.delete(event.agent)
      asks.agentGone(event.agent)
    } else if (event.agentNow) agents.set(event.agent, keepRaw ? event.agentNow : withoutRaw(event.agentNow))
  }
  const take = (event: SourceEvent): void => {
    const { agent, session, epoch, turn } = event
    checkAgent(agent)
    if (event.origin !== 'replay' && epochs.see(agent, session, epoch)) {
      asks.epochBegan(agent, session, epoch)
      turns.epochBegan(agent, session, epoch)
    }
    switch (event.kind) {
      case 'message':
        if (event.how === 'append' && event.partial && event.origin !== 'replay' && (!keepRaw || event.raw === undefined)) {
          if (writer.join(event)) return
        }
        break
      case 'ask':
        return asks.arrived(event)
      case 'ask_closed':
        return asks.closedBySystem(event)
      case 'asks_open':
        return asks.openAtAgent(event)
      case 'agent': {
        agentNews(event)
        const agentNow = agents.get(agent)
        return writer.push(
          unplaced(
            event,
            event.change === 'gone' || !agentNow
              ? { kind: 'agent', change: 'gone' }
              : { kind: 'agent', change: 'present', agentNow },
          ),
        )
      }
      case 'turn':
        if (event.origin !== 'replay' && turn !== undefined && turns.writes(turn)) return
        break
      case 'end':
        charge(event)
        if (event.origin !== 'replay' && turn !== undefined && turns.ended(turn, endOf(event), { session, epoch })) return
    }
    writer.push(unplaced(event, bodyOf(event)))
    if (event.kind === 'usage') charge(event)
  }
  const charge = (event: SourceEvent): void => {
    const { agent, session, turn } = event
    const system = agents.get(agent)?.system ?? source.system
    for (const { name, over } of ledger.take(event, system)) {
      const text = `The budget ${name} is spent.`
      writer.push(
        hubEvent(context, { agent, session, turn }, { kind: 'notice', level: over === 'stop' ? 'error' : 'warning', text }),
      )
      onBudget(name, agent, over === 'stop')
    }
  }

  return {
    push(event) {
      try {
        take(event)
      } catch (error) {
        // A failure of the hub must not reach the source.
        context.report(`taking an event of ${source.name}`, error)
      }
    },
  }
}

/** The event without its envelope. */
function bodyOf(event: SourceEvent): HubEventBody {
  const { agent: _a, epoch: _e, session: _s, turn: _t, reportedAt: _r, origin: _o, raw: _w, ...body } = event
  return body as HubEventBody
}

const endOf = (event: SourceEvent & { readonly kind: 'end' }) => bodyOf(event) as HubEventBody & { readonly kind: 'end' }
