/** Spans of time from the events of a hub: turns, their queues and tools, waits for a person, retries, reconnects and gaps. Pure. */
import type { HubEvent, HubEventOf } from 'signalbox/hub'

/**
 * `queue`: a prompt waits for its turn. `wait`: an ask is open. `retry`: the agent waits before it tries again. `gap`: events may be
 * missing. `reconnect`: the link or the process behind the agent began anew.
 */
export type SpanKind = 'turn' | 'queue' | 'tool' | 'wait' | 'retry' | 'gap' | 'reconnect'

/** One bar of the timeline. `endMs` is missing while it goes on. */
export interface Span {
  readonly id: string
  readonly kind: SpanKind
  readonly agent: string
  readonly session?: string
  readonly turn?: string
  readonly label: string
  readonly startMs: number
  endMs?: number
  /** How it ended, in the words of the event: `completed`, `failed`, `answered`, … */
  outcome?: string
  /** More for people, such as who answered. */
  detail?: string
  /** Of a turn: what it used, if its system says so for each turn. */
  usage?: { readonly costUsd?: number; readonly tokens?: number }
}

/** The spans of one agent, oldest first. */
export interface Track {
  readonly agent: string
  readonly spans: readonly Span[]
}

/** The spans of all agents. */
export interface SpanStore {
  apply(events: readonly HubEvent[]): void
  /** By agent, in the order of their first event. */
  tracks(): readonly Track[]
  find(id: string): Span | undefined
  /** The first start and the last known time. Undefined while there is no span. */
  bounds(): { readonly startMs: number; readonly endMs: number } | undefined
  /** Grows with every change. */
  readonly version: number
  readonly size: number
  /** Spans that were dropped because of the limit. */
  readonly dropped: number
}

/** The kinds of events that make spans. */
export const SPAN_EVENTS = ['agent', 'turn', 'tool', 'ask', 'ask_resolved', 'usage', 'end', 'notice', 'gap'] as const

/** The track of gaps that concern every agent. */
export const HUB_TRACK = 'hub'

interface AgentState {
  readonly spans: Span[]
  readonly open: Map<string, Span>
  epoch: string
  lastMs: number
}

/** The most spans that are kept. Above it the oldest tenth is dropped. */
const MAX_SPANS = 20_000

const GAP_WORDS: Readonly<Record<string, string>> = {
  reconnect: 'The link was down. Events of that time may be missing.',
  restart: 'The system started again. Events of that time may be missing.',
  overflow: 'Too many events at once. Some were dropped.',
  expired: 'The journal has removed these events.',
  unknown: 'The system cannot replay. Earlier events may be missing.',
}

/**
 * Makes an empty store.
 *
 * Long because each kind of event closes spans that another kind opened.
 */
export function createSpans(limit = MAX_SPANS): SpanStore {
  const agents = new Map<string, AgentState>()
  const byId = new Map<string, Span>()
  let version = 0
  let dropped = 0

  const stateOf = (agent: string, event: HubEvent): AgentState => {
    let state = agents.get(agent)
    if (!state) {
      state = { spans: [], open: new Map(), epoch: event.epoch, lastMs: Date.parse(event.at) }
      agents.set(agent, state)
    }
    return state
  }
  const add = (state: AgentState, span: Span): Span => {
    state.spans.push(span)
    byId.set(span.id, span)
    if (byId.size > limit) drop()
    return span
  }
  const drop = (): void => {
    const oldest = [...byId.values()].sort((left, right) => left.startMs - right.startMs).slice(0, Math.ceil(limit / 10))
    const gone = new Set(oldest)
    for (const { id } of oldest) byId.delete(id)
    for (const state of agents.values()) {
      const kept = state.spans.filter((span) => !gone.has(span))
      state.spans.splice(0, state.spans.length, ...kept)
      for (const [key, span] of state.open) if (gone.has(span)) state.open.delete(key)
    }
    dropped += oldest.length
  }
  const close = (state: AgentState, key: string, endMs: number, outcome?: string, detail?: string): Span | undefined => {
    const span = state.open.get(key)
    if (!span) return undefined
    state.open.delete(key)
    span.endMs = Math.max(endMs, span.startMs)
    if (outcome !== undefined) span.outcome = outcome
    if (detail !== undefined) span.detail = detail
    return span
  }
  const opened = (state: AgentState, key: string, span: Span): void => void state.open.set(key, add(state, span))
  const base = (event: HubEvent, startMs: number) => ({
    agent: event.agent,
    startMs,
    ...(event.session === undefined ? {} : { session: event.session }),
    ...(event.turn === undefined ? {} : { turn: event.turn }),
  })

  const onTurn = (state: AgentState, event: HubEventOf<'turn'>, atMs: number): void => {
    const { turn = event.promptId ?? `seq-${event.seq}`, what, text } = event
    const waited = close(state, `queue ${turn}`, atMs, 'started')
    if (state.open.has(`turn ${turn}`)) return
    const kind = what === 'queued' ? 'queue' : 'turn'
    const label = text ? firstLine(text) : (waited?.label ?? (what === 'unsolicited' ? 'A turn from outside this hub' : 'Turn'))
    const by = event.by === undefined ? {} : { detail: `by ${event.by}` }
    opened(state, `${kind} ${turn}`, { ...base(event, atMs), turn, id: `${kind} ${event.agent} ${turn}`, kind, label, ...by })
  }
  const onTool = (state: AgentState, event: HubEventOf<'tool'>, atMs: number): void => {
    const key = `tool ${event.turn ?? ''} ${event.id}`
    const isOver = event.status === 'done' || event.status === 'failed'
    if (!state.open.has(key)) {
      // An update of a call that is closed already changes nothing on the axis.
      const id = `tool ${event.agent} ${event.turn ?? ''} ${event.id}`
      if (byId.has(id)) return
      const label = event.title ?? event.name ?? 'Tool'
      opened(state, key, { ...base(event, atMs), id, kind: 'tool', label })
    }
    if (isOver) close(state, key, atMs, event.status)
  }
  const onEnd = (state: AgentState, event: HubEventOf<'end'>, atMs: number): void => {
    const { turn = '', outcome, error } = event
    for (const [key, span] of [...state.open]) {
      if (span.turn !== turn || span.kind === 'wait') continue
      if (span.kind === 'tool') close(state, key, atMs, 'no result', 'The turn ended before a result came.')
      else close(state, key, atMs, outcome, error?.message)
    }
  }
  const onGap = (event: HubEventOf<'gap'>, atMs: number): void => {
    const agent = event.agent || HUB_TRACK
    const state = stateOf(agent, event)
    const kind = event.reason === 'reconnect' || event.reason === 'restart' ? 'reconnect' : 'gap'
    // What is missing lies between the last event and this one.
    const startMs = Math.min(state.lastMs, atMs)
    const label = GAP_WORDS[event.reason] ?? event.reason
    add(state, { id: `gap ${agent} ${event.seq}`, kind, agent, label, startMs, endMs: atMs, outcome: event.reason })
  }
  const take = (event: HubEvent): void => {
    // Replayed events are old news with a new time.
    if (event.origin === 'replay') return
    const atMs = Date.parse(event.at)
    if (event.kind === 'gap') return onGap(event, atMs)
    if (event.agent === '') return
    const state = stateOf(event.agent, event)
    if (event.epoch !== '' && event.epoch !== state.epoch) {
      const id = `epoch ${event.agent} ${event.epoch}`
      const label = 'A new process or connection of the agent began.'
      if (state.epoch !== '' && !byId.has(id)) {
        add(state, { id, kind: 'reconnect', agent: event.agent, label, startMs: atMs, endMs: atMs, outcome: 'new epoch' })
      }
      state.epoch = event.epoch
    }
    if (event.kind === 'turn') onTurn(state, event, atMs)
    else if (event.kind === 'tool') onTool(state, event, atMs)
    else if (event.kind === 'end') onEnd(state, event, atMs)
    else if (event.kind === 'ask') {
      const { ask } = event
      if (!byId.has(`wait ${ask.id}`)) {
        const turn = ask.turn ?? event.turn
        const place = { ...base(event, Date.parse(ask.askedAt) || atMs), ...(turn === undefined ? {} : { turn }) }
        opened(state, `wait ${ask.id}`, { ...place, id: `wait ${ask.id}`, kind: 'wait', label: ask.title })
      }
    } else if (event.kind === 'ask_resolved') {
      close(state, `wait ${event.askId}`, atMs, event.outcome, event.by === undefined ? undefined : `by ${event.by}`)
    } else if (event.kind === 'notice' && event.waitMs !== undefined) {
      const place = base(event, atMs)
      add(state, {
        ...place,
        id: `retry ${event.agent} ${event.seq}`,
        kind: 'retry',
        label: event.text,
        endMs: atMs + event.waitMs,
      })
    } else if (event.kind === 'usage' && event.scope === 'turn') addUsage(state.open.get(`turn ${event.turn ?? ''}`), event)
    state.lastMs = Math.max(state.lastMs, atMs)
  }

  return {
    apply(events) {
      for (const event of events) take(event)
      if (events.length > 0) version += 1
    },
    tracks: () => [...agents].filter(([, { spans }]) => spans.length > 0).map(([agent, { spans }]) => ({ agent, spans })),
    find: (id) => byId.get(id),
    bounds() {
      let startMs = Infinity
      let endMs = -Infinity
      for (const span of byId.values()) {
        startMs = Math.min(startMs, span.startMs)
        endMs = Math.max(endMs, span.endMs ?? span.startMs)
      }
      for (const { lastMs, spans } of agents.values()) if (spans.length > 0) endMs = Math.max(endMs, lastMs)
      return startMs === Infinity ? undefined : { startMs, endMs }
    },
    get version() {
      return version
    },
    get size() {
      return byId.size
    },
    get dropped() {
      return dropped
    },
  }
}

function addUsage(span: Span | undefined, { costUsd, tokens }: HubEventOf<'usage'>): void {
  if (!span) return
  const fresh = tokens && (tokens.input ?? 0) + (tokens.output ?? 0)
  const { usage } = span
  span.usage = {
    ...(costUsd === undefined && usage?.costUsd === undefined ? {} : { costUsd: (usage?.costUsd ?? 0) + (costUsd ?? 0) }),
    ...(fresh === undefined && usage?.tokens === undefined ? {} : { tokens: (usage?.tokens ?? 0) + (fresh ?? 0) }),
  }
}

function firstLine(text: string): string {
  const [line = ''] = text.trim().split('\n', 1)
  return line.length > 120 ? `${line.slice(0, 119)}…` : line
}

/** How long a span took, up to now if it goes on. */
export const durationMs = ({ startMs, endMs }: Span, nowMs: number): number => Math.max(0, (endMs ?? nowMs) - startMs)
