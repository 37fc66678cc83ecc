import { useEffect, useMemo } from 'preact/hooks'
import type { JSX } from 'preact'
import type { Hub } from 'signalbox/hub'
import { workAddress } from '../../app/address.js'
import type { App, View } from '../../app/view.js'
import { Button } from '../../design/button.js'
import { EmptyState } from '../../design/empty-state.js'
import { ErrorNotice } from '../../design/error-notice.js'
import { count } from '../../design/format.js'
import { TimelineCanvas } from './canvas.js'
import { Comparison, SpanDetails } from './details.js'
import { journalStart } from '../journal.js'
import { createSpans, HUB_TRACK, type Span, type SpanKind } from './spans.js'
import { createTimeline, type TimelineState } from './state.js'
import { SpanTable } from './table.js'
import { fitted, zoomAt } from './viewport.js'
import { KIND_WORDS } from './words.js'
import './timeline.css'

/** Turns, tools and waits of every agent on one axis. */
export const view: View = {
  id: 'timeline',
  title: 'Timeline',
  key: 't',
  Component: ({ app }) => {
    const state = app.connection.value
    return state.status === 'open' ? <Timeline app={app} hub={state.connection.hub} /> : <p class="boot">Opening the hub…</p>
  },
}

const KINDS = Object.keys(KIND_WORDS) as readonly SpanKind[]
const ZOOM = 1.6

function Timeline({ app, hub }: { app: App; hub: Hub }): JSX.Element {
  const { model } = app
  const state = useMemo(() => {
    const order = (agent: string): number => {
      const at = model.agents.peek().indexOf(agent)
      return at === -1 ? Number.MAX_SAFE_INTEGER : at
    }
    const kept = app.keep('timeline', () => ({ store: createSpans(), place: journalStart() }))
    return createTimeline(hub, kept, order)
  }, [hub])
  useEffect(() => state.stop, [state])
  useEffect(() => selectWanted(app, state), [state, app.route.value])
  const nameOf = (agent: string): string => {
    const known = model.agent(agent).peek()?.agent
    return agent === HUB_TRACK ? 'Hub' : (known?.name ?? agent)
  }
  const trackName = (agent: string) => {
    const known = model.agent(agent).peek()?.agent
    const style = getComputedStyle(document.documentElement)
    const color = style.getPropertyValue(known ? `--s-${known.system}` : '--ink-3').trim()
    return { name: known ? `${known.name}  ·  ${known.system}` : nameOf(agent), color: color || '#888' }
  }
  const { viewport, follows, selected, compared, layout, failure, total } = state
  const stay = (): void => {
    follows.value = false
  }
  const zoom = (factor: number) => (): void => {
    stay()
    viewport.value = zoomAt(viewport.value, factor, viewport.value.width / 2)
  }
  const span = selected.value === undefined ? undefined : state.store.find(selected.value)
  const turns = compared.value.map((id) => state.store.find(id)).filter((turn): turn is Span => turn !== undefined)
  const open = (own: Span): void => app.navigate(workAddress(own.agent))

  if (total.value === 0 && !failure.value) {
    return (
      <>
        <Head state={state} nameOf={nameOf} zoom={zoom} />
        <EmptyState
          title="No turns yet"
          why="The journal of this hub has no turn. A turn appears here as soon as an agent gets a prompt."
        >
          <Button tone="main" action="go-fleet" onClick={() => app.navigate('fleet')}>
            Choose an agent
          </Button>
        </EmptyState>
      </>
    )
  }
  return (
    <>
      <Head state={state} nameOf={nameOf} zoom={zoom} />
      {failure.value ? (
        <div class="tl-error">
          <ErrorNotice error={failure.value} />
          <p class="small muted">The page tries again every two seconds, from the last event that it has.</p>
        </div>
      ) : null}
      <div class="tl-body" data-shown={compared.value.length === 2 ? 'compare' : 'all'}>
        <TimelineCanvas
          layout={layout}
          viewport={viewport}
          selected={selected}
          compared={compared}
          nowMs={state.nowMs}
          label="Timeline. Arrow keys move it, plus and minus zoom. The table after it has the same spans."
          nameOf={trackName}
          onMove={stay}
          onSelect={state.select}
          onStretch={(startMs, endMs) => {
            stay()
            viewport.value = fitted(viewport.value, startMs, endMs)
          }}
        />
        {turns.length === 2 ? (
          <Comparison state={state} turns={turns as [Span, Span]} nameOf={nameOf} key={compared.value.join(' ')} />
        ) : null}
        {turns.length === 1 ? (
          <p class="tl-hint notice" role="status">
            “{turns[0]?.label}” is the first turn to compare. Choose another turn, then press Compare.
          </p>
        ) : null}
        <div class="tl-lower">
          <SpanTable
            spans={state.rows.value}
            nowMs={state.nowMs}
            selected={selected.value}
            nameOf={nameOf}
            onSelect={state.select}
            onCompare={state.compare}
          />
          {span ? <SpanDetails state={state} span={span} nameOf={nameOf} onOpen={open} /> : null}
        </div>
      </div>
    </>
  )
}

function Head({
  state,
  nameOf,
  zoom,
}: {
  state: TimelineState
  nameOf: (agent: string) => string
  zoom: (factor: number) => () => void
}): JSX.Element {
  const { follows, hidden, agent, agents, store } = state
  const toggle = (kind: SpanKind): void => {
    const next = new Set(hidden.value)
    if (!next.delete(kind)) next.add(kind)
    hidden.value = next
  }
  return (
    <>
      <header class="view-head">
        <h1>Timeline</h1>
        <div class="row tl-tools" role="group" aria-label="The shown stretch of time">
          <Button
            action="follow"
            aria-pressed={follows.value}
            tone={follows.value ? 'main' : 'plain'}
            onClick={() => {
              follows.value = !follows.value
            }}
          >
            Follow
          </Button>
          <Button action="zoom-in" class="icon" aria-label="Zoom in" onClick={zoom(1 / ZOOM)}>
            +
          </Button>
          <Button action="zoom-out" class="icon" aria-label="Zoom out" onClick={zoom(ZOOM)}>
            −
          </Button>
          <Button action="fit" onClick={state.fit}>
            All
          </Button>
          <label class="tl-agent-choice">
            <span class="hidden-text">Agent</span>
            <select
              class="input"
              data-action="choose-agent"
              value={agent.value}
              onChange={(event) => {
                agent.value = event.currentTarget.value
              }}
            >
              <option value="">All agents</option>
              {agents.value.map((id) => (
                <option key={id} value={id}>
                  {nameOf(id)}
                </option>
              ))}
            </select>
          </label>
        </div>
        <p class="small muted num tl-count" role="status">
          {count(state.total.value)} spans{store.dropped > 0 ? `, ${count(store.dropped)} older ones not kept` : ''}
        </p>
      </header>
      <div class="tl-legend row" role="group" aria-label="Kinds that are shown">
        {KINDS.map((kind) => (
          <button
            key={kind}
            type="button"
            class="tl-chip"
            data-action={`kind:${kind}`}
            data-kind={kind}
            aria-pressed={!hidden.value.has(kind)}
            onClick={() => toggle(kind)}
          >
            {KIND_WORDS[kind]}
          </button>
        ))}
      </div>
    </>
  )
}

/** `#/timeline?turn=<id>` chooses a turn as soon as it is known. */
function selectWanted(app: App, state: TimelineState): (() => void) | undefined {
  const wanted = app.route.value.params.get('turn')
  if (wanted === null) return undefined
  return state.layout.subscribe(({ tracks }) => {
    if (state.selected.peek() !== undefined) return
    for (const { agent } of tracks) {
      const span = state.store.find(`turn ${agent} ${wanted}`)
      if (span) queueMicrotask(() => state.select(span))
    }
  })
}
