/** The suite of all stores on real NATS servers: on the newest one, on the oldest that is accepted, and on a cluster of three. */
import type { NatsConnection } from '@nats-io/nats-core'
import { connect } from '@nats-io/transport-node'
import { afterAll, beforeAll, describe } from 'vitest'
import { storeCases, type StoreContext } from '../../../src/testing/index.js'
import { natsStore } from '../../../transports/nats/index.js'
import { registerCases } from '../../register-cases.js'
import { NATS, startCluster, startServer, type NatsServer } from './server.js'

const pause = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms))

describe.each([
  { what: `one server ${NATS.newest}`, size: 1, version: NATS.newest },
  { what: `one server ${NATS.floor}`, size: 1, version: NATS.floor },
  { what: `a cluster of three servers ${NATS.newest}`, size: 3, version: NATS.newest },
])('on $what', ({ size, version }) => {
  let servers: readonly NatsServer[] = []
  let connection: NatsConnection
  beforeAll(async () => {
    servers = size === 1 ? [await startServer({ version })] : await startCluster(size)
    connection = await connect({ servers: servers.map(({ url }) => url), maxReconnectAttempts: -1 })
  })
  afterAll(async () => {
    await connection?.close()
    for (const server of servers) await server[Symbol.asyncDispose]()
  })
  registerCases<StoreContext>(storeCases, async (run) => {
    const openPlace = async (prefix: string) => natsStore({ connection, prefix, replicas: size, timeoutMs: 10_000 })
    await using store = await openPlace('main')
    await run({ store, openPlace, wait: pause })
  })
})
