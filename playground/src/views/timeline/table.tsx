/** The spans of the shown stretch as a table: what the canvas shows, for the keyboard and for screen readers. Only the rows on the screen are in the page. */
import type { ReadonlySignal } from '@preact/signals'
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { JSX } from 'preact'
import { exactSpan, preciseTime } from '../../design/format.js'
import { durationMs, type Span } from './spans.js'
import { endWords, KIND_WORDS } from './words.js'

const ROW_PX = 37
const SPARE_ROWS = 6

/** The table. Up and down move between rows, Enter selects, `c` puts a turn into the comparison. */
export function SpanTable(props: {
  readonly spans: readonly Span[]
  readonly nowMs: ReadonlySignal<number>
  readonly selected: string | undefined
  nameOf(agent: string): string
  onSelect(span: Span): void
  onCompare(span: Span): void
}): JSX.Element {
  const { spans, selected } = props
  const box = useRef<HTMLDivElement>(null)
  const [from, setFrom] = useState(0)
  const [height, setHeight] = useState(300)
  const [active, setActive] = useState<string>()
  const wantsFocus = useRef(false)

  useEffect(() => {
    const own = box.current
    if (!own) return
    const resize = new ResizeObserver(() => setHeight(own.clientHeight))
    resize.observe(own)
    return () => resize.disconnect()
  }, [])
  const show = (index: number): void => {
    const own = box.current
    if (!own || index < 0) return
    const top = index * ROW_PX
    if (top < own.scrollTop) own.scrollTop = top
    else if (top + 2 * ROW_PX > own.scrollTop + own.clientHeight) own.scrollTop = top + 2 * ROW_PX - own.clientHeight
    setFrom(Math.floor(own.scrollTop / ROW_PX))
  }
  useEffect(() => show(spans.findIndex(({ id }) => id === selected)), [selected])
  // Before the browser handles the next key: the row that had the focus may be gone.
  useLayoutEffect(() => {
    if (!wantsFocus.current) return
    const button = box.current?.querySelector<HTMLButtonElement>('button[tabindex="0"]')
    if (!button) return
    wantsFocus.current = false
    button.focus({ preventScroll: true })
  })

  const activeIndex = Math.max(
    0,
    spans.findIndex(({ id }) => id === (active ?? selected)),
  )
  const first = Math.max(0, Math.min(from - SPARE_ROWS, spans.length - 1))
  const last = Math.min(spans.length, from + Math.ceil(height / ROW_PX) + SPARE_ROWS)
  const shown = spans.slice(first, last)
  const onKey = (event: KeyboardEvent): void => {
    const steps: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -1e9, End: 1e9 }
    const step = steps[event.key]
    const current = spans[activeIndex]
    if (event.key === 'c' && current?.kind === 'turn') props.onCompare(current)
    if (step === undefined) return
    event.preventDefault()
    const next = Math.max(0, Math.min(spans.length - 1, activeIndex + step))
    setActive(spans[next]?.id)
    wantsFocus.current = true
    show(next)
  }
  // The row that the tab key reaches: the active one, or the first on the screen.
  const reachable = activeIndex >= first && activeIndex < last ? spans[activeIndex]?.id : shown[0]?.id
  return (
    <div
      class="tl-table"
      ref={box}
      role="region"
      aria-label="Spans of this stretch of time"
      onScroll={() => setFrom(Math.floor((box.current?.scrollTop ?? 0) / ROW_PX))}
      onKeyDown={onKey}
    >
      <table class="table" aria-rowcount={spans.length + 1}>
        <thead>
          <tr aria-rowindex={1}>
            <th scope="col">What</th>
            <th scope="col">Kind</th>
            <th scope="col">Agent</th>
            <th scope="col">Start</th>
            <th scope="col" class="right">
              Duration
            </th>
            <th scope="col">End</th>
          </tr>
        </thead>
        <tbody>
          {first > 0 ? <Spacer rows={first} /> : null}
          {shown.map((one, index) => (
            <tr
              key={one.id}
              aria-rowindex={first + index + 2}
              class={one.id === selected ? 'chosen' : undefined}
              data-span={one.kind}
              data-agent={one.agent}
              {...(one.turn === undefined ? {} : { 'data-turn': one.turn })}
            >
              <td>
                <button
                  type="button"
                  class="tl-name"
                  data-action="select-span"
                  tabIndex={one.id === reachable ? 0 : -1}
                  aria-pressed={one.id === selected}
                  onClick={() => {
                    setActive(one.id)
                    props.onSelect(one)
                  }}
                >
                  {one.label}
                </button>
              </td>
              <td>
                <span class="tl-kind" data-kind={one.kind} data-outcome={one.outcome}>
                  {KIND_WORDS[one.kind]}
                </span>
              </td>
              <td class="tl-agent">{props.nameOf(one.agent)}</td>
              <td class="num">{preciseTime(one.startMs)}</td>
              <td class="num right">
                <Duration span={one} nowMs={props.nowMs} />
              </td>
              <td>{endWords(one)}</td>
            </tr>
          ))}
          {last < spans.length ? <Spacer rows={spans.length - last} /> : null}
        </tbody>
      </table>
      {spans.length === 0 ? <p class="tl-none muted">Nothing in this stretch of time. Zoom out, or show more kinds.</p> : null}
    </div>
  )
}

/** Only the cell of an open span renders again when time goes on. */
function Duration({ span, nowMs }: { span: Span; nowMs: ReadonlySignal<number> }): JSX.Element {
  return <>{exactSpan(durationMs(span, span.endMs === undefined ? nowMs.value : 0))}</>
}

function Spacer({ rows }: { rows: number }): JSX.Element {
  return (
    <tr aria-hidden="true">
      <td style={{ height: `${rows * ROW_PX}px`, padding: 0, border: 0 }} />
    </tr>
  )
}
