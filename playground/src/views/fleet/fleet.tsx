import { useComputed, useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import type { JSX } from 'preact'
import type { AgentState } from 'signalbox/hub'
import type { App } from '../../app/view.js'
import { isTyping } from '../../app/keyboard.js'
import { Button } from '../../design/button.js'
import { EmptyState } from '../../design/empty-state.js'
import { STATE_WORDS } from '../../design/signal.js'
import { systemName } from '../../design/systems.js'
import { useMedia, usePhone } from '../../design/use-media.js'
import { WindowList, type WindowRow } from '../../design/window-list.js'
import type { AgentRow } from '../../model/agents.js'
import { FleetRow } from './fleet-row.js'
import { groupRows, matchesFilter, type FleetGroup, type GroupBy } from './group.js'
import './fleet.css'

/**
 * Every agent of the hub.
 *
 * Long because the filter, the groups and the keyboard share the list.
 */
export function Fleet({ app }: { app: App }): JSX.Element {
  const filter = useSignal('')
  const by = useSignal<GroupBy>('system')
  const inside = useSignal(false)
  const held = useRef<readonly FleetGroup[]>([])
  const section = useRef<HTMLDivElement>(null)
  const phone = usePhone()
  /** The capabilities have a line of their own. */
  const narrow = useMedia('(width < 75rem)')

  const groups = useComputed(() => {
    const rows = app.model.agents.value
      .map((id) => app.model.agent(id).value)
      .filter((row): row is AgentRow => row !== undefined && matchesFilter(row, filter.value))
    const next = groupRows(rows, by.value)
    // Rows grouped by state change their place. They keep it while the pointer or the focus is on the list.
    if (by.value === 'state' && inside.value && sameRows(held.current, next)) return held.current
    held.current = sameOrder(held.current, next) ? held.current : next
    return held.current
  })

  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event) || document.querySelector('dialog[open]')) return
      if (event.key === '/') {
        event.preventDefault()
        section.current?.querySelector('input')?.focus()
      } else if (event.key === 'j' || event.key === 'k') {
        const links = [...(section.current?.querySelectorAll<HTMLAnchorElement>('a.fleet-name') ?? [])]
        const at = links.indexOf(document.activeElement as HTMLAnchorElement)
        const next = at < 0 ? links[0] : links[at + (event.key === 'j' ? 1 : -1)]
        next?.focus()
      }
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [])

  const rowHeight = phone ? 144 : narrow ? 92 : 64
  const rows: WindowRow[] = groups.value.flatMap(({ title, ids }) => [
    ...(title === ''
      ? []
      : [{ key: `group:${title}`, height: 44, render: () => <GroupTitle by={by.value} title={title} count={ids.length} /> }]),
    ...ids.map((id) => ({ key: id, height: rowHeight, render: () => <FleetRow app={app} id={id} /> })),
  ])
  return (
    <div class="fleet" ref={section}>
      <header class="view-head">
        <h1>Fleet</h1>
        <Totals app={app} />
        <span class="grow" />
        <NewSession app={app} />
        <input
          class="input"
          type="search"
          aria-label="Filter the agents"
          placeholder="Filter ( / )"
          data-action="filter"
          value={filter.value}
          onInput={(event) => (filter.value = event.currentTarget.value)}
          onKeyDown={(event) => event.key === 'Escape' && event.currentTarget.blur()}
        />
        <select
          class="input"
          aria-label="Group the agents"
          data-action="group"
          value={by.value}
          onChange={(event) => (by.value = event.currentTarget.value as GroupBy)}
        >
          <option value="system">By system</option>
          <option value="host">By host</option>
          <option value="state">By state</option>
          <option value="none">One list</option>
        </select>
      </header>
      {rows.length === 0 ? (
        <FleetEmpty app={app} filtered={filter.value !== ''} onClear={() => (filter.value = '')} />
      ) : (
        <div
          class="fleet-table"
          role="table"
          aria-label="Agents"
          aria-rowcount={rows.length}
          onPointerEnter={() => (inside.value = true)}
          onPointerLeave={() => (inside.value = false)}
        >
          <div class="fleet-grid fleet-titles" role="row">
            {['State', 'Agent', 'Current turn', 'Asks', 'Latency', 'Cost', 'Can'].map((title) => (
              <span role="columnheader" key={title}>
                {title}
              </span>
            ))}
          </div>
          <WindowList rows={rows} role="rowgroup" />
        </div>
      )}
    </div>
  )
}

const flat = (groups: readonly FleetGroup[]): string => groups.map(({ title, ids }) => `${title}\n${ids.join('\n')}`).join('\n\n')
const sameOrder = (left: readonly FleetGroup[], right: readonly FleetGroup[]): boolean => flat(left) === flat(right)
const sameRows = (left: readonly FleetGroup[], right: readonly FleetGroup[]): boolean => {
  const all = (groups: readonly FleetGroup[]): string =>
    groups
      .flatMap(({ ids }) => ids)
      .sort()
      .join('\n')
  return all(left) === all(right)
}

function GroupTitle({ by, title, count }: { by: GroupBy; title: string; count: number }): JSX.Element {
  const words = by === 'system' ? systemName(title) : by === 'state' ? (STATE_WORDS[title as AgentState] ?? title) : title
  return (
    <div class="fleet-group" role="row">
      <span role="cell">
        <strong class={by === 'system' ? 'system' : ''} data-system={title}>
          {words}
        </strong>{' '}
        <span class="muted small num">{count}</span>
      </span>
    </div>
  )
}

/** Shown when an agent can open a session. The palette lists those agents, with their system and host. */
function NewSession({ app }: { app: App }): JSX.Element | null {
  const isPossible = useComputed(() =>
    app.model.agents.value.some((id) => app.model.agent(id).value?.agent.can.sessions?.create === true),
  )
  if (!isPossible.value) return null
  return (
    <Button action="new-session" onClick={() => app.openPalette('new session of ')}>
      New session
    </Button>
  )
}

function Totals({ app }: { app: App }): JSX.Element {
  const totals = useComputed(() => {
    const sum = { agents: 0, running: 0, waiting: 0 }
    for (const id of app.model.agents.value) {
      const row = app.model.agent(id).value
      if (!row) continue
      sum.agents += 1
      if (row.state === 'running') sum.running += 1
      if (row.state === 'needs_answer') sum.waiting += 1
    }
    return sum
  })
  const { agents, running, waiting } = totals.value
  return (
    <p class="muted num fleet-totals">
      {agents} {agents === 1 ? 'agent' : 'agents'}, {running} running,{' '}
      {waiting === 0 ? 'none waits for you' : <a href="#/asks">{waiting === 1 ? '1 waits' : `${waiting} wait`} for you</a>}
    </p>
  )
}

function FleetEmpty({ app, filtered, onClear }: { app: App; filtered: boolean; onClear: () => void }): JSX.Element {
  if (filtered) {
    return (
      <EmptyState
        title="No agent matches"
        why="The filter looks at names, systems, hosts, states and facts. No agent has all of its words."
      >
        <button type="button" class="button" data-action="clear-filter" onClick={onClear}>
          Clear the filter
        </button>
      </EmptyState>
    )
  }
  const state = app.connection.value
  if (state.status === 'opening')
    return <EmptyState title="The hub starts" why="The agents appear here as soon as the hub lists them." />
  return (
    <EmptyState
      title="No agents"
      why="The hub is connected, and none of its sources has an agent. Start one, such as a Claude Code session, and check the hub with signalbox doctor."
    />
  )
}
