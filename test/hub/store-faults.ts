/** Stores for tests of hubs. The test chooses which operation fails, and how. */
import type { Clock } from '../../src/core/clock.js'
import { SignalboxError } from '../../src/errors.js'
import type { HeldLease, Kv, Lease, Log, Store } from '../../src/store/index.js'

/**
 * How an operation ends. `refuse`: it is not carried out and fails with `sent: 'no'`. The others fail with `sent: 'maybe'`: `drop` is not carried
 * out, `lose` is carried out, `late` is carried out later.
 */
export type Fate = 'do' | 'refuse' | 'drop' | 'lose' | 'late'

/** Chooses the fate of one operation of one hub. */
export type Plan = (hub: string, operation: string) => Fate

/** Longer than a lease and a takeover. */
const LATE_MS = 8_000
const REPLY_MS = 50

export function faultyStore(hub: string, store: Store, clock: Clock, plan: Plan): Store {
  const later = (ms: number): Promise<void> => new Promise((resolve) => void clock.after(ms, resolve))
  const failure = (operation: string, sent: 'no' | 'maybe'): SignalboxError =>
    new SignalboxError({ code: 'unavailable', message: `${operation}: the store cannot be reached.`, sent })
  const act = async <Result>(operation: string, run: () => Promise<Result>): Promise<Result> => {
    const fate = plan(hub, operation)
    if (fate === 'do') return await run()
    if (fate === 'lose') await run().catch(() => {})
    if (fate === 'late') clock.after(LATE_MS, () => void run().catch(() => {}))
    await later(REPLY_MS)
    throw failure(operation, fate === 'refuse' ? 'no' : 'maybe')
  }
  const log = (name: string, inner: Log): Log => ({
    append: (entries, options) => act(`${name}.append`, () => inner.append(entries, options)),
    read: (from, options) => act(`${name}.read`, () => inner.read(from, options)),
    async *tail(from, options) {
      for await (const page of inner.tail(from, options)) yield await act(`${name}.tail`, async () => page)
    },
    trim: (before) => act(`${name}.trim`, () => inner.trim(before)),
    state: () => act(`${name}.state`, () => inner.state()),
    [Symbol.asyncDispose]: async () => {},
  })
  const kv = (name: string, inner: Kv): Kv => ({
    get: (key) => act(`${name}.get`, () => inner.get(key)),
    put: (key, bytes, options) => act(`${name}.put`, () => inner.put(key, bytes, options)),
    compareAndSet: (key, expected, bytes, options) =>
      act(`${name}.${expected === null ? 'create' : 'change'}`, () => inner.compareAndSet(key, expected, bytes, options)),
    delete: (key, expected, options) => act(`${name}.delete`, () => inner.delete(key, expected, options)),
    list: (options) => act(`${name}.list`, () => inner.list(options)),
    [Symbol.asyncDispose]: async () => {},
  })
  const held = (inner: HeldLease): HeldLease => ({
    ...inner,
    renew: (ttlMs) => act('lease renew', () => inner.renew(ttlMs)),
    release: () => act('lease release', () => inner.release()),
  })
  const lease = (inner: Lease): Lease => ({
    async acquire(key, options) {
      const got = await act('lease acquire', () => inner.acquire(key, options))
      return got && held(got)
    },
    [Symbol.asyncDispose]: async () => {},
  })
  return {
    name: 'faulty',
    durable: false,
    log: async (name) => log(name, await store.log(name)),
    kv: async (name) => kv(name, await store.kv(name)),
    lease: async (name) => lease(await store.lease(name)),
    [Symbol.asyncDispose]: async () => {},
  }
}
