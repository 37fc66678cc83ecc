/** The timeline without a page: spans from events, rows, what is drawn at each zoom, and the comparison of turns. */
import { describe, expect, test } from 'vitest'
import type { HubEvent, HubEventBody } from '../../src/hub/index.js'
import { alignedTracks, coveredMs, figuresOf } from '../../playground/src/views/timeline/compare.js'
import { layoutOf } from '../../playground/src/views/timeline/layout.js'
import { createSpans, type Span } from '../../playground/src/views/timeline/spans.js'
import { fitted, followed, panBy, ticksOf, toMs, toX, zoomAt } from '../../playground/src/views/timeline/viewport.js'
import { hit, shapesOf, spansIn } from '../../playground/src/views/timeline/visible.js'

const START = Date.parse('2026-03-01T10:00:00.000Z')
let seq = 0
function event(atMs: number, body: HubEventBody & { [Key in 'agent' | 'turn' | 'epoch' | 'origin']?: string }): HubEvent {
  seq += 1
  const place = { v: 1, seq, epoch: 'e1', at: new Date(START + atMs).toISOString(), agent: 'claude/review', origin: 'live' }
  return { ...place, ...body } as HubEvent
}
const ask = (id: string, turn: string, atMs: number) =>
  ({
    id,
    kind: 'permission',
    agent: 'claude/review',
    turn,
    title: 'Run npm test?',
    askedAt: new Date(START + atMs).toISOString(),
    status: 'open',
  }) as const
const bars = (spans: readonly Span[]) =>
  spans.map(({ kind, startMs, endMs, outcome }) => [
    kind,
    startMs - START,
    endMs === undefined ? undefined : endMs - START,
    outcome,
  ])

/** One turn with a queue, a tool that waits for a person, a retry, and a tool without a result. */
const TURN = [
  event(0, { kind: 'turn', what: 'queued', turn: 't1', promptId: 't1', text: 'Fix the tests\nplease', by: 'mira' }),
  event(1_000, { kind: 'turn', what: 'started', turn: 't1', promptId: 't1' }),
  event(1_200, { kind: 'notice', level: 'warning', text: 'Claude waits 500 ms: overloaded.', waitMs: 500, turn: 't1' }),
  event(2_000, { kind: 'tool', id: 'b1', name: 'Bash', status: 'running', turn: 't1' }),
  event(2_100, { kind: 'ask', ask: ask('a1', 't1', 2_100), turn: 't1' }),
  event(4_000, { kind: 'ask_resolved', askId: 'a1', outcome: 'answered', by: 'mira', delivered: 'written' }),
  event(5_000, { kind: 'tool', id: 'b1', status: 'failed', output: 'no', turn: 't1' }),
  event(5_100, { kind: 'tool', id: 'b2', name: 'Read', status: 'running', turn: 't1' }),
  event(5_900, {
    kind: 'usage',
    scope: 'turn',
    basis: 'reported',
    costUsd: 0.5,
    tokens: { input: 10, output: 5, cacheRead: 900 },
    turn: 't1',
  }),
  event(6_000, { kind: 'end', outcome: 'completed', sent: 'yes', turn: 't1' }),
]

describe('spans [dashboard.timeline.spans]', () => {
  test('a turn gives its queue, its tools, the wait for a person and the retry, each with its outcome', () => {
    const store = createSpans()
    store.apply(TURN)
    const [track] = store.tracks()
    expect(bars(track?.spans ?? [])).toEqual([
      ['queue', 0, 1_000, 'started'],
      ['turn', 1_000, 6_000, 'completed'],
      ['retry', 1_200, 1_700, undefined],
      ['tool', 2_000, 5_000, 'failed'],
      ['wait', 2_100, 4_000, 'answered'],
      ['tool', 5_100, 6_000, 'no result'],
    ])
    const turn = store.find('turn claude/review t1')
    expect(turn).toMatchObject({ label: 'Fix the tests', usage: { costUsd: 0.5, tokens: 15 } })
    expect(track?.spans.find(({ kind }) => kind === 'wait')?.detail).toBe('by mira')
  })

  test('the events of a snapshot and a repeated event add nothing, and replayed events are not on the axis', () => {
    const store = createSpans()
    store.apply(TURN)
    const size = store.size
    store.apply(TURN.filter(({ kind }) => kind === 'ask' || kind === 'tool'))
    store.apply(TURN.map((one) => ({ ...one, turn: 'replayed', origin: 'replay' as const })))
    expect(store.size).toBe(size)
  })

  test('a gap reaches from the last event of its agent to its own time, and a new epoch is a mark', () => {
    const store = createSpans()
    store.apply([event(0, { kind: 'turn', what: 'started', turn: 'x' }), event(500, { kind: 'gap', reason: 'overflow' })])
    store.apply([event(900, { kind: 'gap', reason: 'reconnect' })])
    store.apply([event(1_000, { kind: 'notice', level: 'info', text: 'Hello', epoch: 'e2' })])
    store.apply([event(1_100, { kind: 'gap', reason: 'expired', agent: '' })])
    const marks = store.tracks().flatMap(({ spans }) => spans.filter(({ kind }) => kind === 'gap' || kind === 'reconnect'))
    expect(bars(marks)).toEqual([
      ['gap', 0, 500, 'overflow'],
      ['reconnect', 0, 900, 'reconnect'],
      ['reconnect', 1_000, 1_000, 'new epoch'],
      ['gap', 1_100, 1_100, 'expired'],
    ])
  })

  test('above the limit the oldest spans are dropped and counted', () => {
    const store = createSpans(100)
    for (let index = 0; index < 250; index += 1) {
      store.apply([event(index * 10, { kind: 'turn', what: 'started', turn: `n${index}` })])
      store.apply([event(index * 10 + 5, { kind: 'end', outcome: 'completed', sent: 'yes', turn: `n${index}` })])
    }
    expect(store.size).toBeLessThanOrEqual(100)
    expect(store.size + store.dropped).toBe(250)
    expect(store.find('turn claude/review n0')).toBeUndefined()
    expect(store.find('turn claude/review n249')).toBeDefined()
  })
})

describe('the axis [dashboard.timeline.axis]', () => {
  const view = { startMs: START, endMs: START + 10_000, width: 1_000 }

  test('zooming keeps the time under the pointer, and stops at its limits', () => {
    const under = toMs(view, 300)
    const near = zoomAt(view, 0.5, 300)
    expect(toX(near, under)).toBeCloseTo(300)
    expect(near.endMs - near.startMs).toBeCloseTo(5_000)
    let tiny = view
    for (let count = 0; count < 100; count += 1) tiny = zoomAt(tiny, 0.5, 300)
    expect(tiny.endMs - tiny.startMs).toBeCloseTo(5)
    let huge = view
    for (let count = 0; count < 100; count += 1) huge = zoomAt(huge, 2, 300)
    expect(huge.endMs - huge.startMs).toBeCloseTo(60 * 86_400_000)
  })

  test('panning moves by pixels, following keeps the length, fitting shows the whole stretch', () => {
    expect(panBy(view, 100).startMs).toBeCloseTo(START + 1_000)
    const live = followed(view, START + 60_000)
    expect(live.endMs - live.startMs).toBeCloseTo(10_000)
    expect(toX(live, START + 60_000)).toBeLessThan(1_000)
    const whole = fitted(view, START + 2_000, START + 3_000)
    expect(toX(whole, START + 2_000)).toBeGreaterThan(0)
    expect(toX(whole, START + 3_000)).toBeLessThan(1_000)
  })

  test('ticks are at round times and far enough apart at every zoom', () => {
    for (let spanMs = 10; spanMs < 40 * 86_400_000; spanMs *= 3) {
      const ticks = ticksOf({ ...view, endMs: START + spanMs })
      expect(ticks.length).toBeGreaterThan(0)
      expect(ticks.length).toBeLessThanOrEqual(12)
    }
    expect(ticksOf({ startMs: -1_000, endMs: 9_000, width: 1_000 }, true).map(({ label }) => label)).toContain('0 ms')
  })
})

/** Many short turns of several agents. */
function crowd(count: number, agents: number) {
  const store = createSpans()
  const events: HubEvent[] = []
  for (let index = 0; index < count; index += 1) {
    const agent = `claude/${index % agents}`
    const atMs = Math.floor(index / agents) * 100
    events.push(event(atMs, { kind: 'turn', what: 'started', turn: `c${index}`, agent }))
    events.push(
      event(atMs + 60, { kind: 'end', outcome: index % 50 === 0 ? 'failed' : 'completed', sent: 'yes', turn: `c${index}`, agent }),
    )
  }
  store.apply(events)
  return { store, layout: layoutOf(store.tracks()) }
}

describe('rows and level of detail [dashboard.timeline.detail]', () => {
  const everything = { top: 0, height: 1e9 }

  test('spans that run side by side are in different rows, and in no more rows than needed', () => {
    const store = createSpans()
    store.apply(TURN)
    const [track] = layoutOf(store.tracks()).tracks
    expect(track?.lanes.map(({ spans }) => spans.map(({ kind }) => kind))).toEqual([
      ['queue', 'turn'],
      ['retry', 'tool', 'tool'],
      ['wait'],
    ])
    for (const { spans } of track?.lanes ?? []) {
      for (const [index, span] of spans.entries()) {
        expect(span.startMs).toBeGreaterThanOrEqual(spans[index - 1]?.endMs ?? 0)
      }
    }
  })

  test('the number of shapes is bounded by the width and not by the number of spans, and no span is lost', () => {
    const { layout } = crowd(10_000, 10)
    const lanes = layout.tracks.flatMap((track) => track.lanes).length
    for (const spanMs of [100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000]) {
      const viewport = { startMs: START - 10, endMs: START + spanMs, width: 1_200 }
      const shapes = shapesOf(layout, viewport, everything, START)
      expect(shapes.length).toBeLessThanOrEqual(lanes * (1_200 / 2) + lanes)
      const covered = shapes.reduce((sum, { count }) => sum + count, 0)
      expect(covered).toBe(spansIn(layout, viewport.startMs, viewport.endMs, () => true).length)
    }
    const far = shapesOf(layout, { startMs: START, endMs: START + 10_000_000, width: 1_200 }, everything, START)
    expect(far.length).toBeLessThan(200)
    expect(far.filter(({ bad }) => bad).length).toBeGreaterThan(0)
  })

  test('rows outside the screen are not drawn, and an open span reaches to now', () => {
    const { layout } = crowd(1_000, 10)
    const viewport = { startMs: START, endMs: START + 10_000, width: 1_000 }
    const top = shapesOf(layout, viewport, { top: 0, height: 30 }, START)
    expect(new Set(top.map(({ span }) => span.agent)).size).toBe(1)
    const store = createSpans()
    store.apply([event(0, { kind: 'turn', what: 'started', turn: 'open' })])
    const [shape] = shapesOf(layoutOf(store.tracks()), viewport, everything, START + 4_000)
    expect(shape?.width).toBeCloseTo(400)
  })

  test('the span under the pointer is found at every zoom; where many are joined, the nearest and their number', () => {
    const { layout } = crowd(1_000, 1)
    const [lane] = layout.tracks[0]?.lanes ?? []
    const y = (lane?.y ?? 0) + 3
    const near = { startMs: START, endMs: START + 1_000, width: 1_000 }
    expect(hit(layout, near, 230, y, START)).toMatchObject({ span: { turn: lane?.spans[2]?.turn }, count: 1 })
    expect(hit(layout, near, 180, y, START)).toBeUndefined()
    const far = { startMs: START, endMs: START + 1_000_000, width: 1_000 }
    expect(hit(layout, far, 50, y, START)?.count).toBeGreaterThan(10)
    expect(hit(layout, near, 230, 10_000, START)).toBeUndefined()
  })
})

describe('the comparison of turns [dashboard.timeline.compare]', () => {
  test('two turns are moved to begin at 0, with their queues before it, and times side by side are added once', () => {
    const store = createSpans()
    store.apply(TURN)
    store.apply([event(60_000, { kind: 'turn', what: 'started', turn: 't2' })])
    const first = store.find('turn claude/review t1') as Span
    const second = store.find('turn claude/review t2') as Span
    const nowMs = START + 70_000
    const [left, right] = alignedTracks(store, [first, second], nowMs)
    expect(left?.spans.find(({ kind }) => kind === 'turn')?.startMs).toBe(0)
    expect(left?.spans.find(({ kind }) => kind === 'queue')).toMatchObject({ startMs: -1_000, endMs: 0 })
    expect(right?.spans).toEqual([expect.objectContaining({ startMs: 0, endMs: 10_000 })])
    expect(figuresOf(store, first, nowMs)).toMatchObject({
      totalMs: 5_000,
      queueMs: 1_000,
      tools: 2,
      failedTools: 1,
      toolMs: 3_900,
      waits: 1,
      waitMs: 1_900,
      retryMs: 500,
      costUsd: 0.5,
      tokens: 15,
    })
    expect(figuresOf(store, second, nowMs)).toMatchObject({ isRunning: true, totalMs: 10_000, costUsd: undefined })
    const overlap = [
      { ...first, startMs: 0, endMs: 10 },
      { ...first, startMs: 5, endMs: 20 },
      { ...first, startMs: 6, endMs: 7 },
    ]
    expect(coveredMs(overlap, nowMs)).toBe(20)
  })
})
