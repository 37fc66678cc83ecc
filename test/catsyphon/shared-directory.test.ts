/** Several processes on one outbox directory: each has its own sessions, and a session has one writer at a time. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { createCatsyphon, fromStored, register, type CatsyphonOptions } from '../../src/catsyphon/index.js'
import { catsyphonOutbox } from '../../src/catsyphon/outbox/index.js'
import type { Store } from '../../src/store/index.js'
import { openOutbox } from '../../src/store/outbox/index.js'
import { catsyphonFaults, createCatsyphonSimulator } from '../../src/testing/index.js'
import { catsyphonServer } from '../../transports/node/catsyphon/server.js'
import { fileStore } from '../../transports/node/store/file.js'
import { serveSimulator } from './http-server.js'

const root = await mkdtemp(join(tmpdir(), 'signalbox-shared-'))
afterAll(() => rm(root, { recursive: true, force: true }))

test('[catsyphon.shared-directory] two clients share a directory; a session that one writes is refused to the other until the first is idle', async () => {
  const simulator = createCatsyphonSimulator()
  const { id: collectorId, key: apiKey } = simulator.register()
  const open = (store: Store, more: Partial<CatsyphonOptions> = {}) =>
    createCatsyphon({
      transport: simulator.transport,
      collectorId,
      apiKey,
      outbox: catsyphonOutbox({ store }),
      drainTimeoutMs: 10_000,
      ...more,
    })
  const directory = join(root, 'two')
  await using first = fileStore({ directory })
  await using second = fileStore({ directory })
  await using one = await open(first)
  await using two = await open(second)
  await one.session('a').message({ role: 'user', content: 'of one' })
  await two.session('b').message({ role: 'user', content: 'of two' })
  await expect(two.session('a').message({ role: 'user', content: 'refused' })).rejects.toMatchObject({
    code: 'conflict',
    sent: 'no',
  })
  // Both make a dead letter in the shared log.
  simulator.setPoison((event) => event.data.content === 'poison')
  await one.session('a').message({ role: 'user', content: 'poison' })
  await two.session('b').message({ role: 'user', content: 'poison' })
  await Promise.all([one.flush(), two.flush()])
  expect(await one.deadLetters.list()).toHaveLength(2)
  expect(await two.deadLetters.list()).toHaveLength(2)
  await one.close()
  await first[Symbol.asyncDispose]()
  await two.session('a').message({ role: 'user', content: 'taken over' })
  expect((await two.flush()).pending).toBe(0)
  expect(simulator.ledger.rows('a').map(({ data }) => data.content)).toEqual(['of one', 'taken over'])
})

test('[catsyphon.node-defaults] catsyphonServer keeps credentials and outbox in its directory, also for the next run', async () => {
  const simulator = createCatsyphonSimulator({ front: true })
  await using http = await serveSimulator(simulator)
  const directory = join(root, 'defaults')
  const options = { serverUrl: `${http.url}/api/`, workspaceId: simulator.workspaceId, directory }
  const session = `s-${crypto.randomUUID()}`
  {
    const server = catsyphonServer(options)
    expect(await fromStored(server)).toBeNull()
    const client = await register({ ...server, collectorType: 'demo' })
    simulator.inject({ ...catsyphonFaults.badGateway(503), times: 1_000_000, on: ({ path }) => path.endsWith('/events') })
    await client.session(session).start({ agentType: 'demo' })
    await client.session(session).message({ role: 'user', content: 'kept' })
    const report = await client.flush({ timeoutMs: 200 })
    expect([report.pending, report.error?.status]).toEqual([2, 503])
    simulator.faults.clear()
    await server.store[Symbol.asyncDispose]()
  }
  const server = catsyphonServer(options)
  await using client = await fromStored(server)
  expect((await client?.flush())?.pending).toBe(0)
  expect(simulator.ledger.rows(session).map(({ data }) => data.content)).toEqual(['kept'])
  await client?.close()
  await server.store[Symbol.asyncDispose]()
})

test('[catsyphon.forgets] the state of a queue is deleted after forgetAfterMs, and its log continues its sequences', async () => {
  const directory = join(root, 'forgets')
  const delivered: string[] = []
  const run = async (now: number, work: (outbox: Awaited<ReturnType<typeof openOutbox>>) => Promise<void>) => {
    const start = performance.now()
    const clock = {
      now: () => now,
      monotonic: () => performance.now() - start,
      after: (ms: number, call: () => void) => {
        const timer = setTimeout(call, ms)
        return { cancel: () => clearTimeout(timer) }
      },
    }
    await using store = fileStore({ directory })
    await using outbox = await openOutbox({
      store,
      name: 'o',
      clock,
      lingerMs: 0,
      idleMs: 1,
      onReport: (report) => {
        if (report.type === 'lost') delivered.push('lost')
      },
      deliver: async ({ items }) => {
        delivered.push(...items.map(({ body, ordinal }) => `${ordinal}:${new TextDecoder().decode(body)}`))
        return { kind: 'delivered', count: items.length }
      },
    })
    await work(outbox)
  }
  const say = (text: string) => new TextEncoder().encode(text)
  await run(1000, async (outbox) => {
    await outbox.append('queue', say('one'))
    await outbox.flush()
    expect(await outbox.state('queue')).toMatchObject({ ordinal: 1, delivered: 1 })
  })
  await run(2000, async (outbox) => {
    await outbox.recover()
    expect(await outbox.state('queue')).toMatchObject({ ordinal: 1 })
  })
  await run(1000 + 31 * 86_400_000, async (outbox) => {
    await outbox.recover()
    expect(await outbox.state('queue')).toMatchObject({ ordinal: 0, delivered: 0 })
    await outbox.append('queue', say('two'))
    await outbox.flush()
  })
  expect(delivered).toEqual(['1:one', '1:two'])
})
