/** What a CatSyphon client needs in a page: a way to the server, credentials and an outbox in IndexedDB, and a flush when the page goes. */
import { kvCredentials, type CredentialStore } from '../../src/catsyphon/credentials.js'
import type { Catsyphon } from '../../src/catsyphon/client.js'
import { catsyphonOutbox } from '../../src/catsyphon/outbox/index.js'
import { outboxName } from '../../src/catsyphon/outbox/name.js'
import type { OpenOutbox } from '../../src/catsyphon/outbox/types.js'
import type { Store } from '../../src/store/store.js'
import type { ExchangeTransport } from '../../src/transport.js'
import { fetchExchange } from './fetch-exchange.js'
import { indexedDbStore } from './store/indexeddb.js'

export interface CatsyphonPageOptions {
  /** Same origin, as `/api` behind the bundled front end: a stock server refuses pages of other origins. */
  readonly serverUrl: string
  readonly workspaceId: string
  /** Default `signalbox-catsyphon`. */
  readonly database?: string
}

export interface CatsyphonPage {
  readonly transport: ExchangeTransport
  readonly serverUrl: string
  readonly workspaceId: string
  readonly hostname: string
  /** Every script of this origin can read them. */
  readonly credentials: CredentialStore
  readonly store: Store
  readonly outbox: OpenOutbox
}

/** Spread into `register` or `fromStored`. */
export async function catsyphonPage(options: CatsyphonPageOptions): Promise<CatsyphonPage> {
  const { workspaceId, database = 'signalbox-catsyphon' } = options
  const serverUrl = new URL(options.serverUrl, location.href).href.replace(/\/+$/, '')
  const store = indexedDbStore({ database })
  return {
    transport: fetchExchange({ baseUrl: serverUrl, redirects: 'never', name: 'catsyphon' }),
    serverUrl,
    workspaceId,
    hostname: location.hostname,
    credentials: kvCredentials(await store.kv('credentials')),
    store,
    outbox: catsyphonOutbox({ store, name: outboxName(serverUrl, workspaceId) }),
  }
}

/**
 * Sends what waits when the page is hidden, in requests that may outlive it, and tries again when the network is back. Best effort:
 * what does not get through is in the outbox, and the next page of the site sends it. Gives a function that stops it.
 */
export function flushOnHide(client: Pick<Catsyphon, 'setLeaving' | 'flush' | 'nudge'>): () => void {
  const hide = (): void => {
    const isHidden = document.visibilityState === 'hidden'
    client.setLeaving(isHidden)
    if (isHidden) void client.flush({ timeoutMs: 5000 }).catch(() => {})
  }
  const leave = (): void => {
    client.setLeaving(true)
    void client.flush({ timeoutMs: 5000 }).catch(() => {})
  }
  const online = (): void => client.nudge()
  const show = (): void => client.setLeaving(false)
  document.addEventListener('visibilitychange', hide)
  addEventListener('pagehide', leave)
  addEventListener('pageshow', show)
  addEventListener('online', online)
  return () => {
    document.removeEventListener('visibilitychange', hide)
    removeEventListener('pagehide', leave)
    removeEventListener('pageshow', show)
    removeEventListener('online', online)
  }
}
