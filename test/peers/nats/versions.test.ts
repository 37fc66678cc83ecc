/** The errors of the store for a server that lacks a feature that the store needs. */
import { connect } from '@nats-io/transport-node'
import { describe, expect, test } from 'vitest'
import { checkRejects } from '../../../src/testing/index.js'
import { natsStore } from '../../../transports/nats/index.js'
import { NATS, startServer } from './server.js'

describe('a NATS server that cannot hold a store', () => {
  test.each(NATS.old)(
    'server %s is refused with what to install, and nothing is made there [store.nats.version]',
    async (version) => {
      await using server = await startServer({ version })
      await using connection = await connect({ servers: server.url })
      await using store = natsStore({ connection, prefix: 'old' })
      const error = await checkRejects(store.log('log'), 'incompatible')
      expect(error.sent).toBe('no')
      expect(error.message).toContain(version)
      expect(error.message).toMatch(/2\.14.*Install a newer nats-server/s)
      await checkRejects(store.lease('lease'), 'incompatible')
      const reply = await connection.request('$JS.API.STREAM.NAMES')
      expect(reply.json<{ streams: string[] | null }>().streams ?? []).toEqual([])
    },
  )

  test('a server without JetStream gives unavailable with the flag to set [store.nats.version]', async () => {
    await using server = await startServer({ plain: true })
    await using connection = await connect({ servers: server.url })
    await using store = natsStore({ connection, timeoutMs: 1000 })
    const error = await checkRejects(store.kv('kv'), 'unavailable')
    expect(error.sent).toBe('no')
    expect(error.message).toContain('-js')
  })

  test('a stream that another program made is refused and not changed [store.nats.version]', async () => {
    await using server = await startServer()
    await using connection = await connect({ servers: server.url })
    const config = { name: 'taken', subjects: ['taken.>'], max_age: 60_000_000_000 }
    await connection.request('$JS.API.STREAM.CREATE.taken', JSON.stringify(config))
    await using store = natsStore({ connection, prefix: 'taken' })
    const error = await checkRejects(store.log('log'), 'incompatible')
    expect(error.message).toMatch(/allow_msg_ttl.*no max_age/)
  })

  test('a prefix that is no part of a subject is refused at once [store.nats.version]', async () => {
    await using server = await startServer({ plain: true })
    await using connection = await connect({ servers: server.url })
    for (const prefix of ['', 'a b', 'a.*', '.a', 'a..b', 'a>', 'ü']) {
      expect(() => natsStore({ connection, prefix })).toThrow(/prefix/)
    }
  })
})
