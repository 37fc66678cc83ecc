/** The server itself refuses a writer that has lost its lease and has not noticed the loss. */
import type { NatsConnection } from '@nats-io/nats-core'
import { connect } from '@nats-io/transport-node'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock, type Clock } from '../../../src/core/clock.js'
import type { Log } from '../../../src/store/index.js'
import { checkRejects } from '../../../src/testing/index.js'
import { natsStore } from '../../../transports/nats/index.js'
import { startCluster, startServer, type NatsServer } from './server.js'

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const pause = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms))
const textsOf = async (log: Log): Promise<string[]> =>
  (await log.read(0)).entries.map(({ bytes }) => new TextDecoder().decode(bytes))

/** A process that does not notice that time passes, as after a SIGSTOP. It still treats its leases as held. */
const stopped: Clock = { ...systemClock, monotonic: () => 0 }

describe('fencing by the server', () => {
  let server: NatsServer
  let connection: NatsConnection
  beforeAll(async () => {
    server = await startServer()
    connection = await connect({ servers: server.url, maxReconnectAttempts: -1 })
  })
  afterAll(async () => {
    await connection.close()
    await server[Symbol.asyncDispose]()
  })
  const stores = (prefix: string) => {
    const zombie = natsStore({ connection, prefix, clock: stopped })
    const other = natsStore({ connection, prefix })
    return { zombie, other }
  }

  test('an append under an expired lease is refused, also when nobody has taken the lease [store.nats.fence]', async () => {
    const { zombie, other } = stores('expired')
    const held = await (await zombie.lease('l')).acquire('key', { ttlMs: 1000 })
    if (!held) throw new Error('the lease is free')
    const log = await zombie.log('log')
    await log.append([bytesOf('in time')], { fence: held })
    await pause(2500)
    expect(held.remainingMs()).toBeGreaterThan(0)
    expect((await checkRejects(log.append([bytesOf('late')], { fence: held }), 'conflict')).sent).toBe('no')
    expect(held.remainingMs()).toBe(0)
    expect(await textsOf(await other.log('log'))).toEqual(['in time'])
    await zombie[Symbol.asyncDispose]()
    await other[Symbol.asyncDispose]()
  })

  test('an append after another holder took the lease is refused, and the renewal fails [store.nats.fence]', async () => {
    const { zombie, other } = stores('taken')
    const held = await (await zombie.lease('l')).acquire('key', { ttlMs: 200 })
    const log = await zombie.log('log')
    await pause(300)
    // Sooner than the server deletes the message, which takes whole seconds.
    const next = await (await other.lease('l')).acquire('key', { ttlMs: 60_000 })
    if (!held || !next) throw new Error('the lease is free')
    expect(next.token).toBeGreaterThan(held.token)
    await checkRejects(log.append([bytesOf('late')], { fence: held }), 'conflict')
    expect(await held.renew(60_000)).toBe(false)
    await (await other.log('log')).append([bytesOf('next')], { fence: next })
    expect(await textsOf(log)).toEqual(['next'])
    await zombie[Symbol.asyncDispose]()
    await other[Symbol.asyncDispose]()
  })

  test('appends beside renewals are stored once and in order [store.nats.fence]', async () => {
    await using store = natsStore({ connection, prefix: 'renewals' })
    const held = await (await store.lease('l')).acquire('key', { ttlMs: 60_000 })
    if (!held) throw new Error('the lease is free')
    const log = await store.log('log')
    const names = Array.from({ length: 2000 }, (_, index) => `entry ${index}`)
    let busy = true
    const renewing = (async () => {
      let renewals = 0
      for (; busy; renewals += 1) expect(await held.renew()).toBe(true)
      return renewals
    })()
    const appending: Promise<number[]>[] = []
    for (const name of names) {
      appending.push(log.append([bytesOf(name)], { fence: held }))
      if (appending.length % 10 === 0) await appending.at(-1)
    }
    await Promise.all(appending)
    busy = false
    expect(await renewing).toBeGreaterThan(20)
    const stored: string[] = []
    for (let from = 0; stored.length < names.length; ) {
      const page = await log.read(from)
      stored.push(...page.entries.map(({ bytes }) => new TextDecoder().decode(bytes)))
      from = page.next
      if (page.entries.length === 0) break
    }
    expect(stored).toEqual(names)
  })

  test('a record under a lease that expired or has another holder is refused and changes nothing [store.nats.fence]', async () => {
    const { zombie, other } = stores('records')
    const held = await (await zombie.lease('l')).acquire('key', { ttlMs: 1000 })
    if (!held) throw new Error('the lease is free')
    const kv = await zombie.kv('kv')
    const version = await kv.compareAndSet('key', null, bytesOf('in time'), { fence: held })
    expect(await kv.compareAndSet('key', null, bytesOf('again'), { fence: held })).toBeNull()
    await pause(2500)
    // The version is right, so only the lease can refuse the write.
    expect((await checkRejects(kv.compareAndSet('key', version, bytesOf('late'), { fence: held }), 'conflict')).sent).toBe('no')
    const next = await (await other.lease('l')).acquire('key', { ttlMs: 60_000 })
    if (!next) throw new Error('the lease is free')
    await checkRejects(kv.delete('key', undefined, { fence: held }), 'conflict')
    expect(await kv.get('key')).toMatchObject({ version })
    expect(await (await other.kv('kv')).compareAndSet('key', version, bytesOf('next'), { fence: next })).not.toBeNull()
    await zombie[Symbol.asyncDispose]()
    await other[Symbol.asyncDispose]()
  })

  test('many records at once beside renewals are all stored [store.nats.fence]', async () => {
    await using store = natsStore({ connection, prefix: 'many-records', timeoutMs: 20_000 })
    const held = await (await store.lease('l')).acquire('key', { ttlMs: 60_000 })
    if (!held) throw new Error('the lease is free')
    const kv = await store.kv('kv')
    const keys = Array.from({ length: 100 }, (_, index) => `key ${index}`)
    const writing = keys.map((key) => kv.compareAndSet(key, null, bytesOf(key), { fence: held }))
    for (let renewal = 0; renewal < 10; renewal += 1) expect(await held.renew()).toBe(true)
    expect((await Promise.all(writing)).filter((version) => version === null)).toEqual([])
    expect(await kv.list()).toEqual([...keys].sort())
  })

  test('a fence of another store object counts as long as its lease is held [store.nats.fence]', async () => {
    await using holder = natsStore({ connection, prefix: 'passed' })
    await using writer = natsStore({ connection, prefix: 'passed' })
    const held = await (await holder.lease('l')).acquire('key', { ttlMs: 60_000 })
    if (!held) throw new Error('the lease is free')
    const fence = { key: held.key, token: held.token }
    const log = await writer.log('log')
    await log.append([bytesOf('one')], { fence })
    await held.renew()
    await log.append([bytesOf('two')], { fence })
    await log.append([], { fence })
    await held.release()
    await checkRejects(log.append([bytesOf('three')], { fence }), 'conflict')
    await checkRejects(log.append([], { fence }), 'conflict')
    expect(await textsOf(log)).toEqual(['one', 'two'])
  })
})

test('in a cluster, appends under a lease neither end its renewal nor its release [store.nats.renewal]', async () => {
  const servers = await startCluster()
  try {
    await using connection = await connect({ servers: servers.map(({ url }) => url), maxReconnectAttempts: -1 })
    await using store = natsStore({ connection, replicas: 3, timeoutMs: 15_000 })
    await using log = await store.log('log')
    await using leases = await store.lease('leases')
    for (let round = 0; round < 5; round += 1) {
      const held = await leases.acquire('key', { ttlMs: 60_000 })
      if (!held) throw new Error('the lease is free')
      let over = false
      let appended = 0
      const writers = Array.from({ length: 4 }, async () => {
        while (!over) {
          await log.append([bytesOf('x')], { fence: held })
          appended += 1
        }
      })
      for (let count = 0; count < 10; count += 1) {
        expect(await held.renew()).toBe(true)
        await pause(3)
      }
      over = true
      // The last appends are still under way.
      const ended = Promise.allSettled(writers)
      await held.release()
      await ended
      expect(appended).toBeGreaterThan(0)
    }
  } finally {
    for (const server of servers) await server[Symbol.asyncDispose]()
  }
})
