/** Raw events, sent in batches: by count or by time. Sends no start and no end by itself. */
import type { CallOptions } from '../core/call.js'
import type { FlushReport } from '../store/outbox-types.js'
import type { CollectorEvent, EventType } from './events.js'
import type { Session, SessionOptions } from './session.js'

export interface BatchWriterOptions {
  /** Default 20; requests never hold more than 50. */
  readonly batchSize?: number
  /** Milliseconds; the Python SDK counts seconds. Default 5,000. */
  readonly flushIntervalMs?: number
}

export interface BatchWriter extends AsyncDisposable {
  /** Resolves when the event is durable. */
  add(event: CollectorEvent): Promise<void>
  addRaw(event: {
    readonly eventType: EventType | (string & {})
    readonly data: Readonly<Record<string, unknown>>
    readonly emittedAt?: Date | number | string
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
  options: BatchWriterOptions = {},
): BatchWriter {
  const session = client.session(sessionId, { batchSize: 20, flushIntervalMs: 5000, ...options })
  const writer: BatchWriter = {
    add: (event) => session.add(event),
    addRaw: ({ eventType, data, emittedAt }) =>
      session.add({ type: eventType, data, ...(emittedAt === undefined ? {} : { emittedAt }) }),
    flush: (callOptions) => session.flush(callOptions),
    get pendingCount() {
      return session.pending
    },
    close: () => session.flush(),
    async [Symbol.asyncDispose]() {
      await session.flush()
    },
  }
  return writer
}
