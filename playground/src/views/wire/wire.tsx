import { useComputed, useSignal } from '@preact/signals'
import { useEffect, useMemo, useRef } from 'preact/hooks'
import type { JSX } from 'preact'
import { SignalboxError } from 'signalbox'
import { isTyping } from '../../app/keyboard.js'
import type { App } from '../../app/view.js'
import { asError } from '../../app/app.js'
import type { Connection } from '../../connection/connection.js'
import { Button } from '../../design/button.js'
import { EmptyState } from '../../design/empty-state.js'
import { ErrorNotice } from '../../design/error-notice.js'
import { count } from '../../design/format.js'
import { systemName } from '../../design/systems.js'
import { PRESETS } from '../../worker/lab/bench/plan.js'
import { Detail } from './detail.js'
import { MessageList } from './message-list.js'
import { LONGEST_FILE, makeRecording, parseRecording, type RecordingFile } from './recording.js'
import { RecordingPanel } from './recording-panel.js'
import { createWireRows, type WireRows } from './rows.js'
import { openSource, type WireSource } from './source.js'
import './wire.css'

const NOTES: Readonly<Record<WireSource['kind'], string>> = {
  lab: 'Every link between the hub in this page and its simulated systems, as the clients saw it.',
  page: 'The link of this page to the hub. The bytes of the systems stay on the server, beside the gateway.',
}

/** The bytes of links as they went, decoded, and the ways to send, record and break. */
export function Wire({ app }: { app: App }): JSX.Element {
  const state = app.connection.value
  if (state.status !== 'open') return <EmptyState title="Wire" why="There is no link before the hub is open." />
  return <WireOf key={state.connection.label} app={app} connection={state.connection} />
}

function WireOf({ app, connection }: { app: App; connection: Connection }): JSX.Element {
  const source = useMemo(() => openSource(connection), [connection])
  const rows = useMemo(() => (source ? createWireRows(source) : undefined), [source])
  useEffect(() => () => rows?.close(), [rows])
  if (!source || !rows) return <EmptyState title="Wire" why="This connection has no tape." />
  return <Bench app={app} source={source} rows={rows} />
}

/** Long because the selection, the recording and the faults belong to one list. */
function Bench({ app, source, rows }: { app: App; source: WireSource; rows: WireRows }): JSX.Element {
  const selected = useSignal<number | undefined>(undefined)
  const follow = useSignal(true)
  const tab = useSignal<'decoded' | 'hex' | 'send'>('decoded')
  const recording = useSignal<{ readonly file: RecordingFile; readonly name: string } | undefined>(undefined)
  const error = useSignal<SignalboxError | undefined>(undefined)
  const section = useRef<HTMLDivElement>(null)
  const message = useComputed(() => rows.find(selected.value))
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return
      event.preventDefault()
      section.current?.querySelector<HTMLInputElement>('[data-action=filter]')?.focus()
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [])
  const importFile = async (file: File): Promise<void> => {
    const parsed = file.size > LONGEST_FILE ? 'This file is longer than 64 MiB.' : parseRecording(await file.text())
    if (typeof parsed === 'string') error.value = new SignalboxError({ code: 'invalid_argument', message: parsed, sent: 'no' })
    else {
      error.value = undefined
      recording.value = { file: parsed, name: file.name }
    }
  }
  return (
    <div class="wire" ref={section}>
      <header class="view-head">
        <h1>Wire</h1>
        <p class="small muted wire-note" data-wire={source.kind}>
          {NOTES[source.kind]}
        </p>
        <Files rows={rows} onImport={importFile} onExported={(text) => app.toast(text, 'good')} />
      </header>
      <Tools rows={rows} follow={follow} />
      {error.value ? (
        <div class="wire-error">
          <ErrorNotice error={error.value} onClose={() => (error.value = undefined)} />
        </div>
      ) : null}
      <div class="wire-body">
        <div class="wire-main">
          {rows.shown.value.length === 0 ? (
            <EmptyState title="No messages" why={whyEmpty(rows, source)}>
              {rows.filter.value === '' && rows.system.value === '' ? null : (
                <Button action="no-filter" onClick={() => noFilter(rows)}>
                  Remove the filter
                </Button>
              )}
            </EmptyState>
          ) : (
            <MessageList rows={rows.shown} selected={selected} follow={follow} />
          )}
          <Foot rows={rows} />
        </div>
        <aside class="wire-side" aria-label="Details">
          {recording.value ? <RecordingPanel {...recording.value} onClose={() => (recording.value = undefined)} /> : null}
          {message.value ? (
            <Detail
              message={message.value}
              link={rows.links.value.get(message.value.link)}
              source={source}
              tab={tab}
              onSent={() => (follow.value = true)}
            />
          ) : (
            <section class="card">
              <h2>No message is chosen</h2>
              <p class="small muted">
                Choose a row with the pointer or with <kbd>↑</kbd> and <kbd>↓</kbd>. It is decoded here, and a message can be edited
                and sent again.
              </p>
            </section>
          )}
          <Breaker source={source} rows={rows} onError={(failure) => (error.value = asError(failure))} />
        </aside>
      </div>
    </div>
  )
}

function noFilter(rows: WireRows): void {
  rows.filter.value = ''
  rows.system.value = ''
}

function whyEmpty(rows: WireRows, source: WireSource): string {
  if (rows.total.value > 0) return 'No message matches the filter.'
  return source.kind === 'lab'
    ? 'Nothing crossed a link since the tape was cleared. The demo sends something every few seconds, unless it is paused.'
    : 'Nothing crossed the link since the tape was cleared. Open the fleet or prompt an agent.'
}

function Tools({ rows, follow }: { rows: WireRows; follow: { value: boolean } }): JSX.Element {
  const systems = useComputed(() => [...new Set([...rows.links.value.values()].map(({ system }) => system))].sort().join(','))
  return (
    <div class="wire-tools row">
      <input
        class="input wire-filter"
        type="search"
        placeholder="Filter: words, in, out, fault, link:3"
        aria-label="Filter the messages"
        data-action="filter"
        value={rows.filter.value}
        onInput={({ currentTarget }) => (rows.filter.value = currentTarget.value)}
      />
      <select
        class="input"
        aria-label="System"
        data-action="system"
        value={rows.system.value}
        onChange={({ currentTarget }) => (rows.system.value = currentTarget.value)}
      >
        <option value="">All systems</option>
        {systems.value
          .split(',')
          .filter((system) => system !== '')
          .map((system) => (
            <option key={system} value={system}>
              {systemName(system)}
            </option>
          ))}
      </select>
      <Button action="pause" aria-pressed={rows.paused.value} onClick={() => (rows.paused.value = !rows.paused.value)}>
        {rows.paused.value ? 'Go on' : 'Hold'}
      </Button>
      <Button action="follow" aria-pressed={follow.value} onClick={() => (follow.value = !follow.value)}>
        Follow
      </Button>
      <Button tone="quiet" action="clear" onClick={rows.clear}>
        Clear
      </Button>
    </div>
  )
}

function Files({
  rows,
  onImport,
  onExported,
}: {
  rows: WireRows
  onImport: (file: File) => Promise<void>
  onExported: (text: string) => void
}): JSX.Element {
  const input = useRef<HTMLInputElement>(null)
  const exportFile = (): void => {
    const file = makeRecording(rows.records(), rows.links.value, { system: rows.system.value })
    const address = URL.createObjectURL(new Blob([JSON.stringify(file, undefined, 1)], { type: 'application/json' }))
    const anchor = document.createElement('a')
    anchor.href = address
    anchor.download = `signalbox-${file.at.slice(0, 19).replaceAll(':', '')}.json`
    anchor.click()
    URL.revokeObjectURL(address)
    const lines = file.recordings.reduce((sum, { lines: own }) => sum + own.length, 0)
    onExported(
      `${count(lines)} entries were exported without secrets.${file.missing.length > 0 ? ` Left out: ${file.missing.join(' ')}` : ''}`,
    )
  }
  return (
    <p class="row">
      <Button action="export" onClick={exportFile}>
        Export a recording
      </Button>
      <Button action="import" onClick={() => input.current?.click()}>
        Import
      </Button>
      <input
        ref={input}
        type="file"
        accept="application/json,.json"
        class="hidden-text"
        tabIndex={-1}
        aria-label="A recording to import"
        data-action="import-file"
        onChange={({ currentTarget }) => {
          const file = currentTarget.files?.[0]
          if (file) void onImport(file)
          currentTarget.value = ''
        }}
      />
    </p>
  )
}

function Foot({ rows }: { rows: WireRows }): JSX.Element {
  const open = useComputed(() => [...rows.links.value.values()].filter(({ closed }) => closed === undefined))
  const MOST = 8
  return (
    <p class="wire-foot small muted row">
      <span class="num">
        {count(rows.shown.value.length)} of {count(rows.total.value)} rows
        {rows.dropped.value > 0 ? `, ${count(rows.dropped.value)} older entries are gone` : ''}
        {rows.paused.value ? '. Held: new messages are shown after Go on' : ''}
      </span>
      <span>Open links:</span>
      {open.value.slice(0, MOST).map(({ id, system }) => (
        <Button key={id} tone="quiet" class="wire-chip" action={`link:${id}`} onClick={() => (rows.filter.value = `link:${id}`)}>
          {system} #{id}
        </Button>
      ))}
      {open.value.length > MOST ? <span>and {open.value.length - MOST} more</span> : null}
      {open.value.length === 0 ? <span>none</span> : null}
    </p>
  )
}

/** Faults on the links that the page is looking at. */
function Breaker({
  source,
  rows,
  onError,
}: {
  source: WireSource
  rows: WireRows
  onError: (error: unknown) => void
}): JSX.Element {
  const broken = useSignal<Readonly<Record<string, string>>>({})
  const said = useSignal('')
  const systems = useComputed(() => [...new Set([...rows.links.value.values()].map(({ system }) => system))].sort().join(','))
  const chosen = useSignal('')
  const all = systems.value.split(',').filter((one) => one !== '')
  const system = all.includes(chosen.value) ? chosen.value : (all[0] ?? '')
  const set = async (name: string): Promise<void> => {
    const preset = PRESETS.find((one) => one.name === name)
    try {
      await source.setFaults(system, 7, preset?.faults ?? {})
      const isNone = Object.keys(preset?.faults ?? {}).length === 0
      const { [system]: _, ...others } = broken.value
      broken.value = isNone ? others : { ...others, [system]: name }
      said.value = isNone
        ? `New links of ${systemName(system)} work.`
        : `New links of ${systemName(system)} are broken: ${preset?.why ?? ''}`
    } catch (error) {
      onError(error)
    }
  }
  const cut = async (): Promise<void> => {
    try {
      const number = await source.cut(system)
      said.value =
        number === 0
          ? `No link of ${systemName(system)} was open.`
          : `${number === 1 ? '1 link' : `${number} links`} of ${systemName(system)} ${number === 1 ? 'was' : 'were'} cut.`
    } catch (error) {
      onError(error)
    }
  }
  return (
    <section class="card wire-breaker" aria-label="Break links">
      <h2>Break links</h2>
      <p class="small muted">
        {source.kind === 'lab'
          ? 'The clients and the hub recover by themselves. Fleet shows what a person sees meanwhile.'
          : 'Only the link of this page to the hub is broken. The hub and its systems do not notice.'}
      </p>
      <p class="row">
        <select
          class="input"
          aria-label="System to break"
          data-action="break-system"
          value={system}
          onChange={({ currentTarget }) => (chosen.value = currentTarget.value)}
        >
          {all.map((one) => (
            <option key={one} value={one}>
              {systemName(one)}
            </option>
          ))}
        </select>
        <select
          class="input"
          aria-label="Faults"
          data-action="break"
          value={broken.value[system] ?? 'No fault'}
          onChange={({ currentTarget }) => void set(currentTarget.value)}
        >
          {PRESETS.map(({ name }) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
        <Button tone="bad" action="cut" onClick={() => void cut()}>
          Cut its links
        </Button>
      </p>
      <p class="small" role="status" data-breaker>
        {said.value}
      </p>
    </section>
  )
}
