/** The store that hubs on several machines share: a NATS server. Its packages are loaded only here. */
import { SignalboxError } from '../../../../src/errors.js'
import type { Store } from '../../../../src/store/index.js'
import { nodeWebSocket } from '../../link/web-socket.js'
import { awaitGreeting } from './nats-greeting.js'
import { connectFailure } from './nats-failures.js'
import { readAddresses, readCredentials } from './nats-options.js'

/** What the options `--nats`, `--nats-creds` and `--nats-ca` name. */
export interface NatsChoice {
  /** `nats://host:4222`, `tls://host:4222` or `wss://host`; of a cluster several, with commas between them. */
  readonly url: string
  /** A file of credentials, as `nsc` writes it, or with the seed of an nkey alone. */
  readonly credentials?: string | undefined
  /** A file with the certificate of the authority that signed the server's certificate. */
  readonly ca?: string | undefined
  /** Called when the server is gone, and when it is back. */
  readonly onConnection?: (state: 'lost' | 'back') => void
}

export interface OpenedNats {
  readonly store: Store
  /** The addresses, without a user and a password. */
  readonly host: string
  readonly version: string
  /** False where everybody on the network can read along. */
  readonly encrypted: boolean
  /** Ends the connection: from now on every call of the store fails at once. */
  abandon(): Promise<void>
  close(): Promise<void>
}

const WAIT_MS = 10_000
/** A server that neither answers nor closes the connection is noticed after three of these. */
const PING_MS = 10_000

/** Connects once. Rejects when the server does not answer or refuses; later the connection is made again for ever. */
export async function openNats(choice: NatsChoice): Promise<OpenedNats> {
  const { servers, host, isWeb, isTls, login } = readAddresses(choice.url)
  if (isWeb && choice.ca !== undefined) {
    const message = '--nats-ca is for nats:// and tls:// addresses.'
    throw new SignalboxError({ code: 'invalid_argument', message, hint: 'For wss:// set NODE_EXTRA_CA_CERTS to the file.' })
  }
  const [core, { natsStore }] = await Promise.all([load('@nats-io/nats-core'), import('../../../nats/index.js')])
  const connect = isWeb ? core.wsconnect : (await load('@nats-io/transport-node')).connect
  const credentials = choice.credentials === undefined ? undefined : await readCredentials(choice.credentials)
  const authenticator =
    credentials && (credentials.kind === 'creds' ? core.credsAuthenticator : core.nkeyAuthenticator)?.(credentials.bytes)
  const options = {
    servers,
    ...login,
    maxReconnectAttempts: -1,
    // A server that is repaired accepts the same credentials again.
    ignoreAuthErrorAbort: true,
    timeout: WAIT_MS,
    pingInterval: PING_MS,
    ...(authenticator ? { authenticator } : {}),
    // Without it the client would take an address with tls:// without TLS, if the server has none.
    ...(isTls || choice.ca !== undefined ? { tls: choice.ca === undefined ? {} : { caFile: choice.ca } } : {}),
    ...(isWeb ? { wsFactory: await webSocketFactory() } : {}),
  }
  const connection = await (async () => {
    // One server of a cluster is enough.
    if (!isWeb) await Promise.any(servers.map((server) => awaitGreeting(server, WAIT_MS)))
    return connect?.(options)
  })().catch((cause: unknown) => {
    throw connectFailure(cause instanceof AggregateError ? cause.errors[0] : cause, host, choice)
  })
  if (!connection) throw new Error(`The NATS packages have no ${isWeb ? 'wsconnect' : 'connect'}.`)
  if (choice.onConnection) void follow(connection, choice.onConnection)
  const store = natsStore({ connection: connection as never })
  const { version = 'unknown', tls_required, tls_available } = connection.info ?? {}
  return {
    store,
    host,
    version,
    encrypted: isWeb ? servers.every((server) => server.startsWith('wss:')) : tls_required === true || tls_available === true,
    abandon: () => connection.close(),
    async close() {
      await store[Symbol.asyncDispose]()
      await connection.close()
    },
  }
}

async function follow(connection: Connection, notify: (state: 'lost' | 'back') => void): Promise<void> {
  for await (const { type } of connection.status()) {
    if (type === 'disconnect') notify('lost')
    else if (type === 'reconnect') notify('back')
  }
}

/** Node 20 has no WebSocket of its own. */
async function webSocketFactory(): Promise<(url: string) => Promise<{ socket: unknown; encrypted: boolean }>> {
  const WebSocket = await nodeWebSocket()
  return async (url) => ({ socket: new WebSocket(url), encrypted: url.startsWith('wss:') })
}

interface Connection {
  readonly info?: { readonly version?: string; readonly tls_required?: boolean; readonly tls_available?: boolean }
  status(): AsyncIterable<{ readonly type: string }>
  close(): Promise<void>
}

interface NatsModule {
  readonly connect?: (options: object) => Promise<Connection>
  readonly wsconnect?: (options: object) => Promise<Connection>
  readonly credsAuthenticator?: (bytes: Uint8Array) => unknown
  readonly nkeyAuthenticator?: (bytes: Uint8Array) => unknown
}

async function load(name: '@nats-io/nats-core' | '@nats-io/transport-node'): Promise<NatsModule> {
  try {
    return (await (name === '@nats-io/nats-core' ? import('@nats-io/nats-core') : import('@nats-io/transport-node'))) as never
  } catch (cause) {
    const hint = 'npm install @nats-io/nats-core @nats-io/transport-node'
    throw new SignalboxError({ code: 'not_found', system: 'nats', message: `The package ${name} is not installed.`, hint, cause })
  }
}
