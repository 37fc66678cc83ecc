/** The state of the timeline while it is shown: spans of the journal, the shown stretch, the choices of the reader. */
import { batch, computed, effect, signal, type ReadonlySignal, type Signal } from '@preact/signals'
import type { SignalboxError } from 'signalbox'
import type { Hub } from 'signalbox/hub'
import { readJournal, type JournalPlace } from '../journal.js'
import { layoutOf, type Layout } from './layout.js'
import { HUB_TRACK, SPAN_EVENTS, type Span, type SpanKind, type SpanStore, type Track } from './spans.js'
import { fitted, followed, type Viewport } from './viewport.js'
import { spansIn } from './visible.js'

/** Everything that the parts of the view share. */
export interface TimelineState {
  readonly store: SpanStore
  readonly layout: ReadonlySignal<Layout>
  readonly viewport: Signal<Viewport>
  /** The view moves with the time. */
  readonly follows: Signal<boolean>
  readonly selected: Signal<string | undefined>
  /** At most two turns. */
  readonly compared: Signal<readonly string[]>
  readonly hidden: Signal<ReadonlySet<SpanKind>>
  /** Empty for all agents. */
  readonly agent: Signal<string>
  readonly agents: ReadonlySignal<readonly string[]>
  readonly nowMs: ReadonlySignal<number>
  readonly failure: ReadonlySignal<SignalboxError | undefined>
  /** The spans of the shown stretch. Computed when the axis rests. */
  readonly rows: ReadonlySignal<readonly Span[]>
  readonly total: ReadonlySignal<number>
  /** Shows everything. */
  fit(): void
  select(span: Span): void
  compare(span: Span): void
  stop(): void
}

const FIRST_MIN_MS = 60_000
const FIRST_MAX_MS = 15 * 60_000
/** The journal arrives in pieces: until then the first stretch grows with it. */
const SETTLE_MS = 1_500
const REST_MS = 120
/** Work that took long is done again after this many times its duration at the earliest. */
const REST_FACTOR = 12

/** What the view keeps while another one is shown. */
export interface KeptTimeline {
  readonly store: SpanStore
  readonly place: JournalPlace
}

/**
 * Starts reading where it was left. `order` sorts the tracks.
 *
 * Long because every signal depends on the same store.
 */
export function createTimeline(hub: Hub, { store, place: journal }: KeptTimeline, order: (agent: string) => number): TimelineState {
  const layout = signal<Layout>({ tracks: [], height: 0 })
  const viewport = signal<Viewport>({ startMs: Date.now() - FIRST_MIN_MS, endMs: Date.now(), width: 1_000 })
  const follows = signal(true)
  const selected = signal<string>()
  const compared = signal<readonly string[]>([])
  const hidden = signal<ReadonlySet<SpanKind>>(new Set())
  const agent = signal('')
  const agents = signal<readonly string[]>([])
  const nowMs = signal(Date.now())
  const failure = signal<SignalboxError>()
  const rows = signal<readonly Span[]>([])
  const total = signal(0)
  const beganMs = Date.now()
  let timer: ReturnType<typeof setTimeout> | undefined
  let resting: ReturnType<typeof setTimeout> | undefined
  let costMs = 0
  let rowsMs = 0

  const arrange = (): void => {
    timer = undefined
    const began = performance.now()
    const all = [...store.tracks()].sort((left, right) => place(left.agent, order) - place(right.agent, order))
    const isShown = ({ kind }: Span): boolean => !hidden.peek().has(kind)
    const chosen = all.filter((track) => agent.peek() === '' || track.agent === agent.peek())
    const kept = chosen.map((track): Track => ({ agent: track.agent, spans: track.spans.filter(isShown) }))
    batch(() => {
      layout.value = layoutOf(kept.filter(({ spans }) => spans.length > 0))
      total.value = store.size
      if (agents.peek().length !== all.length) agents.value = all.map((track) => track.agent)
      if (follows.peek() && Date.now() - beganMs < SETTLE_MS) begin()
    })
    costMs = performance.now() - began
  }
  /** A layout of many spans costs time, so a flood of events makes fewer of them. */
  const plan = (): void => {
    timer ??= setTimeout(arrange, Math.max(16, costMs * REST_FACTOR))
  }
  const begin = (): void => {
    const bounds = store.bounds()
    if (!bounds) return
    const lengthMs = Math.min(FIRST_MAX_MS, Math.max(FIRST_MIN_MS, bounds.endMs - bounds.startMs))
    const now = Date.now()
    const isOld = now - bounds.endMs > lengthMs
    viewport.value = isOld
      ? fitted(viewport.peek(), bounds.endMs - lengthMs, bounds.endMs)
      : followed({ ...viewport.peek(), startMs: now - lengthMs * 1.02, endMs: now }, now)
  }
  // What was read before is shown at once.
  if (store.size > 0) arrange()
  const stopReading = readJournal(hub, journal, {
    kinds: SPAN_EVENTS,
    onEvents(events) {
      store.apply(events)
      plan()
    },
    onState(error) {
      failure.value = error
    },
  })
  const stopChoices = effect(() => {
    void [hidden.value, agent.value]
    plan()
  })
  const stopRows = effect(() => {
    void [layout.value, viewport.value]
    resting ??= setTimeout(
      () => {
        resting = undefined
        const began = performance.now()
        const { startMs, endMs } = viewport.peek()
        rows.value = spansIn(layout.peek(), startMs, endMs, () => true)
        rowsMs = performance.now() - began
      },
      Math.max(REST_MS, rowsMs * REST_FACTOR),
    )
  })
  const calm = matchMedia('(prefers-reduced-motion: reduce)').matches
  const clock = setInterval(
    () => {
      if (document.visibilityState !== 'visible') return
      batch(() => {
        nowMs.value = Date.now()
        const bounds = store.bounds()
        const isOld = bounds !== undefined && Date.now() - bounds.endMs > FIRST_MAX_MS
        if (follows.peek() && !isOld) viewport.value = followed(viewport.peek(), nowMs.peek())
      })
    },
    calm ? 1_000 : 200,
  )
  return {
    store,
    layout,
    viewport,
    follows,
    selected,
    compared,
    hidden,
    agent,
    agents: computed(() => agents.value),
    nowMs,
    failure,
    rows,
    total,
    fit() {
      const bounds = store.bounds()
      if (!bounds) return
      follows.value = false
      viewport.value = fitted(viewport.peek(), bounds.startMs, bounds.endMs)
    },
    select(span) {
      batch(() => {
        selected.value = span.id
        const { startMs, endMs } = viewport.peek()
        if (span.startMs >= startMs && (span.endMs ?? Date.now()) <= endMs) return
        follows.value = false
        viewport.value = fitted(viewport.peek(), span.startMs, span.endMs ?? Date.now())
      })
    },
    compare(span) {
      const others = compared.peek().filter((id) => id !== span.id)
      compared.value = compared.peek().includes(span.id) ? others : [...others.slice(-1), span.id]
    },
    stop() {
      stopReading()
      stopChoices()
      stopRows()
      clearTimeout(timer)
      clearTimeout(resting)
      clearInterval(clock)
    },
  }
}

const place = (agent: string, order: (agent: string) => number): number => (agent === HUB_TRACK ? -1 : order(agent))
