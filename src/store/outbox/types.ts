/** The options of an outbox, the interface of its delivering function, and its reports. */
import type { Clock } from '../../core/clock.js'
import type { SignalboxError } from '../../errors.js'
import type { Store } from '../store.js'

/** Plain JSON data that the delivering function keeps with a queue. It is saved together with the acknowledgement. */
export type Memo = Readonly<Record<string, string | number | boolean | null>>

/** One item that waits, as `deliver` gets it. */
export interface OutboxItem {
  /** The item's sequence in the queue's log. Rises, with holes. */
  readonly position: number
  /** Counts the queue's numbered items from 1, without holes. An item that is not numbered has the ordinal of the item before it. */
  readonly ordinal: number
  /** Whether the item has an ordinal of its own. */
  readonly numbered: boolean
  /** Wall clock when it was appended. */
  readonly at: number
  /** The bytes as they were appended: the same on every attempt. */
  readonly body: Uint8Array
}

/** One call of `deliver`. */
export interface Delivery {
  /** The queue's name. */
  readonly queue: string
  /** The oldest items of the queue, in order; at least one. */
  readonly items: readonly OutboxItem[]
  /** The memo that was saved last for this queue. */
  readonly memo: Memo
  /** Failed attempts at the head of this queue, in a row. */
  readonly failures: number
  /** An earlier process, or another sender of this queue, may have sent the first items without hearing the answer. */
  readonly resumed: boolean
  /** Counts how often this outbox acquired the queue's lease. */
  readonly hold: number
  /** Saves the memo before anything is sent, where the request depends on it. */
  saveMemo(memo: Memo): Promise<void>
  /** Aborted when another sender took the queue over, or when the outbox closes. */
  readonly signal: AbortSignal
}

/** The result of a delivery. It always concerns the leading items: order is kept. */
export type Verdict =
  /** The receiver has the first `count` items. `ambiguous` of them may be stored twice, and nobody can find out. */
  | { readonly kind: 'delivered'; readonly count: number; readonly memo?: Memo; readonly ambiguous?: number }
  /** The first item can never be delivered: it becomes a dead letter with this reason. */
  | { readonly kind: 'dead'; readonly reason: string }
  /** The attempt failed and will be repeated. `afterMs` is the least pause; the outbox's own pause grows with every failure. */
  | { readonly kind: 'later'; readonly error: SignalboxError; readonly afterMs?: number }
  /** Another attempt may start after this pause. It does not count as a failure. */
  | { readonly kind: 'wait'; readonly afterMs: number }
  /** Nothing can be delivered until a person changes something: the outbox keeps everything and stops until `resume`. */
  | { readonly kind: 'halt'; readonly error: SignalboxError }

/** Sends items and says what happened. A rejection counts as `later`. */
export type Deliver = (delivery: Delivery) => Promise<Verdict>

/** What an append does when the outbox is full. A drop is counted and reported, never silent. */
export type OutboxOverflow = 'reject' | 'block' | 'drop-newest' | 'drop-oldest'

/** Bounds of an outbox. */
export interface OutboxLimits {
  /** Items that wait, over all queues. Default 100,000. */
  readonly maxItems?: number
  /** Bytes that wait, over all queues. Default 256 MiB. */
  readonly maxBytes?: number
  /** Items that waited longer are dropped. Default: none are. */
  readonly maxAgeMs?: number
  /** Default `block`. */
  readonly overflow?: OutboxOverflow
  /** Dead letters that are kept. Above it the oldest are dropped and counted. Default 10,000. */
  readonly maxDeadLetters?: number
}

/** Options of `openOutbox`. */
export interface OutboxOptions extends OutboxLimits {
  /** Where items wait. Closing it is up to the caller, after the outbox. */
  readonly store: Store
  /** Names the outbox inside the store. */
  readonly name: string
  /** Sends the oldest items of one queue. */
  readonly deliver: Deliver
  /** The largest number of items in one delivery. Default 50. */
  readonly maxBatchItems?: number
  /** The largest number of bytes in one delivery; one item is always delivered. Default 1,000,000. */
  readonly maxBatchBytes?: number
  /** A queue delivers at once when this many items wait. Default 20. */
  readonly batchSize?: number
  /** How long the oldest item waits, in milliseconds, before a queue delivers fewer than `batchSize` items. Default 5,000. */
  readonly lingerMs?: number
  /** The pause after this number of failures in a row. Default: 500 ms, doubled with each failure, at most 30 s. */
  readonly pauseMs?: (failures: number) => number
  /** Queues that deliver at the same time. Default 4. */
  readonly maxConcurrent?: number
  /** How long the lease of a queue's sender lasts without a renewal. Default 30,000. */
  readonly leaseMs?: number
  /** An empty queue gives up its log and its lease after this time. Default 5,000. */
  readonly idleMs?: number
  /** `recover` deletes the state of a queue that was idle for so long. Default 30 days. */
  readonly forgetAfterMs?: number
  /** Default: the system's clock. */
  readonly clock?: Clock
  /** Called for everything that the outbox reports. An observer that throws changes nothing. */
  readonly onReport?: (report: OutboxReport) => void
}

/** Values for one queue where it differs from the outbox. */
export interface QueueTuning {
  /** See `OutboxOptions.batchSize`. */
  batchSize?: number
  /** See `OutboxOptions.lingerMs`. */
  lingerMs?: number
}

/** A report of an outbox. `queue` is the queue's name. */
export type OutboxReport =
  | { readonly type: 'delivered'; readonly queue: string; readonly count: number }
  | {
      readonly type: 'retrying'
      readonly queue: string
      readonly failures: number
      readonly delayMs: number
      readonly error: SignalboxError
    }
  /** The receiver may have these twice. `from` and `to` are ordinals. */
  | { readonly type: 'ambiguous'; readonly queue: string; readonly from: number; readonly to: number; readonly count: number }
  | { readonly type: 'dead'; readonly queue: string; readonly ordinal: number; readonly reason: string }
  | { readonly type: 'dropped'; readonly queue: string; readonly count: number; readonly why: 'overflow' | 'expired' }
  /** These positions are missing from the log, which was damaged or deleted. */
  | { readonly type: 'lost'; readonly queue: string; readonly from: number; readonly to: number }
  /** Delivered, but the acknowledgement could not be stored: after a crash the items are sent again, with the same keys. */
  | { readonly type: 'unsaved'; readonly queue: string; readonly error: SignalboxError }
  | { readonly type: 'halted'; readonly error: SignalboxError }
  | { readonly type: 'resumed' }

/** Counts of what happened to items. */
export interface OutboxCounts {
  /** Items that the receiver has. */
  readonly delivered: number
  /** Items that became dead letters. */
  readonly dead: number
  /** Items that a limit dropped. */
  readonly dropped: number
  /** Delivered items that the receiver may have twice. */
  readonly ambiguous: number
}

/** An item that can never be delivered, with the reason. */
export interface DeadLetter {
  /** Names it in `DeadLetters.list` and `DeadLetters.forget`. */
  readonly id: number
  /** The queue it came from. */
  readonly queue: string
  /** See `OutboxItem.ordinal`. */
  readonly ordinal: number
  /** Why it can never be delivered. */
  readonly reason: string
  /** Wall clock when the item was appended. */
  readonly at: number
  /** The bytes as they were appended. */
  readonly body: Uint8Array
}

/** The result of a flush. */
export interface FlushReport {
  /** Items that still wait. */
  readonly pending: number
  /** Why they wait, where the last attempt failed. */
  readonly error?: SignalboxError
}
