/** The parts of a CatSyphon client in a page: a transport, credentials and an outbox in IndexedDB, and a flush when the page is left. */
import { kvCredentials, type CredentialStore } from '../../src/catsyphon/credentials.js'
import type { Catsyphon } from '../../src/catsyphon/client.js'
import { catsyphonOutbox } from '../../src/catsyphon/outbox/index.js'
import { outboxName } from '../../src/catsyphon/outbox/name.js'
import type { OpenOutbox } from '../../src/catsyphon/outbox/types.js'
import type { Store } from '../../src/store/store.js'
import type { ExchangeTransport } from '../../src/transport.js'
import { fetchExchange } from './fetch-exchange.js'
import { indexedDbStore } from './store/indexeddb.js'

/** Options of `catsyphonPage`. */
export interface CatsyphonPageOptions {
  /** Of the page's origin, as `/api` behind the bundled front end: a stock server refuses pages of other origins. */
  readonly serverUrl: string
  /** The workspace of the collector. */
  readonly workspaceId: string
  /** The name of the IndexedDB database. Default `signalbox-catsyphon`. */
  readonly database?: string
}

/** The parts that `register` and `fromStored` need in a page. */
export interface CatsyphonPage {
  /** Sends requests to `serverUrl`. */
  readonly transport: ExchangeTransport
  /** The absolute URL of the server. */
  readonly serverUrl: string
  /** As it was given. */
  readonly workspaceId: string
  /** The page's host. */
  readonly hostname: string
  /** Every script of this origin can read them. */
  readonly credentials: CredentialStore
  /** The database. Close it after the client. */
  readonly store: Store
  /** An outbox in the database. */
  readonly outbox: OpenOutbox
}

/**
 * Makes what `register` and `fromStored` need in a page.
 *
 * @example
 * ```ts
 * import { fromStored, register } from 'signalbox/catsyphon'
 * import { catsyphonPage } from 'signalbox/web'
 *
 * const page = await catsyphonPage({ serverUrl: '/api', workspaceId: '0b1c2d3e-0000-4000-8000-000000000000' })
 * const client = (await fromStored(page)) ?? (await register({ ...page, collectorType: 'my-page' }))
 * ```
 */
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
 * Sends what waits when the page is hidden or left, in requests that outlive it, and tries again when the network is back. At that moment
 * only events that are durable and in memory can be sent, and at most 64 KiB of them, which is the browser's limit. Everything else stays
 * in the outbox, and the next page of the site sends it. Gives a function that stops it.
 *
 * @example
 * ```ts
 * import { fromStored } from 'signalbox/catsyphon'
 * import { catsyphonPage, flushOnHide } from 'signalbox/web'
 *
 * const client = await fromStored(await catsyphonPage({ serverUrl: '/api', workspaceId: '0b1c2d3e-0000-4000-8000-000000000000' }))
 * const stop = client ? flushOnHide(client) : undefined
 * ```
 */
export function flushOnHide(client: Pick<Catsyphon, 'setLeaving' | 'flush' | 'nudge' | 'detectGeneration'>): () => void {
  // Detected now, because there is no time for a request while the page is being left.
  void client.detectGeneration().catch(() => {})
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
