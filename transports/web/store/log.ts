/** A log in IndexedDB. Every tab may append; the transaction gives the sequences. */
import { promisifyRequest } from 'idb-keyval'
import { createAppendQueue, planAppends, type LogTotals, type WaitingAppend } from '../../../src/store/append-batch.js'
import {
  checkFence,
  checkPosition,
  createPage,
  PAGE_BYTES,
  PAGE_ENTRIES,
  storeClosed,
  tailPages,
} from '../../../src/store/rules.js'
import type { Log, LogEntry, LogPage, LogState, ReadOptions } from '../../../src/store/store.js'
import type { Database } from './database.js'
import type { Notices } from './notices.js'

const EMPTY: LogTotals = { first: 1, next: 1, entries: 0, bytes: 0, fences: new Map() }

/** Where a log's objects are in the database. */
interface Place {
  readonly database: Database
  readonly name: string
  readonly what: string
}

export function createDatabaseLog(database: Database, name: string, notices: Notices, maxBytes: number, release: () => void): Log {
  const what = `The log ${name}`
  const place: Place = { database, name, what }
  let closed = false
  const mine = new Set<() => void>()
  const checkOpen = (): void => {
    if (closed) throw storeClosed(what)
  }
  const commitAndTell = async (batch: readonly WaitingAppend[]): Promise<void> => {
    if (await commit(place, batch, maxBytes)) notices.announce(name)
  }
  const queue = createAppendQueue(commitAndTell, () => Promise.resolve())
  const read: Log['read'] = async (from, options) => {
    checkOpen()
    return await readPage(place, checkPosition(from, 'A position', 0), options)
  }
  const state = async (): Promise<LogState> => {
    checkOpen()
    const { first, next, entries, bytes } = await database.run('readonly', what, (objects) => loadTotals(objects, name))
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
      // The state is read after listening began, so that no append between the two is missed.
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
      checkFence(fence)
      return entries.length === 0 && fence === undefined ? [] : await queue.add(entries, fence)
    },
    read,
    tail: (from, options = {}) => tailPages((next) => read(next, options), changed, from, options.signal),
    async trim(before) {
      checkOpen()
      await trim(place, checkPosition(before, 'A position', 0))
    },
    state,
    async [Symbol.asyncDispose]() {
      closed = true
      for (const wake of [...mine]) wake()
      await queue.idle()
      release()
    },
  }
}

const totalsKey = (name: string): IDBValidKey => ['l', name]
const entryKey = (name: string, sequence: number): IDBValidKey => ['e', name, sequence]
const entryRange = (name: string, from: number, before = Number.POSITIVE_INFINITY): IDBKeyRange =>
  IDBKeyRange.bound(entryKey(name, from), entryKey(name, before), false, true)

async function loadTotals(objects: IDBObjectStore, name: string): Promise<LogTotals> {
  // Totals of an earlier version have no `fences`.
  return { ...EMPTY, ...((await promisifyRequest(objects.get(totalsKey(name)))) as unknown as LogTotals | undefined) }
}

/** Stores everything that waits in one transaction, which is one write to the disk. True: something was stored. */
async function commit({ database, name, what }: Place, batch: readonly WaitingAppend[], maxBytes: number): Promise<boolean> {
  try {
    const { accepted, refused } = await database.run('readwrite', what, async (objects) => {
      const plan = planAppends(batch, await loadTotals(objects, name), maxBytes, what)
      for (const { request, sequences } of plan.accepted) {
        for (const [index, sequence] of sequences.entries()) objects.add(request.entries[index], entryKey(name, sequence))
      }
      objects.put(plan.totals, totalsKey(name))
      return plan
    })
    for (const { request, error } of refused) request.reject(error)
    for (const { request, sequences } of accepted) request.resolve([...sequences])
    return true
  } catch (error) {
    for (const { reject } of batch) reject(error)
    return false
  }
}

async function readPage({ database, name, what }: Place, from: number, options: ReadOptions = {}): Promise<LogPage> {
  const { maxEntries = PAGE_ENTRIES, maxBytes = PAGE_BYTES } = options
  return await database.run('readonly', what, async (objects) => {
    const totals = await loadTotals(objects, name)
    const found: LogEntry[] = []
    let size = 0
    await eachEntry(objects.openCursor(entryRange(name, Math.max(from, totals.first))), (cursor) => {
      const bytes = cursor.value as Uint8Array
      size += bytes.byteLength
      if (found.length > 0 && (found.length >= maxEntries || size > maxBytes)) return false
      found.push({ sequence: (cursor.key as [string, string, number])[2], bytes })
      return true
    })
    return createPage(from, totals, found, { maxEntries, maxBytes })
  })
}

async function trim({ database, name, what }: Place, before: number): Promise<void> {
  await database.run('readwrite', what, async (objects) => {
    const totals = await loadTotals(objects, name)
    const until = Math.min(before, totals.next)
    if (until <= totals.first) return
    let { entries, bytes } = totals
    await eachEntry(objects.openCursor(entryRange(name, totals.first, until)), (cursor) => {
      entries -= 1
      bytes -= (cursor.value as Uint8Array).byteLength
      return true
    })
    objects.delete(entryRange(name, totals.first, until))
    objects.put({ ...totals, first: until, entries, bytes }, totalsKey(name))
  })
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
