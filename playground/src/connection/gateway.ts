/**
 * Opens the hub behind the gateway that serves this page. The credential of the tab is bound to a key that cannot be exported, so a copied
 * token is worth nothing. The token is kept for this tab only; the key is kept in IndexedDB.
 */
import { createStore, get, set } from 'idb-keyval'
import { createHubClient } from 'signalbox/hub'
import { createProofKey, gateway, type GatewayClient, type ProofKeyPair } from 'signalbox/web'
import { SignalboxError } from 'signalbox'
import type { Connection } from './connection.js'
import { TOKEN } from './ticket.js'

const KEY = 'proof-key'
const keys = () => createStore('signalbox-page', 'keys')

/** Redeems the ticket, or uses the token of this tab, and opens the upstream `hub`. Rejects with a `SignalboxError` when that fails. */
export async function openGateway(by: string, ticket: string | undefined): Promise<Connection> {
  const client = ticket === undefined ? await known() : await redeem(ticket)
  const session = await client.session()
  const upstream = session.upstreams.find(({ system }) => system === 'hub')
  if (!upstream) {
    throw new SignalboxError({
      code: 'unsupported',
      message: 'This gateway has no hub behind it.',
      hint: 'Start it with `signalbox up`, or add an upstream of the system `hub` to its configuration.',
      sent: 'no',
    })
  }
  // Loaded here, because the demo does not need it in the page.
  const { createLab } = await import('../worker/lab/lab.js')
  const tap = createLab()
  const hub = createHubClient({ transport: tap.through('hub', client.stream(upstream.name, 'link')), by: session.name ?? by })
  // Fails here, and not in a view, when the hub cannot be reached.
  await hub.agents()
  return {
    mode: 'gateway',
    hub,
    label: location.host,
    journal: 'The journal is kept by the hub behind the gateway.',
    gateway: { origin: location.origin, client, session },
    tap,
    close: () => hub.close(),
  }
}

async function redeem(ticket: string): Promise<GatewayClient> {
  // Web pages have WebCrypto on https and on localhost only.
  const pair = globalThis.isSecureContext ? (await createProofKey()).pair : undefined
  const bound = pair ? { proofKey: pair } : {}
  const client = gateway(location.origin, { ticket, ...bound, deviceName: `Dashboard in ${browserName()}` })
  sessionStorage.setItem(TOKEN, await client.token())
  if (pair) await set(KEY, pair, keys())
  return client
}

async function known(): Promise<GatewayClient> {
  const token = sessionStorage.getItem(TOKEN) ?? undefined
  const pair = await get<ProofKeyPair>(KEY, keys()).catch(() => undefined)
  return gateway(location.origin, { ...(token === undefined ? {} : { token }), ...(pair ? { proofKey: pair } : {}) })
}

function browserName(): string {
  return /(Firefox|Edg|Chrome|Safari)\//.exec(navigator.userAgent)?.[1]?.replace('Edg', 'Edge') ?? 'a browser'
}
