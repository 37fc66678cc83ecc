/** CatSyphon and its outbox on disk, beside one fsync for each event and one fetch for each batch of fifty. */
import { mkdtempSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { catsyphonOutbox } from '../../../src/catsyphon/outbox/index.js'
import { createCatsyphon } from '../../../src/catsyphon/index.js'
import { memoryStore } from '../../../src/store/memory.js'
import type { Store } from '../../../src/store/store.js'
import { fileStore } from '../../../transports/node/store/file.js'
import { fetchExchange } from '../../../transports/web/fetch-exchange.js'
import { repeated, timed, type Given, type Measured, type Sample } from '../measure.js'

const EVENT = { role: 'assistant', content: 'x'.repeat(300) } as const
const BATCH = 50

async function inFolder(run: (folder: string) => Promise<Sample>): Promise<Sample> {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-bench-'))
  try {
    return await run(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const clientOver = (store: Store, { told: { url = '' } }: Given) =>
  createCatsyphon({
    transport: fetchExchange({ baseUrl: url }),
    collectorId: 'c',
    apiKey: 'k',
    outbox: catsyphonOutbox({ store }),
    flushIntervalMs: 50,
    limits: { maxItems: 5000, overflow: 'block' },
  })

/** Awaited writes: what counts is when an event is durable. */
const outbox =
  (writers: number): Measured =>
  (given) =>
    inFolder(async (folder) => {
      await using store = fileStore({ directory: folder })
      await using client = await clientOver(store, given)
      const session = client.session('bench')
      await session.start({ agentType: 'bench' })
      return await repeated(
        given.count,
        async () => {
          await session.message(EVENT)
          return true
        },
        writers,
      )
    })

export const catsyphonSamples = {
  bareSync: ({ count }) =>
    inFolder(async (folder) => {
      await using handle = await open(join(folder, 'bare'), 'w')
      const line = Buffer.alloc(500, 'x')
      return await repeated(count, async () => {
        await handle.write(line)
        await handle.datasync()
        return true
      })
    }),
  outbox1: outbox(1),
  outbox64: outbox(64),
  bareFetch({ told: { url = '' }, count }) {
    const events = Array.from({ length: BATCH }, () => ({ type: 'message', data: EVENT, event_hash: 'h'.repeat(32) }))
    const body = JSON.stringify({ session_id: 's', events })
    const headers = { 'content-type': 'application/json' }
    return timed(async () => {
      for (let sent = 0; sent < count; sent += BATCH) {
        const response = await fetch(`${url}/collectors/events`, { method: 'POST', body, headers })
        await response.text()
      }
      return count
    })
  },
  async catsyphonClient(given) {
    await using store = memoryStore()
    await using client = await clientOver(store, given)
    const session = client.session('bench')
    await session.start({ agentType: 'bench' })
    await client.flush()
    return await timed(async () => {
      const { count } = given
      let next = 0
      const writer = async (): Promise<void> => {
        while (next < count) {
          next += 1
          await session.message(EVENT)
        }
      }
      await Promise.all(Array.from({ length: 64 }, writer))
      await client.flush()
      return count
    })
  },
} satisfies Record<string, Measured>
