import { useSignal } from '@preact/signals'
import { useEffect, useState } from 'preact/hooks'
import type { JSX } from 'preact'
import { workAddress } from '../../app/address.js'
import { isTyping } from '../../app/keyboard.js'
import type { App } from '../../app/view.js'
import type { Connection } from '../../connection/connection.js'
import { Button } from '../../design/button.js'
import { EmptyState } from '../../design/empty-state.js'
import { Signal } from '../../design/signal.js'
import { usePhone } from '../../design/use-media.js'
import { AgentList } from './agent-list.js'
import { Composer } from './composer.js'
import { Pane, useConversation } from './pane.js'
import { Sessions } from './sessions.js'
import { Side } from './side.js'
import '../asks/asks.css'
import './work.css'

/** The most agents that are shown side by side. */
const MAX_SIDE_BY_SIDE = 4

/** The agents beside the conversation of one of them, or beside several conversations. */
export function Work({ app }: { app: App }): JSX.Element {
  const state = app.connection.value
  const { rest, params } = app.route.value
  const together = (params.get('with') ?? '').split(',').filter(Boolean)
  const [chosen, setChosen] = useState<readonly string[]>(together)
  const phone = usePhone()
  // A prompt to one agent must not look like a prompt to those that were chosen before.
  useEffect(() => {
    if (together.length < 2) setChosen([])
  }, [rest[0]])
  if (state.status !== 'open')
    return <EmptyState title="The hub starts" why="Conversations appear here as soon as the hub is there." />
  const { connection } = state
  const choose = (id: string): void => {
    const next = chosen.includes(id) ? chosen.filter((one) => one !== id) : [...chosen, id].slice(-MAX_SIDE_BY_SIDE)
    setChosen(next)
    if (next.length >= 2) app.navigate(`work?with=${next.map(encodeURIComponent).join(',')}`)
  }
  const one =
    rest[0] ?? app.model.agents.value.find((id) => (app.model.agent(id).peek()?.turns.length ?? 0) > 0) ?? app.model.agents.value[0]
  const several = rest.length === 0 && together.length >= 2
  return (
    <div class="work">
      {phone ? null : (
        <AgentList
          app={app}
          current={several ? together : one === undefined ? [] : [one]}
          chosen={several ? together : chosen}
          onChoose={choose}
        />
      )}
      {several ? (
        <SideBySide app={app} connection={connection} agents={together} key={together.join()} />
      ) : one === undefined ? (
        <EmptyState title="No agent" why="The hub has no agent yet. As soon as one appears, its conversation is shown here." />
      ) : (
        <OneAgent app={app} connection={connection} agent={one} key={one} phone={phone} />
      )}
    </div>
  )
}

function OneAgent({
  app,
  connection,
  agent,
  phone,
}: {
  app: App
  connection: Connection
  agent: string
  phone: boolean
}): JSX.Element {
  const followed = useConversation(app, connection, agent)
  const session = app.route.value.params.get('session') ?? undefined
  const dialog = useSignal(false)
  const wanted = app.route.value.params.has('sessions')
  const row = app.model.agent(agent).value
  const name = row?.agent.name
  const has = row?.agent.can.sessions !== undefined
  useEffect(() => {
    if (!has) return undefined
    const run = (): void => {
      dialog.value = true
    }
    const stop = app.commands([{ id: 'sessions', group: 'Agent', title: `Sessions of ${name}: new, fork, close`, key: 's', run }])
    const onKey = (event: KeyboardEvent): void => {
      if (event.key !== 's' || event.ctrlKey || event.metaKey || event.altKey) return
      if (isTyping(event) || document.querySelector('dialog[open]')) return
      event.preventDefault()
      run()
    }
    addEventListener('keydown', onKey)
    return () => {
      stop()
      removeEventListener('keydown', onKey)
    }
  }, [has, name])
  // The address with `?sessions` opens the dialog, once.
  useEffect(() => {
    if (!wanted || !has) return
    dialog.value = true
    app.navigate(workAddress(agent, session))
  }, [wanted, has])
  if (!row) {
    return (
      <EmptyState title="Unknown agent" why={`The hub has no agent with the id ${agent}. It may have left.`}>
        <a class="button" href="#/fleet">
          To the fleet
        </a>
      </EmptyState>
    )
  }
  const { sessions } = row
  return (
    <>
      <section class="talk" aria-label={`Conversation with ${row.agent.name}`}>
        <header class="talk-head row">
          {phone ? <h1 class="hidden-text">{row.agent.name}</h1> : null}
          {phone ? (
            <select
              class="input"
              aria-label="Agent"
              value={agent}
              onChange={(event) => app.navigate(workAddress(event.currentTarget.value))}
            >
              {app.model.agents.value.map((id) => (
                <option key={id} value={id}>
                  {app.model.agent(id).value?.agent.name ?? id}
                </option>
              ))}
            </select>
          ) : (
            <h1>{row.agent.name}</h1>
          )}
          <Signal state={row.state} />
          <span class="system" data-system={row.agent.system}>
            {row.agent.system}
          </span>
          <span class="grow" />
          {sessions.length > 1 || session !== undefined ? (
            <select
              class="input"
              aria-label="Session"
              value={session ?? ''}
              onChange={(event) => app.navigate(workAddress(agent, event.currentTarget.value || undefined))}
            >
              <option value="">All sessions</option>
              {sessions.map(({ id }, at) => (
                <option key={id} value={id}>
                  Session {at + 1} ({id.slice(0, 8)})
                </option>
              ))}
              {session === undefined || sessions.some(({ id }) => id === session) ? null : (
                <option value={session}>Stored session ({session.slice(0, 8)})</option>
              )}
            </select>
          ) : null}
          {has ? (
            <Button action="sessions" aria-keyshortcuts="s" onClick={() => (dialog.value = true)}>
              Sessions
            </Button>
          ) : null}
        </header>
        <Pane app={app} followed={followed} agent={agent} {...(session === undefined ? {} : { session })} />
        <Composer app={app} agents={[agent]} {...(session === undefined ? {} : { session })} />
      </section>
      {dialog.value ? <Sessions app={app} hub={connection.hub} row={row} onClose={() => (dialog.value = false)} /> : null}
      {phone ? null : <Side app={app} row={row} plan={followed.conversation.value.plan} />}
    </>
  )
}

function SideBySide({ app, connection, agents }: { app: App; connection: Connection; agents: readonly string[] }): JSX.Element {
  return (
    <section class="talk" aria-label="Several agents side by side">
      <header class="talk-head row">
        <h1>{agents.length} agents side by side</h1>
        <span class="grow" />
        <Button tone="quiet" action="leave-several" onClick={() => app.navigate(workAddress(agents[0] ?? ''))}>
          Back to one
        </Button>
      </header>
      <div class="columns">
        {agents.map((agent) => (
          <Column key={agent} app={app} connection={connection} agent={agent} />
        ))}
      </div>
      <Composer app={app} agents={agents} />
    </section>
  )
}

function Column({ app, connection, agent }: { app: App; connection: Connection; agent: string }): JSX.Element {
  const followed = useConversation(app, connection, agent)
  return <Pane app={app} followed={followed} agent={agent} compact />
}
