/**
 * A gateway whose upstreams are simulators in the runtime of its client. A page cannot listen, so it opens links to this gateway in advance. When
 * the gateway opens an upstream, it uses one of these links, and the page connects the link to its simulator. So a test in any runtime uses a real
 * gateway and can read the ledger of the simulator.
 */
import type { ExchangePolicy, StreamPolicy, Upstream } from '../../../src/gateway/index.js'
import {
  catsyphonPolicy,
  cccPolicy,
  ccccPolicy,
  claudePolicy,
  cmdopHttpPolicy,
  cmdopPolicy,
} from '../../../src/gateway/policy/index.js'
import { encodeNdjson } from '../../../src/core/codec/ndjson.js'
import { raceSignal } from '../../../src/core/deadline.js'
import {
  SignalboxError,
  type ErrorCode,
  type ExchangeTransport,
  type Link,
  type OpenOptions,
  type Sent,
  type StreamTransport,
} from '../../../src/index.js'
import { serveGateway, type ServedGateway } from '../../../transports/node/index.js'
import { readHead } from './head.js'

interface Told {
  readonly status: number
  readonly headers: Record<string, string>
  /** Instead of an answer. */
  readonly code?: ErrorCode
  readonly sent?: Sent
}

export interface LendingGateway extends AsyncDisposable {
  readonly served: ServedGateway
  /** Takes a waiting link for one upstream. */
  lend(name: string, link: Link): void
}

export async function startLendingGateway(allowedOrigins: readonly string[]): Promise<LendingGateway> {
  const ready = new Map<string, Link[]>()
  const wanted = new Map<string, ((link: Link) => void)[]>()
  const listIn = <Item>(map: Map<string, Item[]>, name: string): Item[] => {
    const list = map.get(name) ?? []
    map.set(name, list)
    return list
  }
  const lend = (name: string, link: Link): void => {
    const first = listIn(wanted, name).shift()
    if (first) return first(link)
    const list = listIn(ready, name)
    list.push(link)
    void link.closed.then(() => {
      const at = list.indexOf(link)
      if (at !== -1) list.splice(at, 1)
    })
  }
  /** The next waiting link, or a promise of the next one. */
  const borrow = async (name: string, { signal }: OpenOptions = {}): Promise<Link> => {
    signal?.throwIfAborted()
    const link = listIn(ready, name).shift()
    if (link) return link
    const next = new Promise<Link>((resolve) => listIn(wanted, name).push(resolve))
    if (!signal) return next
    // An aborted waiter keeps its place in the queue: the next waiter gets its item.
    return raceSignal(next, signal).catch((error: unknown) => {
      void next.then((late) => lend(name, late))
      throw error
    })
  }
  const transportOf = (name: string): StreamTransport<unknown> => ({
    kind: 'stream',
    name,
    async open(launch, options) {
      const link = await borrow(name, options)
      await link.write(encodeNdjson({ launch }))
      return link
    },
  })
  const exchangeOf = (name: string): ExchangeTransport => ({
    kind: 'exchange',
    name,
    async exchange({ method, path, headers, body }, options = {}) {
      const link = await borrow(name, options)
      const onAbort = (): void => void link.close()
      options.signal?.addEventListener('abort', onAbort, { once: true })
      void link.closed.then(() => options.signal?.removeEventListener('abort', onAbort))
      await link.write(encodeNdjson({ method, path, headers }))
      if (body instanceof Uint8Array) await link.write(body)
      await link.end()
      const { head, rest } = await readHead(link)
      const { status, headers: told, code, sent } = head as Told
      if (code !== undefined) throw new SignalboxError({ code, sent, message: 'The lent server failed.' })
      return { status, headers: told, body: rest }
    },
  })
  const stream = (system: string, policy: StreamPolicy): Upstream => ({
    kind: 'stream',
    system,
    policy,
    transport: transportOf(system),
  })
  const exchange = (system: string, policy: ExchangePolicy): Upstream => ({
    kind: 'exchange',
    system,
    policy,
    transport: exchangeOf(system),
  })
  const served = await serveGateway({
    scopes: ['admin'],
    allowedOrigins,
    limits: {
      maxCalls: 1_000,
      maxLinksPerCredential: 1_000,
      maxLinksPerUpstream: 1_000,
      maxChildrenPerUpstream: 1_000,
      maxMessageBytes: 64 * 1024 * 1024,
      maxWrongPins: 1_000,
      maxJsonNodes: 10_000_000,
      maxBytesPerSecond: 2 ** 32,
      maxFrameBytes: 1024 * 1024,
      // A busy machine may need more than the default of two seconds for an open.
      openTimeoutMs: 60_000,
      bodyTimeoutMs: 120_000,
      stallTimeoutMs: 120_000,
    },
    upstreams: {
      ccc: stream('ccc', cccPolicy),
      cccc: stream('cccc', ccccPolicy),
      claude: stream('claude', claudePolicy),
      cmdop: stream('cmdop', cmdopPolicy),
      catsyphon: exchange('catsyphon', catsyphonPolicy),
      'cmdop-relay': exchange('cmdop-relay', cmdopHttpPolicy),
      'cmdop-platform': exchange('cmdop-platform', cmdopHttpPolicy),
    },
  })
  return {
    served,
    lend,
    async [Symbol.asyncDispose]() {
      await Promise.all([...ready.values()].flat().map((link) => link.close({ graceMs: 100 })))
      await served.close()
    },
  }
}
