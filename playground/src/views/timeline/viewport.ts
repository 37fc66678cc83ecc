/** Which part of the axis is shown, and how a reader moves it. Pure. */

/** The shown part of the axis, over a width in CSS pixels. */
export interface Viewport {
  readonly startMs: number
  readonly endMs: number
  readonly width: number
}

const MIN_SPAN_MS = 5
const MAX_SPAN_MS = 60 * 86_400_000
/** Where now is while the view follows, as a part of the width. */
const FOLLOW_AT = 0.94

export const toX = ({ startMs, endMs, width }: Viewport, ms: number): number => ((ms - startMs) / (endMs - startMs)) * width
export const toMs = ({ startMs, endMs, width }: Viewport, x: number): number => startMs + (x / width) * (endMs - startMs)

/** The viewport after zooming: `factor` above 1 shows more time. The time under `x` stays where it is. */
export function zoomAt(viewport: Viewport, factor: number, x: number): Viewport {
  const spanMs = viewport.endMs - viewport.startMs
  const nextMs = Math.min(MAX_SPAN_MS, Math.max(MIN_SPAN_MS, spanMs * factor))
  const fixed = toMs(viewport, x)
  const startMs = fixed - (x / viewport.width) * nextMs
  return { ...viewport, startMs, endMs: startMs + nextMs }
}

/** The viewport after a move by pixels; positive shows later times. */
export function panBy(viewport: Viewport, pixels: number): Viewport {
  const byMs = (pixels / viewport.width) * (viewport.endMs - viewport.startMs)
  return { ...viewport, startMs: viewport.startMs + byMs, endMs: viewport.endMs + byMs }
}

/** The same length of time, with now near the right edge. */
export function followed(viewport: Viewport, nowMs: number): Viewport {
  const spanMs = viewport.endMs - viewport.startMs
  const startMs = nowMs - spanMs * FOLLOW_AT
  return { ...viewport, startMs, endMs: startMs + spanMs }
}

/** Shows a stretch of time with a margin on both sides. */
export function fitted(viewport: Viewport, startMs: number, endMs: number): Viewport {
  const spanMs = Math.min(MAX_SPAN_MS, Math.max(MIN_SPAN_MS, (endMs - startMs) * 1.08))
  const middle = (startMs + endMs) / 2
  return { ...viewport, startMs: middle - spanMs / 2, endMs: middle + spanMs / 2 }
}

/** One line of the axis. */
export interface Tick {
  readonly x: number
  readonly label: string
  /** The first tick of a day, or the first one that is shown, names the day. */
  readonly isMajor: boolean
}

const STEPS_MS = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 900_000,
  1_800_000, 3_600_000, 7_200_000, 10_800_000, 21_600_000, 43_200_000, 86_400_000, 172_800_000, 604_800_000,
]
const TICK_PX = 90

/** The ticks of the axis, at round times of the reader's clock. `relative` counts from 0 instead, for a comparison. */
export function ticksOf(viewport: Viewport, relative = false): readonly Tick[] {
  const perTick = ((viewport.endMs - viewport.startMs) / viewport.width) * TICK_PX
  const stepMs = STEPS_MS.find((step) => step >= perTick) ?? 2_592_000_000
  const shiftMs = relative ? 0 : new Date(viewport.startMs).getTimezoneOffset() * 60_000
  const first = Math.ceil((viewport.startMs - shiftMs) / stepMs) * stepMs + shiftMs
  const ticks: Tick[] = []
  for (let ms = first; ms <= viewport.endMs; ms += stepMs) {
    const isMajor = !relative && (ms - shiftMs) % 86_400_000 === 0
    ticks.push({ x: toX(viewport, ms), label: relative ? relativeLabel(ms) : timeLabel(ms, stepMs, isMajor), isMajor })
  }
  return ticks
}

function relativeLabel(ms: number): string {
  if (Math.abs(ms) < 1_000) return `${Math.round(ms)} ms`
  if (Math.abs(ms) < 120_000) return `${Number((ms / 1_000).toFixed(2))} s`
  return `${Number((ms / 60_000).toFixed(1))} min`
}

function timeLabel(ms: number, stepMs: number, isDay: boolean): string {
  const date = new Date(ms)
  const two = (value: number): string => String(value).padStart(2, '0')
  if (isDay || stepMs >= 86_400_000) return date.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' })
  const minutes = `${two(date.getHours())}:${two(date.getMinutes())}`
  if (stepMs >= 60_000) return minutes
  const seconds = `${minutes}:${two(date.getSeconds())}`
  return stepMs >= 1_000 ? seconds : `${seconds}.${String(date.getMilliseconds()).padStart(3, '0')}`
}
