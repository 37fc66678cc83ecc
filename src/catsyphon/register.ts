/** Registers a collector, and makes a client from stored credentials. */
import type { CallOptions } from '../core/call.js'
import { systemClock } from '../core/clock.js'
import { checkOutbox, createCatsyphon, type Catsyphon, type CatsyphonOptions } from './client.js'
import { isSameServer, type CredentialStore } from './credentials.js'
import { failure, invalid } from './errors.js'
import { createHttp } from './http.js'
import { retrying } from './retry-config.js'
import * as schema from './schema.js'

/** The options of a client besides the credentials, and the store of the credentials. */
export interface ServerOptions extends Omit<CatsyphonOptions, 'collectorId' | 'apiKey'> {
  /** Names the server in the credential store. Requests go where the transport leads. */
  readonly serverUrl: string
  /** The workspace of the collector. */
  readonly workspaceId: string
  /** Where credentials are kept: `fileCredentials()` of `signalbox/node`, or `kvCredentials(kv)`. */
  readonly credentials?: CredentialStore
  /** Tells apart several collectors for one server and workspace. Default `default`. */
  readonly profile?: string
}

/** Options of `register`. */
export interface RegisterOptions extends ServerOptions {
  /** Default `sdk`. */
  readonly collectorType?: string
  /** Default `0.1.0`. */
  readonly collectorVersion?: string
  /** The machine's name. Default `unknown`. */
  readonly hostname?: string
  /** Data that the server keeps with the collector. */
  readonly metadata?: Readonly<Record<string, unknown>>
  /** Default true, where there is a credential store. With false nobody but the client has the key, and it is lost with the client. */
  readonly storeCredentials?: boolean
}

/**
 * Registers a new collector, stores its credentials, and makes a client. Register once and use `fromStored` afterwards: each call makes
 * another collector, which cannot complete the sessions of the one before. Rejects before the request when the credential store cannot be
 * read, and after it with `unavailable`, `sent: 'yes'`, where the key could not be stored.
 *
 * @example
 * ```ts
 * import { fromStored, register } from 'signalbox/catsyphon'
 * import { catsyphonServer } from 'signalbox/node'
 *
 * const server = catsyphonServer({ serverUrl: 'http://localhost:8000', workspaceId: '0b1c2d3e-0000-4000-8000-000000000000' })
 * const client = (await fromStored(server)) ?? (await register({ ...server, collectorType: 'my-agent' }))
 * console.log(client.collectorId)
 * ```
 */
export async function register(options: RegisterOptions, callOptions?: CallOptions): Promise<Catsyphon> {
  // Checked before the request: it makes a collector, and without a client or a stored key that would be useless.
  checkOutbox(options)
  const { serverUrl, workspaceId, credentials, profile = 'default', storeCredentials = true } = options
  const { transport, timeoutMs, clock = systemClock, random = Math.random, interceptors = [] } = options
  const retries = retrying(options.retryConfig, clock, random)
  const http = createHttp({ transport, timeoutMs, clock, interceptors: [...interceptors, retries] })
  const op = 'register'
  const body = JSON.stringify({
    collector_type: options.collectorType ?? 'sdk',
    collector_version: options.collectorVersion ?? '0.1.0',
    hostname: options.hostname ?? 'unknown',
    workspace_id: workspaceId,
    metadata: options.metadata,
  })
  if (credentials && storeCredentials) await credentials.get(serverUrl, workspaceId, profile)
  // Not repeated once it may have arrived: each request that arrives makes a collector.
  const { data } = schema.registration.safeParse(await http({ op, path: '/collectors', body }, callOptions))
  if (!data) throw failure('incompatible', `${op}: the answer holds no credentials.`, { sent: 'yes', op })
  const { collector_id: collectorId, api_key: apiKey, api_key_prefix: apiKeyPrefix, created_at: createdAt } = data
  if (credentials && storeCredentials) {
    try {
      await credentials.store({ serverUrl, workspaceId, collectorId, apiKey, apiKeyPrefix, profile, createdAt })
    } catch (cause) {
      // The server shows the key only once: the caller must hear of the failure now.
      throw failure('unavailable', `The key of the new collector ${collectorId} could not be stored.`, {
        hint: 'Repair the credential store and register again, or give a `credentials` store of your own: its `store` gets the key.',
        sent: 'yes',
        op,
        cause,
      })
    }
  }
  return await createCatsyphon({ ...options, collectorId, apiKey })
}

/**
 * Makes a client from stored credentials. Null when nothing is stored for this server, workspace and profile. Rejects with the credential
 * store's error.
 *
 * @example
 * ```ts
 * import { fromStored } from 'signalbox/catsyphon'
 * import { catsyphonServer } from 'signalbox/node'
 *
 * const client = await fromStored(catsyphonServer({ serverUrl: 'http://localhost:8000', workspaceId: '0b1c2d3e-0000-4000-8000-000000000000' }))
 * console.log(client === null ? 'register first' : client.collectorId)
 * ```
 */
export async function fromStored(options: ServerOptions): Promise<Catsyphon | null> {
  const { credentials, serverUrl, workspaceId, profile } = options
  if (!credentials) throw invalid('fromStored needs `credentials`, a credential store.')
  const found = await credentials.get(serverUrl, workspaceId, profile)
  // A store may find an entry by host alone: a key must not go to another server than the one that gave it.
  if (!found || !isSameServer(found.serverUrl, serverUrl)) return null
  return await createCatsyphon({ ...options, collectorId: found.collectorId, apiKey: found.apiKey })
}
