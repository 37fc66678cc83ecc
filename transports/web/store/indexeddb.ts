/** A store in the browser's database. It survives the page, and all tabs of a site share it. */
import { systemClock, type Clock } from '../../../src/core/clock.js'
import { checkKey, storeClosed } from '../../../src/store/rules.js'
import type { Store } from '../../../src/store/store.js'
import { openDatabase } from './database.js'
import { createDatabaseKv } from './kv.js'
import { createDatabaseLease } from './lease.js'
import { createDatabaseLog } from './log.js'
import { createNotices } from './notices.js'

/** Options of `indexedDbStore`. */
export interface IndexedDbStoreOptions {
  /** The name of the database. Default `signalbox`. */
  readonly database?: string
  /** For each log and each value. Default 256 MiB; the browser's own quota may be lower. */
  readonly maxBytes?: number
  /** The time of leases. Default: the system's clock. */
  readonly clock?: Clock
}

/**
 * A store in IndexedDB. Leases are Web Locks, which need https or localhost.
 *
 * @example
 * ```ts
 * import { indexedDbStore } from 'signalbox/web'
 *
 * await using store = indexedDbStore({ database: 'my-page' })
 * const map = await store.kv('settings')
 * await map.put('theme', new TextEncoder().encode('dark'))
 * ```
 */
export function indexedDbStore(options: IndexedDbStoreOptions = {}): Store {
  const { database: name = 'signalbox', maxBytes = 256 * 1024 * 1024, clock = systemClock } = options
  const database = openDatabase(name)
  const notices = createNotices(name)
  const handles = new Set<AsyncDisposable>()
  let closed: Promise<void> | undefined

  const open = async <Handle extends AsyncDisposable>(of: string, make: (release: () => void) => Handle): Promise<Handle> => {
    checkKey(of, 'name')
    if (closed) throw storeClosed('The IndexedDB store')
    const handle: Handle = make(() => void handles.delete(handle))
    handles.add(handle)
    return handle
  }

  return {
    name: 'indexeddb',
    durable: true,
    log: (of) => open(of, (release) => createDatabaseLog(database, of, notices, maxBytes, release)),
    kv: (of) => open(of, (release) => createDatabaseKv(database, of, maxBytes, release)),
    lease: (of) => open(of, (release) => createDatabaseLease(database, of, clock, release)),
    [Symbol.asyncDispose]() {
      closed ??= (async () => {
        await Promise.all([...handles].map((handle) => handle[Symbol.asyncDispose]()))
        notices.close()
        await database.close()
      })()
      return closed
    },
  }
}
