/** The interface of the outbox between the agent and the server. `catsyphonOutbox()` makes one. */
import type { CallOptions } from '../../core/call.js'
import type { Clock, Random } from '../../core/clock.js'
import type { SignalboxError } from '../../errors.js'
import type { DeadLetters } from '../../store/outbox/dead-letters.js'
import type { FlushReport, OutboxCounts, OutboxLimits } from '../../store/outbox/types.js'
import type { Check } from '../direct.js'
import type { CollectorEvent } from '../events.js'
import type { Http } from '../http.js'
import type { CatsyphonEvent } from '../report.js'
import type { RetryConfig } from '../retry-config.js'
import type { EventsResponse } from '../schema.js'

/** How the server recognises an event that it has: by `sequence`, by `hash`, or `unknown` where its description is switched off. */
export type ServerGeneration = 'sequence' | 'hash' | 'unknown'

/** The number of waiting, delivered and lost events, and whether delivery has stopped. */
export interface CatsyphonStatus extends OutboxCounts {
  /** Items that wait. */
  readonly pending: number
  /** Why nothing is sent any more, until `resume`. */
  readonly halted?: SignalboxError
}

/** The methods of a client that belong to its outbox. */
export interface OutboxControls {
  /**
   * Sends these events in one request, past the outbox, and gives the server's own answer. It is not repeated once it may have arrived:
   * use a session for that. Sequence servers need a `sequence` in each event.
   *
   * @example
   * ```ts
   * import type { Catsyphon } from 'signalbox/catsyphon'
   *
   * declare const client: Catsyphon
   * const data = { author_role: 'human', message_type: 'prompt', content: 'hello' }
   * const { accepted } = await client.sendEvents('session-1', [{ type: 'message', data, sequence: 1 }])
   * console.log(accepted)
   * ```
   */
  sendEvents(sessionId: string, events: readonly CollectorEvent[], options?: CallOptions): Promise<EventsResponse>
  /**
   * Delivers everything that waits. A failure of delivery is in the report; only an abort rejects.
   *
   * @example
   * ```ts
   * import type { Catsyphon } from 'signalbox/catsyphon'
   *
   * declare const client: Catsyphon
   * const { pending, error } = await client.flush({ timeoutMs: 5000 })
   * if (pending > 0) console.error(`${pending} events wait: ${error?.message}`)
   * ```
   */
  flush(options?: CallOptions): Promise<FlushReport>
  /**
   * The number of waiting and delivered events, and the reason if delivery has stopped.
   *
   * @example
   * ```ts
   * import type { Catsyphon } from 'signalbox/catsyphon'
   *
   * declare const client: Catsyphon
   * const { pending, delivered, halted } = client.status()
   * console.log(pending, delivered, halted?.message)
   * ```
   */
  status(): CatsyphonStatus
  /** Events that the server will never take, with the reason. */
  readonly deadLetters: DeadLetters
  /**
   * Ends the pause after a failure, for example when the network is back.
   *
   * @example
   * ```ts
   * import type { Catsyphon } from 'signalbox/catsyphon'
   *
   * declare const client: Catsyphon
   * addEventListener('online', () => client.nudge())
   * ```
   */
  nudge(): void
  /**
   * While true, requests are small and may outlive the page. `flushOnHide` of `signalbox/web` calls it.
   *
   * @example
   * ```ts
   * import type { Catsyphon } from 'signalbox/catsyphon'
   *
   * declare const client: Catsyphon
   * client.setLeaving(document.visibilityState === 'hidden')
   * ```
   */
  setLeaving(leaving: boolean): void
  /**
   * Finds out the generation of the server.
   *
   * @example
   * ```ts
   * import type { Catsyphon } from 'signalbox/catsyphon'
   *
   * declare const client: Catsyphon
   * console.log(await client.detectGeneration())
   * ```
   */
  detectGeneration(options?: CallOptions): Promise<ServerGeneration>
}

/** The outbox of one session: events leave in the order of the calls, and each is later than the one before. */
export interface SessionQueue {
  /** Resolves when the event is durable. A rejection is reported too, so the promise may be ignored. */
  add(event: CollectorEvent): Promise<void>
  /** Queues the completion behind the session's events. */
  complete(command: CompleteCommand): Promise<void>
  /** Delivers the events of this session. */
  flush(options?: CallOptions): Promise<FlushReport>
  /** Events that this object took, durable or not yet; without those that it refused as invalid. */
  readonly count: number
  /** See `Session.taken`. */
  taken(): Promise<number>
  /** Items that wait. */
  readonly pending: number
}

/** How a session ended. */
export interface CompleteCommand {
  /** See `EndOptions.outcome`. */
  readonly outcome: string
  /** A text that the server keeps with the session. */
  readonly summary?: string | undefined
}

/** When a session's events are sent. */
export interface BatchTuning {
  /** Events are sent when so many wait. Default 20; a request never holds more than 50. */
  readonly batchSize?: number
  /** Fewer are sent when the oldest has waited so long, in milliseconds. Default 5,000. The Python SDK counts seconds. */
  readonly flushIntervalMs?: number
}

/** The outbox that a client works with. */
export interface ClientOutbox {
  /** Become methods of the client. */
  readonly controls: OutboxControls
  /** The outbox of one session. */
  session(sessionId: string, tuning: BatchTuning): SessionQueue
  /** Ends a halt. */
  resume(): void
  /** Stops sending and frees everything. Events that wait stay in the store. */
  close(): Promise<void>
}

/** How the outbox behaves. Options of the client. */
export interface OutboxSettings extends BatchTuning {
  /** Bounds of the outbox, and what happens at them. */
  readonly limits?: OutboxLimits
  /** Pauses between attempts, and how often calls past the outbox are repeated. */
  readonly retryConfig?: RetryConfig
  /** How long one request may take. Default 60,000. */
  readonly timeoutMs?: number
  /** Default 1,000,000: the bundled web front end refuses more than 1 MiB. */
  readonly maxRequestBytes?: number
  /** The least pause after a request whose outcome is unknown. Default 3,000. */
  readonly ambiguousPauseMs?: number
  /** Sessions that are sent at the same time. Default 4. */
  readonly maxConcurrent?: number
}

/** What a client gives to its outbox. */
export interface OutboxHost {
  /** Makes a request once: the outbox repeats by its own rules. */
  readonly http: Http
  /** Makes a request with the client's retries, for calls past the outbox. */
  readonly direct: Http
  /** Compares an answer with its schema. */
  readonly check: Check
  /** The client's options for its outbox. */
  readonly options: OutboxSettings
  /** The client's clock. */
  readonly clock: Clock
  /** The client's source of random numbers. */
  readonly random: Random
  /** Calls the client's `onEvent`. */
  readonly report: (event: CatsyphonEvent) => void
}

/** Opens the outbox of a client. Made by `catsyphonOutbox()`. */
export type OpenOutbox = (host: OutboxHost) => Promise<ClientOutbox>
