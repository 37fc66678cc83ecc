/** History and sessions that the systems themselves keep, read through their sources. */
import type { CallOptions } from '../core/call.js'
import { hubError, isoTime, withoutRaw, type HubContext } from './context.js'
import type { AgentId, SessionSummary } from './model/agent.js'
import type { HubEvent } from './model/event.js'
import type { HistoryPage, HistoryQuery, Source } from './source.js'

const PAST_TIMEOUT_MS = 60_000

function sourceFor(context: HubContext, agent: AgentId, op: 'history' | 'sessions'): Source {
  const agentNow = context.agent(agent)
  if (!agentNow) throw hubError({ code: 'not_found', op, message: `There is no agent ${agent}.` })
  const source = context.sourceOf(agent)
  const claimed = op === 'history' ? agentNow.can.history : agentNow.can.sessions?.list
  if (source?.[op] && claimed) return source
  throw hubError({ code: 'unsupported', op, message: `The system of ${agent} cannot give its ${op}.` })
}

/** A page of the past as events of origin `replay`. They have no position: they are not in the journal. */
export async function readHistory(context: HubContext, agent: AgentId, query: HistoryQuery): Promise<HistoryPage> {
  const source = sourceFor(context, agent, 'history')
  const work = source.history?.(agent, query)
  const page = await context.within(work ?? Promise.reject(new Error('no history')), PAST_TIMEOUT_MS)
  const at = isoTime(context.clock)
  const events = page.events.flatMap((event): HubEvent[] => {
    if (event.kind === 'ask' || event.kind === 'ask_closed' || event.kind === 'asks_open') return []
    const shown = context.keepRaw ? event : withoutRaw(event)
    return [{ ...shown, v: 1, seq: 0, at, origin: 'replay' } as HubEvent]
  })
  return { ...page, events }
}

/** The sessions of an agent, running or not. */
export async function readSessions(context: HubContext, agent: AgentId, options: CallOptions): Promise<readonly SessionSummary[]> {
  const source = sourceFor(context, agent, 'sessions')
  const work = source.sessions?.(agent, options.signal ? { signal: options.signal } : {})
  return await context.within(work ?? Promise.reject(new Error('no sessions')), options.timeoutMs ?? PAST_TIMEOUT_MS)
}
