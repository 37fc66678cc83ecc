/** Draws a timeline on a canvas. Colours come from the tokens of the page, so dark and light need no second code. */
import { TRACK_HEAD, type Layout } from './layout.js'
import type { SpanKind } from './spans.js'
import { toX, ticksOf, type Viewport } from './viewport.js'
import { shapesOf, tracksIn, type Shape } from './visible.js'

export const AXIS_HEIGHT = 26
const NAMES = {
  ground: '--panel',
  band: '--ground',
  line: '--line',
  ink: '--ink',
  quiet: '--ink-3',
  accent: '--accent',
  accentSoft: '--accent-soft',
  clear: '--clear',
  clearSoft: '--clear-soft',
  caution: '--caution-lamp',
  cautionSoft: '--caution-soft',
  danger: '--danger',
  dangerSoft: '--danger-soft',
  info: '--info',
  infoSoft: '--info-soft',
  violet: '--violet',
  sunk: '--sunk',
  strong: '--line-strong',
  focus: '--focus',
} as const

/** Colours by use. */
export type Colors = Readonly<Record<keyof typeof NAMES, string>>

/** The colours of the theme that the page has now. */
export function readColors(element: Element): Colors {
  const style = getComputedStyle(element)
  return Object.fromEntries(Object.entries(NAMES).map(([key, name]) => [key, style.getPropertyValue(name).trim()])) as Colors
}

/** What one frame needs. */
export interface Frame {
  readonly layout: Layout
  readonly viewport: Viewport
  /** Height of the canvas in CSS pixels, the axis included. */
  readonly height: number
  readonly scrollTop: number
  readonly colors: Colors
  readonly font: string
  readonly ratio: number
  readonly nowMs: number
  readonly selected: string | undefined
  readonly compared: readonly string[]
  /** The name of a track, and the colour of its system. */
  nameOf(agent: string): { readonly name: string; readonly color: string }
  /** The axis counts from 0. */
  readonly relative?: boolean
}

/** Fill and edge of a bar. */
function paint({ kind, bad, count, span }: Shape, colors: Colors): readonly [string, string] {
  if (bad && count === 1) return [colors.dangerSoft, colors.danger]
  if (kind === 'wait') return [colors.cautionSoft, colors.caution]
  if (kind === 'retry') return [colors.sunk, colors.violet]
  if (kind === 'tool') return [colors.infoSoft, colors.info]
  if (kind === 'queue') return [colors.sunk, colors.strong]
  if (kind === 'gap' || kind === 'reconnect') return [colors.dangerSoft, colors.danger]
  if (span.endMs === undefined) return [colors.clearSoft, colors.clear]
  return span.outcome === 'cancelled' ? [colors.sunk, colors.quiet] : [colors.accentSoft, colors.accent]
}

const CHARACTER_PX = 6.4
const MARKS: ReadonlySet<SpanKind> = new Set(['gap', 'reconnect'])

/** Draws a frame. Returns how many shapes it drew. */
export function draw(context: CanvasRenderingContext2D, frame: Frame): number {
  const { layout, viewport, height, scrollTop, colors, ratio, nowMs } = frame
  const { width } = viewport
  const rows = { top: scrollTop, height: height - AXIS_HEIGHT }
  context.setTransform(ratio, 0, 0, ratio, 0, 0)
  context.fillStyle = colors.ground
  context.fillRect(0, 0, width, height)
  context.font = `500 11px ${frame.font}`
  context.textBaseline = 'middle'

  context.save()
  context.beginPath()
  context.rect(0, AXIS_HEIGHT, width, height - AXIS_HEIGHT)
  context.clip()
  context.translate(0, AXIS_HEIGHT - scrollTop)
  drawGrid(context, frame)
  const shapes = shapesOf(layout, viewport, rows, nowMs)
  const [marks, bars] = [shapes.filter(({ kind }) => MARKS.has(kind)), shapes.filter(({ kind }) => !MARKS.has(kind))]
  for (const shape of marks) drawMark(context, shape, colors)
  for (const shape of bars) drawBar(context, shape, frame)
  drawNames(context, frame)
  context.restore()
  drawAxis(context, frame)
  return shapes.length
}

function drawGrid(
  context: CanvasRenderingContext2D,
  { viewport, layout, colors, height, scrollTop, relative, nowMs }: Frame,
): void {
  context.fillStyle = colors.line
  const top = scrollTop
  for (const { x } of ticksOf(viewport, relative)) context.fillRect(Math.round(x), top, 1, height)
  for (const { y, height: own } of tracksIn(layout, { top: scrollTop, height })) {
    context.fillRect(0, y + own + 4, viewport.width, 1)
  }
  const now = relative ? 0 : nowMs
  const x = toX(viewport, now)
  if (x < 0 || x > viewport.width) return
  context.fillStyle = colors.quiet
  context.fillRect(Math.round(x), top, 1, height)
}

function drawMark(context: CanvasRenderingContext2D, { x, y, width, height, kind, span }: Shape, colors: Colors): void {
  // A new process is no loss of events.
  const color = span.outcome === 'new epoch' ? colors.quiet : colors.danger
  context.globalAlpha = 0.45
  context.fillStyle = span.outcome === 'new epoch' ? colors.sunk : colors.dangerSoft
  context.fillRect(x, y, Math.max(width, 2), height)
  context.globalAlpha = 1
  context.strokeStyle = color
  context.lineWidth = 1.5
  context.setLineDash(kind === 'gap' ? [3, 3] : [])
  const right = Math.round(x + width) + 0.5
  context.beginPath()
  context.moveTo(right, y)
  context.lineTo(right, y + height)
  context.stroke()
  context.setLineDash([])
  // A gap is a cross, a reconnect is a triangle: the shape says what the colour says.
  context.beginPath()
  if (kind === 'gap') {
    context.moveTo(right - 4, y + 3)
    context.lineTo(right + 4, y + 11)
    context.moveTo(right + 4, y + 3)
    context.lineTo(right - 4, y + 11)
    context.stroke()
  } else {
    context.moveTo(right, y + 12)
    context.lineTo(right - 5, y + 3)
    context.lineTo(right + 5, y + 3)
    context.closePath()
    context.fillStyle = color
    context.fill()
  }
}

function drawBar(context: CanvasRenderingContext2D, shape: Shape, frame: Frame): void {
  const { x, y, width, height, kind, span, count, bad } = shape
  const { colors, selected, compared, viewport } = frame
  const [fill, edge] = paint(shape, colors)
  if (width < 4) {
    context.fillStyle = edge
    context.fillRect(x, y, Math.max(width, 2), height)
  } else {
    context.fillStyle = count > 1 ? edge : fill
    context.fillRect(x, y, width, height)
    context.fillStyle = edge
    context.fillRect(x, y, 2, height)
    context.fillRect(x, y + height - 2, width, 2)
    if (kind === 'wait' && width > 18) diamond(context, x + 10, y + height / 2, edge)
  }
  if (count > 1 && bad) {
    context.fillStyle = colors.danger
    context.fillRect(bad.from, y + height - 5, Math.max(bad.to - bad.from, 2), 5)
  }
  const left = Math.max(x, 0) + (kind === 'wait' ? 18 : 6)
  const room = Math.min(x + width, viewport.width) - left - 4
  if (count === 1 && room > 28) {
    const letters = Math.floor(room / CHARACTER_PX)
    const { label } = span
    context.fillStyle = colors.ink
    context.fillText(label.length > letters ? `${label.slice(0, letters - 1)}…` : label, left, y + height / 2)
  }
  const isChosen = selected === span.id && count === 1
  if (!isChosen && !compared.includes(span.id)) return
  context.strokeStyle = colors.focus
  context.lineWidth = isChosen ? 2.5 : 1.5
  context.strokeRect(x - 1, y - 1, Math.max(width, 2) + 2, height + 2)
}

function diamond(context: CanvasRenderingContext2D, x: number, y: number, color: string): void {
  context.fillStyle = color
  context.beginPath()
  context.moveTo(x, y - 4.5)
  context.lineTo(x + 4.5, y)
  context.lineTo(x, y + 4.5)
  context.lineTo(x - 4.5, y)
  context.closePath()
  context.fill()
}

function drawNames(context: CanvasRenderingContext2D, frame: Frame): void {
  const { layout, colors, scrollTop, height, viewport } = frame
  context.font = `650 12px ${frame.font}`
  for (const { agent, y } of tracksIn(layout, { top: scrollTop, height })) {
    const { name, color } = frame.nameOf(agent)
    const letters = Math.floor((viewport.width - 40) / 7)
    const text = name.length > letters ? `${name.slice(0, letters - 1)}…` : name
    context.fillStyle = colors.ground
    context.globalAlpha = 0.85
    context.fillRect(6, y + 2, context.measureText(text).width + 24, TRACK_HEAD - 4)
    context.globalAlpha = 1
    context.fillStyle = color
    context.fillRect(10, y + TRACK_HEAD / 2 - 4, 8, 8)
    context.fillStyle = colors.ink
    context.fillText(text, 24, y + TRACK_HEAD / 2 + 1)
  }
}

function drawAxis(context: CanvasRenderingContext2D, { viewport, colors, font, relative }: Frame): void {
  context.fillStyle = colors.band
  context.fillRect(0, 0, viewport.width, AXIS_HEIGHT)
  context.fillStyle = colors.line
  context.fillRect(0, AXIS_HEIGHT - 1, viewport.width, 1)
  for (const { x, label, isMajor } of ticksOf(viewport, relative)) {
    context.font = `${isMajor ? 650 : 450} 11px ${font}`
    context.fillStyle = colors.strong
    context.fillRect(Math.round(x), AXIS_HEIGHT - 6, 1, 6)
    context.fillStyle = isMajor ? colors.ink : colors.quiet
    context.fillText(label, x + 4, AXIS_HEIGHT / 2)
  }
}
