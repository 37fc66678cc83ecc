/** The outbox: durable queues in front of a receiver that may be away. */
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
