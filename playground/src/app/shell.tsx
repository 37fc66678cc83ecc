import { workAddress } from './address.js'
import { useComputed, useSignal } from '@preact/signals'
import { useEffect, useMemo } from 'preact/hooks'
import type { JSX } from 'preact'
import { Button } from '../design/button.js'
import { count } from '../design/format.js'
import { now } from '../design/now.js'
import type { ShellApp } from './app.js'
import { Help } from './help.js'
import { ViewIcon } from './icons.js'
import { listenKeys } from './keyboard.js'
import { Palette } from './palette.js'
import { createTheme } from './theme.js'
import type { Command } from './view.js'
import { ViewHost } from './view-host.js'
import { VIEWS } from './views.js'

/** The frame of the page: bar, navigation, the current view, palette and toasts. */
export function Shell({ app }: { app: ShellApp }): JSX.Element {
  const theme = useMemo(createTheme, [])
  const help = useSignal(false)
  const showHelp = (): void => {
    help.value = true
  }
  useEffect(
    () =>
      listenKeys({
        palette: () => app.openPalette(''),
        help: showHelp,
        view(key) {
          const entry = VIEWS.find((one) => one.key === key)
          if (entry) app.navigate(entry.id)
          return entry !== undefined
        },
      }),
    [],
  )
  return (
    <div class="shell">
      <button type="button" class="skip" onClick={skipToMain}>
        Skip to the view
      </button>
      <TopBar app={app} theme={theme} onPalette={() => app.openPalette('')} />
      <Nav app={app} />
      <main class="main" id="main" tabIndex={-1}>
        <Banner app={app} />
        <ViewHost app={app} />
      </main>
      <Toasts app={app} />
      {app.palette.value === undefined ? null : (
        <Palette
          commands={allCommands(app, theme, showHelp)}
          start={app.palette.value}
          onClose={() => (app.palette.value = undefined)}
        />
      )}
      {help.value ? <Help onClose={() => (help.value = false)} /> : null}
    </div>
  )
}

/** A button and no anchor: the fragment of the address is the route of the page. */
function skipToMain(): void {
  document.getElementById('main')?.focus()
}

type Theme = ReturnType<typeof createTheme>

function TopBar({ app, theme, onPalette }: { app: ShellApp; theme: Theme; onPalette: () => void }): JSX.Element {
  const dark = theme.theme.value === 'dark'
  return (
    <header class="topbar">
      <a class="brand" href="#/fleet" aria-label="Signalbox, to the fleet">
        <svg viewBox="0 0 28 28" width="28" height="28" aria-hidden="true">
          <path d="M8 26V6M4 26h8" class="mast" fill="none" />
          <path d="M8 7.500 23 3.500" class="arm" fill="none" />
          <circle cx="8" cy="8" r="3" class="lamp" />
        </svg>
        <span class="brand-word">Signalbox</span>
      </a>
      <Place app={app} />
      <span class="gap" />
      <DemoSwitch app={app} />
      <Button tone="quiet" action="palette" onClick={onPalette} aria-label="Commands Ctrl K" aria-keyshortcuts="Control+K">
        <svg
          class="phone-only"
          viewBox="0 0 20 20"
          width="18"
          height="18"
          fill="none"
          stroke="currentColor"
          stroke-width="1.8"
          aria-hidden="true"
        >
          <path d="M9 3.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11zM13 13l4 4" />
        </svg>
        <span class="wide-only">Commands</span> <kbd>Ctrl K</kbd>
      </Button>
      <Button
        tone="quiet"
        class="icon"
        action="theme"
        onClick={theme.toggle}
        aria-label={dark ? 'Switch to the light theme' : 'Switch to the dark theme'}
      >
        <svg viewBox="0 0 20 20" width="18" height="18" fill="none" stroke="currentColor" stroke-width="1.700" aria-hidden="true">
          {dark ? (
            <path d="M10 2v2m0 12v2M2 10h2m12 0h2M4.500 4.500l1.400 1.400m8.200 8.200 1.400 1.400m0-11-1.400 1.400m-8.200 8.200-1.400 1.400M10 6.500a3.500 3.500 0 1 0 0 7 3.500 3.500 0 0 0 0-7z" />
          ) : (
            <path d="M16.500 12.500A7 7 0 0 1 7.500 3.500a7 7 0 1 0 9 9z" />
          )}
        </svg>
      </Button>
    </header>
  )
}

/** Where the page is connected to, and whether events arrive. */
function Place({ app }: { app: ShellApp }): JSX.Element {
  const state = app.connection.value
  const feed = app.model.feed.value
  const status = state.status === 'open' && feed.status === 'broken' ? 'broken' : state.status
  const words =
    state.status === 'open'
      ? status === 'broken'
        ? `${state.connection.label}: the stream is cut, trying again`
        : state.connection.label
      : state.status === 'opening'
        ? state.mode === 'worker'
          ? 'Starting the demo…'
          : 'Connecting…'
        : state.status === 'failed'
          ? 'No connection'
          : 'Not connected'
  return (
    <span class="place" role="status" data-status={status} title={state.status === 'open' ? state.connection.journal : undefined}>
      <span class="ellipsis">{words}</span>
    </span>
  )
}

function DemoSwitch({ app }: { app: ShellApp }): JSX.Element | null {
  const state = app.connection.value
  if (state.status !== 'open') return null
  if (state.connection.mode === 'gateway') {
    return (
      <Button tone="quiet" action="disconnect" onClick={() => void app.openDemo()}>
        Disconnect
      </Button>
    )
  }
  const runs = app.demoRuns.value
  return (
    <Button
      tone="quiet"
      action="demo"
      onClick={() => app.setDemo(!runs)}
      aria-label={runs ? 'Pause the demo' : 'Go on with the demo'}
    >
      <span>
        {runs ? 'Pause' : 'Go on'}
        <span class="wide-only">{runs ? ' the demo' : ' with the demo'}</span>
      </span>
    </Button>
  )
}

function Nav({ app }: { app: ShellApp }): JSX.Element {
  const open = useComputed(() => app.model.asks.value.open.length)
  const current = app.route.value.view
  return (
    <nav class="nav" aria-label="Views">
      {VIEWS.map(({ id, title, key }) => (
        <a key={id} href={`#/${id}`} aria-current={id === current ? 'page' : undefined} data-action={`view:${id}`}>
          <ViewIcon id={id} />
          <span class="label">{title}</span>
          {id === 'asks' && open.value > 0 ? (
            <span class="badge num">
              {open.value}
              <span class="hidden-text"> open</span>
            </span>
          ) : (
            <kbd aria-hidden="true">g {key}</kbd>
          )}
        </a>
      ))}
      <Foot app={app} />
    </nav>
  )
}

/** How many events were read, once a second, and where the keys are. */
function Foot({ app }: { app: ShellApp }): JSX.Element {
  void now.value
  const events = app.model.events.peek()
  return (
    <p class="foot num" data-events={events}>
      {count(events)} events read
      <br />
      <kbd>?</kbd> shows every key
    </p>
  )
}

function Banner({ app }: { app: ShellApp }): JSX.Element | null {
  const state = app.connection.value
  if (state.status !== 'asking') return null
  return (
    <div class="banner" role="region" aria-label="Ticket">
      <p>
        <strong>This address carries a ticket for the gateway at {state.origin}.</strong> Connecting lets this page see and drive
        the agents behind it. The ticket works once.
      </p>
      <Button tone="main" action="connect" onClick={() => void app.connectGateway()}>
        Connect to the gateway
      </Button>
    </div>
  )
}

function Toasts({ app }: { app: ShellApp }): JSX.Element {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {app.toasts.value.map(({ id, text, tone }) => (
        <p key={id} class={`toast ${tone}`}>
          {text}
        </p>
      ))}
    </div>
  )
}

function allCommands(app: ShellApp, theme: Theme, help: () => void): readonly Command[] {
  const state = app.connection.value
  const agents = app.model.agents.value.flatMap((id) => {
    const row = app.model.agent(id).value
    return row
      ? [
          {
            id: `agent-${id}`,
            group: 'Agent',
            title: `${row.agent.name} (${row.agent.system})`,
            run: () => app.navigate(workAddress(id)),
          },
          ...(row.agent.can.sessions?.create
            ? [
                {
                  id: `session-${id}`,
                  group: 'Agent',
                  title: `New session of ${row.agent.name} (${row.agent.system}${row.agent.host ? ` on ${row.agent.host}` : ''})`,
                  run: () => app.navigate(`${workAddress(id)}?sessions`),
                },
              ]
            : []),
        ]
      : []
  })
  return [
    ...app.extraCommands.value,
    ...VIEWS.map(({ id, title, key, about }) => ({
      id: `view-${id}`,
      group: 'View',
      title: `${title}: ${about}`,
      key: `g ${key}`,
      run: () => app.navigate(id),
    })),
    ...agents,
    { id: 'theme', group: 'Page', title: 'Switch between dark and light', run: theme.toggle },
    { id: 'help', group: 'Page', title: 'Show every key', key: '?', run: help },
    ...(state.status === 'open' && state.connection.mode === 'worker'
      ? [
          {
            id: 'demo',
            group: 'Page',
            title: app.demoRuns.value ? 'Pause the demo' : 'Go on with the demo',
            run: () => app.setDemo(!app.demoRuns.value),
          },
        ]
      : [{ id: 'open-demo', group: 'Page', title: 'Disconnect and open the demo', run: () => void app.openDemo() }]),
  ]
}
