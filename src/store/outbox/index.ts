/** The outbox: durable queues for a receiver that may be unreachable. */
export type { AppendItemOptions } from './append.js'
export { openOutbox, type FlushOptions, type Outbox } from './outbox.js'
export type { DeadLetters } from './dead-letters.js'
export type { QueueState } from './queue-state.js'
export type {
  DeadLetter,
  Deliver,
  Delivery,
  FlushReport,
  Memo,
  OutboxCounts,
  OutboxItem,
  OutboxLimits,
  OutboxOptions,
  OutboxOverflow,
  OutboxReport,
  QueueTuning,
  Verdict,
} from './types.js'
