/** The gateway from a page, an edge worker or anywhere: for each upstream the transport that its protocol needs. */
import { CCCC_RAW_OPS } from '../../src/cccc/scopes.js'
import { SignalboxError } from '../../src/errors.js'
import { isSecretName } from '../../src/redact.js'
import type { ExchangeTransport, Link, OpenOptions, Reply, StreamTransport } from '../../src/transport.js'
import { httpBase } from './address.js'
import { autoLink } from './auto-link.js'
import { fetchExchange, type FetchExchangeOptions } from './fetch-exchange.js'
import { fetchLink } from './fetch-link.js'
import { jsonOf, refusalError, unlessRefused } from './gateway-refusal.js'
import { explained } from './local-network.js'
import { webSocketLink, type WebSocketConstructor } from './web-socket.js'

export interface GatewayClientOptions extends Pick<FetchExchangeOptions, 'fetch'> {
  /** A one-time ticket, as from the fragment of the page's address. Redeemed once, at the first use. */
  readonly ticket?: string
  /** A token, or where to get one. */
  readonly token?: string | (() => string | Promise<string>)
  /** Default: the runtime's own. */
  readonly webSocket?: WebSocketConstructor
}

export interface GatewaySession {
  readonly scopes: readonly string[]
  readonly upstreams: readonly { readonly name: string; readonly system: string; readonly kind: 'stream' | 'exchange' }[]
}

/** How a stream upstream is reached: a POST a request, a full-duplex link, or whichever the first line needs. */
export type Via = 'call' | 'link' | 'auto'

export interface GatewayClient {
  /** What this credential may see and do; throws `unauthenticated` when it is not valid. */
  session(options?: OpenOptions): Promise<GatewaySession>
  /** The token that is used, redeemed if need be: for a page that must survive a reload. Keep it out of URLs and logs. */
  token(): Promise<string>
  /** One request on a connection: `call` unless told otherwise. Names default to the system's. */
  ccc(name?: string, via?: Via): StreamTransport<void>
  /** `auto` unless told otherwise: terminals and browsers need a link, everything else is one request. */
  cccc(name?: string, via?: Via): StreamTransport<void>
  /** Full duplex: always a link. */
  claude<Launch>(name?: string): StreamTransport<Launch>
  cmdop(name?: string): StreamTransport<void>
  catsyphon(name?: string): ExchangeTransport
  /** Any upstream of the configuration. */
  stream<Launch = void>(name: string, via?: Via): StreamTransport<Launch>
  exchange(name: string): ExchangeTransport
}

export function gateway(url: string | URL, options: GatewayClientOptions = {}): GatewayClient {
  const base = httpBase(url, 'gateway')
  const { fetch, webSocket } = options
  const own = fetch ? { fetch } : {}
  const plain = fetchExchange({ baseUrl: base.href, name: 'gateway', ...own })
  const root = base.href.replace(/\/$/, '')
  const ask = (request: Parameters<typeof plain.exchange>[0], open?: OpenOptions): Promise<Reply> =>
    explained(base, () => plain.exchange(request, open))
  let redeemed: Promise<string> | undefined

  const redeem = async (ticket: string): Promise<string> => {
    const headers = { 'content-type': 'application/json' }
    const reply = await ask({ method: 'POST', path: '/v1/ticket', headers, body: JSON.stringify({ ticket }) })
    const answer = (await jsonOf(reply.body)) as { token?: unknown }
    if (typeof answer.token === 'string') return answer.token
    throw refusalError(answer, reply, 'gateway')
  }
  const token = async (): Promise<string> => {
    if (typeof options.token === 'function') return options.token()
    if (options.token) return options.token
    if (options.ticket === undefined) {
      throw new SignalboxError({
        code: 'unauthenticated',
        message: 'The gateway needs a token or a ticket.',
        hint: 'The gateway prints an address with a ticket when it starts.',
        transport: 'gateway',
      })
    }
    // Shared by every transport of this client: a ticket works once. One that could not be sent is not spent.
    redeemed ??= redeem(options.ticket).catch((error: unknown) => {
      if (SignalboxError.is(error) && error.sent === 'no' && error.code !== 'unauthenticated') redeemed = undefined
      throw error
    })
    return redeemed
  }
  const headers = async (): Promise<Record<string, string>> => ({ authorization: `Bearer ${await token()}` })

  const called = (name: string): StreamTransport => {
    const posts = fetchLink({ url: `${root}/v1/${encodeURIComponent(name)}/call`, name: `gateway:${name}`, headers, ...own })
    return { ...posts, open: async (_launch, open) => withoutFirstBeat(await posts.open(undefined, open), base) }
  }
  const linked = <Launch>(name: string): StreamTransport<Launch> => {
    const links = webSocketLink<Launch>({
      url: `${root}/v1/${encodeURIComponent(name)}/link`,
      name: `gateway:${name}`,
      credential: token,
      ...(webSocket ? { webSocket } : {}),
    })
    return { ...links, open: (launch, open) => explained(base, () => links.open(launch, open)) }
  }
  const stream = <Launch>(name: string, via: Via): StreamTransport<Launch> => {
    if (via === 'link') return linked(name)
    const call = called(name)
    const either = via === 'call' ? call : autoLink({ name: call.name, call, link: linked<void>(name), needsLink: isConversation })
    return either as StreamTransport<Launch>
  }
  const exchange = (name: string): ExchangeTransport => {
    const baseUrl = `${root}/v1/${encodeURIComponent(name)}/http`
    const inner = fetchExchange({ baseUrl, name: `gateway:${name}`, headers, ...own })
    return {
      ...inner,
      async exchange(request, open) {
        // A client of the system sends what it takes for its own credential; the gateway has the real one and must not see another.
        const kept = Object.entries(request.headers ?? {}).filter(([key]) => !isSecretName(key))
        const own: Record<string, string> = Object.fromEntries(kept.map(([key, value]) => [key.toLowerCase(), value]))
        // With a body or without: what a form could send across sites, the gateway does not take.
        if (CHANGES.includes(request.method)) own['content-type'] ??= 'application/json'
        const reply = await explained(base, () => inner.exchange({ ...request, headers: own }, open))
        return unlessRefused(reply, inner.name)
      },
    }
  }

  return {
    async session(open = {}) {
      const reply = await ask({ method: 'GET', path: '/v1', headers: await headers() }, open)
      const answer = (await jsonOf(reply.body)) as Partial<GatewaySession>
      if (reply.status === 200 && answer.upstreams && answer.scopes) return { scopes: answer.scopes, upstreams: answer.upstreams }
      throw refusalError(answer, reply, 'gateway')
    },
    token,
    ccc: (name = 'ccc', via = 'call') => stream(name, via),
    cccc: (name = 'cccc', via = 'auto') => stream(name, via),
    claude: (name = 'claude') => stream(name, 'link'),
    cmdop: (name = 'cmdop') => stream(name, 'link'),
    catsyphon: (name = 'catsyphon') => exchange(name),
    stream: (name, via = 'link') => stream(name, via),
    exchange,
  }
}

const CHANGES = ['POST', 'PUT', 'PATCH']

/** Requests after which both sides speak. What cannot be read is refused on either way. */
function isConversation(line: Uint8Array): boolean {
  try {
    const { op } = JSON.parse(new TextDecoder().decode(line)) as { op?: unknown }
    return typeof op === 'string' && CCCC_RAW_OPS.includes(op)
  } catch {
    return false
  }
}

const NEWLINE = 0x0a

/** The gateway begins an answer with an empty line, so that Firefox hands out the first bytes; a protocol knows nothing of it. */
function withoutFirstBeat(link: Link, base: URL): Link {
  let begun = false
  const read = async (): Promise<Uint8Array | null> => {
    for (;;) {
      const chunk = await explained(base, () => link.read())
      if (begun || chunk === null) return chunk
      const first = chunk.findIndex((byte) => byte !== NEWLINE)
      if (first === -1) continue
      begun = true
      return first === 0 ? chunk : chunk.subarray(first)
    }
  }
  return {
    info: link.info,
    read,
    write: (bytes) => link.write(bytes),
    end: () => link.end(),
    close: (options) => link.close(options),
    closed: link.closed,
    [Symbol.asyncDispose]: () => link[Symbol.asyncDispose](),
  }
}
