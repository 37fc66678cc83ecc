/** One lane's log and state together: what waits, what is settled, and the counts. Knows nothing of sending. */
import { SignalboxError } from '../errors.js'
import { decodeItems, encodeItem, HEADER_BYTES } from './outbox-record.js'
import { loadLane, NEW_LANE, saveLane, type LaneRecord, type LaneState } from './outbox-state.js'
import type { Memo, OutboxCounts, OutboxItem, OutboxReport } from './outbox-types.js'
import type { Kv, Log } from './store.js'

export interface LedgerChange extends Partial<OutboxCounts> {
  readonly memo?: Memo
}

export interface Ledger {
  readonly state: LaneState
  /** Items and bytes that wait, as far as this object knows. */
  readonly items: number
  readonly bytes: number
  /** The highest position that is known to hold an item. */
  readonly tip: number
  append(body: Uint8Array, at: number, numbered: boolean): Promise<number>
  /** Every append that was begun has ended. */
  appended(): Promise<void>
  /** The oldest items that wait. */
  page(maxEntries: number, maxBytes: number): Promise<OutboxItem[]>
  /** Settles everything up to the last of these; counts only those that were not settled before. */
  settle(items: readonly OutboxItem[], change: LedgerChange): Promise<void>
  saveMemo(memo: Memo): Promise<void>
  /** Looks again at what another holder of the lane may have written. */
  refresh(): Promise<void>
  close(): Promise<void>
}

export interface LedgerOptions {
  readonly lane: string
  readonly log: Log
  readonly kv: Kv
  readonly now: () => number
  readonly report: (report: OutboxReport) => void
  /** Told whenever what waits changes. */
  readonly onChange: (items: number, bytes: number) => void
}

export async function openLedger(options: LedgerOptions): Promise<Ledger> {
  const { lane, log, kv, now, report, onChange } = options
  let record: LaneRecord = { state: NEW_LANE, version: null }
  let items = 0
  let bytes = 0
  let tip = 0
  let begun = 0
  /** Settled in the store as well: the log keeps what lies beyond, for a life that knows only the store. */
  let saved = 0
  let unsaved = { items: 0, bytes: 0 }
  // One write of the state at a time: a drop and an acknowledgement may meet.
  const appends = new Set<Promise<void>>()
  let saving: Promise<void> = Promise.resolve()

  const changed = (nextItems: number, nextBytes: number): void => {
    const [addedItems, addedBytes] = [nextItems - items, nextBytes - bytes]
    items = nextItems
    bytes = nextBytes
    onChange(addedItems, addedBytes)
  }
  const write = async (state: LaneState): Promise<void> => {
    // What was delivered stays delivered for this life, even where it cannot be written down.
    record = { ...record, state }
    try {
      record = { state, version: await saveLane(kv, lane, state, record.version) }
    } catch (error) {
      if (SignalboxError.is(error, 'conflict') || !SignalboxError.is(error)) throw error
      return report({ type: 'unsaved', lane, error })
    }
    saved = state.position
    unsaved = { items: 0, bytes: 0 }
  }
  const save = (next: (state: LaneState) => LaneState): Promise<void> => {
    const work = saving.then(() => write(next(record.state)))
    saving = work.catch(() => {})
    return work
  }
  const look = async (): Promise<void> => {
    const loaded = await loadLane(kv, lane)
    if (loaded.version === null || loaded.version !== record.version) {
      record = loaded
      unsaved = { items: 0, bytes: 0 }
      if (record.version === null) {
        // Never used, or forgotten: the log goes on counting where it was.
        const { first } = await log.state()
        record = { ...record, state: { ...NEW_LANE, position: first - 1 } }
      }
      saved = record.state.position
    } else if (unsaved.items > 0) await write(record.state)
    await log.trim(saved + 1)
    // Counted anew when appends came between: each of them would be counted twice, or not at all.
    for (let attempt = 0; attempt < 10; attempt += 1) {
      await Promise.all(appends)
      const before = begun
      const found = await log.state()
      tip = Math.max(tip, found.next - 1)
      if (begun !== before) continue
      changed(found.entries - unsaved.items, found.bytes - unsaved.bytes)
      return
    }
  }
  /** In line with the writes of the state, or it would bring back an older one. */
  const refresh = (): Promise<void> => {
    const work = saving.then(look)
    saving = work.catch(() => {})
    return work
  }
  let registering: Promise<void> | undefined
  const register = (): Promise<void> => {
    registering ??= saveLane(kv, lane, record.state, null).then(
      (version) => {
        record = { ...record, version }
      },
      async (error: unknown) => {
        registering = undefined
        if (!SignalboxError.is(error, 'conflict')) throw error
        // Another holder was first, and that is as good.
        record = await loadLane(kv, lane)
      },
    )
    return registering
  }

  const put = async (entry: Uint8Array): Promise<number> => {
    // A later life finds a lane by its state, so the state comes before the first item.
    if (record.version === null) await register()
    const [position = 0] = await log.append([entry])
    tip = Math.max(tip, position)
    return position
  }

  await refresh()
  return {
    get state() {
      return record.state
    },
    get items() {
      return items
    },
    get bytes() {
      return bytes
    },
    get tip() {
      return tip
    },
    append(body, at, numbered) {
      const entry = encodeItem(body, at, numbered)
      begun += 1
      changed(items + 1, bytes + entry.byteLength)
      const appending = put(entry)
      const quiet = appending.then(
        () => {},
        // With `maybe` it may be in the log all the same; the next look at the log counts it.
        () => changed(Math.max(0, items - 1), Math.max(0, bytes - entry.byteLength)),
      )
      appends.add(quiet)
      void quiet.then(() => appends.delete(quiet))
      return appending
    },
    async appended() {
      await Promise.all(appends)
    },
    async page(maxEntries, maxBytes) {
      const from = record.state.position + 1
      const page = await log.read(from, { maxEntries, maxBytes })
      if (page.gap && (page.gap.to ?? 0) !== from) {
        const to = page.gap.to ?? 0
        report({ type: 'lost', lane, from, to })
        await save((state) => ({ ...state, position: to - 1 }))
      }
      return decodeItems(page.entries, record.state.ordinal)
    },
    async settle(settled, { memo, delivered = 0, dead = 0, dropped = 0, ambiguous = 0 }) {
      const last = settled.at(-1)
      if (!last) return
      await save((state) => {
        const fresh = settled.filter((item) => item.position > state.position)
        const gone = fresh.reduce((sum, item) => sum + item.body.byteLength + HEADER_BYTES, 0)
        // In one step with the position: whoever looks sees both or neither.
        changed(Math.max(0, items - fresh.length), Math.max(0, bytes - gone))
        unsaved = { items: unsaved.items + fresh.length, bytes: unsaved.bytes + gone }
        return {
          position: Math.max(state.position, last.position),
          ordinal: Math.max(state.ordinal, last.ordinal),
          memo: memo ?? state.memo,
          at: now(),
          delivered: state.delivered + Math.min(delivered, fresh.length),
          dead: state.dead + dead,
          dropped: state.dropped + Math.min(dropped, fresh.length),
          ambiguous: state.ambiguous + ambiguous,
        }
      })
      await log.trim(saved + 1)
    },
    saveMemo: (memo) => save((state) => ({ ...state, memo })),
    refresh,
    async close() {
      await saving
      changed(0, 0)
      await log[Symbol.asyncDispose]()
    },
  }
}
