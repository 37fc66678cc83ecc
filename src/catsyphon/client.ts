/** The client: direct calls, sessions over the queue, and what became of everything. */
import type { ClientOptions, Interceptor } from '../core/call.js'
import { systemClock, type Random } from '../core/clock.js'
import { tell } from '../core/policy/policy.js'
import type { FlushReport } from '../store/outbox-types.js'
import type { ExchangeTransport } from '../transport.js'
import { createBatchWriter, type BatchWriter, type BatchWriterOptions } from './batch-writer.js'
import { createCheck, createDirect, type Direct } from './direct.js'
import { invalid } from './errors.js'
import { createHttp, type Credentials, type Http } from './http.js'
import type { OpenQueue, QueueControls, QueueOptions } from './queue.js'
import type { CatsyphonEvent } from './report.js'
import { retrying } from './retry-config.js'
import { createSession, withSession, type Session, type SessionOptions } from './session.js'

export interface CatsyphonOptions extends Omit<ClientOptions, 'timeoutMs'>, QueueOptions {
  /** `fetchExchange({ baseUrl })` of `signalbox/web` or of `signalbox/node`. The base may have a path, as `/api`. */
  readonly transport: ExchangeTransport
  readonly collectorId: string
  readonly apiKey: string
  /** Where events wait: `catsyphonOutbox({ store })` of `signalbox/catsyphon/outbox`. */
  readonly outbox: OpenQueue
  /** For reading conversations back. */
  readonly workspaceId?: string
  /** How long `complete`, `close` and disposal wait for delivery. Default 10,000. What is not delivered stays queued. */
  readonly drainTimeoutMs?: number
  readonly random?: Random
  readonly onEvent?: (event: CatsyphonEvent) => void
}

export interface Catsyphon extends Direct, QueueControls, AsyncDisposable {
  readonly collectorId: string
  session(sessionId: string, options?: SessionOptions): Session
  /** Completes the session: `success` when the function returns, `failed` when it throws, nothing when it never started. */
  withSession<Result>(
    sessionId: string,
    work: (session: Session) => Promise<Result> | Result,
    options?: SessionOptions,
  ): Promise<Result>
  batchWriter(sessionId: string, options?: BatchWriterOptions): BatchWriter
  /** Goes on after a halt, with new credentials if those were the trouble. */
  resume(credentials?: Credentials): void
  /** Flushes within `drainTimeoutMs`, then frees everything. What waits stays in the store. */
  close(): Promise<FlushReport>
}

export async function createCatsyphon(options: CatsyphonOptions): Promise<Catsyphon> {
  const { clock = systemClock, random = Math.random, drainTimeoutMs = 10_000, interceptors = [] } = options
  let own = checkCredentials(options)
  let closing: Promise<FlushReport> | undefined
  const report = (event: CatsyphonEvent): void => tell(options.onEvent, event)
  const connect = (more: readonly Interceptor[]): Http =>
    createHttp({ ...options, clock, credentials: () => own, interceptors: [...interceptors, ...more] })
  const direct = connect([retrying(options.retryConfig, clock, random)])
  const check = createCheck(options.validate, report)
  checkOutbox(options)
  const queue = await options.outbox({ http: connect([]), direct, check, options, clock, random, report })

  const client: Catsyphon = {
    ...createDirect(direct, check, options.workspaceId),
    ...queue.controls,
    get collectorId() {
      return own.collectorId
    },
    session: (id, more) => createSession(queue, drainTimeoutMs, id, more),
    withSession: (id, work, more) => withSession(client.session(id, more), work, report),
    batchWriter: (id, tuning) => createBatchWriter(client, id, tuning),
    resume(next) {
      if (next) own = checkCredentials(next)
      queue.resume()
    },
    close() {
      closing ??= client.flush({ timeoutMs: drainTimeoutMs }).finally(queue.close)
      return closing
    },
    async [Symbol.asyncDispose]() {
      await client.close()
    },
  }
  return client
}

export function checkOutbox({ outbox }: Pick<CatsyphonOptions, 'outbox'>): void {
  if (!outbox) throw invalid('A client needs an outbox.', 'catsyphonOutbox() of signalbox/catsyphon/outbox makes one.')
}

function checkCredentials({ collectorId, apiKey }: Credentials): Credentials {
  if (collectorId && apiKey && !/[\r\n]/.test(collectorId + apiKey)) return { collectorId, apiKey }
  throw invalid('A client needs a collectorId and an apiKey.', 'register() gets them, fromStored() finds them again.')
}
