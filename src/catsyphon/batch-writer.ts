/** Raw events, sent in batches: by count or by time. Sends no start and no end by itself. */
import type { CallOptions } from '../core/call.js'
import type { FlushReport } from '../store/outbox-types.js'
import type { CollectorEvent, EventType, Moment } from './events.js'
import type { BatchTuning } from './queue.js'
import type { Session, SessionOptions } from './session.js'

export type BatchWriterOptions = BatchTuning

export interface BatchWriter extends AsyncDisposable {
  /** Resolves when the event is durable. */
  add(event: CollectorEvent): Promise<void>
  addRaw(event: {
    readonly eventType: EventType | (string & {})
    readonly data: Readonly<Record<string, unknown>>
    readonly emittedAt?: Moment
  }): Promise<void>
  flush(options?: CallOptions): Promise<FlushReport>
  readonly pendingCount: number
  /** Flushes. What is not delivered in time stays queued. */
  close(): Promise<FlushReport>
}

/** Of a client: `client.batchWriter(id)` is the same. */
export function createBatchWriter(
  client: { session(sessionId: string, options?: SessionOptions): Session },
  sessionId: string,
  options?: BatchWriterOptions,
): BatchWriter {
  const session = client.session(sessionId, { batchSize: 20, flushIntervalMs: 5000, ...options })
  const { add, flush } = session
  return {
    add,
    addRaw: ({ eventType: type, ...event }) => add({ type, ...event }),
    flush,
    get pendingCount() {
      return session.pending
    },
    close: () => flush(),
    async [Symbol.asyncDispose]() {
      await flush()
    },
  }
}
