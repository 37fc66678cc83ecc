/** Appends a second, processor time of each and the latency of a tail: the file store, one NATS server, and a cluster of three. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from '@nats-io/transport-node'
import type { HeldLease, Log, Store } from '../../src/store/index.js'
import { natsStore } from '../../transports/nats/index.js'
import { fileStore } from '../../transports/node/index.js'
import { startCluster, startServer, type NatsServer } from '../peers/nats/server.js'

const quick = process.argv.includes('--quick')
const ENTRY = new Uint8Array(300).fill(120)
const WRITERS = 64
const count = (full: number): number => (quick ? Math.ceil(full / 50) : full)

interface Place extends AsyncDisposable {
  readonly name: string
  open(): Promise<Store & { end(): Promise<void> }>
}

async function filePlace(): Promise<Place> {
  const directory = await mkdtemp(join(tmpdir(), 'sb-bench-'))
  return {
    name: 'file store',
    open: async () => ({ ...fileStore({ directory }), end: async () => {} }),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  }
}

async function natsPlace(size: 1 | 3): Promise<Place> {
  const servers: readonly NatsServer[] = size === 1 ? [await startServer()] : await startCluster(size)
  return {
    name: size === 1 ? 'one NATS server' : 'three NATS servers, three replicas',
    async open() {
      const connection = await connect({ servers: servers.map(({ url }) => url) })
      return { ...natsStore({ connection, replicas: size, timeoutMs: 20_000 }), end: () => connection.close() }
    },
    async [Symbol.asyncDispose]() {
      for (const server of servers) await server[Symbol.asyncDispose]()
    },
  }
}

interface Measured {
  readonly perSecond: number
  readonly cpuMicros: number
}

async function measure(calls: number, work: () => Promise<unknown>): Promise<Measured> {
  const cpu = process.cpuUsage()
  const began = performance.now()
  await work()
  const ms = performance.now() - began
  const { user, system } = process.cpuUsage(cpu)
  return { perSecond: (calls / ms) * 1000, cpuMicros: (user + system) / calls }
}

async function appends(log: Log, writers: number, each: number, fence?: HeldLease): Promise<Measured> {
  const options = fence ? { fence } : {}
  const one = async (): Promise<void> => {
    for (let index = 0; index < each; index += 1) await log.append([ENTRY], options)
  }
  return await measure(writers * each, () => Promise.all(Array.from({ length: writers }, one)))
}

/** From the call of an append until a tail has the entry, while nothing else happens. */
async function latencies(writer: Log, reader: Log, rounds: number): Promise<number[]> {
  const from = (await reader.state()).next
  const controller = new AbortController()
  const arrivals: ((ms: number) => void)[] = []
  const tail = (async () => {
    for await (const page of reader.tail(from, { signal: controller.signal })) {
      for (const _ of page.entries) arrivals.shift()?.(performance.now())
    }
  })().catch(() => {})
  const found: number[] = []
  await new Promise((resolve) => setTimeout(resolve, 200))
  for (let round = 0; round < rounds; round += 1) {
    const arrived = new Promise<number>((resolve) => arrivals.push(resolve))
    const began = performance.now()
    await writer.append([ENTRY])
    found.push((await arrived) - began)
    await new Promise((resolve) => setTimeout(resolve, 3))
  }
  controller.abort()
  await tail
  return found.sort((a, b) => a - b)
}

const rows: string[][] = []
for (const make of [filePlace, () => natsPlace(1), () => natsPlace(3)]) {
  await using place = await make()
  const store = await place.open()
  const log = await store.log('bench')
  await appends(log, 8, count(100))
  const single = await appends(log, 1, count(3000))
  const many = await appends(log, WRITERS, count(1000))
  const held = await (await store.lease('lease')).acquire('key', { ttlMs: 600_000 })
  const fenced = held ? await appends(log, WRITERS, count(1000), held) : many
  const kv = await store.kv('kv')
  const sets = await measure(count(1500), async () => {
    let version: string | null = null
    for (let index = 0; index < count(1500); index += 1) version = await kv.compareAndSet('key', version, ENTRY)
  })
  // A file has one process; a NATS store is read over a connection of its own.
  const other = place.name === 'file store' ? store : await place.open()
  const times = await latencies(log, await other.log('bench'), count(500))
  const at = (share: number): string => (times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0).toFixed(2)
  const shown = ({ perSecond, cpuMicros }: Measured): string => `${Math.round(perSecond)} (${Math.round(cpuMicros)} µs)`
  rows.push([place.name, shown(single), shown(many), shown(fenced), shown(sets), `${at(0.5)} / ${at(0.99)}`])
  if (other !== store) {
    await other[Symbol.asyncDispose]()
    await other.end()
  }
  await store[Symbol.asyncDispose]()
  await store.end()
}
const head = ['store', 'one writer', `${WRITERS} writers`, `${WRITERS} under a lease`, 'compare-and-set', 'tail, ms: median / 99 %']
for (const row of [head, head.map(() => '---'), ...rows]) console.log(`| ${row.join(' | ')} |`)
process.exit(0)
