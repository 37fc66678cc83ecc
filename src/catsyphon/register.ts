/** Registering a collector, and coming back with what was stored. */
import type { CallOptions } from '../core/call.js'
import { systemClock } from '../core/clock.js'
import { checkOutbox, createCatsyphon, type Catsyphon, type CatsyphonOptions } from './client.js'
import { isSameServer, type CredentialStore } from './credentials.js'
import { failure, invalid } from './errors.js'
import { createHttp } from './http.js'
import { retrying } from './retry-config.js'
import * as schema from './schema.js'

/** What a client needs beside the credentials, and where those are kept. */
export interface ServerOptions extends Omit<CatsyphonOptions, 'collectorId' | 'apiKey'> {
  /** Names the server in the credential store; where requests go is the transport's business. */
  readonly serverUrl: string
  readonly workspaceId: string
  readonly credentials?: CredentialStore
  /** Default `default`. */
  readonly profile?: string
}

export interface RegisterOptions extends ServerOptions {
  /** Default `sdk`. */
  readonly collectorType?: string
  readonly collectorVersion?: string
  readonly hostname?: string
  readonly metadata?: Readonly<Record<string, unknown>>
  /** Default true, where there is a credential store. Where nothing is stored, the key lives as long as the client, which shows it to nobody. */
  readonly storeCredentials?: boolean
}

/** Each call makes another collector, which cannot complete the sessions of the one before: register once, then use `fromStored`. */
export async function register(options: RegisterOptions, callOptions?: CallOptions): Promise<Catsyphon> {
  // Before the request: a collector of a call that cannot give a client would be nobody's.
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
  // Never repeated once it may have arrived: each one that does makes a collector.
  const { data } = schema.registration.safeParse(await http({ op, path: '/collectors', body }, callOptions))
  if (!data) throw failure('incompatible', `${op}: the answer holds no credentials.`, { sent: 'yes', op })
  const { collector_id: collectorId, api_key: apiKey, api_key_prefix: apiKeyPrefix, created_at: createdAt } = data
  if (credentials && storeCredentials) {
    try {
      await credentials.store({ serverUrl, workspaceId, collectorId, apiKey, apiKeyPrefix, profile, createdAt })
    } catch (cause) {
      // The key is shown only once, so a store that fails must not be found out later.
      throw failure('unavailable', `The key of the new collector ${collectorId} could not be stored.`, {
        hint: 'Mend the credential store and register again, or give a `credentials` store of your own: its `store` gets the key.',
        sent: 'yes',
        op,
        cause,
      })
    }
  }
  return await createCatsyphon({ ...options, collectorId, apiKey })
}

/** Null when nothing is stored for this server, workspace and profile. */
export async function fromStored(options: ServerOptions): Promise<Catsyphon | null> {
  const { credentials, serverUrl, workspaceId, profile } = options
  if (!credentials) throw invalid('fromStored needs `credentials`, a credential store.')
  const found = await credentials.get(serverUrl, workspaceId, profile)
  // The file's key leaves out scheme and path: a key must never go to another server than the one that gave it.
  if (!found || !isSameServer(found.serverUrl, serverUrl)) return null
  return await createCatsyphon({ ...options, collectorId: found.collectorId, apiKey: found.apiKey })
}
