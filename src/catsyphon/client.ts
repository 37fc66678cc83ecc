/** The client: direct calls, sessions over the outbox, and reports of delivery. */
import type { ClientOptions, Interceptor } from '../core/call.js'
import { systemClock, type Random } from '../core/clock.js'
import { notifyObserver } from '../core/policy/policy.js'
import type { FlushReport } from '../store/outbox/types.js'
import type { ExchangeTransport } from '../transport.js'
import { createBatchWriter, type BatchWriter, type BatchWriterOptions } from './batch-writer.js'
import { createCheck, createDirect, type Direct } from './direct.js'
import { invalid } from './errors.js'
import { createHttp, type Credentials, type Http } from './http.js'
import type { OpenOutbox, OutboxControls, OutboxSettings } from './outbox/types.js'
import type { CatsyphonEvent } from './report.js'
import { retrying } from './retry-config.js'
import { createSession, withSession, type Session, type SessionOptions } from './session.js'

/** Options of `createCatsyphon`. */
export interface CatsyphonOptions extends Omit<ClientOptions, 'timeoutMs'>, OutboxSettings {
  /** `fetchExchange({ baseUrl })` of `signalbox/web` or of `signalbox/node`. The base URL may have a path, as `/api`. */
  readonly transport: ExchangeTransport
  /** The collector's id. `register` gets one. */
  readonly collectorId: string
  /** The collector's key. */
  readonly apiKey: string
  /** The outbox in which events wait: `catsyphonOutbox({ store })`. */
  readonly outbox: OpenOutbox
  /** The workspace to read conversations of. */
  readonly workspaceId?: string
  /** How long `complete`, `close` and disposal wait for delivery. Default 10,000. What is not delivered stays queued. */
  readonly drainTimeoutMs?: number
  /** Default `Math.random`. */
  readonly random?: Random
  /** Called for everything that the client reports: failed attempts, a halt, dead letters, replaced values. */
  readonly onEvent?: (event: CatsyphonEvent) => void
}

/** A CatSyphon client. Disposal does the same as `close`. */
export interface Catsyphon extends Direct, OutboxControls, AsyncDisposable {
  /** The collector that this client writes as. */
  readonly collectorId: string
  /**
   * A session to write to. Its methods resolve when an event is durable.
   *
   * @example
   * ```ts
   * import type { Catsyphon } from 'signalbox/catsyphon'
   *
   * declare const client: Catsyphon
   * const session = client.session(crypto.randomUUID())
   * await session.start({ agentType: 'my-agent' })
   * await session.message({ role: 'user', content: 'Fix the login bug' })
   * const { pending, error } = await session.complete()
   * if (pending > 0) console.error(error?.message)
   * ```
   */
  session(sessionId: string, options?: SessionOptions): Session
  /**
   * Runs a function with a session, then completes it: `success` when the function returns, `failed` when it throws. A session that was
   * never started is not completed. The function's own error is always thrown on.
   *
   * @example
   * ```ts
   * import type { Catsyphon } from 'signalbox/catsyphon'
   *
   * declare const client: Catsyphon
   * await client.withSession(crypto.randomUUID(), async (session) => {
   *   await session.start({ agentType: 'my-agent' })
   *   await session.message({ role: 'assistant', content: 'Done' })
   * })
   * ```
   */
  withSession<Result>(
    sessionId: string,
    work: (session: Session) => Promise<Result> | Result,
    options?: SessionOptions,
  ): Promise<Result>
  /**
   * A writer of raw events, as of the Python SDK.
   *
   * @example
   * ```ts
   * import { EventType, type Catsyphon } from 'signalbox/catsyphon'
   *
   * declare const client: Catsyphon
   * await using writer = client.batchWriter(crypto.randomUUID(), { batchSize: 10, flushIntervalMs: 5000 })
   * await writer.addRaw({ eventType: EventType.THINKING, data: { content: 'Where is the bug?' } })
   * ```
   */
  batchWriter(sessionId: string, options?: BatchWriterOptions): BatchWriter
  /**
   * Ends a halt. Give new credentials where the old ones were refused.
   *
   * @example
   * ```ts
   * import type { Catsyphon } from 'signalbox/catsyphon'
   *
   * declare const client: Catsyphon
   * if (client.status().halted?.code === 'unauthenticated') client.resume({ collectorId: '6e7e...', apiKey: 'cs_live_...' })
   * ```
   */
  resume(credentials?: Credentials): void
  /**
   * Flushes within `drainTimeoutMs`, then frees everything. What still waits stays in the store; the report says how much and why.
   *
   * @example
   * ```ts
   * import type { Catsyphon } from 'signalbox/catsyphon'
   *
   * declare const client: Catsyphon
   * const { pending, error } = await client.close()
   * if (pending > 0) console.error(`${pending} events wait for the next start: ${error?.message}`)
   * ```
   */
  close(): Promise<FlushReport>
}

/**
 * Makes a client from credentials that you have. `register` gets new ones; `fromStored` finds them again. Rejects with `invalid_argument`
 * without credentials or outbox, and with the store's error where the outbox cannot be opened. It makes no request.
 *
 * @example
 * ```ts
 * import { catsyphonOutbox, createCatsyphon } from 'signalbox/catsyphon'
 * import { fetchExchange } from 'signalbox/web'
 *
 * await using client = await createCatsyphon({
 *   transport: fetchExchange({ baseUrl: 'http://localhost:8000', redirects: 'never' }),
 *   collectorId: '6e7e0000-0000-4000-8000-000000000000',
 *   apiKey: 'cs_live_...',
 *   outbox: catsyphonOutbox(),
 *   onEvent: (event) => {
 *     if (event.type === 'halted' || event.type === 'retrying') console.error(event.error.message)
 *   },
 * })
 * console.log(await client.health())
 * ```
 */
export async function createCatsyphon(options: CatsyphonOptions): Promise<Catsyphon> {
  const { clock = systemClock, random = Math.random, drainTimeoutMs = 10_000, interceptors = [] } = options
  let credentials = checkCredentials(options)
  let closing: Promise<FlushReport> | undefined
  const report = (event: CatsyphonEvent): void => notifyObserver(options.onEvent, event)
  const connect = (more: readonly Interceptor[]): Http =>
    createHttp({ ...options, clock, credentials: () => credentials, interceptors: [...interceptors, ...more] })
  const direct = connect([retrying(options.retryConfig, clock, random)])
  const check = createCheck(options.validate, report)
  checkOutbox(options)
  const outbox = await options.outbox({ http: connect([]), direct, check, options, clock, random, report })

  const client: Catsyphon = {
    ...createDirect(direct, check, options.workspaceId),
    ...outbox.controls,
    get collectorId() {
      return credentials.collectorId
    },
    session: (id, more) => createSession(outbox, drainTimeoutMs, id, more),
    withSession: (id, work, more) => withSession(client.session(id, more), work, report),
    batchWriter: (id, tuning) => createBatchWriter(client, id, tuning),
    resume(next) {
      if (next) credentials = checkCredentials(next)
      outbox.resume()
    },
    close() {
      closing ??= client.flush({ timeoutMs: drainTimeoutMs }).finally(outbox.close)
      return closing
    },
    async [Symbol.asyncDispose]() {
      await client.close()
    },
  }
  return client
}

export function checkOutbox({ outbox }: Pick<CatsyphonOptions, 'outbox'>): void {
  if (!outbox) throw invalid('A client needs an outbox.', 'catsyphonOutbox() of signalbox/catsyphon makes one.')
}

function checkCredentials({ collectorId, apiKey }: Credentials): Credentials {
  if (collectorId && apiKey && !/[\r\n]/.test(collectorId + apiKey)) return { collectorId, apiKey }
  throw invalid('A client needs a collectorId and an apiKey.', 'register() gets them, fromStored() finds them again.')
}
