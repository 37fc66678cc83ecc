/** What is drawn for a viewport, and what is under the pointer. Many narrow spans become one block, so a zoomed-out view stays cheap. Pure. */
import { firstAfter, type Lane, type Layout, type TrackLayout } from './layout.js'
import type { Span, SpanKind } from './spans.js'
import { toMs, toX, type Viewport } from './viewport.js'

/** One rectangle. */
export interface Shape {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
  readonly kind: SpanKind
  /** The span, or the first of several. */
  readonly span: Span
  /** How many spans the rectangle stands for. */
  readonly count: number
  /** Where spans failed or were lost: from the first to the last of them. Missing when none did. */
  readonly bad?: { readonly from: number; readonly to: number } | undefined
  readonly toMs: number
}

/** Narrower spans are joined with their neighbours. */
const NARROW_PX = 3

const BAD = new Set(['failed', 'lost', 'refused', 'no result', 'expired'])
const isBad = ({ outcome }: Span): boolean => outcome !== undefined && BAD.has(outcome)

/** The part of the rows that is on the screen, in pixels. */
export interface Rows {
  readonly top: number
  readonly height: number
}

/** The tracks that the rows show. */
export const tracksIn = ({ tracks }: Layout, { top, height }: Rows): readonly TrackLayout[] =>
  tracks.filter(({ y, height: own }) => y + own >= top && y <= top + height)

/** The rectangles for a viewport. Their number is at most that of the lanes times the width, whatever the number of spans is. */
export function shapesOf(layout: Layout, viewport: Viewport, rows: Rows, nowMs: number): readonly Shape[] {
  const shapes: Shape[] = []
  for (const { lanes, marks } of tracksIn(layout, rows)) {
    for (const lane of [...lanes, marks]) addLane(shapes, lane, viewport, nowMs)
  }
  return shapes
}

function addLane(shapes: Shape[], lane: Lane, viewport: Viewport, nowMs: number): void {
  const { spans, y, height } = lane
  let block: { -readonly [Key in keyof Shape]: Shape[Key] } | undefined
  for (let at = firstAfter(lane, viewport.startMs); at < spans.length; at += 1) {
    const span = spans[at] as Span
    if (span.startMs > viewport.endMs) break
    const endMs = span.endMs ?? Math.max(nowMs, span.startMs)
    if (endMs < viewport.startMs) continue
    const left = Math.max(toX(viewport, span.startMs), -NARROW_PX)
    const right = Math.min(toX(viewport, endMs), viewport.width + NARROW_PX)
    const width = Math.max(right - left, 1)
    if (width < NARROW_PX && block && left < block.x + block.width + 1) {
      block.width = Math.max(block.width, left + width - block.x)
      block.count += 1
      if (isBad(span)) block.bad = { from: block.bad?.from ?? left, to: left + width }
      block.toMs = Math.max(block.toMs, endMs)
      if (rank(span.kind) > rank(block.kind)) block.kind = span.kind
      continue
    }
    const bad = isBad(span) ? { from: left, to: left + width } : undefined
    const shape = { x: left, y, width, height, kind: span.kind, span, count: 1, bad, toMs: endMs }
    shapes.push(shape)
    block = width < NARROW_PX ? shape : undefined
  }
}

/** In a block of several, a wait for a person shows before anything else. */
const ORDER: readonly SpanKind[] = ['queue', 'turn', 'tool', 'reconnect', 'retry', 'gap', 'wait']
const rank = (kind: SpanKind): number => ORDER.indexOf(kind)

const REACH_PX = 4

/** The span at a point; `y` counts from the top of the layout. Where several are joined, the nearest one and their number. */
export function hit(
  layout: Layout,
  viewport: Viewport,
  x: number,
  y: number,
  nowMs: number,
): { readonly span: Span; readonly count: number; readonly fromMs: number; readonly toMs: number } | undefined {
  const track = layout.tracks.find((one) => y >= one.y && y <= one.y + one.height)
  if (!track) return undefined
  const lane = track.lanes.find((one) => y >= one.y - 1 && y <= one.y + one.height + 1) ?? track.marks
  const fromMs = toMs(viewport, x - REACH_PX)
  const untilMs = toMs(viewport, x + REACH_PX)
  const middle = toMs(viewport, x)
  let best: Span | undefined
  let least = Infinity
  let count = 0
  let first = Infinity
  let last = -Infinity
  for (let at = firstAfter(lane, fromMs); at < lane.spans.length; at += 1) {
    const span = lane.spans[at] as Span
    if (span.startMs > untilMs) break
    const endMs = span.endMs ?? nowMs
    if (endMs < fromMs) continue
    count += 1
    first = Math.min(first, span.startMs)
    last = Math.max(last, endMs)
    const distance = middle < span.startMs ? span.startMs - middle : middle > endMs ? middle - endMs : 0
    if (distance < least) {
      best = span
      least = distance
    }
  }
  if (best) {
    const wide = toX(viewport, best.endMs ?? nowMs) - toX(viewport, best.startMs) >= NARROW_PX
    return wide
      ? { span: best, count: 1, fromMs: best.startMs, toMs: best.endMs ?? nowMs }
      : { span: best, count, fromMs: first, toMs: last }
  }
  return lane === track.marks ? undefined : hitMarks(track, viewport, fromMs, untilMs)
}

function hitMarks({ marks }: TrackLayout, viewport: Viewport, fromMs: number, untilMs: number) {
  const span = marks.spans[firstAfter(marks, fromMs)]
  if (!span || span.startMs > untilMs) return undefined
  const toMsOf = span.endMs ?? viewport.endMs
  return { span, count: 1, fromMs: span.startMs, toMs: toMsOf }
}

/** The spans that a stretch of time touches, by start, for the table. */
export function spansIn(layout: Layout, startMs: number, endMs: number, keep: (span: Span) => boolean): readonly Span[] {
  const found: Span[] = []
  for (const { lanes, marks } of layout.tracks) {
    for (const lane of [...lanes, marks]) {
      for (let at = firstAfter(lane, startMs); at < lane.spans.length; at += 1) {
        const span = lane.spans[at] as Span
        if (span.startMs > endMs) break
        if ((span.endMs ?? Infinity) >= startMs && keep(span)) found.push(span)
      }
    }
  }
  return found.sort((left, right) => left.startMs - right.startMs)
}
