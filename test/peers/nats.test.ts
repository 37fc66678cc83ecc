/** The store on real NATS servers: the suite of all drivers, on one server and on a cluster of three. */
import { connect } from '@nats-io/transport-node'
import type { NatsConnection } from '@nats-io/nats-core'
import { afterAll, beforeAll, describe } from 'vitest'
import { storeCases, type StoreContext } from '../../src/testing/index.js'
import { natsStore } from '../../transports/nats/index.js'
import { registerCases } from '../register-cases.js'
import { startCluster, startServer, type NatsServer } from './nats/server.js'

const pause = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms))

describe.each([
  { what: 'one server', size: 1 },
  { what: 'a cluster of three', size: 3 },
])('on $what', ({ size }) => {
  let servers: readonly NatsServer[] = []
  let connection: NatsConnection
  beforeAll(async () => {
    servers = size === 1 ? [await startServer()] : await startCluster(size)
    connection = await connect({ servers: servers.map(({ url }) => url), maxReconnectAttempts: -1 })
  })
  afterAll(async () => {
    await connection?.close()
    for (const server of servers) await server[Symbol.asyncDispose]()
  })
  registerCases<StoreContext>(storeCases, async (run) => {
    await using store = natsStore({ connection, prefix: `main${size}`, replicas: size, timeoutMs: 10_000 })
    const openPlace = async (place: string) => natsStore({ connection, prefix: place, replicas: size, timeoutMs: 10_000 })
    await run({ store, openPlace, wait: pause })
  })
})
