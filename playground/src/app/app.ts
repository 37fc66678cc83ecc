/** The state of the page that all views share: connection, model, route, theme, toasts, commands. */
import { signal, type Signal } from '@preact/signals'
import { SignalboxError } from 'signalbox'
import { createModel } from '../model/model.js'
import type { Connection, ConnectionState } from '../connection/connection.js'
import { forgetToken, hasToken, takeTicket } from '../connection/ticket.js'
import { openWorker } from '../connection/worker.js'
import { callAttention } from './attention.js'
import { followHub } from './feed.js'
import { nextFrame } from './frame.js'
import { createRouter } from './router.js'
import { readSaved, saveOnLeave } from './saved.js'
import type { App, Command, Toast } from './view.js'

/** The part of the app that only the shell uses. */
export interface ShellApp extends App {
  readonly toasts: Signal<readonly Toast[]>
  readonly extraCommands: Signal<readonly Command[]>
  readonly demoRuns: Signal<boolean>
  /** The words in the field of the open palette. Undefined while it is closed. */
  readonly palette: Signal<string | undefined>
  /** Opens the connection of this visit: the gateway of this tab, a question about a ticket, or the demo. */
  start(): Promise<void>
  /** Redeems the ticket of the address. */
  connectGateway(): Promise<void>
  /** Opens the demo in the page. Forgets the credential of this tab. */
  openDemo(): Promise<void>
  setDemo(running: boolean): void
}

const BY = 'dashboard'
const openGateway = async (ticket: string | undefined): Promise<Connection> =>
  (await import('../connection/gateway.js')).openGateway(BY, ticket)

/**
 * Creates the state. Nothing is opened before `start`.
 *
 * Long because the connection, the model and the toasts share one life.
 */
export function createApp(): ShellApp {
  const router = createRouter()
  const model = createModel(nextFrame)
  const connection = signal<ConnectionState>({ status: 'opening', mode: 'worker' })
  const toasts = signal<readonly Toast[]>([])
  const extraCommands = signal<readonly Command[]>([])
  const demoRuns = signal(true)
  const palette = signal<string | undefined>(undefined)
  let ticket: string | undefined
  let unfollow = (): void => {}
  let current: Connection | undefined
  let lastToast = 0
  const kept = new Map<string, unknown>()

  const leave = async (): Promise<void> => {
    unfollow()
    unfollow = () => {}
    const old = current
    current = undefined
    model.reset()
    kept.clear()
    await old?.close().catch(() => {})
  }
  const open = async (mode: 'worker' | 'gateway', make: () => Promise<Connection>): Promise<void> => {
    await leave()
    connection.value = { status: 'opening', mode }
    try {
      current = await make()
      unfollow = followHub(current.hub, model, readSaved(mode))
      connection.value = { status: 'open', connection: current }
    } catch (error) {
      connection.value = { status: 'failed', mode, error: asError(error) }
    }
  }
  const askAbout = (found: string | undefined): boolean => {
    if (found === undefined) return false
    ticket = found
    connection.value = { status: 'asking', origin: location.origin }
    return true
  }

  callAttention(model)
  saveOnLeave(model, () => current?.mode)
  addEventListener('hashchange', () => {
    const found = takeTicket()
    if (found !== undefined) void leave().then(() => askAbout(found))
  })
  return {
    connection,
    model,
    route: router.route,
    get by() {
      return current?.gateway?.session.name ?? BY
    },
    navigate: router.navigate,
    toasts,
    extraCommands,
    demoRuns,
    palette,
    openPalette(query) {
      palette.value = query
    },
    toast(text, tone = 'info') {
      lastToast += 1
      const id = lastToast
      toasts.value = [...toasts.value.slice(-3), { id, text, tone }]
      setTimeout(() => {
        toasts.value = toasts.value.filter((one) => one.id !== id)
      }, 6_000)
    },
    keep<Value>(key: string, make: () => Value): Value {
      if (!kept.has(key)) kept.set(key, make())
      return kept.get(key) as Value
    },
    commands(add) {
      extraCommands.value = [...extraCommands.value, ...add]
      return () => {
        extraCommands.value = extraCommands.value.filter((one) => !add.includes(one))
      }
    },
    async start() {
      if (askAbout(takeTicket())) return
      if (hasToken()) await open('gateway', () => openGateway(undefined))
      else await open('worker', () => openWorker(BY))
    },
    async connectGateway() {
      const own = ticket
      ticket = undefined
      await open('gateway', () => openGateway(own))
    },
    async openDemo() {
      ticket = undefined
      forgetToken()
      demoRuns.value = true
      await open('worker', () => openWorker(BY))
    },
    setDemo(running) {
      demoRuns.value = running
      current?.demo?.(running)
    },
  }
}

/** Any thrown value as a typed error. */
export function asError(error: unknown): SignalboxError {
  if (SignalboxError.is(error)) return error
  return new SignalboxError({
    code: 'unavailable',
    message: error instanceof Error ? error.message : String(error),
    sent: 'maybe',
    cause: error,
  })
}
