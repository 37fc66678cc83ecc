/** The client: direct calls, sessions over the outbox, and what became of everything. */
import { createCaller, type CallOptions, type ClientOptions } from '../core/call.js'
import { systemClock, type Random } from '../core/clock.js'
import { tell } from '../core/policy/policy.js'
import { SignalboxError } from '../errors.js'
import { openOutbox, type Outbox } from '../store/outbox.js'
import type { FlushReport, OutboxCounts, OutboxLimits } from '../store/outbox-types.js'
import type { Store } from '../store/store.js'
import type { ExchangeTransport } from '../transport.js'
import { createBatchWriter, type BatchWriter, type BatchWriterOptions } from './batch-writer.js'
import { createDeliver } from './deliver.js'
import { createDirect, type Direct } from './direct.js'
import { SYSTEM } from './errors.js'
import { createGenerationProbe, type ServerGeneration } from './generation.js'
import { createHttp } from './http.js'
import type { CatsyphonEvent } from './report.js'
import { retryDelay, retrying, type RetryConfig } from './retry-config.js'
import { createSession, withSession, type Session, type SessionOptions } from './session.js'
import { createWriters } from './writer.js'

export interface CatsyphonOptions extends ClientOptions {
  /** `fetchExchange({ baseUrl })` of `signalbox/web` or of `signalbox/node`. The base may have a path, as `/api`. */
  readonly transport: ExchangeTransport
  readonly collectorId: string
  readonly apiKey: string
  /** For reading conversations back. */
  readonly workspaceId?: string
  /**
   * Where events wait: the one choice that nobody can make for you. `fileStore` of `signalbox/node` and `indexedDbStore` of
   * `signalbox/web/indexeddb` survive a crash, `memoryStore` of `signalbox/store` does not. Yours to close, after the client.
   */
  readonly store: Store
  /** Names the outbox in the store. Give servers that share a store different names. Default `catsyphon`. */
  readonly outboxName?: string
  readonly limits?: OutboxLimits
  /** A session is sent when so many events wait. Default 20. */
  readonly batchSize?: number
  /** Or when the oldest has waited so long. Default 5,000. */
  readonly flushIntervalMs?: number
  readonly retryConfig?: RetryConfig
  /** Default 1,000,000: the bundled front end refuses more than 1 MiB. */
  readonly maxRequestBytes?: number
  /** The least pause after a request whose outcome is unknown. Default 3,000. */
  readonly ambiguousPauseMs?: number
  /** How long `complete`, `close` and disposal wait for delivery. Default 10,000. What is not delivered stays queued. */
  readonly drainTimeoutMs?: number
  /** Sessions that are sent at the same time. Default 4. */
  readonly maxConcurrent?: number
  readonly random?: Random
  readonly onEvent?: (event: CatsyphonEvent) => void
}

export interface CatsyphonStatus extends OutboxCounts {
  readonly pending: number
  /** Why nothing is sent any more, until `resume`. */
  readonly halted?: SignalboxError
}

export interface Catsyphon extends Direct, AsyncDisposable {
  readonly collectorId: string
  session(sessionId: string, options?: SessionOptions): Session
  /** Completes the session: `success` when the function returns, `failed` when it throws, nothing when it never started. */
  withSession<Result>(
    sessionId: string,
    work: (session: Session) => Promise<Result> | Result,
    options?: SessionOptions,
  ): Promise<Result>
  batchWriter(sessionId: string, options?: BatchWriterOptions): BatchWriter
  /** Delivers everything that waits. A failure of delivery is in the report, not thrown. */
  flush(options?: CallOptions): Promise<FlushReport>
  status(): CatsyphonStatus
  readonly deadLetters: Outbox['deadLetters']
  /** Goes on after a halt, with new credentials if those were the trouble. */
  resume(credentials?: { readonly collectorId: string; readonly apiKey: string }): void
  /** Tries again at once, as when the network is back. */
  nudge(): void
  /** While true, requests are small and may outlive the page. For a page that is being hidden. */
  setLeaving(leaving: boolean): void
  detectGeneration(options?: CallOptions): Promise<ServerGeneration>
  /** Flushes within `drainTimeoutMs`, then frees everything. What waits stays in the store. */
  close(): Promise<FlushReport>
}

export async function createCatsyphon(options: CatsyphonOptions): Promise<Catsyphon> {
  const { transport, workspaceId, clock = systemClock, random = Math.random, validate = 'warn', onEvent } = options
  const {
    timeoutMs = 60_000,
    retryConfig = {},
    maxRequestBytes = 1_000_000,
    ambiguousPauseMs = 3000,
    drainTimeoutMs = 10_000,
  } = options
  let credentials = checkCredentials(options.collectorId, options.apiKey)
  let leaving = false
  let closing: Promise<FlushReport> | undefined
  const report = (event: CatsyphonEvent): void => tell(onEvent, event)

  const shared = { system: SYSTEM, transport: transport.name, timeoutMs, clock }
  const direct = createCaller({ ...shared, interceptors: [...(options.interceptors ?? []), retrying(retryConfig, clock, random)] })
  // The outbox has patience of its own, so its attempts are single ones.
  const single = createCaller({ ...shared, interceptors: options.interceptors })
  const http = createHttp({ transport, clock, caller: direct, credentials: () => credentials })
  const queueHttp = createHttp({ transport, clock, caller: single, credentials: () => credentials })
  const probe = createGenerationProbe(queueHttp)

  const outbox: Outbox = await openOutbox({
    ...options.limits,
    store: options.store,
    name: options.outboxName ?? SYSTEM,
    batchSize: options.batchSize ?? 20,
    lingerMs: options.flushIntervalMs ?? 5000,
    maxConcurrent: options.maxConcurrent ?? 4,
    maxBatchBytes: maxRequestBytes,
    pauseMs: (failures) => retryDelay(retryConfig, failures - 1, random),
    clock,
    onReport: report,
    deliver: createDeliver({
      http: queueHttp,
      probe,
      clock,
      maxRequestBytes,
      timeoutMs,
      ambiguousPauseMs,
      isLeaving: () => leaving,
      isUnborn: async (parent) => outbox.pending(parent) > 0 && (await outbox.state(parent)).position === 0,
      onFilled: (sessionId, from, to) => report({ type: 'filled', sessionId, from, to }),
    }),
  })
  await outbox.recover()
  const writers = createWriters({ outbox, clock, report })

  const flush = async (callOptions: CallOptions = {}): Promise<FlushReport> => {
    await writers.settled()
    return await outbox.flush(callOptions)
  }

  const client: Catsyphon = {
    ...createDirect({ http, clock, validate, report, workspaceId }),
    get collectorId() {
      return credentials.collectorId
    },
    session: (sessionId, sessionOptions) => createSession({ writers, outbox, drainTimeoutMs, report }, sessionId, sessionOptions),
    withSession: (sessionId, work, sessionOptions) => withSession(client.session(sessionId, sessionOptions), work, report),
    batchWriter: (sessionId, writerOptions) => createBatchWriter(client, sessionId, writerOptions),
    flush,
    status() {
      const { halted, counts } = outbox
      return { ...counts, pending: outbox.pending(), ...(halted ? { halted } : {}) }
    },
    deadLetters: outbox.deadLetters,
    resume(next) {
      if (next) credentials = checkCredentials(next.collectorId, next.apiKey)
      outbox.resume()
    },
    nudge: () => outbox.nudge(),
    setLeaving(now) {
      leaving = now
    },
    detectGeneration: (callOptions) => probe.detect(callOptions),
    close() {
      closing ??= (async () => {
        const left = await flush({ timeoutMs: drainTimeoutMs })
        await outbox.close()
        return left
      })()
      return closing
    },
    async [Symbol.asyncDispose]() {
      await client.close()
    },
  }
  return client
}

function checkCredentials(collectorId: string, apiKey: string): { collectorId: string; apiKey: string } {
  if (collectorId !== '' && apiKey !== '' && !/[\r\n]/.test(collectorId + apiKey)) return { collectorId, apiKey }
  throw new SignalboxError({
    code: 'invalid_argument',
    message: 'A CatSyphon client needs a collectorId and an apiKey.',
    hint: 'Get them with register(), or from the store with fromStored().',
    system: SYSTEM,
  })
}
