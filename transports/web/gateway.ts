/** The client of a gateway, for pages, edge workers and other programs: a transport for each upstream. */
import { CCCC_RAW_OPS } from '../../src/cccc/scopes.js'
import { SignalboxError } from '../../src/errors.js'
import { PROOF_HEADER, publicProofKey, signProof, type ProofKeyPair } from '../../src/gateway/proof-key.js'
import { isSecretName } from '../../src/secret-names.js'
import type { ExchangeTransport, OpenOptions, StreamTransport } from '../../src/transport.js'
import { httpBase } from './address.js'
import { fetchExchange, type FetchExchangeOptions } from './fetch-exchange.js'
import { requestLinks } from './fetch-link.js'
import { explained } from './local-network.js'
import { jsonOf, refusalOf } from './refusal.js'
import { webSocketLink, type WebSocketConstructor } from './web-socket.js'

/** The credential and its options. */
export interface GatewayClientOptions extends Pick<FetchExchangeOptions, 'fetch'> {
  /** A one-time ticket, as from the fragment of the page's address. Redeemed once, at the first use. */
  readonly ticket?: string
  /** A token, or a function that returns one. */
  readonly token?: string | (() => string | Promise<string>)
  /**
   * A key pair from `createProofKey()`: the redeemed credential is bound to it, and each request is signed, so that a copied token is worth
   * nothing. With a `token`, the pair that this token was redeemed with.
   */
  readonly proofKey?: ProofKeyPair
  /** The name of this device in the list of credentials. */
  readonly deviceName?: string
  /** Default: the runtime's own. */
  readonly webSocket?: WebSocketConstructor | PromiseLike<WebSocketConstructor>
}

/** The permissions of a credential. */
export interface GatewaySession {
  /** The name of this credential. A hub's journal has it as the `by` of what a credential without `admin` does. */
  readonly name?: string
  /** The scopes of this credential. */
  readonly scopes: readonly string[]
  /** The upstreams that this credential may name. */
  readonly upstreams: readonly { readonly name: string; readonly system: string; readonly kind: 'stream' | 'exchange' }[]
}

/** How a stream upstream is reached: one POST for each request, a full-duplex link, or the one that the first line needs. */
export type Via = 'call' | 'link' | 'auto'

/** Transports through one gateway. */
export interface GatewayClient {
  /**
   * What this credential may see and do. Rejects with `unauthenticated` when it is not valid.
   *
   * @example
   * import { gateway } from 'signalbox/web'
   *
   * const { scopes, upstreams } = await gateway('http://127.0.0.1:8700', { token: 'sbx_token_…' }).session()
   * console.log(scopes, upstreams)
   */
  session(options?: OpenOptions): Promise<GatewaySession>
  /**
   * The token that is used. Redeems the ticket if that has not been done yet. For a page that must survive a reload. Keep it out of
   * URLs and logs.
   *
   * @example
   * import { gateway } from 'signalbox/web'
   *
   * const client = gateway('http://127.0.0.1:8700', { ticket: 'sbx_ticket_…' })
   * sessionStorage.setItem('token', await client.token())
   */
  token(): Promise<string>
  /**
   * To a CCC upstream. Each request is one `call` unless `via` says otherwise. The name defaults to `ccc`.
   *
   * @example
   * import { createCcc } from 'signalbox/ccc'
   * import { gateway } from 'signalbox/web'
   *
   * await using ccc = createCcc({ transport: gateway('http://127.0.0.1:8700', { token: 'sbx_token_…' }).ccc() })
   * console.log(await ccc.sessions())
   */
  ccc(name?: string, via?: Via): StreamTransport<void>
  /**
   * To a CCCC upstream. `auto` unless `via` says otherwise: terminals and browsers need a link, everything else is one request. The
   * name defaults to `cccc`.
   *
   * @example
   * import { createCccc } from 'signalbox/cccc'
   * import { gateway } from 'signalbox/web'
   *
   * await using cccc = createCccc({ transport: gateway('http://127.0.0.1:8700', { token: 'sbx_token_…' }).cccc() })
   * console.log(await cccc.groups.list())
   */
  cccc(name?: string, via?: Via): StreamTransport<void>
  /**
   * To a Claude Code upstream, always over a link. The name defaults to `claude`.
   *
   * @example
   * import { createClaude } from 'signalbox/claude'
   * import { gateway } from 'signalbox/web'
   *
   * await using claude = createClaude({ transport: gateway('http://127.0.0.1:8700', { token: 'sbx_token_…' }).claude() })
   */
  claude<Launch>(name?: string): StreamTransport<Launch>
  /**
   * To a CMDOP upstream, always over a link. The name defaults to `cmdop`.
   *
   * @example
   * import { createCmdop } from 'signalbox/cmdop'
   * import { gateway } from 'signalbox/web'
   *
   * await using cmdop = createCmdop({ transport: gateway('http://127.0.0.1:8700', { token: 'sbx_token_…' }).cmdop() })
   */
  cmdop(name?: string): StreamTransport<void>
  /**
   * To a CatSyphon upstream. The gateway adds the server's credential. The name defaults to `catsyphon`.
   *
   * @example
   * import { gateway } from 'signalbox/web'
   *
   * const transport = gateway('http://127.0.0.1:8700', { token: 'sbx_token_…' }).catsyphon()
   * console.log((await transport.exchange({ method: 'GET', path: '/health' })).status)
   */
  catsyphon(name?: string): ExchangeTransport
  /**
   * To any stream upstream of the configuration.
   *
   * @example
   * import { createHubClient } from 'signalbox/hub'
   * import { gateway } from 'signalbox/web'
   *
   * await using hub = createHubClient({ transport: gateway('http://127.0.0.1:8700', { token: 'sbx_token_…' }).stream('hub', 'link') })
   * console.log(await hub.agents())
   */
  stream<Launch = void>(name: string, via?: Via): StreamTransport<Launch>
  /**
   * To any HTTP upstream of the configuration.
   *
   * @example
   * import { gateway } from 'signalbox/web'
   *
   * const transport = gateway('http://127.0.0.1:8700', { token: 'sbx_token_…' }).exchange('tracker')
   * console.log((await transport.exchange({ method: 'GET', path: '/issues' })).status)
   */
  exchange(name: string): ExchangeTransport
  /** The routes of the gateway itself, with the credential. For `gatewayAdmin`. */
  readonly api: ExchangeTransport
}

const facts = (op: string) => ({ transport: 'gateway', op })

/**
 * A client of a gateway: for each upstream the transport that its protocol needs. Nothing is sent before the first use.
 *
 * @example
 * import { createCcc } from 'signalbox/ccc'
 * import { gateway } from 'signalbox/web'
 *
 * const client = gateway('http://127.0.0.1:8700', { ticket: 'from the fragment of the address' })
 * console.log(await createCcc({ transport: client.ccc() }).sessions())
 */
export function gateway(url: string | URL, options: GatewayClientOptions = {}): GatewayClient {
  const base = httpBase(url, 'gateway')
  const root = base.href.replace(/\/$/, '')
  const prefix = new URL(root).pathname.replace(/\/$/, '')
  const exchangeTo = (baseUrl: string, name: string, withCredential: boolean): ExchangeTransport => {
    const { exchange, ...rest } = fetchExchange({ ...(options.fetch ? { fetch: options.fetch } : {}), baseUrl, name })
    return {
      ...rest,
      async exchange(request, open) {
        const own = withCredential ? await credentialHeaders(request.method, new URL(baseUrl).pathname, request.path) : {}
        return explained(base, () => exchange({ ...request, headers: { ...request.headers, ...own } }, open))
      },
    }
  }
  const plain = exchangeTo(root, 'gateway', false)
  const api = exchangeTo(root, 'gateway', true)
  let redeemed: Promise<string> | undefined

  const redeem = async (ticket: string): Promise<string> => {
    const headers = { 'content-type': 'application/json' }
    const { proofKey: pair, deviceName: name } = options
    const asked = { ticket, ...(name === undefined ? {} : { name }), ...(pair ? { proofKey: await publicProofKey(pair) } : {}) }
    const reply = await plain.exchange({ method: 'POST', path: '/v1/ticket', headers, body: JSON.stringify(asked) })
    const answer = await jsonOf(reply, facts('ticket'))
    if (typeof answer.token === 'string') return answer.token
    throw refusalOf(answer, reply, facts('ticket'), base.origin)
  }
  const token = async (): Promise<string> => {
    const { token: providedToken, ticket } = options
    if (providedToken) return typeof providedToken === 'function' ? providedToken() : providedToken
    if (ticket === undefined) {
      throw new SignalboxError({
        ...facts('token'),
        code: 'unauthenticated',
        message: 'The gateway needs a token, or a ticket: it prints an address with one when it starts.',
      })
    }
    // All transports of this client share the token, because a ticket works once. After a redeem with `sent: 'no'` the ticket is still valid.
    redeemed ??= redeem(ticket).catch((error: unknown) => {
      if (SignalboxError.is(error) && error.sent === 'no' && error.code !== 'unauthenticated') redeemed = undefined
      throw error
    })
    return redeemed
  }
  const credentialHeaders = async (method: string, folder: string, path: string): Promise<Record<string, string>> => {
    const mine = await token()
    const authorization = `Bearer ${mine}`
    if (!options.proofKey) return { authorization }
    // A proxy in between may add a prefix, which the gateway does not see.
    const target = folder.replace(/\/$/, '').slice(prefix.length) + path
    return {
      authorization,
      [PROOF_HEADER]: await signProof(options.proofKey, mine, { method: method.toUpperCase(), target }, Date.now()),
    }
  }
  /** What the first frame of a link carries. */
  const linkCredential = async (target: string): Promise<string> => {
    const mine = await token()
    const { proofKey } = options
    return proofKey ? `${mine} ${await signProof(proofKey, mine, { method: 'LINK', target }, Date.now())}` : mine
  }

  const stream = <Launch>(name: string, via: Via): StreamTransport<Launch> => {
    const at = `${root}/v1/${encodeURIComponent(name)}`
    const full = `gateway:${name}`
    const { webSocket } = options
    const links = webSocketLink<unknown>({
      url: `${at}/link`,
      name: full,
      credential: () => linkCredential(`/v1/${name}/link`),
      ...(webSocket ? { webSocket } : {}),
    })
    const open: StreamTransport<unknown>['open'] = (launch, how) => explained(base, () => links.open(launch, how))
    if (via === 'link') return { ...links, open }
    return requestLinks({
      exchange: exchangeTo(at, full, true),
      path: '/call',
      peer: `${at}/call`,
      // Without them Firefox holds the first bytes of a slow answer back.
      emptyLinesFirst: true,
      divert: (request, how) => (via === 'auto' && isConversation(request) ? open(undefined, how) : undefined),
    }) as StreamTransport<Launch>
  }
  const exchange = (name: string): ExchangeTransport => {
    const inner = exchangeTo(`${root}/v1/${encodeURIComponent(name)}/http`, `gateway:${name}`, true)
    return {
      ...inner,
      async exchange(request, open) {
        // A client adds its own credential to each request. The gateway has the real credential, so the client's is removed.
        const kept = Object.entries(request.headers ?? {}).filter(([key]) => !isSecretName(key))
        const own: Record<string, string> = Object.fromEntries(kept.map(([key, value]) => [key.toLowerCase(), value]))
        // Also for requests without a body: the gateway refuses content types that a form of another site could send.
        if (CHANGES.includes(request.method)) own['content-type'] ??= 'application/json'
        const reply = await inner.exchange({ ...request, headers: own }, open)
        // This header marks a refusal of the gateway. An answer of the upstream does not have it.
        if (reply.headers['signalbox-refusal'] === undefined) return reply
        const errorFacts = { transport: inner.name, op: request.path }
        throw refusalOf(await jsonOf(reply, errorFacts), reply, errorFacts, base.origin)
      },
    }
  }

  return {
    async session(open) {
      const reply = await api.exchange({ method: 'GET', path: '/v1' }, open)
      const answer = (await jsonOf(reply, facts('session'))) as Partial<GatewaySession>
      if (reply.status === 200 && answer.upstreams && answer.scopes) return sessionOf(answer as GatewaySession)
      throw refusalOf({ ...answer }, reply, facts('session'), base.origin)
    },
    token,
    ccc: (name = 'ccc', via = 'call') => stream(name, via),
    cccc: (name = 'cccc', via = 'auto') => stream(name, via),
    claude: (name = 'claude') => stream(name, 'link'),
    cmdop: (name = 'cmdop') => stream(name, 'link'),
    catsyphon: (name = 'catsyphon') => exchange(name),
    stream: (name, via = 'link') => stream(name, via),
    exchange,
    api,
  }
}

const sessionOf = ({ name, scopes, upstreams }: GatewaySession): GatewaySession => ({
  scopes,
  upstreams,
  ...(name === undefined ? {} : { name }),
})

const CHANGES = ['POST', 'PUT', 'PATCH']

/** Requests after which both sides speak. What cannot be read is refused on either way. */
function isConversation(line: Uint8Array): boolean {
  try {
    return CCCC_RAW_OPS.includes(JSON.parse(new TextDecoder().decode(line)).op)
  } catch {
    return false
  }
}
