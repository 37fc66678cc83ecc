/** Registering a collector, and coming back with what was stored. */
import { createCaller, type CallOptions } from '../core/call.js'
import { systemClock } from '../core/clock.js'
import { SignalboxError } from '../errors.js'
import { createCatsyphon, type Catsyphon, type CatsyphonOptions } from './client.js'
import { isSameServer, type CredentialStore, type StoredCredential } from './credentials.js'
import { CatsyphonError, SYSTEM } from './errors.js'
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
  /** Default true, where there is a credential store. */
  readonly storeCredentials?: boolean
}

/** Each call makes another collector, which cannot complete the sessions of the one before: register once, then use `fromStored`. */
export async function register(options: RegisterOptions, callOptions?: CallOptions): Promise<Catsyphon> {
  const {
    transport,
    serverUrl,
    workspaceId,
    credentials,
    profile = 'default',
    storeCredentials = true,
    clock = systemClock,
  } = options
  const { collectorType = 'sdk', collectorVersion = '0.1.0', hostname = 'unknown', metadata, random = Math.random } = options
  const interceptors = [...(options.interceptors ?? []), retrying(options.retryConfig ?? {}, clock, random)]
  const caller = createCaller({
    system: SYSTEM,
    transport: transport.name,
    interceptors,
    timeoutMs: options.timeoutMs ?? 60_000,
    clock,
  })
  const http = createHttp({ transport, caller, clock, credentials: () => undefined })
  const body = JSON.stringify({
    collector_type: collectorType,
    collector_version: collectorVersion,
    hostname,
    workspace_id: workspaceId,
    ...(metadata ? { metadata } : {}),
  })
  // Never repeated once it may have arrived: each one that does makes a collector.
  const answer = await http.request(
    { op: 'register', method: 'POST', path: '/collectors', body, authenticated: false },
    callOptions,
  )
  const read = schema.registration.safeParse(answer)
  if (!read.success) {
    throw new CatsyphonError({
      code: 'incompatible',
      message: 'register: the answer holds no credentials.',
      sent: 'yes',
      op: 'register',
    })
  }
  const { collector_id: collectorId, api_key: apiKey, api_key_prefix: apiKeyPrefix, created_at: createdAt } = read.data
  if (credentials && storeCredentials) {
    await keep(credentials, { serverUrl, workspaceId, collectorId, apiKey, apiKeyPrefix, profile, createdAt })
  }
  return await createCatsyphon({ ...options, collectorId, apiKey })
}

/** The key is shown only once, so a store that fails must not be found out later. */
async function keep(credentials: CredentialStore, credential: StoredCredential): Promise<void> {
  try {
    await credentials.store(credential)
  } catch (cause) {
    throw new SignalboxError({
      code: 'unavailable',
      message: `The collector ${credential.collectorId} was registered, but its key could not be stored.`,
      hint: 'Mend the credential store and register again, or register with storeCredentials: false and keep the key yourself.',
      sent: 'yes',
      op: 'register',
      system: SYSTEM,
      cause,
    })
  }
}

/** Null when nothing is stored for this server, workspace and profile. */
export async function fromStored(options: ServerOptions): Promise<Catsyphon | null> {
  const { credentials, serverUrl, workspaceId, profile = 'default' } = options
  if (!credentials) {
    const message = 'fromStored needs a credential store: give it as `credentials`.'
    throw new SignalboxError({ code: 'invalid_argument', message, system: SYSTEM })
  }
  const found = await credentials.get(serverUrl, workspaceId, profile)
  // The file's key leaves out scheme and path: a key must never go to another server than the one that gave it.
  if (!found || !isSameServer(found.serverUrl, serverUrl)) return null
  return await createCatsyphon({ ...options, collectorId: found.collectorId, apiKey: found.apiKey })
}
