/**
 * The CatSyphon outbox on disk against what it stands on: one fsync for every record, and one fetch for every batch, by themselves on
 * the same machine. Memory is read at a quarter of the way and at the end: a client that keeps what it sent would show.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createCatsyphon } from '../../src/catsyphon/index.js'
import { catsyphonOutbox } from '../../src/catsyphon/outbox/index.js'
import { fetchExchange } from '../../transports/web/fetch-exchange.js'
import { fileStore } from '../../transports/node/store/file.js'

const SECONDS = Number(process.env.SIGNALBOX_BENCH_SECONDS ?? 4)
/** Writers that wait for their event before they write the next one. */
const WRITERS = [1, 8, 64]
const EVENT = { role: 'assistant', content: 'x'.repeat(300) } as const
const root = mkdtempSync(join(tmpdir(), 'signalbox-bench-'))

/** Per second, of something that is done again and again by so many at once. */
async function rate(atOnce: number, work: () => Promise<unknown>): Promise<number> {
  let count = 0
  const start = performance.now()
  const until = start + SECONDS * 1000
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (performance.now() < until) {
        await work()
        count += 1
      }
    }),
  )
  return (count * 1000) / (performance.now() - start)
}

async function bareSync(): Promise<number> {
  const handle = await open(join(root, 'bare'), 'w')
  const line = Buffer.alloc(500, 'x')
  const perSecond = await rate(1, async () => {
    await handle.write(line)
    await handle.datasync()
  })
  await handle.close()
  return perSecond
}

async function bareFetch(url: string, events: number): Promise<number> {
  const body = JSON.stringify({
    session_id: 's',
    events: Array.from({ length: events }, () => ({ type: 'message', data: EVENT, event_hash: 'h'.repeat(32) })),
  })
  const headers = { 'content-type': 'application/json' }
  return await rate(1, async () => {
    const response = await fetch(`${url}/collectors/events`, { method: 'POST', body, headers })
    await response.text()
  })
}

async function outbox(url: string, writers: number) {
  await using store = fileStore({ directory: join(root, `outbox-${writers}`) })
  await using client = await createCatsyphon({
    transport: fetchExchange({ baseUrl: url }),
    collectorId: 'c',
    apiKey: 'k',
    outbox: catsyphonOutbox({ store }),
    flushIntervalMs: 50,
    limits: { maxItems: 5000, overflow: 'block' },
  })
  const session = client.session('bench')
  await session.start({ agentType: 'bench' })
  let early = 0
  const mark = setTimeout(() => {
    globalThis.gc?.()
    early = process.memoryUsage().heapUsed
  }, SECONDS * 250)
  const begun = performance.now()
  const durable = await rate(writers, () => session.message(EVENT))
  const count = client.status().delivered + client.status().pending
  await client.flush()
  const delivered = (count * 1000) / (performance.now() - begun)
  clearTimeout(mark)
  globalThis.gc?.()
  return { durable, delivered, growth: (process.memoryUsage().heapUsed - early) / 1e6 }
}

const server = fork(join(dirname(fileURLToPath(import.meta.url)), 'catsyphon-server.js'))
const [port] = (await once(server, 'message')) as [number]
const url = `http://127.0.0.1:${port}`
const whole = (value: number): string => Math.round(value).toLocaleString('en')
try {
  const sync = await bareSync()
  const single = await bareFetch(url, 1)
  const batches = await bareFetch(url, 50)
  console.log(
    `bare: ${whole(sync)} fsync/s, ${whole(single)} fetch/s with one event, ${whole(batches)} fetch/s with fifty (${whole(batches * 50)} events/s)`,
  )
  for (const writers of WRITERS) {
    const { durable, delivered, growth } = await outbox(url, writers)
    const ofSync = (durable / sync).toFixed(2)
    const ofFetch = (delivered / (batches * 50)).toFixed(2)
    console.log(
      `outbox, ${String(writers).padStart(2)} writers: ${whole(durable)} durable events/s (${ofSync} of fsync), ${whole(delivered)} delivered/s (${ofFetch} of fetch), heap ${growth >= 0 ? '+' : ''}${growth.toFixed(1)} MB`,
    )
  }
} finally {
  server.disconnect()
  rmSync(root, { recursive: true, force: true })
}
