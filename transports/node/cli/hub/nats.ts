/** The store that hubs on several machines share: a NATS server. Its packages are loaded only here. */
import { readFile } from 'node:fs/promises'
import { SignalboxError } from '../../../../src/errors.js'
import type { Store } from '../../../../src/store/index.js'

export interface NatsChoice {
  /** `nats://host:4222`, `tls://host:4222` or `wss://host`. */
  readonly url: string
  /** A file of credentials, as `nsc` writes it. */
  readonly credentials?: string | undefined
}

export interface OpenedNats {
  readonly store: Store
  close(): Promise<void>
}

const WAIT_MS = 10_000

/** Connects once. Rejects with `unreachable` when the server does not answer; later the connection is made again for ever. */
export async function openNats({ url, credentials }: NatsChoice): Promise<OpenedNats> {
  const [core, { natsStore }] = await Promise.all([load('@nats-io/nats-core'), import('../../../nats/index.js')])
  const isWeb = /^wss?:/.test(url)
  const connect = isWeb ? core.wsconnect : (await load('@nats-io/transport-node')).connect
  const authenticator = credentials === undefined ? undefined : core.credsAuthenticator?.(await readFile(credentials))
  const options = { servers: url, maxReconnectAttempts: -1, timeout: WAIT_MS, ...(authenticator ? { authenticator } : {}) }
  const connection = await connect?.(options).catch((cause: unknown) => {
    const message = `The NATS server ${hostOf(url)} does not answer: ${cause instanceof Error ? cause.message : String(cause)}.`
    throw new SignalboxError({ code: 'unreachable', system: 'nats', message, sent: 'no', cause })
  })
  const store = natsStore({ connection: connection as never })
  return {
    store,
    async close() {
      await store[Symbol.asyncDispose]()
      await connection?.close()
    },
  }
}

/** The address without a user and a password. */
const hostOf = (url: string): string => url.replace(/\/\/[^/@]*@/, '//')

interface Connection {
  close(): Promise<void>
}

interface NatsModule {
  readonly connect?: (options: object) => Promise<Connection>
  readonly wsconnect?: (options: object) => Promise<Connection>
  readonly credsAuthenticator?: (bytes: Uint8Array) => unknown
}

async function load(name: '@nats-io/nats-core' | '@nats-io/transport-node'): Promise<NatsModule> {
  try {
    return (await (name === '@nats-io/nats-core' ? import('@nats-io/nats-core') : import('@nats-io/transport-node'))) as never
  } catch (cause) {
    const hint = 'npm install @nats-io/nats-core @nats-io/transport-node'
    throw new SignalboxError({ code: 'not_found', system: 'nats', message: `The package ${name} is not installed.`, hint, cause })
  }
}
