/**
 * A driver that is stopped (SIGSTOP) in the middle of a write of a record. Another hub takes its agents over. The write arrives at the server
 * afterwards, and then the driver wakes up.
 */
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createConnection, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { connect } from '@nats-io/transport-node'
import { expect, test } from 'vitest'
import type { AskRecord } from '../../../src/hub/asks/record.js'
import { createHub, createHubClient, createSharedHub, hubSource, type Hub } from '../../../src/hub/index.js'
import type { TurnRecord } from '../../../src/hub/turns/record.js'
import type { Kv } from '../../../src/store/index.js'
import { createScriptedSystem } from '../../../src/testing/hub/index.js'
import { natsStore } from '../../../transports/nats/index.js'
import { hubSocket, listenHub } from '../../../transports/node/index.js'
import { writeProgram } from '../../program.js'
import { startServer } from './server.js'

const LEASE_MS = 2_000
const PROGRAM = `
import { connect } from '@nats-io/transport-node'
import { createHubClient, createSharedHub, hubSource } from '../../src/hub/index.js'
import { natsStore } from '../nats/index.js'
import { hubSocket } from './index.js'
const [servers, path] = process.argv.slice(2)
const connection = await connect({ servers, maxReconnectAttempts: -1 })
const hub = createHubClient({ transport: hubSocket({ path }) })
await createSharedHub({ store: natsStore({ connection }), name: 'first', sources: [hubSource({ hub, name: 's' })], leaseMs: ${LEASE_MS} })
process.stdout.write('ready')
`

/** A path to the server that stops in front of a chosen message of the client, and keeps what comes from there on until it is released. */
async function startProxy(port: number) {
  let trap: { readonly text: string; readonly caught: () => void } | undefined
  let kept: (() => void)[] | undefined
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    const far = createConnection({ port, host: '127.0.0.1' })
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        near.destroy()
        far.destroy()
      })
    }
    far.on('data', (bytes) => near.write(bytes))
    near.on('data', (bytes) => {
      if (kept) return void kept.push(() => far.write(bytes))
      const at = trap ? bytes.indexOf(trap.text) : -1
      if (at < 0) return void far.write(bytes)
      far.write(bytes.subarray(0, at))
      kept = [() => far.write(bytes.subarray(at))]
      trap?.caught()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `127.0.0.1:${(server.address() as { port: number }).port}`,
    /** Resolves when a message that begins like this is kept. */
    keepFrom: (text: string) =>
      new Promise<void>((caught) => {
        trap = { text, caught }
      }),
    release() {
      for (const write of kept ?? []) write()
      kept = undefined
      trap = undefined
    },
    close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

async function recordOf<Record>(kv: Kv): Promise<{ readonly record: Record; readonly version: string }> {
  const [key = ''] = await kv.list()
  const entry = await kv.get(key)
  if (!entry) throw new Error('there is no record')
  return { record: JSON.parse(new TextDecoder().decode(entry.bytes)) as Record, version: entry.version }
}

async function startWorld() {
  const folder = await mkdtemp(join(tmpdir(), 'sbz-'))
  writeProgram(join(folder, 'hub.mjs'), PROGRAM)
  const server = await startServer()
  const proxy = await startProxy(Number(server.url.split(':')[1]))
  const calls: string[] = []
  const system = createScriptedSystem({
    name: 'agent',
    agents: ['a'],
    script: async (run) => {
      if (run.prompt.text === 'ask') await run.ask({ nativeId: 'q' })
      run.say('done')
      run.end()
    },
  })
  const base = await createHub({ sources: [system.source()] })
  const path = join(folder, 's.sock')
  const counted: Hub = {
    ...base,
    prompt(agent, text, given) {
      calls.push(`prompt ${text}`)
      return base.prompt(agent, text, given)
    },
    answer(id, answer, given) {
      calls.push(`answer by ${given?.by ?? ''}`)
      return base.answer(id, answer, given)
    },
  }
  const listening = await listenHub(counted, { path })
  const child = spawn(process.execPath, [join(folder, 'hub.mjs'), proxy.url, path], { stdio: ['ignore', 'pipe', 'inherit'] })
  await new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => resolve())
    child.once('exit', (code, signal) => reject(new Error(`the hub left with ${code ?? signal}`)))
  })
  const connection = await connect({ servers: server.url, maxReconnectAttempts: -1 })
  const client = createHubClient({ transport: hubSocket({ path }) })
  const store = natsStore({ connection })
  const sources = [() => hubSource({ hub: client, name: 's' })]
  const hub = await createSharedHub({ store, name: 'second', sources, leaseMs: LEASE_MS })
  const agent = 's:agent/a'
  await expect.poll(async () => (await hub.agents()).map(({ id }) => id), { timeout: 20_000 }).toEqual([agent])
  const driver = async (): Promise<string> => (await recordOf<{ name: string }>(await store.kv('hub-drives'))).record.name
  expect(await driver()).toBe('first')
  return {
    hub,
    store,
    calls,
    agent,
    /** Lets the first hub begin a write to this map, stops it there, and waits until the second hub drives the agents. */
    async stopInWriteTo(map: string, begin: () => void) {
      const caught = proxy.keepFrom(`HPUB signalbox.store.kv.${map}.`)
      begin()
      await caught
      child.kill('SIGSTOP')
      await expect.poll(driver, { timeout: 20_000 }).toBe('second')
    },
    /** The write arrives, and the first hub wakes up. */
    async wake() {
      proxy.release()
      await pause(300)
      child.kill('SIGCONT')
      await pause(1_500)
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await hub.close()
      await client.close()
      await connection.close()
      await listening[Symbol.asyncDispose]()
      await base.close()
      proxy.close()
      await server[Symbol.asyncDispose]()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

test('the server refuses the ask record of a driver that was stopped in its write: the answer of the next driver is the only one [hub.shared.zombie-write]', async () => {
  await using world = await startWorld()
  const { hub, store, calls, agent } = world
  const turn = hub.prompt(agent, 'ask')
  await expect.poll(async () => (await hub.asks()).length, { timeout: 20_000 }).toBe(1)
  const [ask] = await hub.asks()
  const asks = await store.kv('hub-asks')
  let first: Promise<unknown> = Promise.resolve()
  await world.stopInWriteTo('hub-asks', () => {
    first = hub.answer(ask?.id ?? '', { accept: true }, { by: 'ann' }).catch((error: unknown) => error)
  })
  const before = await recordOf<AskRecord>(asks)
  expect(before.record.ask.status).toBe('open')
  await world.wake()
  // The version was right, so only the lease can refuse the write.
  expect(await recordOf<AskRecord>(asks)).toEqual(before)
  expect(await first).toMatchObject({ code: 'unavailable', sent: 'maybe' })
  expect(calls).toEqual(['prompt ask'])
  await hub.answer(ask?.id ?? '', { accept: true }, { by: 'bob' })
  expect(await turn.text()).toBe('done')
  expect(calls).toEqual(['prompt ask', 'answer by bob'])
  await expect.poll(async () => (await recordOf<AskRecord>(asks)).record).toMatchObject({ outcome: 'answered', ask: { by: 'bob' } })
}, 120_000)

test('the server refuses the turn record of a driver that was stopped in its write: the prompt reaches the agent once [hub.shared.zombie-write]', async () => {
  await using world = await startWorld()
  const { hub, store, calls, agent } = world
  let end: Promise<{ readonly outcome: string }> | undefined
  await world.stopInWriteTo('hub-turns', () => {
    end = hub.prompt(agent, 'hello', { promptId: 'p' }).end()
  })
  await world.wake()
  expect((await end)?.outcome).toBe('completed')
  expect(calls).toEqual(['prompt hello'])
  const turns = await store.kv('hub-turns')
  const drives = await recordOf<{ token: number }>(await store.kv('hub-drives'))
  await expect
    .poll(async () => (await recordOf<TurnRecord>(turns)).record)
    .toMatchObject({ state: 'ended', fence: drives.record.token })
}, 120_000)
