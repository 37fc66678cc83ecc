/** A tab that can be killed: a worker with a client over the shared database. Its server is the page that started it. */
import { createCatsyphon } from '../../src/catsyphon/index.js'
import { catsyphonOutbox } from '../../src/catsyphon/outbox/index.js'
import { SignalboxError } from '../../src/errors.js'
import type { Exchange, ExchangeTransport, Reply } from '../../src/transport.js'
import { indexedDbStore } from '../../transports/web/store/indexeddb.js'

export interface TabTask {
  readonly database: string
  readonly collectorId: string
  readonly apiKey: string
  readonly sessionId: string
  readonly prefix: string
  /** Write so many, then flush; or, with none, only flush. */
  readonly count: number
}

export type FromTab =
  | { readonly kind: 'ack'; readonly content: string }
  | { readonly kind: 'ambiguous'; readonly count: number }
  | { readonly kind: 'done'; readonly pending: number }
  | { readonly kind: 'exchange'; readonly id: number; readonly request: Exchange }

export interface ToTab {
  readonly id: number
  readonly reply?: { readonly status: number; readonly headers: Record<string, string>; readonly body: string }
  readonly failure?: { readonly code: 'unreachable' | 'closed'; readonly sent: 'no' | 'maybe' }
}

const tell = (message: FromTab): void => postMessage(message)
const waiting = new Map<number, (answer: ToTab) => void>()
let count = 0

const transport: ExchangeTransport = {
  kind: 'exchange',
  name: 'page',
  async exchange(request) {
    count += 1
    const id = count
    const answer = await new Promise<ToTab>((resolve) => {
      waiting.set(id, resolve)
      tell({ kind: 'exchange', id, request: { ...request } })
    })
    if (answer.failure) throw new SignalboxError({ ...answer.failure, message: 'The network failed.' })
    const { status = 0, headers = {}, body = '' } = answer.reply ?? {}
    return { status, headers, body: new Response(body).body } as Reply
  },
}

addEventListener('message', ({ data }: MessageEvent<ToTab | TabTask>) => {
  if ('database' in data) void work(data)
  else waiting.get(data.id)?.(data)
})

async function work({ database, collectorId, apiKey, sessionId, prefix, count: events }: TabTask): Promise<void> {
  const client = await createCatsyphon({
    transport,
    collectorId,
    apiKey,
    outbox: catsyphonOutbox({ store: indexedDbStore({ database }) }),
    batchSize: 3,
    flushIntervalMs: 5,
    ambiguousPauseMs: 5,
    retryConfig: { initialDelayMs: 2, maxDelayMs: 10 },
    onEvent: (event) => {
      if (event.type === 'ambiguous') tell({ kind: 'ambiguous', count: event.count })
    },
  })
  const session = client.session(sessionId)
  for (let index = 0; index < events; index += 1) {
    const content = `${prefix}${index}`
    await session.message({ role: 'user', content })
    tell({ kind: 'ack', content })
  }
  const report = await client.flush({ timeoutMs: 20_000 })
  tell({ kind: 'done', pending: report.pending })
}
