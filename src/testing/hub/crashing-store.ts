/** A store that stops at a write, as a `kill -9` stops a process between two writes. */
import { deferred } from '../../core/deferred.js'
import type { HeldLease, Kv, Lease, Log, Store } from '../../store/store.js'

/** A store that stops at a write, as `createCrashingStore` makes it. */
export interface CrashingStore {
  /** The store to give to the hub or client under test. */
  readonly store: Store
  /**
   * Resolves when the store has stopped. From then on reads and writes never settle, and the leases are free, as after the death of
   * a process.
   */
  readonly crashed: Promise<void>
  /** How many writes there were so far. */
  readonly writes: number
  /**
   * Stops the store now. A second call does nothing.
   *
   * @example
   * import { memoryStore } from 'signalbox/store'
   * import { createCrashingStore } from 'signalbox/testing'
   *
   * const crashing = createCrashingStore(memoryStore())
   * await crashing.crash()
   */
  crash(): Promise<void>
}

/** At which write a store stops. */
export interface CrashOptions {
  /** The number of the last write, from 1. Default: the store stops only at `crash()`. */
  readonly at?: number
  /** `before`: the last write is not done. `after`: it is done, but its caller gets no answer. Default `before`. */
  readonly when?: 'before' | 'after'
}

const NEVER: Promise<never> = /* @__PURE__ */ new Promise(() => {})

/**
 * Wraps a store so that it stops at a write.
 *
 * @example
 * ```ts
 * import { memoryStore } from 'signalbox/store'
 * import { createCrashingStore } from 'signalbox/testing'
 *
 * const { store, crashed } = createCrashingStore(memoryStore(), { at: 3, when: 'after' })
 * console.log(store.name, crashed)
 * ```
 */
export function createCrashingStore(
  inner: Store,
  { at = Number.POSITIVE_INFINITY, when = 'before' }: CrashOptions = {},
): CrashingStore {
  const crashed = deferred()
  const parts: AsyncDisposable[] = []
  const leases: HeldLease[] = []
  let writes = 0
  let dead = false

  const crash = async (): Promise<void> => {
    if (dead) return crashed.promise
    dead = true
    // A hub that was closing has closed its part of the store, and with it the lease.
    for (const lease of leases) await lease.release().catch(() => {})
    for (const part of parts) await part[Symbol.asyncDispose]()
    crashed.resolve()
  }
  const write = async <Result>(run: () => Promise<Result>): Promise<Result> => {
    if (dead) return NEVER
    writes += 1
    if (writes === at && when === 'before') {
      void crash()
      return NEVER
    }
    const last = writes === at
    const result = await run()
    if (last) void crash()
    return last || dead ? NEVER : result
  }
  const read = async <Result>(run: () => Promise<Result>): Promise<Result> => {
    if (dead) return NEVER
    const result = await run()
    return dead ? NEVER : result
  }
  const keep = <Part extends AsyncDisposable>(part: Part): Part => {
    parts.push(part)
    return part
  }
  const wrapLog = (log: Log): Log => ({
    append: (entries, options) => write(() => log.append(entries, options)),
    read: (from, options) => read(() => log.read(from, options)),
    tail: (from, options) => log.tail(from, options),
    trim: (before) => write(() => log.trim(before)),
    state: () => read(() => log.state()),
    [Symbol.asyncDispose]: () => read(async () => log[Symbol.asyncDispose]()),
  })
  const wrapKv = (kv: Kv): Kv => ({
    get: (key) => read(() => kv.get(key)),
    list: (options) => read(() => kv.list(options)),
    put: (key, bytes, options) => write(() => kv.put(key, bytes, options)),
    compareAndSet: (key, expected, bytes, options) => write(() => kv.compareAndSet(key, expected, bytes, options)),
    delete: (key, expected, options) => write(() => kv.delete(key, expected, options)),
    [Symbol.asyncDispose]: () => read(async () => kv[Symbol.asyncDispose]()),
  })
  const wrapLease = (lease: Lease): Lease => ({
    async acquire(key, options) {
      const held = await read(() => lease.acquire(key, options))
      if (held) leases.push(held)
      // A dead process does not see that its lease is free.
      const remainingMs = (): number => (dead ? 1 : (held?.remainingMs() ?? 0))
      return (
        held && { ...held, remainingMs, renew: (ttlMs) => read(() => held.renew(ttlMs)), release: () => read(() => held.release()) }
      )
    },
    [Symbol.asyncDispose]: () => read(async () => lease[Symbol.asyncDispose]()),
  })
  return {
    store: {
      name: inner.name,
      durable: inner.durable,
      log: (name) => read(async () => wrapLog(keep(await inner.log(name)))),
      kv: (name) => read(async () => wrapKv(keep(await inner.kv(name)))),
      lease: (name) => read(async () => wrapLease(keep(await inner.lease(name)))),
      [Symbol.asyncDispose]: async () => {},
    },
    crashed: crashed.promise,
    get writes() {
      return writes
    },
    crash,
  }
}
