/** One queue's log and state together: the waiting items, the settled position, and the counts. Does not send. */
import { inTurn } from '../../core/in-turn.js'
import type { Kv, Log } from '../store.js'
import type { Load } from './decisions.js'
import { decodeItems, encodeItem, HEADER_BYTES } from './item-record.js'
import { bytesOf, settle, unsettled, type QueueState, type Settlement } from './queue-state.js'
import { createQueueAppends, type NewItem } from './queue-appends.js'
import { createRecentItems } from './recent-items.js'
import { createSavedState } from './saved-state.js'
import type { Memo, OutboxItem, OutboxReport } from './types.js'

export interface QueueStore {
  readonly state: QueueState
  /** Items and bytes that wait. Items of other processes are counted by `refresh`. */
  readonly waiting: Load
  /** Items that wait and are durable. */
  readonly ready: number
  /** The highest position that is known to hold an item. */
  readonly tip: number
  /** Resolves when the item is stored. */
  append(body: Uint8Array, at: number, numbered: boolean): Promise<true>
  /** Resolves when every append that was begun has ended. */
  appended(): Promise<void>
  /** The oldest items that wait. */
  page(maxEntries: number, maxBytes: number): Promise<OutboxItem[]>
  /** The newest item that waits, or undefined when none does. */
  newest(): Promise<OutboxItem | undefined>
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
  /** Called when items were stored, before their appends resolve. */
  readonly onStored: () => void
}

export async function openQueueStore(options: QueueStoreOptions): Promise<QueueStore> {
  const { queue, log, kv, now, report, onChange, onStored } = options
  const saved = createSavedState(queue, kv, report)
  const recent = createRecentItems()
  // One change of the state at a time: a drop and an acknowledgement may meet.
  const inOrder = inTurn()
  let waiting: Load = { items: 0, bytes: 0 }
  let tip = 0

  const setWaiting = (next: Load): void => {
    const difference = { items: next.items - waiting.items, bytes: next.bytes - waiting.bytes }
    waiting = next
    onChange(difference)
  }
  const count = async (): Promise<void> => {
    // Counted again when an append ran meanwhile: its items would be counted twice, or not at all.
    for (let attempt = 0; attempt < 10; attempt += 1) {
      await appends.ended()
      const { begun, open } = appends
      const found = await log.state()
      tip = Math.max(tip, found.next - 1)
      if (open > 0 || appends.begun !== begun) continue
      return setWaiting(minus({ items: found.entries, bytes: found.bytes }, saved.unsaved))
    }
  }
  const refresh = (): Promise<void> =>
    inOrder(async () => {
      await saved.load(async () => (await log.state()).first - 1)
      recent.settle(saved.state.position)
      await log.trim(saved.position + 1)
      await count()
    })
  const write = async (items: readonly NewItem[]): Promise<void> => {
    if (!saved.exists) await saved.create()
    const positions = await log.append(items.map(({ entry }) => entry))
    for (const [index, { entry, at, numbered }] of items.entries()) {
      const position = positions[index] ?? 0
      tip = Math.max(tip, position)
      recent.add({ position, numbered, at, body: entry.subarray(HEADER_BYTES) })
    }
  }
  const appends = createQueueAppends(write, (items, stored) => {
    if (stored) return onStored()
    // An append that failed with `sent: 'maybe'` may have stored the items. The next `refresh` counts them.
    const bytes = items.reduce((sum, { entry }) => sum + entry.byteLength, 0)
    setWaiting(minus(waiting, { items: items.length, bytes }))
  })

  await refresh()
  return {
    get state() {
      return saved.state
    },
    get waiting() {
      return waiting
    },
    get ready() {
      return waiting.items - appends.open
    },
    get tip() {
      return tip
    },
    append(body, at, numbered) {
      const entry = encodeItem(body, at, numbered)
      setWaiting(plus(waiting, { items: 1, bytes: entry.byteLength }))
      return appends.add({ entry, at, numbered })
    },
    appended: appends.ended,
    async page(maxEntries, maxBytes) {
      const { position, ordinal } = saved.state
      const inMemory = recent.after(position, ordinal, maxEntries, maxBytes)
      if (inMemory.length > 0) return inMemory
      const from = position + 1
      const page = await log.read(from, { maxEntries, maxBytes })
      if (page.gap && (page.gap.to ?? 0) !== from) {
        const to = page.gap.to ?? 0
        report({ type: 'lost', queue, from, to })
        await inOrder(() => saved.change({ ...saved.state, position: to - 1 }))
      }
      return decodeItems(page.entries, saved.state.ordinal)
    },
    async newest() {
      await appends.ended()
      if (tip <= saved.state.position) return undefined
      const { entries } = await log.read(tip, { maxEntries: 1 })
      return decodeItems(entries, saved.state.ordinal)[0]
    },
    async settle(items, how) {
      if (items.length === 0) return
      await inOrder(() => {
        const fresh = unsettled(saved.state, items)
        const settled = { items: fresh.length, bytes: bytesOf(fresh) }
        // In the same step as the position, so that an observer sees both or neither.
        setWaiting(minus(waiting, settled))
        return saved.change(settle(saved.state, items, how, now()), settled)
      })
      recent.settle(saved.state.position)
      await log.trim(saved.position + 1)
    },
    saveMemo: (memo) => inOrder(() => saved.change({ ...saved.state, memo })),
    refresh,
    async close() {
      await inOrder(() => Promise.resolve())
      setWaiting({ items: 0, bytes: 0 })
      await log[Symbol.asyncDispose]()
    },
  }
}

const plus = (a: Load, b: Load): Load => ({ items: a.items + b.items, bytes: a.bytes + b.bytes })
const minus = (a: Load, b: Load): Load => ({ items: Math.max(0, a.items - b.items), bytes: Math.max(0, a.bytes - b.bytes) })
