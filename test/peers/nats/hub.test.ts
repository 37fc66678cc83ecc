/** The rules of the hub on a real NATS server: one that drives a store alone. */
import { connect } from '@nats-io/transport-node'
import type { NatsConnection } from '@nats-io/nats-core'
import { afterAll, beforeAll, describe } from 'vitest'
import { createHub } from '../../../src/hub/index.js'
import { hubRules } from '../../../src/testing/hub/index.js'
import { natsStore } from '../../../transports/nats/index.js'
import { registerCases } from '../../register-cases.js'
import { startServer, type NatsServer } from './server.js'

// This case imitates a successor with an invented token. The server refuses a token that no lease has, so the case cannot run here.
const rules = hubRules.filter(({ id }) => id !== 'hub.lease.fence')

describe('a hub on one NATS server', () => {
  let server: NatsServer
  let connection: NatsConnection
  beforeAll(async () => {
    server = await startServer()
    connection = await connect({ servers: server.url, maxReconnectAttempts: -1 })
  })
  afterAll(async () => {
    await connection?.close()
    await server?.[Symbol.asyncDispose]()
  })
  registerCases(rules, async (run) => {
    const freshStore = async () => natsStore({ connection, prefix: `hub-${crypto.randomUUID()}`, timeoutMs: 15_000 })
    await using store = await freshStore()
    await run({ store, freshStore, openHub: createHub })
  })
})
