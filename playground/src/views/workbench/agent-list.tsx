import type { JSX } from 'preact'
import { workLink } from '../../app/address.js'
import type { App } from '../../app/view.js'
import { Signal } from '../../design/signal.js'
import { WindowList } from '../../design/window-list.js'

/** The agents as a narrow list, each with a box to prompt several at once. */
export function AgentList({
  app,
  current,
  chosen,
  onChoose,
}: {
  app: App
  current: readonly string[]
  chosen: readonly string[]
  onChoose: (id: string) => void
}): JSX.Element {
  const rows = app.model.agents.value.map((id) => ({
    key: id,
    height: 52,
    render: () => (
      <Entry app={app} id={id} current={current.includes(id)} chosen={chosen.includes(id)} onChoose={() => onChoose(id)} />
    ),
  }))
  return (
    <nav class="agent-list" aria-label="Agents">
      <WindowList rows={rows} />
      <p class="agent-hint small muted" role="status" hidden={chosen.length !== 1}>
        {chosen.length === 1 ? 'Choose a second agent to prompt both at once.' : ''}
      </p>
    </nav>
  )
}

function Entry({
  app,
  id,
  current,
  chosen,
  onChoose,
}: {
  app: App
  id: string
  current: boolean
  chosen: boolean
  onChoose: () => void
}): JSX.Element | null {
  const row = app.model.agent(id).value
  if (!row) return null
  return (
    <div class="agent-entry" data-agent={id} data-current={current || undefined}>
      <Signal state={row.state} word={false} />
      <a href={workLink(id)} aria-current={current ? 'true' : undefined}>
        <span class="ellipsis">{row.agent.name}</span>
        <span class="system" data-system={row.agent.system}>
          {row.agent.system}
        </span>
      </a>
      {row.asks.length > 0 ? <span class="badge num">{row.asks.length}</span> : null}
      {row.agent.can.prompt ? (
        <input
          type="checkbox"
          data-action="choose-agent"
          aria-label={`Prompt ${row.agent.name} together with others`}
          title="Prompt together with others"
          checked={chosen}
          onChange={onChoose}
        />
      ) : null}
    </div>
  )
}
