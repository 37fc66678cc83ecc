/** The state of a queue that an outbox stores beside its log. It is written with compare-and-set, so that only one sender can write it. */
import { SignalboxError } from '../../errors.js'
import type { Kv, KvVersion } from '../store.js'
import { HEADER_BYTES } from './item-record.js'
import type { Memo, OutboxCounts, OutboxItem } from './types.js'

/** The state of a queue that an outbox stores. */
export interface QueueState extends OutboxCounts {
  /** Everything up to this position of the log is settled: delivered, dropped or dead. */
  readonly position: number
  /** The ordinal of the last settled numbered item. */
  readonly ordinal: number
  /** The memo that the delivering function saved. */
  readonly memo: Memo
  /** Wall clock of the last settlement. */
  readonly at: number
}

export const NEW_QUEUE: QueueState = {
  position: 0,
  ordinal: 0,
  memo: {},
  at: 0,
  delivered: 0,
  dead: 0,
  dropped: 0,
  ambiguous: 0,
}

/** How some items were settled. */
export interface Settlement extends Partial<OutboxCounts> {
  readonly memo?: Memo
}

/** The state after these items were settled. Items that were settled before are not counted again. */
export function settle(state: QueueState, items: readonly OutboxItem[], how: Settlement, at: number): QueueState {
  const { memo = state.memo, delivered = 0, dead = 0, dropped = 0, ambiguous = 0 } = how
  const last = items.at(-1)
  const fresh = unsettled(state, items).length
  return {
    position: Math.max(state.position, last?.position ?? 0),
    ordinal: Math.max(state.ordinal, last?.ordinal ?? 0),
    memo,
    at,
    delivered: state.delivered + Math.min(delivered, fresh),
    dead: state.dead + dead,
    dropped: state.dropped + Math.min(dropped, fresh),
    ambiguous: state.ambiguous + ambiguous,
  }
}

/** The items that this state does not count as settled yet. */
export const unsettled = (state: QueueState, items: readonly OutboxItem[]): OutboxItem[] =>
  items.filter((item) => item.position > state.position)

/** Bytes that these items take in the log. */
export const bytesOf = (items: readonly OutboxItem[]): number =>
  items.reduce((sum, item) => sum + item.body.byteLength + HEADER_BYTES, 0)

/** A state as it was read, with the version that a write must replace. Null: nothing is stored. */
export interface QueueRecord {
  readonly state: QueueState
  readonly version: KvVersion | null
}

const encoder = new TextEncoder()

export async function loadQueue(kv: Kv, queue: string): Promise<QueueRecord> {
  const entry = await kv.get(queue)
  if (!entry) return { state: NEW_QUEUE, version: null }
  try {
    const stored = JSON.parse(new TextDecoder().decode(entry.bytes)) as Partial<QueueState>
    return { state: { ...NEW_QUEUE, ...stored }, version: entry.version }
  } catch (cause) {
    throw new SignalboxError({
      code: 'invalid_message',
      message: `The state of the queue ${JSON.stringify(queue)} cannot be read.`,
      hint: 'It was damaged. Without it, items that were delivered are sent again: look at it before you delete it.',
      cause,
    })
  }
}

/** Rejects with `conflict` when another sender wrote meanwhile. */
export async function saveQueue(kv: Kv, queue: string, state: QueueState, version: KvVersion | null): Promise<KvVersion> {
  const next = await kv.compareAndSet(queue, version, encoder.encode(JSON.stringify(state)))
  if (next !== null) return next
  throw new SignalboxError({
    code: 'conflict',
    message: `Another sender works on the queue ${JSON.stringify(queue)}.`,
    sent: 'no',
  })
}
