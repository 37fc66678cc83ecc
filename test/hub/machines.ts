/** Machines for simulations: each has its own clock, store and sources over shared ones, and can be stopped, killed and cut off. */
import type { Clock } from '../../src/core/clock.js'
import { SignalboxError } from '../../src/errors.js'
import type { Source, SourceEvent } from '../../src/hub/index.js'
import type { HeldLease, Kv, Lease, Log, Store } from '../../src/store/index.js'

export interface Machine {
  readonly clock: Clock
  readonly store: Store
  readonly state: 'up' | 'stopped' | 'dead'
  readonly isCut: boolean
  /** The source as this machine reaches it. */
  reach(source: Source): Source
  /** As SIGSTOP does: nothing of this machine runs, and the other machines go on. */
  stop(): void
  resume(): void
  /** As SIGKILL does. */
  kill(): void
  /** The store cannot be reached. Requests fail; some of them arrive all the same, at once or late. */
  cut(): void
  heal(): void
}

const REPLY_MS = 200

export function createMachine(base: { readonly clock: Clock; readonly store: Store }, random: () => number): Machine {
  const { clock, store } = base
  let state: Machine['state'] = 'up'
  let isCut = false
  let waiting: (() => void)[] = []
  const whenUp = (run: () => void): void => {
    if (state === 'up') run()
    else if (state === 'stopped') waiting.push(run)
  }
  const ready = (): Promise<void> | undefined => (state === 'up' ? undefined : new Promise((resolve) => whenUp(resolve)))
  const later = (ms: number): Promise<void> => new Promise((resolve) => void clock.after(ms, resolve))
  const outage = (sent: 'no' | 'maybe'): SignalboxError =>
    new SignalboxError({ code: 'unavailable', message: 'The store cannot be reached.', sent })

  const ask = async <Result>(run: () => Promise<Result>): Promise<Result> => {
    await ready()
    if (isCut) {
      const fate = Math.floor(random() * 4)
      if (fate === 1) void run().catch(() => {})
      if (fate === 2) clock.after(random() * 3000, () => void run().catch(() => {}))
      await later(REPLY_MS)
      await ready()
      throw outage(fate === 0 ? 'no' : 'maybe')
    }
    const result = await run().catch(async (error: unknown) => {
      await ready()
      throw error
    })
    await ready()
    // The network broke after the store had acted and before the answer arrived.
    if (isCut) throw outage('maybe')
    return result
  }
  const log = (inner: Log): Log => ({
    append: (entries, options) => ask(() => inner.append(entries, options)),
    read: (from, options) => ask(() => inner.read(from, options)),
    async *tail(from, options) {
      for await (const page of inner.tail(from, options)) {
        await ready()
        if (isCut) throw outage('no')
        yield page
      }
    },
    trim: (before) => ask(() => inner.trim(before)),
    state: () => ask(() => inner.state()),
    [Symbol.asyncDispose]: async () => {},
  })
  const kv = (inner: Kv): Kv => ({
    get: (key) => ask(() => inner.get(key)),
    put: (key, bytes, options) => ask(() => inner.put(key, bytes, options)),
    compareAndSet: (key, expected, bytes, options) => ask(() => inner.compareAndSet(key, expected, bytes, options)),
    delete: (key, expected, options) => ask(() => inner.delete(key, expected, options)),
    list: (options) => ask(() => inner.list(options)),
    [Symbol.asyncDispose]: async () => {},
  })
  const held = (inner: HeldLease): HeldLease => ({
    ...inner,
    renew: (ttlMs) => ask(() => inner.renew(ttlMs)),
    release: () => ask(() => inner.release()),
  })
  const lease = (inner: Lease): Lease => ({
    async acquire(key, options) {
      const asked = clock.monotonic()
      const got = await ask(() => inner.acquire(key, options))
      if (!got) return null
      const mine = held(got)
      void asked
      return mine
    },
    [Symbol.asyncDispose]: async () => {},
  })
  return {
    clock: {
      now: clock.now,
      monotonic: clock.monotonic,
      after: (ms, callback) => clock.after(ms, () => whenUp(callback)),
    },
    store: {
      name: 'machine',
      durable: false,
      log: async (name) => log(await store.log(name)),
      kv: async (name) => kv(await store.kv(name)),
      lease: async (name) => lease(await store.lease(name)),
      [Symbol.asyncDispose]: async () => {},
    },
    get state() {
      return state
    },
    get isCut() {
      return isCut
    },
    reach: (source) => ({
      ...source,
      open: (sink) => source.open({ push: (event: SourceEvent) => whenUp(() => sink.push(event)) }),
    }),
    stop() {
      if (state === 'up') state = 'stopped'
    },
    resume() {
      if (state !== 'stopped') return
      state = 'up'
      const all = waiting
      waiting = []
      for (const run of all) run()
    },
    kill() {
      state = 'dead'
      waiting = []
    },
    cut() {
      isCut = true
    },
    heal() {
      isCut = false
    },
  }
}
