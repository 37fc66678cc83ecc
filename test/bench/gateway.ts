/** Through the gateway against the direct socket: round trips, and streamed bytes with their parse. */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { encodeNdjson, ndjsonDecoder } from '../../src/core/codec/ndjson.js'
import { batches, createReader } from '../../src/core/messages.js'
import type { StreamTransport } from '../../src/transport.js'
import { nodeWebSocket, unixSocket } from '../../transports/node/index.js'
import { gateway } from '../../transports/web/index.js'
import { table, type Row } from './table.js'

const ROUNDS = Number(process.env.SIGNALBOX_BENCH_ROUNDS ?? 5)
const CALLS = 5_000
const here = dirname(fileURLToPath(import.meta.url))

interface Sample {
  readonly ms: number
  readonly count: number
}

async function roundTrips(transport: StreamTransport): Promise<Sample> {
  const link = await transport.open()
  const reader = createReader<{ id: number }>(link, ndjsonDecoder<{ id: number }>())
  const call = async (id: number): Promise<void> => {
    void link.write(encodeNdjson({ id, op: 'status', args: { group: 'g-1', note: 'x'.repeat(80) } })).catch(() => {})
    await reader.next()
  }
  for (let id = 0; id < 500; id += 1) await call(id)
  const began = performance.now()
  for (let id = 0; id < CALLS; id += 1) await call(id)
  const ms = performance.now() - began
  await link.close()
  return { ms, count: CALLS }
}

async function streamed(transport: StreamTransport): Promise<Sample> {
  const link = await transport.open()
  let count = 0
  const began = performance.now()
  for await (const batch of batches(link, ndjsonDecoder())) count += batch.length
  const ms = performance.now() - began
  await link.close()
  return { ms, count }
}

async function started(file: string, args: string[]): Promise<{ child: ChildProcess; said: unknown }> {
  const child = fork(join(here, file), args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const [said] = (await once(child, 'message')) as [unknown]
  return { child, said }
}

async function compared(
  title: string,
  serve: string,
  aim: number,
  run: (transport: StreamTransport) => Promise<Sample>,
): Promise<Row> {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-bench-'))
  const path = join(folder, 'bench.sock')
  const server = await started('server.js', [path, serve])
  const between = await started('gateway-server.js', [path])
  const { url, token } = between.said as { url: string; token: string }
  const through = gateway(url, { token, webSocket: await nodeWebSocket() }).stream<void>('bench')
  const direct = unixSocket({ path })
  const times = { floor: [] as number[], ours: [] as number[] }
  let count = 0
  try {
    for (let round = 0; round < ROUNDS; round += 1) {
      const floor = await run(direct)
      times.floor.push(floor.ms)
      const ours = await run(through)
      times.ours.push(ours.ms)
      if (floor.count !== ours.count) throw new Error(`${title}: ${ours.count} messages instead of ${floor.count}`)
      count = ours.count
    }
  } finally {
    between.child.kill('SIGKILL')
    server.child.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
  return { title, count, floor: 'direct socket', times, aim: { most: aim }, ratio: 'cost' }
}

const rows = [
  await compared('gateway, round trips', 'answer', 3.2, roundTrips),
  await compared('gateway, streamed 300 B lines with their parse', 'lines-300', 1.3, streamed),
]
console.log(table(rows))
process.exit(0)
