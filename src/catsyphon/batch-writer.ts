/** Raw events, sent in batches: by count or by time. Sends no start and no end by itself. */
import type { CallOptions } from '../core/call.js'
import type { FlushReport } from '../store/outbox/types.js'
import type { CollectorEvent, EventType, Moment } from './events.js'
import type { BatchTuning } from './outbox/types.js'
import type { Session, SessionOptions } from './session.js'

/** Options of a batch writer. */
export type BatchWriterOptions = BatchTuning

/** Writes raw events to a session. Disposal flushes. */
export interface BatchWriter extends AsyncDisposable {
  /**
   * Resolves when the event is durable.
   *
   * @example
   * import { createBatchWriter, type Catsyphon } from 'signalbox/catsyphon'
   *
   * declare const client: Catsyphon
   * await using writer = createBatchWriter(client, crypto.randomUUID())
   * await writer.add({ type: 'thinking', data: { content: 'Where is the bug?' } })
   */
  add(event: CollectorEvent): Promise<void>
  /**
   * The same, with the argument names of the Python SDK.
   *
   * @example
   * import { createBatchWriter, EventType, type Catsyphon } from 'signalbox/catsyphon'
   *
   * declare const client: Catsyphon
   * await using writer = createBatchWriter(client, crypto.randomUUID())
   * await writer.addRaw({ eventType: EventType.THINKING, data: { content: 'In the parser.' }, emittedAt: new Date() })
   */
  addRaw(event: {
    readonly eventType: EventType | (string & {})
    readonly data: Readonly<Record<string, unknown>>
    readonly emittedAt?: Moment
  }): Promise<void>
  /**
   * Sends the events that wait. The report has the number of events that still wait at the end of the time.
   *
   * @example
   * import { createBatchWriter, type Catsyphon } from 'signalbox/catsyphon'
   *
   * declare const client: Catsyphon
   * await using writer = createBatchWriter(client, crypto.randomUUID())
   * console.log(await writer.flush({ timeoutMs: 5000 }))
   */
  flush(options?: CallOptions): Promise<FlushReport>
  /** Items that wait. */
  readonly pendingCount: number
  /**
   * Flushes. What is not delivered in time stays queued.
   *
   * @example
   * import { createBatchWriter, type Catsyphon } from 'signalbox/catsyphon'
   *
   * declare const client: Catsyphon
   * const writer = createBatchWriter(client, crypto.randomUUID())
   * console.log(await writer.close(), writer.pendingCount)
   */
  close(): Promise<FlushReport>
}

/**
 * A batch writer of a client. `client.batchWriter(id)` does the same.
 *
 * @example
 * ```ts
 * import { createBatchWriter, EventType, type Catsyphon } from 'signalbox/catsyphon'
 *
 * declare const client: Catsyphon
 * await using writer = createBatchWriter(client, crypto.randomUUID(), { batchSize: 10 })
 * await writer.addRaw({ eventType: EventType.THINKING, data: { content: 'Where is the bug?' } })
 * ```
 */
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
