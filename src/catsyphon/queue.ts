/** What a client needs of the queue between the agent and the server. `catsyphonOutbox()` of `signalbox/catsyphon/outbox` makes one. */
import type { CallOptions } from '../core/call.js'
import type { Clock, Random } from '../core/clock.js'
import type { SignalboxError } from '../errors.js'
import type { DeadLetters } from '../store/outbox-dead.js'
import type { FlushReport, OutboxCounts, OutboxLimits } from '../store/outbox-types.js'
import type { CollectorEvent } from './events.js'
import type { Check } from './direct.js'
import type { Http } from './http.js'
import type { CatsyphonEvent } from './report.js'
import type { RetryConfig } from './retry-config.js'
import type { EventsResponse } from './schema.js'

/** `sequence`: dedup by number; `hash`: dedup by the event's hash; `unknown`: the description is switched off. */
export type ServerGeneration = 'sequence' | 'hash' | 'unknown'

export interface CatsyphonStatus extends OutboxCounts {
  readonly pending: number
  /** Why nothing is sent any more, until `resume`. */
  readonly halted?: SignalboxError
}

/** What the client hands on to its owner as it is. */
export interface QueueControls {
  /**
   * One request with these events, past the queue; the server's own answer comes back. Not repeated once it may have arrived: for that
   * there is the queue. For older servers each event needs its `sequence`.
   */
  sendEvents(sessionId: string, events: readonly CollectorEvent[], options?: CallOptions): Promise<EventsResponse>
  /** Delivers everything that waits. A failure of delivery is in the report, not thrown. */
  flush(options?: CallOptions): Promise<FlushReport>
  status(): CatsyphonStatus
  readonly deadLetters: DeadLetters
  /** Tries again at once, as when the network is back. */
  nudge(): void
  /** While true, requests are small and may outlive the page. For a page that is being hidden. */
  setLeaving(leaving: boolean): void
  detectGeneration(options?: CallOptions): Promise<ServerGeneration>
}

/** One session's way into the queue: in the order of the calls, each event later than the one before. */
export interface SessionQueue {
  /** Resolves when the event is durable. Its rejection is reported too, so it may be left alone. */
  add(event: CollectorEvent): Promise<void>
  complete(command: CompleteCommand): Promise<void>
  flush(options?: CallOptions): Promise<FlushReport>
  /** Events that this object took, durable or not yet; none that it refused as invalid. */
  readonly count: number
  /** Items that wait. */
  readonly pending: number
}

export interface CompleteCommand {
  readonly outcome: string
  readonly summary?: string | undefined
}

export interface BatchTuning {
  /** A session is sent when so many events wait. Default 20; requests never hold more than 50. */
  readonly batchSize?: number
  /** Or when the oldest has waited so long, in milliseconds. Default 5,000. The Python SDK counts seconds. */
  readonly flushIntervalMs?: number
}

export interface Queue {
  readonly controls: QueueControls
  session(sessionId: string, tuning: BatchTuning): SessionQueue
  resume(): void
  close(): Promise<void>
}

/** How the queue behaves; given to the client, for every queue. */
export interface QueueOptions extends BatchTuning {
  readonly limits?: OutboxLimits
  readonly retryConfig?: RetryConfig
  readonly timeoutMs?: number
  /** Default 1,000,000: the bundled front end refuses more than 1 MiB. */
  readonly maxRequestBytes?: number
  /** The least pause after a request whose outcome is unknown. Default 3,000. */
  readonly ambiguousPauseMs?: number
  /** Sessions that are sent at the same time. Default 4. */
  readonly maxConcurrent?: number
}

export interface QueueHost {
  /** Single attempts: the queue has patience of its own. */
  readonly http: Http
  /** With the client's retries, for calls past the queue. */
  readonly direct: Http
  readonly check: Check
  readonly options: QueueOptions
  readonly clock: Clock
  readonly random: Random
  readonly report: (event: CatsyphonEvent) => void
}

export type OpenQueue = (host: QueueHost) => Promise<Queue>
