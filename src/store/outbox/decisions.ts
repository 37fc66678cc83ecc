/** The decisions of an outbox, as pure functions: when to send, what to drop, whether there is space. */
import { SignalboxError } from '../../errors.js'
import type { OutboxItem, OutboxOverflow, OutboxReport, Verdict } from './types.js'

export interface SendTiming {
  /** Items that wait in the queue. */
  readonly waiting: number
  readonly batchSize: number
  readonly lingerMs: number
  /** A flush asked for delivery without waiting. */
  readonly hurried: boolean
  /** Items up to this position were left by an earlier process, which waited for them long enough. */
  readonly inheritedUpTo: number
  readonly now: number
}

/** How long the queue may still wait for more items before it sends. 0: send now. */
export function pauseBeforeSend(first: OutboxItem | undefined, timing: SendTiming): number {
  const { waiting, batchSize, lingerMs, hurried, inheritedUpTo, now } = timing
  if (!first || hurried || waiting >= batchSize || first.position <= inheritedUpTo) return 0
  return Math.max(0, Math.min(lingerMs, first.at + lingerMs - now))
}

/** The leading items that waited longer than they may. */
export function expired(items: readonly OutboxItem[], now: number, maxAgeMs: number): readonly OutboxItem[] {
  const fresh = items.findIndex((item) => now - item.at <= maxAgeMs)
  return fresh === -1 ? items : items.slice(0, fresh)
}

export interface Load {
  readonly items: number
  readonly bytes: number
}

export interface SpaceLimits {
  readonly maxItems: number
  readonly maxBytes: number
  readonly overflow: OutboxOverflow
}

/** The decision for an append of so many bytes. `wait` ends when items leave the outbox. */
export type Admission = 'append' | 'reject' | 'wait' | 'drop-newest' | 'drop-oldest'

export function admission(load: Load, bytes: number, { maxItems, maxBytes, overflow }: SpaceLimits): Admission {
  if (load.items + 1 <= maxItems && load.bytes + bytes <= maxBytes) return 'append'
  // An item above the whole limit would wait for ever.
  if (overflow === 'reject' || bytes > maxBytes) return 'reject'
  return overflow === 'block' ? 'wait' : overflow
}

/**
 * A verdict that the outbox can act on. A delivery of nothing is a mistake of the delivering function: without a pause the outbox would
 * call it again at once, for ever.
 */
export function usable(verdict: Verdict, offered: number): Verdict {
  if (verdict.kind !== 'delivered') return verdict
  if (verdict.count >= 1) return verdict
  const message = `deliver reported ${verdict.count} delivered items of ${offered}.`
  const hint = 'Return `later` or `wait` where nothing was delivered.'
  return { kind: 'later', error: new SignalboxError({ code: 'protocol', message, hint, sent: 'maybe' }) }
}

/** The pause after so many failures in a row, unless the options say otherwise. */
export const defaultPause = (failures: number): number => Math.min(500 * 2 ** (failures - 1), 30_000)

/** The report about the first `count` of these items, which the receiver may have twice. */
export function ambiguityReport(queue: string, items: readonly OutboxItem[], count: number): OutboxReport {
  return {
    type: 'ambiguous',
    queue,
    from: items[0]?.ordinal ?? 0,
    to: items[count - 1]?.ordinal ?? items.at(-1)?.ordinal ?? 0,
    count,
  }
}

/** Whether the state of an empty queue is old enough to be deleted. `at` is 0 for a queue that never settled anything. */
export const isForgettable = (at: number, now: number, forgetAfterMs: number): boolean => at > 0 && now - at > forgetAfterMs
