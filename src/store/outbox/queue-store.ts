/** One queue's log and state together: what waits, what is settled, and the counts. It knows nothing of sending. */
import { SignalboxError } from '../../errors.js'
import type { Kv, Log } from '../store.js'
import type { Load } from './decisions.js'
import { decodeItems, encodeItem } from './item-record.js'
import {
  bytesOf,
  loadQueue,
  NEW_QUEUE,
  saveQueue,
  settle,
  unsettled,
  type QueueRecord,
  type QueueState,
  type Settlement,
} from './queue-state.js'
import type { Memo, OutboxItem, OutboxReport } from './types.js'

export interface QueueStore {
  readonly state: QueueState
  /** Items and bytes that wait, as far as this object knows. */
  readonly waiting: Load
  /** The highest position that is known to hold an item. */
  readonly tip: number
  append(body: Uint8Array, at: number, numbered: boolean): Promise<number>
  /** Resolves when every append that was begun has ended. */
  appended(): Promise<void>
  /** The oldest items that wait. */
  page(maxEntries: number, maxBytes: number): Promise<OutboxItem[]>
  /** Settles everything up to the last of these items. */
  settle(items: readonly OutboxItem[], how: Settlement): Promise<void>
  saveMemo(memo: Memo): Promise<void>
  /** Reads again what another sender of the queue may have written. */
  refresh(): Promise<void>
  close(): Promise<void>
}

export interface QueueStoreOptions {
  readonly queue: string
  readonly log: Log
  readonly kv: Kv
  readonly now: () => number
  readonly report: (report: OutboxReport) => void
  /** Called with the difference whenever what waits changes. */
  readonly onChange: (difference: Load) => void
}

export async function openQueueStore({ queue, log, kv, now, report, onChange }: QueueStoreOptions): Promise<QueueStore> {
  let record: QueueRecord = { state: NEW_QUEUE, version: null }
  let waiting: Load = { items: 0, bytes: 0 }
  let tip = 0
  const appends = createAppends()
  /** The position that the stored state names. The log keeps everything behind it: after a crash only the stored state is known. */
  let saved = 0
  /** Settled, but not in the stored state yet. */
  let unsaved: Load = { items: 0, bytes: 0 }
  const inTurn = createTurns()

  const setWaiting = (next: Load): void => {
    const difference = { items: next.items - waiting.items, bytes: next.bytes - waiting.bytes }
    waiting = next
    onChange(difference)
  }
  const write = async (state: QueueState): Promise<void> => {
    // In memory the items stay settled, even where that cannot be stored.
    record = { ...record, state }
    try {
      record = { state, version: await saveQueue(kv, queue, state, record.version) }
    } catch (error) {
      if (SignalboxError.is(error, 'conflict') || !SignalboxError.is(error)) throw error
      return report({ type: 'unsaved', queue, error })
    }
    saved = state.position
    unsaved = { items: 0, bytes: 0 }
  }
  const change = (next: (state: QueueState) => QueueState): Promise<void> => inTurn(() => write(next(record.state)))
  const load = async (): Promise<void> => {
    const loaded = await loadQueue(kv, queue)
    if (loaded.version !== null && loaded.version === record.version) {
      if (unsaved.items > 0) await write(record.state)
    } else {
      record = loaded
      unsaved = { items: 0, bytes: 0 }
      // A queue that is new, or whose state was deleted: the log goes on with its own numbers.
      if (record.version === null) record = { ...record, state: { ...NEW_QUEUE, position: (await log.state()).first - 1 } }
      saved = record.state.position
    }
    await log.trim(saved + 1)
  }
  const count = async (): Promise<void> => {
    // Counted again when an append began meanwhile: it would be counted twice, or not at all.
    for (let attempt = 0; attempt < 10; attempt += 1) {
      await appends.ended()
      const before = appends.begun
      const found = await log.state()
      tip = Math.max(tip, found.next - 1)
      if (appends.begun !== before) continue
      return setWaiting(minus({ items: found.entries, bytes: found.bytes }, unsaved))
    }
  }
  const refresh = (): Promise<void> =>
    inTurn(async () => {
      await load()
      await count()
    })

  let creating: Promise<void> | undefined
  /** Stores the state of a new queue: a later process finds a queue by its state, so the state comes before the first item. */
  const create = (): Promise<void> => {
    creating ??= saveQueue(kv, queue, record.state, null).then(
      (version) => {
        record = { ...record, version }
      },
      async (error: unknown) => {
        creating = undefined
        if (!SignalboxError.is(error, 'conflict')) throw error
        // Another process has stored it: that serves the same purpose.
        record = await loadQueue(kv, queue)
      },
    )
    return creating
  }
  const put = async (entry: Uint8Array): Promise<number> => {
    if (record.version === null) await create()
    const [position = 0] = await log.append([entry])
    tip = Math.max(tip, position)
    return position
  }

  await refresh()
  return {
    get state() {
      return record.state
    },
    get waiting() {
      return waiting
    },
    get tip() {
      return tip
    },
    append(body, at, numbered) {
      const entry = encodeItem(body, at, numbered)
      const one = { items: 1, bytes: entry.byteLength }
      setWaiting(plus(waiting, one))
      // A failed append may have stored the item all the same (`sent: 'maybe'`): the next `refresh` counts it.
      return appends.run(put(entry), () => setWaiting(minus(waiting, one)))
    },
    appended: appends.ended,
    async page(maxEntries, maxBytes) {
      const from = record.state.position + 1
      const page = await log.read(from, { maxEntries, maxBytes })
      if (page.gap && (page.gap.to ?? 0) !== from) {
        const to = page.gap.to ?? 0
        report({ type: 'lost', queue, from, to })
        await change((state) => ({ ...state, position: to - 1 }))
      }
      return decodeItems(page.entries, record.state.ordinal)
    },
    async settle(items, how) {
      if (items.length === 0) return
      await change((state) => {
        const fresh = unsettled(state, items)
        const gone = { items: fresh.length, bytes: bytesOf(fresh) }
        // In the same step as the position, so that an observer sees both or neither.
        setWaiting(minus(waiting, gone))
        unsaved = plus(unsaved, gone)
        return settle(state, items, how, now())
      })
      await log.trim(saved + 1)
    },
    saveMemo: (memo) => change((state) => ({ ...state, memo })),
    refresh,
    async close() {
      await inTurn(() => Promise.resolve())
      setWaiting({ items: 0, bytes: 0 })
      await log[Symbol.asyncDispose]()
    },
  }
}

const plus = (a: Load, b: Load): Load => ({ items: a.items + b.items, bytes: a.bytes + b.bytes })
const minus = (a: Load, b: Load): Load => ({ items: Math.max(0, a.items - b.items), bytes: Math.max(0, a.bytes - b.bytes) })

/** Runs one piece of work after the other. A failure concerns its own caller only. */
function createTurns(): <T>(work: () => Promise<T>) => Promise<T> {
  let tail: Promise<unknown> = Promise.resolve()
  return (work) => {
    const turn = tail.then(work)
    tail = turn.catch(() => {})
    return turn
  }
}

interface Appends {
  readonly begun: number
  run(appending: Promise<number>, onFailure: () => void): Promise<number>
  ended(): Promise<void>
}

/** The appends that are under way. */
function createAppends(): Appends {
  const open = new Set<Promise<void>>()
  let begun = 0
  return {
    get begun() {
      return begun
    },
    run(appending, onFailure) {
      begun += 1
      const quiet = appending.then(() => {}, onFailure)
      open.add(quiet)
      void quiet.then(() => open.delete(quiet))
      return appending
    },
    async ended() {
      await Promise.all(open)
    },
  }
}
