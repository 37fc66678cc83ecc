/** The portable half of the gateway: a handler from `Request` to `Response`, and the admission of links. Bindings add sockets. */
import { systemClock, type Clock } from '../core/clock.js'
import { createScope, type Scope } from '../core/scope.js'
import type { Link } from '../transport.js'
import { parseJson, readBody } from './body.js'
import { bridge, type BridgeEnd } from './bridge.js'
import { callBody, judgeRequest, observeEnd } from './call.js'
import { createCredentials, type Credentials } from './credentials.js'
import { guard, type Purpose, type WireFacts } from './guard.js'
import { createJudge } from './judge.js'
import { judgeLaunch, openUpstream } from './launch.js'
import { createCounter, DEFAULT_LIMITS, type Counter, type GatewayLimits } from './limits.js'
import { route, type Route } from './paths.js'
import { proxy } from './proxy.js'
import { Refusal } from './refusal.js'
import { allows, type Grant } from './scopes.js'
import { isUpstreamName, type ExchangeUpstream, type StreamUpstream, type Upstream } from './upstream.js'

export interface GatewayConfig {
  readonly upstreams: Readonly<Record<string, Upstream>>
  readonly allowedHosts: readonly string[]
  readonly allowedOrigins?: readonly string[]
  readonly credentials?: Credentials
  readonly limits?: Partial<GatewayLimits>
  readonly clock?: Clock
  /** Facts for a log. Never holds a credential, a body or an argument. */
  readonly onEvent?: (event: GatewayEvent) => void
}

export type GatewayEvent =
  | { readonly type: 'refused'; readonly code: string; readonly upstream?: string; readonly grant?: string }
  | {
      readonly type: 'opened' | 'closed'
      readonly upstream: string
      readonly grant: string
      readonly how: 'call' | 'link' | 'http'
    }

/** A link that was let in: the upstream is open, and only the client's half is missing. */
export interface AdmittedLink {
  readonly upstream: string
  run(client: Link): Promise<BridgeEnd>
  /** The client left before its half was there. */
  abandon(): Promise<void>
}

/** What the first frame of a link said. */
export interface LinkOpening {
  readonly token?: string | undefined
  readonly launch?: unknown
  readonly trace?: Readonly<Record<string, string>> | undefined
}

export interface Gateway {
  readonly credentials: Credentials
  readonly limits: GatewayLimits
  /** A Request hides facts that matter; a binding that knows them passes them on. */
  handle(request: Request, wire?: Partial<WireFacts>): Promise<Response>
  /** Checks an upgrade before it is made. Throws a Refusal. Gives the upstream's name. */
  admitUpgrade(wire: WireFacts): string
  /** Checks a link's first frame. Throws a Refusal. */
  admitLink(upstream: string, open: LinkOpening, signal?: AbortSignal): Promise<AdmittedLink>
  /** Refuses newcomers, ends what runs with a reason to resume elsewhere, and resolves when all is closed. */
  drain(): Promise<void>
  readonly inUse: { readonly calls: number; readonly links: number }
}

/** One request or link from its first byte to its last. What it holds is given back when it is over, however it ends. */
interface Life {
  readonly signal: AbortSignal
  atEnd(callback: () => void): void
  over(): void
}

const KEEP_ALIVE_MS = 15_000

export function createGateway(config: GatewayConfig): Gateway {
  const { clock = systemClock, onEvent, allowedHosts, allowedOrigins = [] } = config
  const limits: GatewayLimits = { ...DEFAULT_LIMITS, ...config.limits }
  const credentials = config.credentials ?? createCredentials({ clock })
  const upstreams = new Map(Object.entries(config.upstreams))
  for (const name of upstreams.keys()) {
    if (!isUpstreamName(name))
      throw new Refusal('invalid_request', { message: `"${name}" is no upstream name: use a-z, 0-9 and "-".` })
  }
  const calls = createCounter(limits.maxCalls)
  const linksOf = new Map<string, Counter>()
  const linksOfGrant = new Map<string, Counter>()
  let draining = false
  /** The life of every request and link, so that a drain can end them all; each leaves the set when it is over. */
  const lives = new Set<Scope>()
  const running = new Set<Promise<unknown>>()

  /** A drain waits for every upstream link to be closed. */
  const track = (link: Link): Promise<unknown> => {
    const { closed } = link
    running.add(closed)
    return closed.then(() => running.delete(closed))
  }
  const begin = (signal: AbortSignal | undefined): Life => {
    const scope = createScope({ signal })
    const atEnd: (() => void)[] = []
    lives.add(scope)
    return {
      signal: scope.signal,
      atEnd: (callback) => void atEnd.push(callback),
      over() {
        if (!lives.delete(scope)) return
        scope[Symbol.dispose]()
        for (const callback of atEnd) callback()
      },
    }
  }
  const find = (name: string | undefined, grant: Grant): Upstream => {
    const upstream = name === undefined ? undefined : upstreams.get(name)
    // The same answer for a name that does not exist and one that is not yours, so that names cannot be probed.
    if (!upstream || (grant.upstreams && !grant.upstreams.includes(name as string))) throw new Refusal('unknown_upstream')
    return upstream
  }
  const take = (counter: Counter, limit: string): (() => void) => {
    const release = counter.take()
    if (!release) throw new Refusal('too_many', { limit })
    return release
  }
  const counterOf = (map: Map<string, Counter>, key: string, limit: number): Counter => {
    const known = map.get(key) ?? createCounter(limit)
    map.set(key, known)
    return known
  }
  /** A place for one link: counted for the upstream (its children) and for the credential. */
  const takeLink = (name: string, upstream: StreamUpstream, grant: Grant): (() => void) => {
    const mine = counterOf(linksOfGrant, grant.id, limits.maxLinksPerCredential)
    const releaseUpstream = take(counterOf(linksOf, name, upstream.maxLinks ?? limits.maxLinksPerUpstream), 'maxLinksPerUpstream')
    const releaseGrant = mine.take()
    if (!releaseGrant) {
      releaseUpstream()
      throw new Refusal('too_many', { limit: 'maxLinksPerCredential' })
    }
    return () => {
      releaseUpstream()
      releaseGrant()
      if (mine.used === 0) linksOfGrant.delete(grant.id)
    }
  }

  const index = (grant: Grant): Response => {
    const visible = [...upstreams].filter(([name]) => !grant.upstreams || grant.upstreams.includes(name))
    const listed = visible.map(([name, { system, kind }]) => ({ name, system, kind }))
    return json({ ok: true, protocol: 'signalbox.v1', scopes: grant.scopes, upstreams: listed })
  }

  const redeem = async (request: Request, signal: AbortSignal): Promise<Response> => {
    const body = parseJson(await readBody(request, { maxBytes: 4_096, timeoutMs: limits.bodyTimeoutMs, signal, clock }))
    const { token, grant } = await credentials.redeem(body.ticket as string)
    return json({ ok: true, token, scopes: grant.scopes, expiresAtMs: grant.expiresAtMs })
  }

  const call = async (request: Request, name: string, upstream: StreamUpstream, grant: Grant, life: Life): Promise<Response> => {
    const { policy } = upstream
    if (policy.framing !== 'ndjson' || policy.classifyLaunch !== undefined) {
      throw new Refusal('wrong_kind', { message: 'This upstream needs a full-duplex link.' })
    }
    const { signal } = life
    life.atEnd(take(calls, 'maxCalls'))
    const body = await readBody(request, { maxBytes: limits.maxMessageBytes, timeoutMs: limits.bodyTimeoutMs, signal, clock })
    // Judged before the upstream is opened: a refused call must not leave so much as a connection behind.
    const bytes = judgeRequest(createJudge(policy, grant, limits), body)
    life.atEnd(takeLink(name, upstream, grant))
    const link = await openUpstream(upstream, undefined, { signal })
    onEvent?.({ type: 'opened', upstream: name, grant: grant.id, how: 'call' })
    life.atEnd(() => onEvent?.({ type: 'closed', upstream: name, grant: grant.id, how: 'call' }))
    track(link)
    // The peer may have answered before it hung up: if this fails, the body tells.
    void link.write(bytes).catch(() => {})
    const { stallTimeoutMs } = limits
    const stream = callBody(link, { stallTimeoutMs, keepAliveMs: KEEP_ALIVE_MS, lines: true, clock, signal, onEnd: life.over })
    return new Response(stream, { status: 200, headers: { 'content-type': 'application/x-ndjson' } })
  }

  const http = async (request: Request, rest: string, upstream: ExchangeUpstream, grant: Grant, life: Life): Promise<Response> => {
    const { signal } = life
    life.atEnd(take(calls, 'maxCalls'))
    const hasBody = request.method !== 'GET' && request.method !== 'HEAD'
    const options = { maxBytes: limits.maxMessageBytes, timeoutMs: limits.bodyTimeoutMs, signal, clock }
    const body = hasBody ? await readBody(request, options) : undefined
    const { method, headers } = request
    const reply = await proxy(upstream, grant, { method, rest, headers, body }, signal)
    if (reply.body === null) {
      life.over()
      return reply
    }
    return new Response(observeEnd(reply.body, life.over), { status: reply.status, headers: reply.headers })
  }

  const dispatch = async (request: Request, where: Route, life: Life): Promise<Response> => {
    if (draining) throw new Refusal('draining')
    if (where.action === 'ticket') {
      if (request.method !== 'POST') throw new Refusal('method_not_allowed')
      return ended(life, await redeem(request, life.signal))
    }
    const grant = await credentials.verify(bearer(request.headers.get('authorization')))
    if (where.action === 'index') {
      if (request.method !== 'GET') throw new Refusal('method_not_allowed')
      return ended(life, index(grant))
    }
    const upstream = find(where.upstream, grant)
    if (!allows(grant, 'observe')) throw new Refusal('scope_missing', { scope: 'observe' })
    const name = where.upstream as string
    if (where.action === 'call') {
      if (request.method !== 'POST') throw new Refusal('method_not_allowed')
      if (upstream.kind !== 'stream') throw new Refusal('wrong_kind')
      return call(request, name, upstream, grant, life)
    }
    if (where.action === 'http') {
      if (upstream.kind !== 'exchange') throw new Refusal('wrong_kind')
      return http(request, where.rest ?? '/', upstream, grant, life)
    }
    throw new Refusal('invalid_request', { message: 'A link is a WebSocket: ask for an upgrade.' })
  }

  return {
    credentials,
    limits,
    async handle(request, wire = {}) {
      const facts = factsOf(request, wire)
      const life = begin(request.signal)
      let allowOrigin: string | undefined
      try {
        const where = route(facts.target)
        if (where.action === 'page') throw new Refusal('not_found')
        const preflight = request.method === 'OPTIONS'
        const purpose: Purpose = preflight ? 'preflight' : 'api'
        allowOrigin = guard({ allowedHosts, allowedOrigins }, facts, purpose).allowOrigin
        const reply = preflight ? ended(life, new Response(null, { status: 204 })) : await dispatch(request, where, life)
        return finish(reply, allowOrigin, request)
      } catch (error) {
        life.over()
        if (!(error instanceof Refusal) && request.signal.aborted) throw error
        const refusal = error instanceof Refusal ? error : new Refusal(draining ? 'draining' : 'upstream_failed')
        onEvent?.({ type: 'refused', code: refusal.code })
        return finish(json(refusal.toJSON(), refusal.status), allowOrigin, request)
      }
    },
    admitUpgrade(wire) {
      if (draining) throw new Refusal('draining')
      guard({ allowedHosts, allowedOrigins }, wire, 'link')
      const where = route(wire.target)
      if (where.action !== 'link' || where.upstream === undefined) throw new Refusal('not_found')
      return where.upstream
    },
    async admitLink(name, open, clientSignal) {
      if (draining) throw new Refusal('draining')
      const grant = await credentials.verify(open.token)
      const upstream = find(name, grant)
      if (upstream.kind !== 'stream') throw new Refusal('wrong_kind')
      const judge = createJudge(upstream.policy, grant, limits)
      const launch = judgeLaunch(upstream, grant, open.launch)
      const life = begin(clientSignal)
      try {
        life.atEnd(takeLink(name, upstream, grant))
        const link = await openUpstream(upstream, launch, { signal: life.signal, ...traceOf(open.trace) })
        onEvent?.({ type: 'opened', upstream: name, grant: grant.id, how: 'link' })
        life.atEnd(() => onEvent?.({ type: 'closed', upstream: name, grant: grant.id, how: 'link' }))
        void track(link).then(life.over)
        const { stallTimeoutMs } = limits
        return {
          upstream: name,
          run: (client) => bridge(client, link, { judge, stallTimeoutMs, clock, signal: life.signal }),
          abandon: async () => void (await link.close()),
        }
      } catch (error) {
        life.over()
        throw error
      }
    },
    async drain() {
      draining = true
      for (const life of lives) life.abort(new Refusal('draining'))
      while (running.size > 0) await Promise.all([...running])
    },
    get inUse() {
      let links = 0
      for (const counter of linksOf.values()) links += counter.used
      return { calls: calls.used, links }
    },
  }
}

/** Only the two names of the W3C pass: a trace becomes headers or a child's environment. */
function traceOf(trace: Readonly<Record<string, string>> | undefined): { trace?: Record<string, string> } {
  const kept = Object.entries(trace ?? {}).filter(
    ([name, value]) => (name === 'traceparent' || name === 'tracestate') && /^[\x21-\x7e]{1,512}$/.test(value),
  )
  return kept.length > 0 ? { trace: Object.fromEntries(kept) } : {}
}

function ended(life: Life, reply: Response): Response {
  life.over()
  return reply
}

function bearer(header: string | null): string | undefined {
  return header === null ? undefined : /^Bearer ([\x21-\x7e]+)$/.exec(header)?.[1]
}

function json(value: unknown, status = 200): Response {
  return new Response(JSON.stringify(value), { status, headers: { 'content-type': 'application/json' } })
}

/** What a Request shows by itself; a binding knows better and says so in `wire`. */
function factsOf(request: Request, wire: Partial<WireFacts>): WireFacts {
  const url = new URL(request.url)
  const header = (name: string): string | undefined => request.headers.get(name) ?? undefined
  return {
    method: request.method,
    hosts: [header('host') ?? url.host],
    target: url.pathname + url.search,
    httpVersion: '1.1',
    origin: header('origin'),
    secFetchSite: header('sec-fetch-site'),
    secFetchMode: header('sec-fetch-mode'),
    contentType: header('content-type'),
    ...wire,
  }
}

/** Headers that every reply has: nothing is cached, sniffed, framed or referred to, and no cookie exists. */
function finish(reply: Response, allowOrigin: string | undefined, request: Request): Response {
  const { headers } = reply
  headers.set('cache-control', 'no-store')
  headers.set('x-content-type-options', 'nosniff')
  headers.set('referrer-policy', 'no-referrer')
  headers.set('vary', 'Origin')
  if (allowOrigin === undefined) return reply
  headers.set('access-control-allow-origin', allowOrigin)
  headers.set('access-control-expose-headers', 'retry-after, etag')
  if (request.method !== 'OPTIONS') return reply
  headers.set('access-control-allow-methods', 'GET, POST, PUT, PATCH, DELETE')
  headers.set(
    'access-control-allow-headers',
    'authorization, content-type, x-workspace-id, x-collector-id, traceparent, tracestate',
  )
  headers.set('access-control-max-age', '600')
  // Chrome asks this before it lets a page of the wider web speak to a machine of its own network.
  if (request.headers.get('access-control-request-private-network') === 'true') {
    headers.set('access-control-allow-private-network', 'true')
  }
  return reply
}
