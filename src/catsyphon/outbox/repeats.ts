/** Decides about a batch that was sent before: whether the first request stored it, and how many items may be stored twice. Pure. */
import type { Memo, OutboxItem } from '../../store/outbox/types.js'
import { textOf, typeIn } from './batch.js'
import type { ServerGeneration } from './types.js'

/** The last sequence number and the count that the server had before a repeat. */
export interface Sighting {
  readonly lastSequence: number
  /** Barriers that were sent since the last receipt, with unknown outcomes included: a hash server counts them as events. */
  readonly barriers: number
}

/**
 * Whether the first request is finished and its events are stored. Then every repeat is recognised, and nothing can be stored twice.
 * False when that is unknown.
 */
export function isStored(
  items: readonly OutboxItem[],
  seen: Sighting | undefined,
  { generation, base, memo }: { readonly generation: ServerGeneration; readonly base: number; readonly memo: Memo },
): boolean {
  const last = items.at(-1)
  if (!seen || !last) return false
  // A sequence server tells the highest sequence that it stored.
  if (generation === 'sequence') return seen.lastSequence >= base + last.ordinal
  // A hash server counts what it accepts, so a count above the last receipt's and the barriers' means that the batch was stored.
  const before = memo.lastSequence
  return generation === 'hash' && typeof before === 'number' && seen.lastSequence - before > seen.barriers
}

/** The server takes these again every time, and stores nothing twice for them. */
const NEVER_DOUBLED = new Set(['session_start', 'session_end'])

/**
 * How many of these items may be stored twice. After one repeat the answer tells it: an event that is accepted now was not stored yet, and
 * the first request may still store it. After several repeats the answer tells nothing, because two of them may have overlapped.
 */
export function possiblyDoubled(items: readonly OutboxItem[], repeats: number, accepted: number | undefined): number {
  const stored = repeats > 0 ? items.length : Math.min(items.length, accepted ?? items.length)
  const always = items.filter((item) => NEVER_DOUBLED.has(typeIn(textOf(item)) ?? '')).length
  return Math.max(0, stored - always)
}
