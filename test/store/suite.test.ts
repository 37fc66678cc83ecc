/** The suite itself: it passes on a durable store, and finds drivers that break a law. */
import { describe, expect, it } from 'vitest'
import { memoryStore, type Kv, type Lease, type Log, type Store } from '../../src/store/index.js'
import { createFakeClock, runCases, storeCases, type StoreContext } from '../../src/testing/index.js'

interface Sabotage {
  log?(log: Log): Partial<Log>
  kv?(kv: Kv): Partial<Kv>
  lease?(lease: Lease): Partial<Lease>
}

/** A memory store that keeps its data after close, with some of its methods replaced. */
function storeContext(sabotage: Sabotage = {}): StoreContext {
  const clock = createFakeClock()
  const places = new Map<string, Store>()
  const openPlace = async (place: string): Promise<Store> => {
    const inner = places.get(place) ?? memoryStore({ clock })
    places.set(place, inner)
    return {
      name: 'sabotaged',
      durable: true,
      log: async (name) => replaced(await inner.log(name), sabotage.log),
      kv: async (name) => replaced(await inner.kv(name), sabotage.kv),
      lease: async (name) => replaced(await inner.lease(name), sabotage.lease),
      async [Symbol.asyncDispose]() {},
    }
  }
  const store: Store = {
    name: 'sabotaged',
    durable: true,
    log: async (name) => (await openPlace('main')).log(name),
    kv: async (name) => (await openPlace('main')).kv(name),
    lease: async (name) => (await openPlace('main')).lease(name),
    async [Symbol.asyncDispose]() {},
  }
  return { store, openPlace, wait: (ms) => clock.advance(ms) }
}

function replaced<Part extends object>(part: Part, sabotage: ((part: Part) => Partial<Part>) | undefined): Part {
  return { ...part, ...sabotage?.(part) }
}

async function failedIds(sabotage: Sabotage): Promise<string[]> {
  const results = await runCases(storeCases, storeContext(sabotage))
  return [...new Set(results.filter(({ outcome }) => outcome === 'failed').map(({ id }) => id))]
}

describe('the store suite', () => {
  it('passes completely on a durable store [store.durable.log] [store.durable.kv] [store.durable.lease]', async () => {
    const results = await runCases(storeCases, storeContext())
    expect(results.filter(({ outcome }) => outcome !== 'passed')).toEqual([])
    expect(results.length).toBe(storeCases.length)
  })

  const broken: [string, string, Sabotage][] = [
    ['forgets the order', 'store.log.order', { log: (log) => ({ append: (all, o) => log.append([...all].reverse(), o) }) }],
    ['reads without bounds', 'store.log.bounded', { log: (log) => ({ read: (from) => log.read(from) }) }],
    ['never trims', 'store.log.trim', { log: () => ({ trim: async () => {} }) }],
    [
      'hides its gaps',
      'store.log.gap',
      {
        log: (log) => ({
          read: async (from, o) => ({ ...(await log.read(from === 0 ? 0 : 1, o)), gap: { type: 'gap', from, reason: 'unknown' } }),
        }),
      },
    ],
    ['ignores fences', 'store.log.fence', { log: (log) => ({ append: (all) => log.append(all) }) }],
    [
      "keeps the caller's array",
      'store.copies',
      { kv: (kv) => ({ put: (key, bytes) => Promise.resolve().then(() => kv.put(key, bytes)) }) },
    ],
    [
      'compares and then sets, with a pause between',
      'store.kv.race',
      {
        kv: (kv) => ({
          async compareAndSet(key, expected, bytes) {
            const version = (await kv.get(key))?.version ?? null
            return version === expected ? kv.put(key, bytes) : null
          },
        }),
      },
    ],
    ['folds the case of its keys', 'store.kv.keys', { kv: (kv) => ({ put: (key, bytes) => kv.put(key.toLowerCase(), bytes) }) }],
    [
      'lists in the order of UTF-8',
      'store.kv.keys',
      { kv: (kv) => ({ list: async (o) => (await kv.list(o)).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))) }) },
    ],
    [
      'takes a prefix for a pattern',
      'store.kv.list',
      {
        kv: (kv) => ({
          async list({ prefix = '', ...o } = {}) {
            const pattern = new RegExp(`^${prefix.replaceAll('%', '.*').replaceAll('_', '.')}`, 's')
            return (await kv.list({ ...o, maxKeys: 10_000 })).filter((key) => pattern.test(key)).slice(0, o.maxKeys)
          },
        }),
      },
    ],
    ['lists without order', 'store.kv.list', { kv: (kv) => ({ list: async (o) => (await kv.list(o)).reverse() }) }],
    [
      'makes versions from contents',
      'store.kv.version',
      { kv: (kv) => ({ put: async (key, bytes) => (await kv.put(key, bytes)) && String(bytes) }) },
    ],
    [
      'gives one token to everybody',
      'store.lease.token',
      {
        lease: (lease) => ({
          async acquire(key, o) {
            const held = await lease.acquire(key, o)
            return held && { ...held, token: 1 }
          },
        }),
      },
    ],
    [
      'renews what is lost',
      'store.lease.lost',
      {
        lease: (lease) => ({
          async acquire(key, o) {
            const held = await lease.acquire(key, o)
            return held && { ...held, renew: async (ms) => (await held.renew(ms)) || true }
          },
        }),
      },
    ],
    ['goes on after its closing', 'store.closed', { kv: () => ({ async [Symbol.asyncDispose]() {} }) }],
  ]

  it.each(broken)('catches a driver that %s [store.suite-catches]', async (_what, id, sabotage) => {
    expect(await failedIds(sabotage)).toContain(id)
  })
})
