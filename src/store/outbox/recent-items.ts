/** Items that this process appended and that still wait, kept in memory so that a delivery need not read them back. Bounded. */
import type { OutboxItem } from './types.js'

/** An item without its ordinal, which depends on the items before it. */
export type RecentItem = Omit<OutboxItem, 'ordinal'>

export interface RecentItems {
  add(item: RecentItem): void
  /** Forgets everything up to this position. */
  settle(position: number): void
  /**
   * The items that follow this position without a hole, within the limits. A hole may be an item of another process, so the items end
   * there. None where the first one is not in memory: then the log must be read.
   */
  after(position: number, ordinal: number, maxEntries: number, maxBytes: number): OutboxItem[]
}

const MAX_ITEMS = 500
const MAX_BYTES = 2_000_000

export function createRecentItems(): RecentItems {
  const items = new Map<number, RecentItem>()
  let bytes = 0
  let settled = 0
  return {
    add(item) {
      if (item.position <= settled || items.size >= MAX_ITEMS || bytes + item.body.byteLength > MAX_BYTES) return
      items.set(item.position, item)
      bytes += item.body.byteLength
    },
    settle(position) {
      settled = Math.max(settled, position)
      // Appends resolve in order, so the oldest positions come first.
      for (const [at, { body }] of items) {
        if (at > position) break
        items.delete(at)
        bytes -= body.byteLength
      }
    },
    after(position, ordinal, maxEntries, maxBytes) {
      const found: OutboxItem[] = []
      let count = ordinal
      let size = 0
      for (let at = position + 1; found.length < maxEntries; at += 1) {
        const item = items.get(at)
        size += item?.body.byteLength ?? 0
        if (!item || (found.length > 0 && size > maxBytes)) break
        if (item.numbered) count += 1
        found.push({ ...item, ordinal: count })
      }
      return found
    },
  }
}
