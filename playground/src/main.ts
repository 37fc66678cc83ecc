/** Takes the ticket from the fragment, shows what the credential may see, and opens a panel for what is chosen. */
import { gateway, pageToken, type GatewayClient } from 'signalbox/web'
import { find, make, note, noteFailure } from './page.js'
import { PANELS } from './panels.js'

async function connect(): Promise<GatewayClient> {
  return gateway(location.origin, { token: (await pageToken()) ?? '' })
}

let leave = new AbortController()

async function open(client: GatewayClient, name: string, system: string, button: HTMLButtonElement): Promise<void> {
  leave.abort()
  leave = new AbortController()
  const { signal } = leave
  for (const other of find('levers').querySelectorAll('button')) other.setAttribute('aria-current', String(other === button))
  const panel = find('panel')
  panel.replaceChildren(make('h2', {}, name), make('p', { class: 'hint' }, 'Asking…'))
  panel.focus({ preventScroll: true })
  try {
    const parts = await PANELS[system]?.(client, name, signal)
    if (!signal.aborted) panel.replaceChildren(make('h2', {}, name), ...(parts ?? [make('p', {}, 'No panel for this system.')]))
  } catch (error) {
    if (signal.aborted) return
    noteFailure(name, error)
    panel.replaceChildren(make('h2', {}, name), make('p', { class: 'hint' }, 'It did not answer; see what happened.'))
  }
}

async function start(): Promise<void> {
  const client = await connect()
  const { upstreams, scopes } = await client.session()
  document.body.classList.add('connected')
  find('state').textContent = 'Line clear'
  find('scopes').textContent = `You may: ${scopes.join(', ')}`
  for (const { name, system } of upstreams) {
    const button = make('button', { type: 'button' }, name, ...(system === name ? [] : [make('small', {}, system)]))
    button.addEventListener('click', () => void open(client, name, system, button))
    find('levers').append(make('li', {}, button))
  }
  note(`connected to ${location.host}, ${upstreams.length} systems`)
  find('levers').querySelector('button')?.click()
}

start().catch((error: unknown) => {
  document.body.classList.add('failed')
  find('state').textContent = 'Not connected'
  noteFailure('connect', error)
})
