/** A log in IndexedDB. Every tab may append; a transaction gives the numbers. */
import { promisifyRequest } from 'idb-keyval'
import {
  checkPosition,
  createPage,
  fenced,
  PAGE_BYTES,
  PAGE_ENTRIES,
  storeClosed,
  storeFull,
  tailPages,
} from '../../../src/store/rules.js'
import type { Log, LogEntry, LogState } from '../../../src/store/store.js'
import type { Database } from './database.js'
import type { Notices } from './notices.js'

interface Meta extends LogState {
  readonly fence: number
}

interface Waiting {
  readonly entries: readonly Uint8Array[]
  readonly fence: number | undefined
  readonly resolve: (sequences: number[]) => void
  readonly reject: (error: unknown) => void
}

const ENTRY_OVERHEAD = 64
const EMPTY: Meta = { first: 1, next: 1, entries: 0, bytes: 0, fence: 0 }

export function createDatabaseLog(database: Database, name: string, notices: Notices, maxBytes: number, release: () => void): Log {
  const what = `The log ${name}`
  const metaKey = ['l', name]
  const range = (from: number, before = Number.POSITIVE_INFINITY): IDBKeyRange =>
    IDBKeyRange.bound(['e', name, from], ['e', name, before], false, true)
  let closed = false
  let queue: Waiting[] = []
  let working: Promise<void> | undefined
  const mine = new Set<() => void>()
  const checkOpen = (): void => {
    if (closed) throw storeClosed(what)
  }
  const loadMeta = async (objects: IDBObjectStore): Promise<Meta> =>
    ((await promisifyRequest(objects.get(metaKey))) as unknown as Meta | undefined) ?? EMPTY

  /** Everything that waits goes into one transaction: that is one write to disk. */
  const commit = async (batch: readonly Waiting[]): Promise<void> => {
    const verdicts = new Map<Waiting, number[] | Error>()
    try {
      await database.run('readwrite', what, async (objects) => {
        let meta = await loadMeta(objects)
        for (const waiting of batch) {
          const size = waiting.entries.reduce((sum, entry) => sum + entry.byteLength, 0)
          const total = meta.bytes + size + (meta.entries + waiting.entries.length) * ENTRY_OVERHEAD
          if (waiting.fence !== undefined && waiting.fence < meta.fence)
            verdicts.set(waiting, fenced(what, waiting.fence, meta.fence))
          else if (total > maxBytes) verdicts.set(waiting, storeFull(what, maxBytes, 'maxBytes'))
          else {
            const { first, next, entries, bytes } = meta
            verdicts.set(
              waiting,
              waiting.entries.map((entry, index) => {
                objects.add(entry, ['e', name, next + index])
                return next + index
              }),
            )
            const fence = Math.max(meta.fence, waiting.fence ?? 0)
            meta = {
              first,
              next: next + waiting.entries.length,
              entries: entries + waiting.entries.length,
              bytes: bytes + size,
              fence,
            }
          }
        }
        objects.put(meta, metaKey)
      })
    } catch (error) {
      for (const waiting of batch) waiting.reject(error)
      return
    }
    for (const waiting of batch) {
      const verdict = verdicts.get(waiting)
      if (Array.isArray(verdict)) waiting.resolve(verdict)
      else waiting.reject(verdict)
    }
    notices.tell(name)
  }
  const work = async (): Promise<void> => {
    while (queue.length > 0) {
      const batch = queue
      queue = []
      await commit(batch)
    }
    working = undefined
  }

  const read: Log['read'] = async (from, { maxEntries = PAGE_ENTRIES, maxBytes: pageBytes = PAGE_BYTES } = {}) => {
    checkOpen()
    checkPosition(from, 'A position', 0)
    return await database.run('readonly', what, async (objects) => {
      const meta = await loadMeta(objects)
      const found: LogEntry[] = []
      let size = 0
      await eachEntry(objects.openCursor(range(Math.max(from, meta.first))), (cursor) => {
        const bytes = cursor.value as Uint8Array
        size += bytes.byteLength
        if (found.length > 0 && (found.length >= maxEntries || size > pageBytes)) return false
        found.push({ sequence: (cursor.key as [string, string, number])[2], bytes })
        return true
      })
      return createPage(from, meta, found, { maxEntries, maxBytes: pageBytes })
    })
  }
  const state = async (): Promise<LogState> => {
    checkOpen()
    const { first, next, entries, bytes } = await database.run('readonly', what, loadMeta)
    return { first, next, entries, bytes }
  }
  const changed = async (next: number, signal: AbortSignal | undefined): Promise<void> => {
    let wake = (): void => {}
    const woken = new Promise<void>((resolve) => {
      wake = resolve
    })
    const stop = notices.listen(name, wake)
    mine.add(wake)
    signal?.addEventListener('abort', wake)
    try {
      // Looked at after listening, so that nothing falls between the two.
      if (closed || signal?.aborted || (await state()).next > next) wake()
      await woken
    } finally {
      stop()
      mine.delete(wake)
      signal?.removeEventListener('abort', wake)
    }
  }

  return {
    async append(entries, { fence } = {}) {
      checkOpen()
      if (fence !== undefined) checkPosition(fence, 'A fence', 0)
      if (entries.length === 0 && fence === undefined) return []
      return await new Promise<number[]>((resolve, reject) => {
        queue.push({ entries: entries.map((entry) => entry.slice()), fence, resolve, reject })
        working ??= Promise.resolve().then(work)
      })
    },
    read,
    tail: (from, options = {}) => tailPages((next) => read(next, options), changed, from, options.signal),
    async trim(before) {
      checkOpen()
      checkPosition(before, 'A position', 0)
      await database.run('readwrite', what, async (objects) => {
        const meta = await loadMeta(objects)
        const until = Math.min(before, meta.next)
        if (until <= meta.first) return
        let { entries, bytes } = meta
        await eachEntry(objects.openCursor(range(meta.first, until)), (cursor) => {
          entries -= 1
          bytes -= (cursor.value as Uint8Array).byteLength
          return true
        })
        objects.delete(range(meta.first, until))
        objects.put({ ...meta, first: until, entries, bytes }, metaKey)
      })
    },
    state,
    async [Symbol.asyncDispose]() {
      closed = true
      for (const wake of [...mine]) wake()
      while (working) await working
      release()
    },
  }
}

/** Walks a cursor until the visitor has enough. */
function eachEntry(request: IDBRequest<IDBCursorWithValue | null>, visit: (cursor: IDBCursorWithValue) => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    request.onerror = () => reject(request.error)
    request.onsuccess = () => {
      const cursor = request.result
      if (!cursor || !visit(cursor)) resolve()
      else cursor.continue()
    }
  })
}
