/** The parts of a CatSyphon client on Node, Bun and Deno: a transport, the credential file, and an outbox on disk. */
import { homedir, hostname } from 'node:os'
import { join } from 'node:path'
import type { CredentialStore } from '../../../src/catsyphon/credentials.js'
import { outboxName } from '../../../src/catsyphon/outbox/name.js'
import type { OpenOutbox } from '../../../src/catsyphon/outbox/types.js'
import type { Store } from '../../../src/store/store.js'
import type { ExchangeTransport } from '../../../src/transport.js'
import { httpBase } from '../../web/address.js'
import { fileCredentials } from './credentials.js'
import { fileStore, type FileStoreOptions } from '../store/file.js'

/** Options of `catsyphonServer`. */
export interface CatsyphonServerOptions {
  /** With its path, if it has one: `http://host:3000/api`. */
  readonly serverUrl: string
  /** The workspace of the collector. */
  readonly workspaceId: string
  /** Where credentials and the outbox are kept. Default `~/.catsyphon`. */
  readonly directory?: string
  /** Called when the outbox on disk is found damaged. */
  readonly onDamage?: NonNullable<FileStoreOptions['onDamage']>
}

/** The parts that `register` and `fromStored` need. */
export interface CatsyphonServer {
  /** Sends requests to `serverUrl`. */
  readonly transport: ExchangeTransport
  /** As it was given. */
  readonly serverUrl: string
  /** As it was given. */
  readonly workspaceId: string
  /** The machine's name. */
  readonly hostname: string
  /** The credential file, which the Python SDK reads too. */
  readonly credentials: CredentialStore
  /** The outbox on disk. Close it after the client. */
  readonly store: Store
  /** An outbox in `store`. */
  readonly outbox: OpenOutbox
}

/**
 * Makes the parts that `register` and `fromStored` need on Node, Bun and Deno.
 *
 * @example
 * ```ts
 * import { fromStored, register } from 'signalbox/catsyphon'
 * import { catsyphonServer } from 'signalbox/node'
 *
 * const server = catsyphonServer({ serverUrl: 'http://localhost:8000', workspaceId: '0b1c2d3e-0000-4000-8000-000000000000' })
 * const client = (await fromStored(server)) ?? (await register({ ...server, collectorType: 'my-agent' }))
 * await client.close()
 * await server.store[Symbol.asyncDispose]()
 * ```
 */
export function catsyphonServer(options: CatsyphonServerOptions): CatsyphonServer {
  const { serverUrl, workspaceId, directory = join(homedir(), '.catsyphon'), onDamage } = options
  const baseUrl = serverUrl.replace(/\/+$/, '')
  // A broken address is refused here and not at the first request.
  httpBase(baseUrl, 'catsyphon')
  const store = fileStore({ directory: join(directory, 'signalbox'), ...(onDamage && { onDamage }) })
  return {
    transport: loadedWhenUsed(baseUrl),
    serverUrl,
    workspaceId,
    hostname: hostname(),
    credentials: fileCredentials({ directory }),
    store,
    outbox: async (host) => {
      const { catsyphonOutbox } = await import('../../../src/catsyphon/outbox/index.js')
      return catsyphonOutbox({ store, name: outboxName(baseUrl, workspaceId) })(host)
    },
  }
}

/** The HTTP transport and its dependency load with the first request: most programs that import `signalbox/node` need neither. */
function loadedWhenUsed(baseUrl: string): ExchangeTransport {
  let loading: Promise<ExchangeTransport> | undefined
  const load = async (): Promise<ExchangeTransport> => {
    const { fetchExchange } = await import('../../web/fetch-exchange.js')
    return fetchExchange({ baseUrl, redirects: 'never', name: 'catsyphon' })
  }
  return {
    kind: 'exchange',
    name: 'catsyphon',
    async exchange(request, options) {
      loading ??= load()
      return (await loading).exchange(request, options)
    },
  }
}
