/** The memory driver: for tests and for state that may be lost. The other drivers behave like it. */
import { systemClock, type Clock } from '../core/clock.js'
import { createMemoryKv, type KvState } from './memory-kv.js'
import { createMemoryLease, type LeaseState } from './memory-lease.js'
import { createMemoryLog, type LogContents } from './memory-log.js'
import { checkKey, storeClosed } from './rules.js'
import type { Store } from './store.js'

/** Options of `memoryStore`. */
export interface MemoryStoreOptions {
  /** For each log and each map, 64 bytes of bookkeeping per entry included. Default 64 MiB. */
  readonly maxBytes?: number
  /** The clock of leases. Default: the system's clock. */
  readonly clock?: Clock
}

/**
 * A store in memory. Handles on one name share their content, as two processes share a database.
 *
 * @example
 * ```ts
 * import { memoryStore } from 'signalbox/store'
 *
 * await using store = memoryStore()
 * const log = await store.log('events')
 * await log.append([new TextEncoder().encode('hello')])
 * console.log((await log.read(0)).entries.length)
 * ```
 */
export function memoryStore(options: MemoryStoreOptions = {}): Store {
  const { maxBytes = 64 * 1024 * 1024, clock = systemClock } = options
  const logs = new Map<string, LogContents>()
  const maps = new Map<string, KvState>()
  const leases = new Map<string, LeaseState>()
  const handles = new Set<AsyncDisposable>()
  let closed = false

  const open = async <Handle extends AsyncDisposable>(name: string, make: (release: () => void) => Handle): Promise<Handle> => {
    checkKey(name, 'name')
    if (closed) throw storeClosed('The memory store')
    const handle: Handle = make(() => void handles.delete(handle))
    handles.add(handle)
    return handle
  }
  const shared = <State>(states: Map<string, State>, name: string, fresh: () => State): State => {
    const state = states.get(name) ?? fresh()
    states.set(name, state)
    return state
  }

  return {
    name: 'memory',
    durable: false,
    log: (name) =>
      open(name, (release) => {
        const fresh = (): LogContents => ({ entries: [], first: 1, bytes: 0, fences: new Map(), waiters: new Set() })
        return createMemoryLog(name, shared(logs, name, fresh), maxBytes, release)
      }),
    kv: (name) =>
      open(name, (release) => {
        const fresh = (): KvState => ({ entries: new Map(), writes: 0, bytes: 0, fences: new Map() })
        return createMemoryKv(name, shared(maps, name, fresh), maxBytes, release)
      }),
    lease: (name) =>
      open(name, (release) => {
        const fresh = (): LeaseState => ({ tokens: 0, held: new Map() })
        return createMemoryLease(name, shared(leases, name, fresh), clock, release)
      }),
    async [Symbol.asyncDispose]() {
      closed = true
      await Promise.all([...handles].map((handle) => handle[Symbol.asyncDispose]()))
    },
  }
}
