/** The chosen span, and two turns beside each other. */
import { computed, useComputed, useSignal } from '@preact/signals'
import { useMemo } from 'preact/hooks'
import type { JSX } from 'preact'
import { Button } from '../../design/button.js'
import { clockTime, count, exactSpan, money } from '../../design/format.js'
import { TimelineCanvas } from './canvas.js'
import { alignedTracks, figuresOf, type TurnFigures } from './compare.js'
import { layoutOf } from './layout.js'
import { durationMs, HUB_TRACK, type Span } from './spans.js'
import type { TimelineState } from './state.js'
import { fitted } from './viewport.js'
import { detailTitle, endWords, KIND_WORDS } from './words.js'

/** What is known about the chosen span, and what can be done with it. */
export function SpanDetails(props: {
  readonly state: TimelineState
  readonly span: Span
  nameOf(agent: string): string
  onOpen(span: Span): void
}): JSX.Element {
  const { state, span } = props
  const { follows, viewport, nowMs, compared } = state
  const isCompared = compared.value.includes(span.id)
  const zoom = (): void => {
    follows.value = false
    viewport.value = fitted(viewport.value, span.startMs, span.endMs ?? Date.now())
  }
  return (
    <aside class="tl-details card" aria-label="The chosen span" data-turn={span.turn}>
      <header class="row spread">
        <p class="tl-kind" data-kind={span.kind} data-outcome={span.outcome}>
          {KIND_WORDS[span.kind]}
        </p>
        <Button
          tone="quiet"
          action="clear-span"
          onClick={() => {
            state.selected.value = undefined
          }}
        >
          Close
        </Button>
      </header>
      <h2>{span.label}</h2>
      <dl>
        <dt>Agent</dt>
        <dd>{props.nameOf(span.agent)}</dd>
        <dt>Start</dt>
        <dd class="num">{startText(span.startMs)}</dd>
        <dt>Duration</dt>
        <dd class="num">{exactSpan(durationMs(span, span.endMs === undefined ? nowMs.value : 0))}</dd>
        <dt>End</dt>
        <dd>{endWords(span)}</dd>
        {span.detail ? <dt>{detailTitle(span)}</dt> : null}
        {span.detail ? <dd>{span.detail}</dd> : null}
        {span.usage?.costUsd === undefined ? null : <dt>Cost</dt>}
        {span.usage?.costUsd === undefined ? null : <dd class="num">{money(span.usage.costUsd)}</dd>}
      </dl>
      <p class="row">
        <Button action="zoom-to-span" onClick={zoom}>
          Zoom in
        </Button>
        {span.kind === 'turn' ? (
          <Button action="compare-span" aria-pressed={isCompared} onClick={() => state.compare(span)}>
            {isCompared ? 'Remove from the comparison' : 'Compare'}
          </Button>
        ) : null}
        {span.agent === HUB_TRACK ? null : (
          <Button action="open-work" onClick={() => props.onOpen(span)}>
            Open in Work
          </Button>
        )}
      </p>
    </aside>
  )
}

/** The time of day, with the date unless it is today. */
function startText(ms: number): string {
  const date = new Date(ms)
  return date.toDateString() === new Date().toDateString() ? clockTime(ms) : date.toLocaleString('en-GB')
}

/** Two turns on one axis that begins at 0, and their figures. */
export function Comparison({
  state,
  turns,
  nameOf,
}: {
  state: TimelineState
  turns: readonly [Span, Span]
  nameOf: (agent: string) => string
}): JSX.Element {
  const ids = turns.map(({ id }) => id).join(' ')
  const open = turns.some(({ endMs }) => endMs === undefined)
  // An open turn grows; closed ones are laid out once.
  const layout = useMemo(
    () => computed(() => layoutOf(alignedTracks(state.store, turns, open ? state.nowMs.value : 0))),
    [ids, open, state.layout.value],
  )
  const longest = Math.max(...turns.map((turn) => durationMs(turn, Date.now())))
  const viewport = useSignal(fitted({ startMs: 0, endMs: 1, width: 800 }, 0, Math.max(longest, 10)))
  const selected = useSignal<string | undefined>(undefined)
  const figures = useComputed(() => turns.map((turn) => figuresOf(state.store, turn, open ? state.nowMs.value : 0)))
  const [left, right] = figures.value as [TurnFigures, TurnFigures]
  return (
    <section class="tl-compare card" aria-labelledby="tl-compare-title" data-compare>
      <div class="row spread">
        <h2 id="tl-compare-title">Two turns from their start</h2>
        <Button
          tone="quiet"
          action="end-compare"
          onClick={() => {
            state.compared.value = []
          }}
        >
          Close the comparison
        </Button>
      </div>
      <TimelineCanvas
        layout={layout}
        viewport={viewport}
        selected={selected}
        nowMs={state.nowMs}
        relative
        label="Both turns on one axis. Arrow keys move it, plus and minus zoom."
        nameOf={(name) => ({ name, color: 'transparent' })}
        onSelect={(span) => {
          selected.value = span.id
        }}
        onStretch={(startMs, endMs) => {
          viewport.value = fitted(viewport.value, startMs, endMs)
        }}
      />
      <div class="tl-figures">
        <table class="table">
          <thead>
            <tr>
              <th scope="col">Figure</th>
              <th scope="col" class="right">
                A · {nameOf(left.turn.agent)}
              </th>
              <th scope="col" class="right">
                B · {nameOf(right.turn.agent)}
              </th>
              <th scope="col" class="right">
                B − A
              </th>
            </tr>
          </thead>
          <tbody>
            {ROWS.map(({ title, value, text }) => (
              <tr key={title}>
                <th scope="row">{title}</th>
                <td class="right num">{shownFigure(value(left), text)}</td>
                <td class="right num">{shownFigure(value(right), text)}</td>
                <td class="right num">{difference(value(left), value(right), text)}</td>
              </tr>
            ))}
            <tr>
              <th scope="row">End</th>
              <td class="right">{endWords(left.turn)}</td>
              <td class="right">{endWords(right.turn)}</td>
              <td />
            </tr>
          </tbody>
        </table>
      </div>
    </section>
  )
}

interface FigureRow {
  readonly title: string
  value(figures: TurnFigures): number | undefined
  text(value: number): string
}

const ROWS: readonly FigureRow[] = [
  { title: 'Whole turn', value: ({ totalMs }) => totalMs, text: exactSpan },
  { title: 'In the queue before', value: ({ queueMs }) => queueMs, text: exactSpan },
  { title: 'Tool calls', value: ({ tools }) => tools, text: count },
  { title: 'Failed tool calls', value: ({ failedTools }) => failedTools, text: count },
  { title: 'Time in tools', value: ({ toolMs }) => toolMs, text: exactSpan },
  { title: 'Waits for a person', value: ({ waits }) => waits, text: count },
  { title: 'Time waiting for a person', value: ({ waitMs }) => waitMs, text: exactSpan },
  { title: 'Time before retries', value: ({ retryMs }) => retryMs, text: exactSpan },
  { title: 'Cost', value: ({ costUsd }) => costUsd, text: money },
  { title: 'Fresh tokens', value: ({ tokens }) => tokens, text: count },
]

const shownFigure = (value: number | undefined, text: (value: number) => string): string =>
  value === undefined ? 'not reported' : text(value)

function difference(left: number | undefined, right: number | undefined, text: (value: number) => string): string {
  if (left === undefined || right === undefined) return ''
  const by = right - left
  if (by === 0) return 'same'
  return `${by > 0 ? '+' : '−'}${text(Math.abs(by))}`
}
