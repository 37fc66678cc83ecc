/** A server that is killed, stopped, full or gone, and clients that are killed. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { connect } from '@nats-io/transport-node'
import { describe, expect, test } from 'vitest'
import { SignalboxError } from '../../../src/errors.js'
import type { Log, LogPage } from '../../../src/store/index.js'
import { checkRejects } from '../../../src/testing/index.js'
import { natsStore } from '../../../transports/nats/index.js'
import { writeProgram } from '../../program.js'
import { startCluster, startServer, stoppedCluster, type NatsServer } from './server.js'

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
const pause = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms))

async function allOf(log: Log): Promise<string[]> {
  const all: string[] = []
  for (let from = 0; ; ) {
    const page = await log.read(from)
    if (page.entries.length === 0) return all
    all.push(...page.entries.map(({ bytes }) => textOf(bytes)))
    from = page.next
  }
}

/** Writes numbered entries until it is told to stop. An entry of an uncertain append may be in the log once; it is not repeated. */
function startWriter(log: Log, name: string): { stop(): Promise<{ stored: string[]; uncertain: string[] }> } {
  const stored: string[] = []
  const uncertain: string[] = []
  let busy = true
  const work = (async () => {
    for (let number = 0; busy; number += 1) {
      const entry = `${name} ${number}`
      try {
        await log.append([bytesOf(entry)])
        stored.push(entry)
      } catch (error) {
        if (!SignalboxError.is(error, 'unavailable')) throw error
        if (error.sent !== 'no') uncertain.push(entry)
      }
    }
    return { stored, uncertain }
  })()
  return {
    stop() {
      busy = false
      return work
    },
  }
}

function startTail(log: Log): { readonly seen: string[]; readonly gaps: LogPage['gap'][]; stop(): Promise<void> } {
  const controller = new AbortController()
  const seen: string[] = []
  const gaps: LogPage['gap'][] = []
  const work = (async () => {
    for await (const page of log.tail(0, { signal: controller.signal })) {
      if (page.gap) gaps.push(page.gap)
      seen.push(...page.entries.map(({ bytes }) => textOf(bytes)))
    }
  })().catch((error: unknown) => {
    if (!SignalboxError.is(error, 'aborted')) throw error
  })
  return {
    seen,
    gaps,
    async stop() {
      controller.abort()
      await work
    },
  }
}

/** Every stored entry is there once, every uncertain one at most once, and each writer's entries are in their order. */
function checkComplete(all: readonly string[], written: readonly { stored: string[]; uncertain: string[] }[]): void {
  expect(new Set(all).size).toBe(all.length)
  const there = new Set(all)
  for (const { stored, uncertain } of written) {
    expect(stored.filter((entry) => !there.has(entry))).toEqual([])
    const mine = new Set([...stored, ...uncertain])
    const numbers = all.filter((entry) => mine.has(entry)).map((entry) => Number(entry.split(' ')[1]))
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b))
  }
}

describe.each([
  { what: 'the only server', size: 1 },
  { what: 'the leader of three', size: 3 },
])('$what', ({ size }) => {
  test('is killed and started again, four times, under four writers: nothing is lost or doubled, and the tail goes on [store.nats.restart]', async () => {
    const servers = size === 1 ? [await startServer()] : await startCluster(size)
    const connection = await connect({ servers: servers.map(({ url }) => url), maxReconnectAttempts: -1, reconnectTimeWait: 100 })
    const store = natsStore({ connection, replicas: size, timeoutMs: 10_000 })
    const log = await store.log('log')
    const tail = startTail(log)
    const writers = ['a', 'b', 'c', 'd'].map((name) => startWriter(log, name))
    for (let round = 0; round < 4; round += 1) {
      await pause(300)
      const server = await leaderOf(connection, servers)
      await server.kill()
      await pause(200)
      await server.start()
      await pause(1500)
    }
    const written = await Promise.all(writers.map((writer) => writer.stop()))
    expect(written.every(({ stored }) => stored.length > 20)).toBe(true)
    const all = await allOf(log)
    checkComplete(all, written)
    await expect.poll(() => tail.seen.length).toBe(all.length)
    expect([tail.seen, tail.gaps]).toEqual([all, []])
    await tail.stop()
    await store[Symbol.asyncDispose]()
    await connection.close()
    for (const one of servers) await one[Symbol.asyncDispose]()
  })
})

test('a store that is opened before a cluster has a leader is made soon after the election [store.nats.leaderless]', async () => {
  const servers = await stoppedCluster(3)
  try {
    await servers[0]?.start()
    await using connection = await connect({ servers: servers[0]?.url ?? '', maxReconnectAttempts: -1 })
    await using store = natsStore({ connection, replicas: 3, timeoutMs: 60_000 })
    const opening = store.log('log')
    // Several requests of the store are dropped before the other servers start.
    await pause(5_000)
    for (const server of servers.slice(1)) await server.start()
    const log = await opening
    await log.append([bytesOf('first')])
    expect(await allOf(log)).toEqual(['first'])
  } finally {
    for (const server of servers) await server[Symbol.asyncDispose]()
  }
}, 120_000)

async function leaderOf(connection: Awaited<ReturnType<typeof connect>>, servers: readonly NatsServer[]): Promise<NatsServer> {
  if (servers.length === 1) return servers[0] as NatsServer
  for (;;) {
    const reply = await connection.request('$JS.API.STREAM.INFO.signalbox', '', { timeout: 1000 }).catch(() => undefined)
    const leader = reply?.json<{ cluster?: { leader?: string } }>().cluster?.leader
    if (leader) return servers[Number(leader.slice(1)) - 1] as NatsServer
    await pause(200)
  }
}

describe('a server that is gone', () => {
  test('every call is unavailable with sent no, a renewal rejects, and all of it works again after the restart [store.nats.gone]', async () => {
    await using server = await startServer()
    await using connection = await connect({ servers: server.url, maxReconnectAttempts: -1, reconnectTimeWait: 100 })
    await using store = natsStore({ connection, timeoutMs: 600 })
    const [log, kv, lease] = [await store.log('log'), await store.kv('kv'), await store.lease('lease')]
    const held = await lease.acquire('key', { ttlMs: 60_000 })
    if (!held) throw new Error('the lease is free')
    const tail = startTail(log)
    await log.append([bytesOf('before')], { fence: held })
    await expect.poll(() => tail.seen).toEqual(['before'])
    await server.stop()
    await pause(100)
    const calls: (() => Promise<unknown>)[] = [
      () => log.append([bytesOf('never')]),
      () => log.read(0),
      () => log.state(),
      () => log.trim(1),
      () => kv.put('key', bytesOf('x')),
      () => kv.get('key'),
      () => kv.compareAndSet('key', null, bytesOf('x')),
      () => kv.list(),
      () => lease.acquire('other', { ttlMs: 1000 }),
      () => held.renew(),
    ]
    for (const call of calls) expect((await checkRejects(call(), 'unavailable')).sent).toBe('no')
    await server.start()
    await expect.poll(() => held.renew().catch(() => 'not yet')).toBe(true)
    await log.append([bytesOf('after')], { fence: held })
    await expect.poll(() => tail.seen).toEqual(['before', 'after'])
    await tail.stop()
  })

  test('an abort ends a tail at once while the server is gone [store.nats.gone]', async () => {
    await using server = await startServer()
    const connection = await connect({ servers: server.url, maxReconnectAttempts: -1 })
    await using store = natsStore({ connection, timeoutMs: 60_000 })
    const tail = startTail(await store.log('log'))
    await pause(50)
    await server.kill()
    await pause(50)
    await tail.stop()
    await connection.close()
  })

  test('a connection that the caller closes ends the tail and refuses every call [store.nats.gone]', async () => {
    await using server = await startServer()
    const connection = await connect({ servers: server.url })
    await using store = natsStore({ connection })
    const log = await store.log('log')
    const ended = checkRejects(log.tail(0)[Symbol.asyncIterator]().next(), 'unavailable')
    await pause(50)
    await connection.close()
    await ended
    const error = await checkRejects(log.append([bytesOf('x')]), 'unavailable')
    expect([error.sent, error.retryable]).toEqual(['no', false])
  })

  test('an append whose answer does not come is sent maybe, and is stored once at most [store.nats.stopped]', async () => {
    await using server = await startServer()
    await using connection = await connect({ servers: server.url, maxReconnectAttempts: -1 })
    await using store = natsStore({ connection, timeoutMs: 1200 })
    await using patient = natsStore({ connection })
    const [log, later] = [await store.log('log'), await patient.log('log')]
    await later.append([bytesOf('before')])
    await server.pause()
    try {
      const appended = await checkRejects(log.append([bytesOf('uncertain')]), 'unavailable')
      expect(appended.sent).toBe('maybe')
      expect((await checkRejects(log.read(0), 'unavailable')).sent).toBe('no')
    } finally {
      // The connection cannot end while the server is stopped, and a failure would be a timeout of the test.
      server.resume()
    }
    await later.append([bytesOf('after')])
    // The stopped server had all three attempts in its socket.
    expect(await allOf(later)).toEqual(['before', 'uncertain', 'after'])
  })

  test('a compare-and-set that is repeated because its answer was late takes its own value for a success [store.nats.stopped]', async () => {
    await using server = await startServer()
    await using connection = await connect({ servers: server.url, maxReconnectAttempts: -1 })
    await using store = natsStore({ connection, timeoutMs: 6000 })
    const [kv, lease] = [await store.kv('kv'), await store.lease('lease')]
    await server.pause()
    const working = Promise.all([kv.compareAndSet('key', null, bytesOf('mine')), lease.acquire('key', { ttlMs: 60_000 })])
    await pause(2500)
    server.resume()
    const [version, held] = await working
    expect([version !== null, held !== null]).toEqual([true, true])
    expect((await kv.get('key'))?.version).toBe(version)
    expect(await held?.renew()).toBe(true)
  })
})

describe('limits', () => {
  test('an entry or a value above the payload of the server is too_large, sent no, and the next one is stored [store.nats.giant]', async () => {
    await using server = await startServer()
    await using connection = await connect({ servers: server.url })
    await using store = natsStore({ connection })
    const [log, kv] = [await store.log('log'), await store.kv('kv')]
    const giant = new Uint8Array(2 * 1024 * 1024)
    const refused = [checkRejects(log.append([giant]), 'too_large'), checkRejects(kv.put('key', giant), 'too_large')]
    for (const error of await Promise.all(refused)) expect(error.sent).toBe('no')
    await log.append([bytesOf('small')])
    expect([await allOf(log), await kv.get('key')]).toEqual([['small'], null])
  })

  test('a slow reader of a large log gets bounded pages and every entry [store.nats.slow]', async () => {
    await using server = await startServer()
    await using connection = await connect({ servers: server.url })
    await using store = natsStore({ connection })
    const log = await store.log('log')
    const entry = new Uint8Array(50_000)
    for (let round = 0; round < 10; round += 1) await log.append(Array.from({ length: 40 }, () => entry))
    let entries = 0
    for await (const page of log.tail(0, { maxBytes: 300_000 })) {
      expect(page.entries.length).toBeLessThanOrEqual(6)
      entries += page.entries.length
      await pause(1)
      if (entries === 400) break
    }
    expect(await log.state()).toMatchObject({ entries: 400, bytes: 20_000_000 })
  })

  test('a full stream refuses writes with sent no and keeps its entries; a trim makes space [store.nats.full]', async () => {
    await using server = await startServer()
    await using connection = await connect({ servers: server.url })
    await using store = natsStore({ connection, maxBytes: 300_000 })
    const log = await store.log('log')
    const entry = new Uint8Array(20_000)
    let error: unknown
    let last = 0
    for (let count = 0; count < 100 && error === undefined; count += 1) {
      await log.append([entry]).then(
        ([sequence = 0]) => {
          last = sequence
        },
        (failure: unknown) => {
          error = failure
        },
      )
    }
    expect(error).toMatchObject({ code: 'unavailable', sent: 'no' })
    const { entries } = await log.state()
    expect(entries).toBeGreaterThan(10)
    await log.trim(last)
    await log.append([entry])
    expect((await log.state()).entries).toBe(2)
  })
})

describe('a client process', () => {
  const program = `
    import { connect } from '@nats-io/transport-node'
    import { natsStore } from '../nats/index.js'
    const connection = await connect({ servers: process.argv[2], maxReconnectAttempts: -1 })
    const store = natsStore({ connection })
    const log = await store.log('log')
    const held = await (await store.lease('lease')).acquire('key', { ttlMs: 1500 })
    let alive = true
    setInterval(() => alive && held.renew().catch(() => {}), 400)
    for (let number = 0; ; number += 1) {
      try {
        await log.append([new TextEncoder().encode('child ' + number)], { fence: held })
        console.log('child ' + number)
      } catch (error) {
        console.log('refused ' + error.code + ' ' + error.sent)
        process.exit(0)
      }
    }
  `
  const startChild = (server: NatsServer) => {
    const folder = mkdtempSync(join(tmpdir(), 'sbn-child-'))
    const file = join(folder, 'child.mjs')
    writeProgram(file, program)
    const child = spawn(process.execPath, [file, server.url], { stdio: ['ignore', 'pipe', 'inherit'] })
    const lines: string[] = []
    createInterface({ input: child.stdout }).on('line', (line) => lines.push(line))
    const exited = new Promise<void>((resolve) => child.once('close', () => resolve()))
    return {
      child,
      lines,
      exited,
      async [Symbol.asyncDispose]() {
        child.kill('SIGKILL')
        await exited
        rmSync(folder, { recursive: true, force: true })
      },
    }
  }

  test('is killed: every append that had resolved is there, and its lease is free after its time [store.nats.killed]', async () => {
    await using server = await startServer()
    await using one = startChild(server)
    await expect.poll(() => one.lines.length).toBeGreaterThan(50)
    one.child.kill('SIGKILL')
    await one.exited
    await using connection = await connect({ servers: server.url })
    await using store = natsStore({ connection })
    const all = await allOf(await store.log('log'))
    expect(all.slice(0, one.lines.length)).toEqual(one.lines)
    expect(all.length - one.lines.length).toBeLessThanOrEqual(1)
    const lease = await store.lease('lease')
    await expect.poll(() => lease.acquire('key', { ttlMs: 1000 }), { timeout: 6000 }).not.toBeNull()
  })

  test('sleeps until another process has its lease: its next append is refused [store.nats.killed]', async () => {
    await using server = await startServer()
    await using one = startChild(server)
    await expect.poll(() => one.lines.length).toBeGreaterThan(20)
    one.child.kill('SIGSTOP')
    await using connection = await connect({ servers: server.url })
    await using store = natsStore({ connection })
    const [log, lease] = [await store.log('log'), await store.lease('lease')]
    let held = await lease.acquire('key', { ttlMs: 60_000 })
    for (; held === null; held = await lease.acquire('key', { ttlMs: 60_000 })) await pause(100)
    await log.append([bytesOf('successor')], { fence: held })
    one.child.kill('SIGCONT')
    await one.exited
    expect(one.lines.at(-1)).toMatch(/^refused conflict /)
    expect((await allOf(log)).at(-1)).toBe('successor')
  })
})

test('a read on any server of a cluster sees what was written through another one [store.nats.fresh]', async () => {
  const servers = await startCluster(3)
  const connections = await Promise.all(servers.map(({ url }) => connect({ servers: url, ignoreClusterUpdates: true })))
  const stores = connections.map((connection) => natsStore({ connection, replicas: 3, timeoutMs: 10_000 }))
  const logs = []
  const maps = []
  for (const store of stores) {
    logs.push(await store.log('log'))
    maps.push(await store.kv('kv'))
  }
  for (let round = 0; round < 60; round += 1) {
    const [writer, reader] = [round % 3, (round + 1 + (round % 2)) % 3]
    const [sequence = 0] = (await logs[writer]?.append([bytesOf(`round ${round}`)])) ?? []
    expect(((await logs[reader]?.read(sequence))?.entries ?? []).map(({ bytes }) => textOf(bytes))).toEqual([`round ${round}`])
    const version = await maps[writer]?.put('key', bytesOf(`round ${round}`))
    expect((await maps[reader]?.get('key'))?.version).toBe(version)
  }
  for (const store of stores) await store[Symbol.asyncDispose]()
  for (const connection of connections) await connection.close()
  for (const server of servers) await server[Symbol.asyncDispose]()
})
