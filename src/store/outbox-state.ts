/** What a lane remembers beside its log: how far it is settled, and the counts. Written with compare-and-set, so that only one holder can. */
import { SignalboxError } from '../errors.js'
import type { Memo, OutboxCounts } from './outbox-types.js'
import type { Kv, KvVersion } from './store.js'

export interface LaneState extends OutboxCounts {
  /** Everything up to this position of the log is settled: delivered, dropped or dead. */
  readonly position: number
  /** The ordinal of the last settled numbered item. */
  readonly ordinal: number
  readonly memo: Memo
  /** Wall clock of the last settlement. */
  readonly at: number
}

export const NEW_LANE: LaneState = { position: 0, ordinal: 0, memo: {}, at: 0, delivered: 0, dead: 0, dropped: 0, ambiguous: 0 }

export interface LaneRecord {
  readonly state: LaneState
  readonly version: KvVersion | null
}

const encoder = new TextEncoder()

export async function loadLane(kv: Kv, lane: string): Promise<LaneRecord> {
  const entry = await kv.get(lane)
  if (!entry) return { state: NEW_LANE, version: null }
  try {
    const stored = JSON.parse(new TextDecoder().decode(entry.bytes)) as Partial<LaneState>
    return { state: { ...NEW_LANE, ...stored }, version: entry.version }
  } catch (cause) {
    throw new SignalboxError({
      code: 'invalid_message',
      message: `The state of the lane ${JSON.stringify(lane)} cannot be read.`,
      hint: 'It was damaged: look at it before you delete it. What it acknowledged would be sent again.',
      cause,
    })
  }
}

/** Rejects with `conflict` when another holder wrote meanwhile. */
export async function saveLane(kv: Kv, lane: string, state: LaneState, version: KvVersion | null): Promise<KvVersion> {
  const next = await kv.compareAndSet(lane, version, encoder.encode(JSON.stringify(state)))
  if (next !== null) return next
  throw new SignalboxError({
    code: 'conflict',
    message: `Another sender works on the lane ${JSON.stringify(lane)}.`,
    sent: 'no',
  })
}
