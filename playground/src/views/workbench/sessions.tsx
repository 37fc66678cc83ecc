import { useEffect, useRef, useState } from 'preact/hooks'
import type { JSX } from 'preact'
import type { SignalboxError } from 'signalbox'
import type { AgentSession, Hub, NewSession, SessionSummary } from 'signalbox/hub'
import { asError } from '../../app/app.js'
import { workAddress } from '../../app/address.js'
import type { App } from '../../app/view.js'
import { Button } from '../../design/button.js'
import { CopyCode } from '../../design/copy-code.js'
import { ErrorNotice } from '../../design/error-notice.js'
import { ago } from '../../design/format.js'
import { Signal } from '../../design/signal.js'
import type { AgentRow } from '../../model/agents.js'
import { sessionCall } from '../../model/code.js'

/** A session of the table: what the hub shows, what the system lists, or both. */
export interface SessionRow {
  readonly id: string
  readonly open?: AgentSession
  readonly listed?: SessionSummary
}

/** The sessions of an agent, each once: those that are open first, then those that only the system lists. */
export function sessionRows(open: readonly AgentSession[], listed: readonly SessionSummary[]): readonly SessionRow[] {
  const known = new Map(listed.map((one) => [one.id, one]))
  const rows: SessionRow[] = open.map((one) => {
    const more = known.get(one.id)
    return more ? { id: one.id, open: one, listed: more } : { id: one.id, open: one }
  })
  const shown = new Set(open.map(({ id }) => id))
  return [...rows, ...listed.filter(({ id }) => !shown.has(id)).map((one) => ({ id: one.id, listed: one }))]
}

/** A dialog with the sessions of an agent: open one, fork it, close it. */
export function Sessions({ app, hub, row, onClose }: { app: App; hub: Hub; row: AgentRow; onClose: () => void }): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null)
  const [listed, setListed] = useState<readonly SessionSummary[]>([])
  const [busy, setBusy] = useState<string>()
  const [error, setError] = useState<SignalboxError>()
  const { agent, sessions } = row
  const can = agent.can.sessions ?? {}
  const list = async (): Promise<void> => {
    if (can.list) setListed(await hub.sessions(agent.id))
  }
  useEffect(() => {
    dialog.current?.showModal()
    list().catch((failure: unknown) => setError(asError(failure)))
  }, [])

  /** Runs one action, and shows its failure in place. */
  const run = async (name: string, work: () => Promise<void>): Promise<void> => {
    if (busy !== undefined) return
    setBusy(name)
    setError(undefined)
    try {
      await work()
    } catch (failure) {
      setError(asError(failure))
    } finally {
      setBusy(undefined)
    }
  }
  const show = (session: string): void => {
    dialog.current?.close()
    app.navigate(workAddress(agent.id, session))
  }
  const open = (wanted: NewSession, name: string): Promise<void> =>
    run(name, async () => {
      const { id } = await hub.openSession(agent.id, wanted)
      app.toast(wanted.fork === undefined ? 'The session is open. Write its first prompt.' : 'The fork is open.', 'good')
      show(id)
    })
  const close = (session: string): Promise<void> =>
    run(`close:${session}`, async () => {
      await hub.closeSession(agent.id, session)
      app.toast('The session is closed.', 'good')
      if (app.route.peek().params.get('session') === session) app.navigate(workAddress(agent.id))
      await list()
    })
  const rows = sessionRows(sessions, listed)
  return (
    <dialog
      class="palette sessions"
      ref={dialog}
      aria-labelledby="sessions-title"
      onClose={onClose}
      onClick={(event) => event.target === dialog.current && dialog.current?.close()}
    >
      <div class="sheet-text">
        <header class="row spread">
          <h2 id="sessions-title">Sessions of {agent.name}</h2>
          <Button tone="quiet" action="close-sessions" onClick={() => dialog.current?.close()}>
            Done
          </Button>
        </header>
        {error ? <ErrorNotice error={error} onClose={() => setError(undefined)} /> : null}
        {can.create ? (
          <NewSessionForm row={row} busy={busy === 'new'} onOpen={(wanted) => void open(wanted, 'new')} app={app} />
        ) : null}
        {can.create ? null : <p class="small muted">{agent.system} does not let this page open a session.</p>}
        <ul class="session-list" aria-label="Sessions">
          {rows.map((one) => (
            <li key={one.id} data-session={one.id}>
              <SessionFacts one={one} />
              <span class="row">
                {one.open || can.resume ? (
                  <Button action="show-session" onClick={() => show(one.id)}>
                    {one.open ? 'Show' : 'Resume'}
                  </Button>
                ) : null}
                {can.fork ? (
                  <Button
                    tone="quiet"
                    action="fork-session"
                    title="A new session that begins with this conversation"
                    aria-disabled={busy !== undefined || undefined}
                    onClick={() => void open({ fork: one.id }, `fork:${one.id}`)}
                  >
                    {busy === `fork:${one.id}` ? 'Opening…' : 'Fork'}
                  </Button>
                ) : null}
                {can.close && one.open ? (
                  <Button
                    tone="quiet"
                    action="close-session"
                    title="A running turn ends. The conversation stays where the system keeps it"
                    aria-disabled={busy !== undefined || undefined}
                    onClick={() => void close(one.id)}
                  >
                    {busy === `close:${one.id}` ? 'Closing…' : 'Close'}
                  </Button>
                ) : null}
              </span>
            </li>
          ))}
        </ul>
        {rows.length === 0 ? <p class="small muted">No session is open. The first prompt opens one.</p> : null}
      </div>
    </dialog>
  )
}

function SessionFacts({ one: { id, open, listed } }: { one: SessionRow }): JSX.Element {
  const facts = Object.values(listed?.facts ?? {}).filter((fact) => typeof fact === 'string')
  return (
    <span class="session-facts">
      {open ? <Signal state={open.state} /> : <span class="muted small">Stored</span>}
      <strong class={listed?.title ? 'ellipsis' : 'ellipsis muted'}>{listed?.title ?? 'No title yet'}</strong>
      <code class="session-id" title={id}>
        {id.length > 12 ? `${id.slice(0, 8)}…` : id}
      </code>
      <span class="muted small">{[...facts, ...(listed?.updatedAt ? [ago(listed.updatedAt, Date.now())] : [])].join(', ')}</span>
    </span>
  )
}

/** What a new session may choose. Without a choice it is only a button. */
function NewSessionForm({
  app,
  row,
  busy,
  onOpen,
}: {
  app: App
  row: AgentRow
  busy: boolean
  onOpen: (wanted: NewSession) => void
}): JSX.Element {
  const { folders = [], models = [] } = row.agent.can.sessions?.choices ?? {}
  const [folder, setFolder] = useState(folders[0])
  const [model, setModel] = useState(models[0])
  const wanted = { ...(folder === undefined ? {} : { folder }), ...(model === undefined ? {} : { model }) }
  return (
    <form
      class="new-session"
      onSubmit={(event) => {
        event.preventDefault()
        onOpen(wanted)
      }}
    >
      <Choice title="Folder" action="session-folder" values={folders} value={folder} onChange={setFolder} />
      <Choice title="Model" action="session-model" values={models} value={model} onChange={setModel} />
      <Button type="submit" tone="main" action="open-session" aria-disabled={busy || undefined}>
        {busy ? 'Opening…' : 'New session'}
      </Button>
      <CopyCode title="The call, as TypeScript" code={sessionCall(row.id, wanted, app)} />
    </form>
  )
}

function Choice({
  title,
  action,
  values,
  value,
  onChange,
}: {
  title: string
  action: string
  values: readonly string[]
  value: string | undefined
  onChange: (value: string) => void
}): JSX.Element | null {
  if (values.length === 0) return null
  return (
    <label class="field">
      {title}
      <select data-action={action} value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        {values.map((one) => (
          <option key={one} value={one}>
            {one}
          </option>
        ))}
      </select>
    </label>
  )
}
