/** The canvas of a timeline: it draws only when something changed, and turns wheel, drag, keys and clicks into moves of the axis. */
import { effect, type ReadonlySignal, type Signal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import type { JSX } from 'preact'
import { AXIS_HEIGHT, draw, readColors, type Frame } from './draw.js'
import type { Layout } from './layout.js'
import type { Span } from './spans.js'
import { panBy, zoomAt, type Viewport } from './viewport.js'
import { hit } from './visible.js'

/** What the canvas shows and changes. */
export interface CanvasProps {
  readonly layout: ReadonlySignal<Layout>
  readonly viewport: Signal<Viewport>
  readonly selected: ReadonlySignal<string | undefined>
  readonly compared?: ReadonlySignal<readonly string[]>
  /** Changes when time goes on, so that open spans grow. */
  readonly nowMs: ReadonlySignal<number>
  readonly label: string
  readonly relative?: boolean
  nameOf: Frame['nameOf']
  /** The reader moved the axis. */
  onMove?(): void
  onSelect(span: Span): void
  /** The reader chose a block of several spans: show that stretch. */
  onStretch(startMs: number, endMs: number): void
}

const ZOOM_STEP = 1.25
const DRAG_PX = 4

/**
 * The canvas. The keyboard moves the axis with the arrow keys, `+` and `-`.
 *
 * Long because every listener shares the same pointer state.
 */
export function TimelineCanvas(props: CanvasProps): JSX.Element {
  const { layout, viewport, label } = props
  const scroller = useRef<HTMLDivElement>(null)
  const canvas = useRef<HTMLCanvasElement>(null)
  const spacer = useRef<HTMLDivElement>(null)
  const move = (next: Viewport): void => {
    props.onMove?.()
    viewport.value = next
  }

  useEffect(() => {
    const box = scroller.current
    const surface = canvas.current
    const context = surface?.getContext('2d', { alpha: false })
    if (!box || !surface || !context) return
    let colors = readColors(box)
    let wanted = 0
    let height = 0
    const font = getComputedStyle(box).fontFamily
    const paint = (): void => {
      wanted = 0
      const ratio = globalThis.devicePixelRatio || 1
      const { width } = viewport.peek()
      if (surface.width !== Math.round(width * ratio)) surface.width = Math.round(width * ratio)
      if (surface.height !== Math.round(height * ratio)) surface.height = Math.round(height * ratio)
      const began = performance.now()
      const drawn = draw(context, {
        layout: layout.peek(),
        viewport: viewport.peek(),
        height,
        scrollTop: box.scrollTop,
        colors,
        font,
        ratio,
        nowMs: props.nowMs.peek(),
        selected: props.selected.peek(),
        compared: props.compared?.peek() ?? [],
        nameOf: props.nameOf,
        relative: props.relative ?? false,
      })
      surface.dataset.shapes = String(drawn)
      surface.dataset.drawMs = (performance.now() - began).toFixed(2)
    }
    const plan = (): void => {
      wanted ||= requestAnimationFrame(paint)
    }
    const stopDrawing = effect(() => {
      void [layout.value, viewport.value, props.selected.value, props.compared?.value, props.nowMs.value]
      if (spacer.current) spacer.current.style.height = `${layout.value.height + AXIS_HEIGHT}px`
      plan()
    })
    const resize = new ResizeObserver(() => {
      height = box.clientHeight
      surface.style.width = `${box.clientWidth}px`
      surface.style.height = `${height}px`
      if (box.clientWidth > 0) viewport.value = { ...viewport.peek(), width: box.clientWidth }
      plan()
    })
    resize.observe(box)
    const theme = new MutationObserver(() => {
      colors = readColors(box)
      plan()
    })
    theme.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] })
    const xOf = (event: MouseEvent): number => event.clientX - box.getBoundingClientRect().left
    const onWheel = (event: WheelEvent): void => {
      const zooms = event.ctrlKey || event.metaKey || event.altKey
      const sideways = event.shiftKey ? event.deltaY || event.deltaX : event.deltaX
      if (zooms) move(zoomAt(viewport.peek(), Math.exp(event.deltaY * 0.004), xOf(event)))
      else if (sideways !== 0) move(panBy(viewport.peek(), sideways))
      else return
      event.preventDefault()
    }
    const stopPointer = listenPointer(box, xOf, props, move)
    box.addEventListener('wheel', onWheel, { passive: false })
    box.addEventListener('scroll', plan)
    return () => {
      stopDrawing()
      stopPointer()
      resize.disconnect()
      theme.disconnect()
      cancelAnimationFrame(wanted)
      box.removeEventListener('wheel', onWheel)
      box.removeEventListener('scroll', plan)
    }
  }, [])

  const onKey = (event: KeyboardEvent): void => {
    const { width } = viewport.value
    if (event.key === 'ArrowLeft') move(panBy(viewport.value, -width / 8))
    else if (event.key === 'ArrowRight') move(panBy(viewport.value, width / 8))
    else if (event.key === '+' || event.key === '=') move(zoomAt(viewport.value, 1 / ZOOM_STEP, width / 2))
    else if (event.key === '-') move(zoomAt(viewport.value, ZOOM_STEP, width / 2))
    else return
    event.preventDefault()
  }
  return (
    <div class="tl-scroll" ref={scroller} tabIndex={0} role="application" aria-label={label} data-canvas onKeyDown={onKey}>
      <canvas ref={canvas} aria-hidden="true" />
      <div ref={spacer} class="tl-spacer" />
    </div>
  )
}

/** Drag moves the axis, two fingers zoom, a click selects. Returns the function that stops listening. */
function listenPointer(
  box: HTMLElement,
  xOf: (event: MouseEvent) => number,
  { layout, viewport, nowMs, onSelect, onStretch }: CanvasProps,
  move: (next: Viewport) => void,
): () => void {
  const down = new Map<number, { x: number; y: number }>()
  let travelled = 0
  const onDown = (event: PointerEvent): void => {
    if (event.button !== 0) return
    if (down.size === 0) travelled = 0
    down.set(event.pointerId, { x: event.clientX, y: event.clientY })
  }
  const onMove = (event: PointerEvent): void => {
    const last = down.get(event.pointerId)
    if (!last) return
    const other = [...down].find(([id]) => id !== event.pointerId)?.[1]
    const byX = event.clientX - last.x
    travelled += Math.abs(byX) + Math.abs(event.clientY - last.y)
    if (travelled > DRAG_PX && !box.hasPointerCapture(event.pointerId)) box.setPointerCapture(event.pointerId)
    if (other) {
      const before = Math.max(20, Math.abs(last.x - other.x))
      const after = Math.max(20, Math.abs(event.clientX - other.x))
      const middle = (event.clientX + other.x) / 2 - box.getBoundingClientRect().left
      move(zoomAt(viewport.peek(), before / after, middle))
    } else if (travelled > DRAG_PX) {
      if (byX !== 0) move(panBy(viewport.peek(), -byX))
      if (event.pointerType === 'mouse') box.scrollTop -= event.clientY - last.y
    }
    down.set(event.pointerId, { x: event.clientX, y: event.clientY })
  }
  const onUp = (event: PointerEvent): void => {
    if (!down.delete(event.pointerId) || travelled > DRAG_PX || event.type === 'pointercancel') return
    const y = event.clientY - box.getBoundingClientRect().top + box.scrollTop - AXIS_HEIGHT
    const found = hit(layout.peek(), viewport.peek(), xOf(event), y, nowMs.peek())
    if (!found) return
    if (found.count > 1) onStretch(found.fromMs, found.toMs)
    else onSelect(found.span)
  }
  box.addEventListener('pointerdown', onDown)
  box.addEventListener('pointermove', onMove)
  box.addEventListener('pointerup', onUp)
  box.addEventListener('pointercancel', onUp)
  return () => {
    box.removeEventListener('pointerdown', onDown)
    box.removeEventListener('pointermove', onMove)
    box.removeEventListener('pointerup', onUp)
    box.removeEventListener('pointercancel', onUp)
  }
}
