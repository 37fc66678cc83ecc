/** Takes batches of the journal and gives each session its items. */
import type { Hub } from '../hub.js'
import type { Agent, AgentId } from '../model/agent.js'
import type { HubEvent } from '../model/event.js'
import { MAIN_SESSION } from '../view.js'
import { readPast } from './past.js'
import type { PositionRecord } from './records.js'
import type { RecordOptions } from './options.js'
import { startOf, type OpenSession, type Sessions } from './sessions.js'
import { mayYield, messageKey, translate, type RecordedItem } from './translate.js'

export interface Intake {
  /** Resolves when the items of the batch are durable in the outbox. */
  take(batch: readonly HubEvent[]): Promise<void>
  readonly recorded: number
  readonly gaps: number
  /** The newest place where the journal had lost events. */
  readonly gap: PositionRecord['gap']
}

export interface IntakeParts {
  readonly hub: Hub
  readonly sessions: Sessions
  readonly options: Pick<RecordOptions, 'agents' | 'history'>
  readonly report: (what: string, error: unknown) => void
  readonly gap: PositionRecord['gap']
}

/** The items of one session in one batch. */
interface Pending {
  /** The session's record as it was before the first of them. */
  readonly before: string
  readonly items: RecordedItem[]
}

/** Past messages that are remembered, because the journal may have them too. */
const MAX_SEEN = 1000

export function createIntake({ hub, sessions, options, report, gap: knownGap }: IntakeParts): Intake {
  const isRecorded = choice(options.agents)
  const agents = new Map<AgentId, { agent?: Agent; firstAt: string }>()
  let gap = knownGap
  let recorded = 0
  let gaps = 0

  const agentOf = async (id: AgentId): Promise<Agent | undefined> =>
    agents.get(id)?.agent ?? (await hub.agents().catch(() => [])).find((agent) => agent.id === id)

  /** The start of a session of CatSyphon, and the part of the system's history from before the journal. */
  const begin = async (openSession: OpenSession, first: HubEvent): Promise<RecordedItem[]> => {
    const { agent, session } = openSession.next
    const firstAt = agents.get(agent)?.firstAt ?? first.at
    const past = options.history
      ? await readPast(hub, agent, session, firstAt.slice(0, 19)).catch((error: unknown) => {
          report(`reading the history of ${agent}`, error)
          return []
        })
      : []
    const items = past.flatMap(({ event, key }) => translate(openSession.next.state, event, key))
    const ids = past.flatMap(({ event }) => (event.kind === 'message' ? [messageKey(event)] : []))
    openSession.next.state.seen = ids.slice(-MAX_SEEN)
    openSession.next.started = true
    const emittedAt = items[0]?.event.emittedAt ?? first.reportedAt ?? first.at
    return [
      { key: 'start', event: { type: 'session_start', emittedAt, data: startOf(await agentOf(agent), agent, session) } },
      ...items,
    ]
  }
  const take = async (batch: readonly HubEvent[]): Promise<void> => {
    const pending = new Map<OpenSession, Pending>()
    const pendingOf = (openSession: OpenSession, seq: number): Pending => {
      const entry = pending.get(openSession) ?? { before: JSON.stringify({ ...openSession.next, seq: seq - 1 }), items: [] }
      pending.set(openSession, entry)
      openSession.changed = true
      return entry
    }
    for (const event of batch) {
      if (event.kind === 'gap' && event.agent === '') {
        gap = { seq: event.seq, reason: event.reason }
        gaps += 1
        continue
      }
      if (event.origin === 'replay' || !isRecorded(event.agent)) continue
      const agent = agents.get(event.agent) ?? { firstAt: event.at }
      agents.set(event.agent, agent)
      if (event.kind === 'agent') {
        if (event.agentNow) agent.agent = event.agentNow
        if (event.change === 'gone')
          for (const openSession of await sessions.started(event.agent)) end(pendingOf, openSession, event)
        continue
      }
      const openSession = await sessions.open(event.agent, event.session ?? MAIN_SESSION)
      // Recorded before the recorder was started again.
      if (event.seq <= openSession.next.seq) continue
      if (!mayYield(event)) {
        // Only a delta changes the state and gives no item.
        if (event.kind === 'message') {
          translate(openSession.next.state, event, '')
          openSession.changed = true
        }
        continue
      }
      const { items } = pendingOf(openSession, event.seq)
      const isNew = !openSession.next.started
      const gapBefore = missing(openSession, isNew, gap)
      const own = translate(openSession.next.state, event, String(event.seq))
      if (isNew && own.length > 0) items.push(...(await begin(openSession, event)))
      items.push(...gapBefore, ...own)
    }
    const counts = [...pending].map(([openSession, { before, items }]) =>
      items.length === 0 ? 0 : sessions.append(openSession, before, items),
    )
    for (const count of await Promise.all(counts)) recorded += count
  }
  return {
    take,
    get recorded() {
      return recorded
    },
    get gaps() {
      return gaps
    },
    get gap() {
      return gap
    },
  }
}

/** The agent went: its sessions end as its newest turn ended. */
function end(pendingOf: (openSession: OpenSession, seq: number) => Pending, openSession: OpenSession, { seq, at }: HubEvent): void {
  if (seq <= openSession.next.seq) return
  const { lastOutcome = 'lost' } = openSession.next.state
  const outcome = lastOutcome === 'completed' ? 'success' : lastOutcome === 'failed' ? 'failed' : 'partial'
  pendingOf(openSession, seq).items.push({ key: `${seq}.end`, event: { type: 'session_end', emittedAt: at, data: { outcome } } })
}

/** A line where the journal had lost events that this session may have had. */
function missing(openSession: OpenSession, isNew: boolean, gap: PositionRecord['gap']): RecordedItem[] {
  if (!gap || openSession.next.gapSeq >= gap.seq) return []
  openSession.next.gapSeq = gap.seq
  if (isNew) return []
  const message = `The journal of the hub has lost events before this one (${gap.reason}).`
  return [{ key: `gap-${gap.seq}`, event: { type: 'error', data: { error_type: 'gap', message } } }]
}

function choice(agents: RecordOptions['agents']): (agent: AgentId) => boolean {
  if (typeof agents === 'function') return agents
  const only = agents && new Set(agents)
  return (agent) => only?.has(agent) ?? true
}
