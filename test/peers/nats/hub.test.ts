/** The rules of the hub on real NATS servers: a hub that has its store alone, and two that share it; on one server, and on a cluster. */
import { connect } from '@nats-io/transport-node'
import type { NatsConnection } from '@nats-io/nats-core'
import { afterAll, beforeAll, describe } from 'vitest'
import { registerCases } from '../../register-cases.js'
import { hubKinds, onFreshStore } from './hub-cases.js'
import { startCluster, startServer, type NatsServer } from './server.js'

describe.each([
  { what: 'one NATS server', size: 1 },
  { what: 'a cluster of three NATS servers', size: 3 },
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
  for (const kind of hubKinds()) {
    // For the viewer of a pair, a cluster differs only in the answers of the store, so one server is enough.
    if (size > 1 && kind.name === 'driver') continue
    describe(`a hub: ${kind.name}`, () => {
      registerCases(kind.rules, (run) => onFreshStore({ connection, replicas: size }, kind, run))
    })
  }
})
