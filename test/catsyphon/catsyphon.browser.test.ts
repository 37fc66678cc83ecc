/** In Chromium: the store suite, the conformance suite, tabs that die, two tabs, a full disk, no network. */
import { afterAll, describe, expect, test } from 'vitest'
import { createCatsyphon, type Catsyphon } from '../../src/catsyphon/index.js'
import { catsyphonOutbox } from '../../src/catsyphon/outbox/index.js'
import {
  catsyphonFaults as faults,
  createCatsyphonSimulator,
  createFakeClock,
  createSeededRandom,
  storeCases,
  type CatsyphonSimulator,
} from '../../src/testing/index.js'
import { flushOnHide } from '../../transports/web/catsyphon.js'
import { indexedDbStore } from '../../transports/web/store/indexeddb.js'
import { cases } from '../conformance/catsyphon.js'
import type { FromTab, TabTask, ToTab } from './tab.worker.js'

const databases: string[] = []
const freshDatabase = (): string => {
  const name = `test-${crypto.randomUUID()}`
  databases.push(name)
  return name
}
afterAll(() => {
  for (const name of databases) indexedDB.deleteDatabase(name)
})

describe('the laws of every store, in IndexedDB', () => {
  const places = new Map<string, string>()
  for (const { id, title, skip, run } of storeCases) {
    test(`[${id}] ${title}`, async ({ skip: skipTest }) => {
      const clock = createFakeClock()
      await using store = indexedDbStore({ database: freshDatabase(), clock, maxBytes: 1024 * 1024 })
      const openPlace = async (place: string) => {
        const database = places.get(place) ?? freshDatabase()
        places.set(place, database)
        return indexedDbStore({ database, clock })
      }
      const context = { store, openPlace, wait: (ms: number) => clock.advance(ms) }
      const why = skip?.(context)
      if (why !== undefined) skipTest(why)
      await run(context)
    })
  }
})

describe('the client over IndexedDB', () => {
  for (const { id, title, run } of cases) {
    test(`[${id}] ${title}`, () =>
      run({ generation: 'current', openStore: async () => indexedDbStore({ database: freshDatabase() }) }))
  }
})

describe.each(['sequence', 'transitional'] as const)('the client on the %s server', (generation) => {
  for (const { id, title, run } of cases) test(`[${id}] ${title}`, () => run({ generation }))
})

interface Buckets {
  open(name: string, options: { quota: number }): Promise<{ readonly indexedDB: IDBFactory }>
}

interface Tab {
  readonly said: FromTab[]
  readonly done: Promise<void>
  kill(): void
}

/** Starts a tab whose network is the simulator. */
function openTab(simulator: CatsyphonSimulator, task: TabTask): Tab {
  const worker = new Worker(new URL('./tab.worker.ts', import.meta.url), { type: 'module' })
  const said: FromTab[] = []
  let finish: () => void = () => {}
  const done = new Promise<void>((resolve) => {
    finish = resolve
  })
  const answer = (message: ToTab): void => worker.postMessage(message)
  worker.onmessage = ({ data }: MessageEvent<FromTab>) => {
    said.push(data)
    if (data.kind === 'done') finish()
    if (data.kind !== 'exchange') return
    const { id, request } = data
    void simulator.handle({ ...request, body: String(request.body ?? '') }).then((outcome) => {
      if (outcome.kind === 'answer')
        answer({ id, reply: { status: outcome.status, headers: { ...outcome.headers }, body: outcome.body } })
      else if (outcome.kind === 'refused') answer({ id, failure: { code: 'unreachable', sent: 'no' } })
      else answer({ id, failure: { code: 'closed', sent: 'maybe' } })
    })
  }
  worker.postMessage(task)
  return { said, done, kill: () => worker.terminate() }
}

function scene() {
  const simulator = createCatsyphonSimulator()
  const { id: collectorId, key: apiKey } = simulator.register()
  const sessionId = `s-${crypto.randomUUID()}`
  const base = { database: freshDatabase(), collectorId, apiKey, sessionId }
  return { simulator, base, stored: () => simulator.ledger.rows(sessionId).map(({ data }) => String(data.content)) }
}

const acks = (tabs: readonly Tab[]): string[] =>
  tabs.flatMap(({ said }) => said.flatMap((one) => (one.kind === 'ack' ? [one.content] : [])))

function noise(characters: number): string {
  let text = ''
  while (text.length < characters) text += crypto.getRandomValues(new Uint32Array(1000)).join('')
  return text.slice(0, characters)
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1))
}

describe('tabs', () => {
  test('[catsyphon.tab-killed] tabs that are killed while they send lose no acknowledged event', {
    timeout: 120_000,
  }, async () => {
    const { simulator, base, stored } = scene()
    const seed = Math.floor(Math.random() * 2 ** 31)
    const random = createSeededRandom(seed)
    const tabs: Tab[] = []
    for (let round = 0; round < 12; round += 1) {
      simulator.inject(random() < 0.5 ? faults.reset('after') : faults.slow(20, 'in-transaction'))
      const tab = openTab(simulator, { ...base, prefix: `${round}.`, count: 200 })
      tabs.push(tab)
      const enough = 3 + Math.floor(random() * 20)
      await until(() => acks([tab]).length >= enough)
      tab.kill()
    }
    simulator.faults.clear()
    const last = openTab(simulator, { ...base, prefix: 'last.', count: 0 })
    await last.done
    const context = `seed ${seed}`
    expect(last.said.at(-1), context).toEqual({ kind: 'done', pending: 0 })
    const known = new Set(stored())
    expect(
      acks(tabs).filter((content) => !known.has(content)),
      context,
    ).toEqual([])
    const reported = [...tabs, last]
      .flatMap(({ said }) => said.map((one) => (one.kind === 'ambiguous' ? one.count : 0)))
      .reduce((a, b) => a + b, 0)
    expect(stored().length - known.size, context).toBeLessThanOrEqual(reported)
    last.kill()
  })

  test('[catsyphon.two-tabs] when two tabs write one session, one sends, and all events arrive once', {
    timeout: 60_000,
  }, async () => {
    const { simulator, base, stored } = scene()
    const tabs = ['a', 'b'].map((prefix) => openTab(simulator, { ...base, prefix, count: 40 }))
    await Promise.all(tabs.map(({ done }) => done))
    for (const { said } of tabs) expect(said.find(({ kind }) => kind === 'done')).toEqual({ kind: 'done', pending: 0 })
    expect(stored().sort()).toEqual(acks(tabs).sort())
    expect(acks(tabs)).toHaveLength(80)
    expect(simulator.ledger.mostAtOnce).toBe(1)
    for (const { kill } of tabs) kill()
  })

  test('[catsyphon.offline] a session that never had a network is sent by the next tab', { timeout: 60_000 }, async () => {
    const { simulator, base, stored } = scene()
    simulator.inject({ ...faults.refuse(), times: 1_000_000 })
    const offline = openTab(simulator, { ...base, prefix: 'm', count: 25 })
    await until(() => acks([offline]).length === 25)
    offline.kill()
    expect(stored()).toEqual([])
    simulator.faults.clear()
    const online = openTab(simulator, { ...base, prefix: 'n', count: 0 })
    await online.done
    expect(stored()).toEqual(acks([offline]))
    online.kill()
  })
})

describe('the page', () => {
  const open = (simulator: CatsyphonSimulator, more: object = {}): Promise<Catsyphon> => {
    const { id: collectorId, key: apiKey } = simulator.register()
    return createCatsyphon({
      transport: simulator.transport,
      outbox: catsyphonOutbox(),
      collectorId,
      apiKey,
      flushIntervalMs: 60_000,
      ...more,
    })
  }

  test('[catsyphon.quota] a full disk refuses new events and loses none that was acknowledged', { timeout: 60_000 }, async () => {
    const simulator = createCatsyphonSimulator()
    // A separate bucket with a limit that Chromium enforces.
    const { storageBuckets } = navigator as unknown as { storageBuckets: Buckets }
    const bucket = await storageBuckets.open(`quota-${crypto.randomUUID()}`, { quota: 1_500_000 })
    const own = Object.getOwnPropertyDescriptor(globalThis, 'indexedDB')
    Object.defineProperty(globalThis, 'indexedDB', { value: bucket.indexedDB, configurable: true })
    const acknowledged: string[] = []
    {
      await using store = indexedDbStore({ database: freshDatabase() })
      await using client = await open(simulator, {
        outbox: catsyphonOutbox({ store }),
        retryConfig: { initialDelayMs: 2, maxDelayMs: 10 },
        drainTimeoutMs: 20_000,
      })
      const talk = client.session('quota')
      await talk.message({ role: 'user', content: 'before' })
      acknowledged.push('before')
      // No event is sent, so no space becomes free.
      simulator.inject({ ...faults.refuse(), times: 1_000_000 })
      const failure = await (async () => {
        for (let index = 0; index < 200; index += 1) {
          // The database compresses: only random data takes up space.
          const content = `${index}:${noise(200_000)}`
          try {
            await talk.message({ role: 'user', content })
          } catch (error) {
            return error
          }
          acknowledged.push(content)
        }
        return undefined
      })()
      expect(failure).toMatchObject({ code: 'unavailable', remoteCode: 'QuotaExceededError', sent: 'no' })
      simulator.faults.clear()
      expect((await client.flush()).pending).toBe(0)
    }
    if (own) Object.defineProperty(globalThis, 'indexedDB', own)
    expect(simulator.ledger.rows('quota').map(({ data }) => data.content)).toEqual(acknowledged)
  })

  test('[catsyphon.page-hide] a hidden page sends its queued events in requests that outlive the page', async () => {
    const simulator = createCatsyphonSimulator()
    const requests: { keepalive: boolean; size: number }[] = []
    const transport = {
      ...simulator.transport,
      exchange: (request: Parameters<typeof simulator.transport.exchange>[0]) => {
        if (request.path === '/collectors/events')
          requests.push({ keepalive: request.keepalive === true, size: String(request.body).length })
        return simulator.transport.exchange(request)
      },
    }
    await using client = await open(simulator, { transport })
    const stop = flushOnHide(client)
    const talk = client.session('hidden')
    for (let index = 0; index < 10; index += 1) await talk.message({ role: 'user', content: `${index}${'x'.repeat(20_000)}` })
    expect(requests).toEqual([])
    dispatchEvent(new PageTransitionEvent('pagehide'))
    await until(() => simulator.ledger.rows('hidden').length === 10)
    expect(requests.every(({ keepalive, size }) => keepalive && size < 64 * 1024)).toBe(true)
    dispatchEvent(new PageTransitionEvent('pageshow'))
    await talk.message({ role: 'user', content: 'back' })
    await client.flush()
    expect(requests.at(-1)?.keepalive).toBe(false)
    stop()
  })
})
