/** Places spans in rows: a track for each agent, and in it as many lanes as run side by side. Pure. */
import type { Span, Track } from './spans.js'

/** Spans of one row, which rarely overlap. */
export interface Lane {
  readonly y: number
  readonly height: number
  /** By start. */
  readonly spans: readonly Span[]
  /** The latest end of this span and all before it: rises, so the first visible span is found by halving. */
  readonly ends: Float64Array
}

/** The rows of one agent. */
export interface TrackLayout {
  readonly agent: string
  readonly y: number
  readonly height: number
  readonly lanes: readonly Lane[]
  /** Reconnects and gaps: drawn over the whole height. */
  readonly marks: Lane
}

/** Every row, from the top. */
export interface Layout {
  readonly tracks: readonly TrackLayout[]
  readonly height: number
}

export const TRACK_HEAD = 22
/** Between the axis and the name of the first track. */
const TOP_GAP = 6
const TURN_LANE = 20
const TOOL_LANE = 15
const LANE_GAP = 2
const TRACK_GAP = 10
const MAX_TURN_LANES = 4
const MAX_TOOL_LANES = 6

/** The layout of the tracks, in their order. */
export function layoutOf(tracks: readonly Track[]): Layout {
  let y = TOP_GAP
  const placed = tracks.map(({ agent, spans }): TrackLayout => {
    const top = y
    const isMark = ({ kind }: Span): boolean => kind === 'gap' || kind === 'reconnect'
    const isTurn = ({ kind }: Span): boolean => kind === 'turn' || kind === 'queue'
    // Events come in the order of their time, so there is rarely something to sort.
    const sorted = isSorted(spans) ? spans : [...spans].sort((left, right) => left.startMs - right.startMs)
    const lanes: Lane[] = []
    y += TRACK_HEAD
    const rows: readonly (readonly [readonly Span[], number, number])[] = [
      [sorted.filter(isTurn), TURN_LANE, MAX_TURN_LANES],
      [sorted.filter((span) => !isTurn(span) && !isMark(span)), TOOL_LANE, MAX_TOOL_LANES],
    ]
    for (const [own, height, most] of rows) {
      for (const lane of pack(own, most)) {
        lanes.push(laneOf(lane, y, height))
        y += height + LANE_GAP
      }
    }
    const height = y - top
    y += TRACK_GAP
    return { agent, y: top, height, lanes, marks: laneOf(sorted.filter(isMark), top, height) }
  })
  return { tracks: placed, height: y }
}

function isSorted(spans: readonly Span[]): boolean {
  return spans.every((span, index) => index === 0 || span.startMs >= (spans[index - 1] as Span).startMs)
}

function laneOf(spans: readonly Span[], y: number, height: number): Lane {
  const ends = new Float64Array(spans.length)
  let latest = -Infinity
  for (const [index, { endMs = Infinity }] of spans.entries()) {
    latest = Math.max(latest, endMs)
    ends[index] = latest
  }
  return { y, height, spans, ends }
}

/** Spans by start, each in the first lane that is free. When every lane is taken, in the lane that is free first. */
function pack(sorted: readonly Span[], most: number): readonly Span[][] {
  const lanes: Span[][] = []
  const free: number[] = []
  for (const span of sorted) {
    let lane = free.findIndex((end) => end <= span.startMs)
    if (lane === -1) lane = free.length < most ? free.length : free.indexOf(Math.min(...free))
    free[lane] = Math.max(free[lane] ?? -Infinity, span.endMs ?? Infinity)
    const row = lanes[lane] ?? []
    row.push(span)
    lanes[lane] = row
  }
  return lanes
}

/** The index of the first span of a lane that ends after this time. */
export function firstAfter({ ends }: Pick<Lane, 'ends'>, ms: number): number {
  let low = 0
  let high = ends.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((ends[middle] as number) > ms) high = middle
    else low = middle + 1
  }
  return low
}
