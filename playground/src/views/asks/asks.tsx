import { useSignal } from '@preact/signals'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { JSX } from 'preact'
import { isTyping } from '../../app/keyboard.js'
import type { App } from '../../app/view.js'
import { Button } from '../../design/button.js'
import { EmptyState } from '../../design/empty-state.js'
import { now } from '../../design/now.js'
import { AskCard, Closing } from './ask-card.js'
import { givenAnswers } from './given.js'
import { askPlaces, type AskPlace } from './order.js'

const MAX_SHOWN = 40
/** A second `y` within this time allows. One key alone must not allow anything. */
const ARMED_MS = 3_000

/**
 * Open asks of all agents, oldest first, and the last closed ones.
 *
 * Long because the keyboard and the order share the list.
 */
export function Asks({ app }: { app: App }): JSX.Element {
  const list = app.model.asks.value
  const inside = useSignal(false)
  const places = useRef<readonly AskPlace[]>([])
  const section = useRef<HTMLDivElement>(null)
  // Signals and no state of the component: a key that follows at once must see the choice of the key before.
  const selected = useSignal<string | undefined>(undefined)
  const armed = useSignal<string | undefined>(undefined)
  const held = inside.value || Boolean(section.current?.contains(document.activeElement) && isFieldFocused())
  places.current = askPlaces(places.current, list, now.value, held)
  const shown = places.current.slice(0, MAX_SHOWN)

  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event) || document.querySelector('dialog[open]')) return
      const open = places.current.filter(({ closed }) => !closed).map(({ ask }) => ask.id)
      const at = open.indexOf(selected.value ?? '')
      if (event.key === 'j' || event.key === 'k') {
        selected.value = open[Math.max(0, Math.min(open.length - 1, at < 0 ? 0 : at + (event.key === 'j' ? 1 : -1)))]
        armed.value = undefined
        return
      }
      const chosen = selected.value
      const card = chosen === undefined ? null : section.current?.querySelector(`[data-ask="${CSS.escape(chosen)}"]`)
      if (!card || card.hasAttribute('data-closed')) return
      if (event.key === 'n') card.querySelector<HTMLButtonElement>('[data-action=reject]')?.click()
      else if (event.key === 'y') {
        if (armed.value === chosen) {
          card.querySelector<HTMLButtonElement>('[data-action=allow]')?.click()
          armed.value = undefined
        } else armed.value = chosen
      } else if (event.key === 'Enter' && document.activeElement?.matches('body, .ask')) {
        event.preventDefault()
        card.querySelector<HTMLElement>('.answer input, .answer textarea, [data-action=reject]')?.focus()
      } else return
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [])
  useEffect(() => {
    if (armed.value === undefined) return
    const timer = setTimeout(() => {
      armed.value = undefined
    }, ARMED_MS)
    return () => clearTimeout(timer)
  }, [armed.value])

  return (
    <div class="asks" ref={section}>
      <header class="view-head">
        <h1>Asks</h1>
        <p class="muted num">{list.open.length === 0 ? 'None is open' : `${list.open.length} open, oldest first`}</p>
        <span class="grow" />
        <Notify />
        <p class="muted small wide-only">
          <kbd>j</kbd> <kbd>k</kbd> choose, <kbd>n</kbd> no, <kbd>y</kbd> <kbd>y</kbd> allow
        </p>
      </header>
      <div class="view-body asks-body">
        {shown.length === 0 ? <AsksEmpty app={app} /> : null}
        <ol
          class="ask-list"
          aria-label="Open asks"
          onPointerEnter={() => (inside.value = true)}
          onPointerLeave={() => (inside.value = false)}
        >
          {shown.map(({ ask, closed }) => (
            <li key={ask.id}>
              <AskCard app={app} ask={ask} {...(closed ? { closed } : {})} selected={ask.id === selected.value} />
              {armed.value === ask.id && !closed ? (
                <p class="armed small" role="status">
                  Press <kbd>y</kbd> again to allow.
                </p>
              ) : null}
            </li>
          ))}
        </ol>
        {places.current.length > MAX_SHOWN ? (
          <p class="muted small">{places.current.length - MAX_SHOWN} more are open. They follow when these are answered.</p>
        ) : null}
        <ClosedAsks app={app} shown={shown} />
      </div>
    </div>
  )
}

const isFieldFocused = (): boolean => /^(?:INPUT|TEXTAREA)$/.test(document.activeElement?.tagName ?? '')

function ClosedAsks({ app, shown }: { app: App; shown: readonly AskPlace[] }): JSX.Element | null {
  const closed = app.model.asks.value.closed.filter(({ ask }) => !shown.some((place) => place.ask.id === ask.id)).slice(0, 30)
  if (closed.length === 0) return null
  return (
    <section class="closed-asks" aria-labelledby="closed-asks">
      <h2 id="closed-asks">Closed since this page was opened</h2>
      <ul>
        {closed.map((one) => (
          <li key={one.ask.id} data-ask={one.ask.id} data-closed={one.outcome}>
            <span class="ellipsis">
              {one.ask.title} <span class="muted">{app.model.agent(one.ask.agent).value?.agent.name ?? one.ask.agent}</span>
            </span>
            <Closing closed={one} me={app.by} given={givenAnswers(app).get(one.ask.id)} />
          </li>
        ))}
      </ul>
    </section>
  )
}

function AsksEmpty({ app }: { app: App }): JSX.Element {
  const state = app.connection.value
  if (state.status !== 'open') return <EmptyState title="The hub starts" why="Asks appear here as soon as the hub reports them." />
  return (
    <EmptyState
      title="Nobody waits for you"
      why="When an agent wants to run a tool, asks a question or needs a PIN, it appears here, and the title of the page counts it."
    >
      <a class="button" href="#/work">
        Prompt an agent
      </a>
    </EmptyState>
  )
}

const NOTIFY_WORDS = {
  granted: 'Notifications are on while this page is hidden',
  denied: 'This browser blocks notifications. The title of the page counts open asks',
} as const

/** Notifications are asked for by a person only. */
function Notify(): JSX.Element | null {
  const [state, setState] = useState(() => ('Notification' in globalThis ? Notification.permission : 'denied'))
  if (state !== 'default') {
    return (
      <p class="muted small" role="status" data-notify={state}>
        {NOTIFY_WORDS[state]}
      </p>
    )
  }
  return (
    <Button
      tone="quiet"
      action="notify"
      title="While this page is hidden, each new ask is a notification"
      onClick={() => void Notification.requestPermission().then(setState)}
    >
      Notify me of asks
    </Button>
  )
}
