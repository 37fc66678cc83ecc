/** The gateway from a page, an edge worker or anywhere: for each upstream the transport that its protocol needs. */
import { SignalboxError } from '../../src/errors.js'
import { isSecretName } from '../../src/redact.js'
import type { ExchangeTransport, Link, OpenOptions, StreamTransport } from '../../src/transport.js'
import { httpBase } from './address.js'
import { fetchExchange, type FetchExchangeOptions } from './fetch-exchange.js'
import { fetchLink } from './fetch-link.js'
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

/** How a stream upstream is reached: a POST a request, or a full-duplex link. */
export type Via = 'call' | 'link'

export interface GatewayClient {
  /** What this credential may see and do; throws `unauthenticated` when it is not valid. */
  session(options?: OpenOptions): Promise<GatewaySession>
  /** The token that is used, redeemed if need be: for a page that must survive a reload. Keep it out of URLs and logs. */
  token(): Promise<string>
  /** Request and response, or request and stream: `call` unless told otherwise. Names default to the system's. */
  ccc(name?: string, via?: Via): StreamTransport<void>
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
  const plain = fetchExchange({ baseUrl: base.href, name: 'gateway', ...(fetch ? { fetch } : {}) })
  let session: Promise<string> | undefined

  const redeem = async (ticket: string): Promise<string> => {
    const body = JSON.stringify({ ticket })
    const reply = await plain.exchange({
      method: 'POST',
      path: '/v1/ticket',
      headers: { 'content-type': 'application/json' },
      body,
    })
    const answer = (await jsonOf(reply.body)) as { token?: unknown; error?: { message?: unknown } }
    if (typeof answer.token === 'string') return answer.token
    const why = typeof answer.error?.message === 'string' ? answer.error.message : `It answered with status ${reply.status}.`
    throw new SignalboxError({
      code: 'unauthenticated',
      message: `The gateway did not take the ticket. ${why}`,
      hint: 'Ask the gateway for a new one; a ticket works once.',
      transport: 'gateway',
      status: reply.status,
    })
  }
  const token = async (): Promise<string> => {
    if (typeof options.token === 'function') return options.token()
    if (options.token !== undefined) return options.token
    if (options.ticket === undefined) {
      throw new SignalboxError({
        code: 'unauthenticated',
        message: 'The gateway needs a token or a ticket.',
        hint: 'The gateway prints an address with a ticket when it starts.',
        transport: 'gateway',
      })
    }
    // Shared by every transport of this client: a ticket works once.
    session ??= redeem(options.ticket)
    return session
  }
  const headers = async (): Promise<Record<string, string>> => ({ authorization: `Bearer ${await token()}` })
  const common = { headers, ...(fetch ? { fetch } : {}) }

  const stream = <Launch>(name: string, via: Via): StreamTransport<Launch> => {
    const path = `${base.href.replace(/\/$/, '')}/v1/${encodeURIComponent(name)}`
    if (via === 'call') {
      const posts = fetchLink({ url: `${path}/call`, name: `gateway:${name}`, ...common })
      return { ...posts, open: async (_launch, open) => withoutFirstBeat(await posts.open(undefined, open)) }
    }
    return webSocketLink<Launch>({
      url: `${path}/link`,
      name: `gateway:${name}`,
      credential: token,
      ...(webSocket ? { webSocket } : {}),
    })
  }
  const exchange = (name: string): ExchangeTransport => {
    const inner = fetchExchange({
      baseUrl: `${base.href.replace(/\/$/, '')}/v1/${encodeURIComponent(name)}/http`,
      name: `gateway:${name}`,
      ...common,
    })
    // A client of the system sends what it takes for its own credential; the gateway has the real one and must not see another.
    return {
      ...inner,
      exchange(request, open) {
        const kept = Object.entries(request.headers ?? {}).filter(([key]) => !isSecretName(key))
        return inner.exchange({ ...request, headers: Object.fromEntries(kept) }, open)
      },
    }
  }

  return {
    async session(open = {}) {
      const reply = await plain.exchange({ method: 'GET', path: '/v1', headers: await headers() }, open)
      const answer = (await jsonOf(reply.body)) as Partial<GatewaySession> & { error?: { message?: unknown } }
      if (reply.status === 200 && answer.upstreams && answer.scopes) return { scopes: answer.scopes, upstreams: answer.upstreams }
      throw new SignalboxError({
        code: reply.status === 401 ? 'unauthenticated' : 'protocol',
        message: `The gateway refused: ${typeof answer.error?.message === 'string' ? answer.error.message : `status ${reply.status}`}`,
        transport: 'gateway',
        status: reply.status,
      })
    },
    token,
    ccc: (name = 'ccc', via = 'call') => stream(name, via),
    cccc: (name = 'cccc', via = 'call') => stream(name, via),
    claude: (name = 'claude') => stream(name, 'link'),
    cmdop: (name = 'cmdop') => stream(name, 'link'),
    catsyphon: (name = 'catsyphon') => exchange(name),
    stream: (name, via = 'link') => stream(name, via),
    exchange,
  }
}

const NEWLINE = 0x0a

/** The gateway begins an answer with an empty line, so that Firefox hands out the first bytes; a protocol knows nothing of it. */
function withoutFirstBeat(link: Link): Link {
  let begun = false
  const read = async (): Promise<Uint8Array | null> => {
    for (;;) {
      const chunk = await link.read()
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

const MAX_ANSWER_BYTES = 256 * 1024

async function jsonOf(body: ReadableStream<Uint8Array> | null): Promise<unknown> {
  if (!body) return {}
  const reader = body.getReader()
  const utf8 = new TextDecoder()
  let text = ''
  for (;;) {
    const next = await reader.read()
    if (next.done) break
    text += utf8.decode(next.value, { stream: true })
    if (text.length > MAX_ANSWER_BYTES) {
      await reader.cancel()
      return {}
    }
  }
  try {
    return JSON.parse(text + utf8.decode())
  } catch {
    return {}
  }
}
