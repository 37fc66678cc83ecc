/** Shared by the CatSyphon cases: a simulator, a client with short pauses between attempts, and functions that read the results. */
import { createCatsyphon, type Catsyphon, type CatsyphonEvent, type CatsyphonOptions } from '../../src/catsyphon/index.js'
import { catsyphonOutbox } from '../../src/catsyphon/index.js'
import type { ExchangeTransport } from '../../src/index.js'
import { memoryStore, type Store } from '../../src/store/index.js'
import {
  createCatsyphonSimulator,
  type CatsyphonSimulator,
  type CatsyphonGeneration as Generation,
} from '../../src/testing/index.js'

export interface CatsyphonContext {
  readonly generation: Generation
  /** A durable or forgetful store; default memory. */
  readonly openStore?: () => Promise<Store>
  /** Wraps the transport to the server; default: the transport itself. */
  readonly reach?: (simulator: CatsyphonSimulator, credentials: Bench['credentials']) => ExchangeTransport
}

export interface Sent {
  readonly path: string
  readonly body: string
  readonly headers: Readonly<Record<string, string>>
}

export interface Bench extends AsyncDisposable {
  readonly simulator: CatsyphonSimulator
  readonly client: Catsyphon
  readonly events: CatsyphonEvent[]
  /** Every request that left the client. */
  readonly sent: Sent[]
  readonly credentials: { readonly collectorId: string; readonly apiKey: string }
  /** Another client on the same store, as after a restart; the first one was not closed. */
  restart(): Promise<Catsyphon>
  open(options?: Partial<CatsyphonOptions>, outboxName?: string): Promise<Catsyphon>
}

/** Short times everywhere: the cases check what is done, not when. */
export const QUICK = {
  retryConfig: { initialDelayMs: 1, maxDelayMs: 5, jitter: false },
  ambiguousPauseMs: 5,
  drainTimeoutMs: 20_000,
  flushIntervalMs: 60_000,
} as const satisfies Partial<CatsyphonOptions>

export async function openBench(
  context: CatsyphonContext,
  options: Partial<CatsyphonOptions> = {},
  simulator = createCatsyphonSimulator({ generation: context.generation }),
): Promise<Bench> {
  const collector = simulator.register()
  const credentials = { collectorId: collector.id, apiKey: collector.key }
  const store = context.openStore ? await context.openStore() : memoryStore()
  const events: CatsyphonEvent[] = []
  const sent: Sent[] = []
  const clients: Catsyphon[] = []
  const open = async (more: Partial<CatsyphonOptions> = {}, name?: string): Promise<Catsyphon> => {
    const transport = recording(options.transport ?? context.reach?.(simulator, credentials) ?? simulator.transport, sent)
    const base = {
      ...QUICK,
      ...credentials,
      workspaceId: simulator.workspaceId,
      outbox: catsyphonOutbox({ store, ...(name !== undefined && { name }) }),
      onEvent: (event: CatsyphonEvent) => void events.push(event),
    }
    const client = await createCatsyphon({ ...base, ...options, ...more, transport })
    clients.push(client)
    return client
  }
  const client = await open()
  return {
    simulator,
    client,
    events,
    sent,
    credentials,
    open,
    restart: () => open(),
    async [Symbol.asyncDispose]() {
      await Promise.all(clients.map((one) => one.close()))
      await store[Symbol.asyncDispose]()
    },
  }
}

function recording(inner: ExchangeTransport, sent: Sent[]): ExchangeTransport {
  return {
    ...inner,
    async exchange(request, options) {
      sent.push({ path: request.path, body: String(request.body ?? ''), headers: request.headers ?? {} })
      return await inner.exchange(request, options)
    },
  }
}

export const newSession = (): string => `s-${crypto.randomUUID()}`

/** The contents of the stored messages, in the order in which they were stored. */
export function contents(simulator: CatsyphonSimulator, sessionId: string): string[] {
  return simulator.ledger.rows(sessionId).map(({ data }) => String(data.content ?? data.tool_name ?? data.result ?? data.message))
}

export const eventRequests = (sent: readonly Sent[]): Sent[] =>
  sent.filter(({ path, body }) => path.endsWith('/collectors/events') && !isBarrier(body))
export const barriers = (sent: readonly Sent[]): Sent[] => sent.filter(({ body }) => isBarrier(body))
const isBarrier = (body: string): boolean => /^\{"session_id":"[^"]*","events":\[\{"type":"metadata"/.test(body)

export const ofType = <Type extends CatsyphonEvent['type']>(events: readonly CatsyphonEvent[], type: Type) =>
  events.filter((event): event is Extract<CatsyphonEvent, { type: Type }> => event.type === type)

export { until } from './kit.js'

/** Starts a session and logs the given number of messages. */
export async function talk(client: Catsyphon, sessionId: string, count: number, prefix = 'm'): Promise<void> {
  const session = client.session(sessionId)
  await session.start({ agentType: 'conformance' })
  await Promise.all(Array.from({ length: count }, (_, index) => session.message({ role: 'user', content: `${prefix}${index}` })))
}

export const expected = (count: number, prefix = 'm'): string[] => Array.from({ length: count }, (_, index) => `${prefix}${index}`)
