/** What an outbox takes, what it asks of whoever delivers, and what it reports. */
import type { Clock } from '../core/clock.js'
import type { SignalboxError } from '../errors.js'
import type { Store } from './store.js'

/** Plain JSON data that the deliverer keeps with a lane; saved together with the acknowledgement. */
export type Memo = Readonly<Record<string, string | number | boolean | null>>

export interface OutboxItem {
  /** Where it stands in the lane's log; rises, with holes. */
  readonly position: number
  /** Counts the lane's numbered items from 1, without holes; for an item that is not numbered, that of the item before it. */
  readonly ordinal: number
  readonly numbered: boolean
  /** Wall clock when it was appended. */
  readonly at: number
  /** The bytes as they were appended: the same on every attempt. */
  readonly body: Uint8Array
}

export interface Delivery {
  readonly lane: string
  /** The oldest items of the lane, in order; at least one. */
  readonly items: readonly OutboxItem[]
  readonly memo: Memo
  /** Failed attempts at the head of this lane, in a row. */
  readonly failures: number
  /** An earlier life, or another holder of the lane, may have sent these without hearing the answer. */
  readonly resumed: boolean
  /** Counts how often this object took hold of the lane. */
  readonly hold: number
  /** Saves the memo before anything is sent, where what is sent depends on it. */
  saveMemo(memo: Memo): Promise<void>
  /** Ends when the lane is lost to another holder or the outbox closes. */
  readonly signal: AbortSignal
}

/** What became of a delivery. It always speaks of a leading part of the items: order is kept. */
export type Verdict =
  /** The first `count` items are at the receiver. `ambiguous` of them may be there twice, which nobody can find out. */
  | { readonly kind: 'delivered'; readonly count: number; readonly memo?: Memo; readonly ambiguous?: number }
  /** The first item can never be delivered: it goes to the dead letters with this reason. */
  | { readonly kind: 'dead'; readonly reason: string }
  /** Not now. `afterMs` is the least pause; the outbox's own pause grows with every failure. */
  | { readonly kind: 'later'; readonly error: SignalboxError; readonly afterMs?: number }
  /** Not now, and no failure: another attempt may go out after this pause. */
  | { readonly kind: 'wait'; readonly afterMs: number }
  /** Nothing can be delivered until somebody changes something: the outbox keeps everything and stops until `resume`. */
  | { readonly kind: 'halt'; readonly error: SignalboxError }

export type Deliver = (delivery: Delivery) => Promise<Verdict>

/** What an append does when the outbox is full. A drop is counted and reported, never silent. */
export type OutboxOverflow = 'reject' | 'block' | 'drop-newest' | 'drop-oldest'

export interface OutboxLimits {
  /** Items that wait, over all lanes. Default 100,000. */
  readonly maxItems?: number
  /** Default 256 MiB. */
  readonly maxBytes?: number
  /** Items that waited longer are dropped. Default: for ever. */
  readonly maxAgeMs?: number
  /** Default `block`. */
  readonly overflow?: OutboxOverflow
  /** Dead letters that are kept; the oldest make room, and are counted. Default 10,000. */
  readonly maxDeadLetters?: number
}

export interface OutboxOptions extends OutboxLimits {
  readonly store: Store
  /** Names the outbox inside the store. */
  readonly name: string
  readonly deliver: Deliver
  /** At most so many items are handed to one delivery. Default 50. */
  readonly maxBatchItems?: number
  readonly maxBatchBytes?: number
  /** A lane delivers at once when so many items wait. Default 20. */
  readonly batchSize?: number
  /** Or when the oldest has waited so long. Default 5,000. */
  readonly lingerMs?: number
  /** The pause after so many failures in a row. */
  readonly pauseMs?: (failures: number) => number
  /** Lanes that deliver at the same time. Default 4. */
  readonly maxConcurrent?: number
  /** How long a lane's sender is alone without a sign of life. Default 30,000. */
  readonly leaseMs?: number
  /** A lane with nothing to do lets go of its log and its lease after this. Default 5,000. */
  readonly idleMs?: number
  /** What a lane remembers is forgotten, on `recover`, when it was idle for so long. Default 30 days. */
  readonly forgetAfterMs?: number
  readonly clock?: Clock
  readonly onReport?: (report: OutboxReport) => void
}

export interface LaneTuning {
  batchSize?: number
  lingerMs?: number
}

export type OutboxReport =
  | { readonly type: 'delivered'; readonly lane: string; readonly count: number }
  | {
      readonly type: 'retrying'
      readonly lane: string
      readonly failures: number
      readonly delayMs: number
      readonly error: SignalboxError
    }
  /** These may be at the receiver twice. `from` and `to` are ordinals. */
  | { readonly type: 'ambiguous'; readonly lane: string; readonly from: number; readonly to: number; readonly count: number }
  | { readonly type: 'dead'; readonly lane: string; readonly ordinal: number; readonly reason: string }
  | { readonly type: 'dropped'; readonly lane: string; readonly count: number; readonly why: 'overflow' | 'expired' }
  /** The log no longer holds what this position names: it was damaged or deleted. */
  | { readonly type: 'lost'; readonly lane: string; readonly from: number; readonly to: number }
  /** Delivered, but the acknowledgement could not be stored: after a crash it would be sent again, under the same keys. */
  | { readonly type: 'unsaved'; readonly lane: string; readonly error: SignalboxError }
  | { readonly type: 'halted'; readonly error: SignalboxError }
  | { readonly type: 'resumed' }

export interface OutboxCounts {
  readonly delivered: number
  readonly dead: number
  readonly dropped: number
  readonly ambiguous: number
}

export interface DeadLetter {
  readonly id: number
  readonly lane: string
  readonly ordinal: number
  readonly reason: string
  readonly at: number
  readonly body: Uint8Array
}

export interface FlushReport {
  /** Items that still wait. */
  readonly pending: number
  /** Why, where the last attempt failed. */
  readonly error?: SignalboxError
}
