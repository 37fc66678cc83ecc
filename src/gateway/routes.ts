/** What each path does, once the guard has let the request in. */
import { administer } from './admin.js'
import { parseJson, readBody, type ReadBodyOptions } from './body.js'
import { callBody, filterRequest, observeBody } from './call.js'
import { filterFor, findUpstream, messageLimit, type GatewayContext, type Target } from './context.js'
import { openUpstream } from './launch.js'
import type { RequestLifetime } from './request-lifetimes.js'
import type { Route } from './paths.js'
import { proxy } from './proxy.js'
import { Refusal } from './refusal.js'
import type { WireFacts } from './guard.js'
import { checkedProofKey } from './proof.js'
import { PROOF_HEADER } from './proof-key.js'
import { jsonReply } from './replies.js'
import { heldBack } from './wrong-credentials.js'
import { allows, nameOf, type Grant } from './scopes.js'
import type { ExchangeUpstream, StreamUpstream, Upstream } from './upstream.js'

const KEEP_ALIVE_MS = 15_000
const MAX_TICKET_BYTES = 4_096

/** Handles one request. A reply with a complete body ends the lifetime of the request here; a streamed reply ends it with its body. */
export async function dispatch(
  context: GatewayContext,
  request: Request,
  facts: WireFacts,
  target: Route,
  lifetime: RequestLifetime,
): Promise<Response> {
  context.lifetimes.checkOpen()
  if (target.action === 'page') throw new Refusal('not_found')
  if (target.action === 'ticket') {
    expectMethod(request, 'POST')
    return ended(lifetime, await redeem(context, request, facts, lifetime.signal))
  }
  const proof = request.headers.get(PROOF_HEADER) ?? undefined
  const presented = { method: facts.method, target: facts.target, proof }
  const grant = await heldBack(context, facts.remote, lifetime.signal, () =>
    context.credentials.verify(bearer(request.headers.get('authorization')), presented),
  )
  context.lifetimes.checkOpen()
  lifetime.belongTo(grant)
  if (target.action === 'index') {
    expectMethod(request, 'GET')
    return ended(lifetime, index(context, grant))
  }
  if (target.admin) return administer(context, request, target.admin, grant, lifetime)
  const name = target.upstream ?? ''
  const upstream = findUpstream(context, name, grant)
  if (!allows(grant, 'observe')) throw new Refusal('scope_missing', { scope: 'observe' })
  if (target.action === 'call') {
    expectMethod(request, 'POST')
    if (upstream.kind !== 'stream') throw new Refusal('wrong_kind')
    return call(context, request, { name, upstream, grant, lifetime })
  }
  if (target.action === 'http') {
    if (upstream.kind !== 'exchange') throw new Refusal('wrong_kind')
    return http(context, request, target.rest ?? '/', { name, upstream, grant, lifetime })
  }
  throw new Refusal('invalid_request', { message: 'A link is a WebSocket: ask for an upgrade.' })
}

function expectMethod(request: Request, method: string): void {
  if (request.method !== method) throw new Refusal('method_not_allowed')
}

function index({ upstreams }: GatewayContext, grant: Grant): Response {
  const visible = [...upstreams].filter(([name]) => !grant.upstreams || grant.upstreams.includes(name))
  const listed = visible.map(([name, { system, kind }]) => ({ name, system, kind }))
  return jsonReply({ ok: true, protocol: 'signalbox.v1', name: nameOf(grant), scopes: grant.scopes, upstreams: listed })
}

async function redeem(context: GatewayContext, request: Request, { remote }: WireFacts, signal: AbortSignal): Promise<Response> {
  const { credentials, limits, clock } = context
  const body = parseJson(await readBody(request, { maxBytes: MAX_TICKET_BYTES, timeoutMs: limits.bodyTimeoutMs, signal, clock }))
  const { ticket, name, proofKey } = body
  const device = {
    ...(typeof name === 'string' ? { name } : {}),
    ...(proofKey === undefined ? {} : { proofKey: checkedProofKey(proofKey) }),
  }
  const { token, grant } = await heldBack(context, remote, signal, () => credentials.redeem(ticket as string, device))
  return jsonReply({ ok: true, token, id: grant.id, scopes: grant.scopes, expiresAtMs: grant.expiresAtMs })
}

interface Visit<Kind> extends Target<Kind> {
  readonly lifetime: RequestLifetime
}

function bodyOptions(context: GatewayContext, { upstream, grant, lifetime }: Visit<Upstream>): ReadBodyOptions {
  const { limits, clock, rates } = context
  const { signal } = lifetime
  const pace = (bytes: number) => rates.spend(grant.id, bytes, signal)
  return { maxBytes: messageLimit(context, upstream), timeoutMs: limits.bodyTimeoutMs, signal, clock, pace }
}

async function call(context: GatewayContext, request: Request, visit: Visit<StreamUpstream>): Promise<Response> {
  const { name, upstream, grant, lifetime } = visit
  const { limits, clock } = context
  const { policy } = upstream
  if (policy.framing !== 'ndjson' || policy.classifyLaunch !== undefined) {
    throw new Refusal('wrong_kind', { message: 'This upstream needs a full-duplex link.' })
  }
  const { signal } = lifetime
  lifetime.atEnd(context.concurrency.takeCall(grant))
  const body = await readBody(request, bodyOptions(context, visit))
  // Judged before the upstream is opened: a refused call must not open a connection.
  const bytes = filterRequest(filterFor(context, visit), body)
  lifetime.atEnd(context.concurrency.takeUpstream(name, upstream))
  const link = await openUpstream(upstream, undefined, { signal })
  noteOpening(context, visit, 'call')
  void context.lifetimes.track(link)
  // The upstream may have answered before it closed. If this write fails, the body reports the failure.
  void link.write(bytes).catch(() => {})
  const { stallTimeoutMs } = limits
  const stream = callBody(link, { stallTimeoutMs, keepAliveMs: KEEP_ALIVE_MS, clock, signal, onEnd: lifetime.over })
  return new Response(stream, { status: 200, headers: { 'content-type': 'application/x-ndjson' } })
}

async function http(context: GatewayContext, request: Request, rest: string, visit: Visit<ExchangeUpstream>): Promise<Response> {
  const { grant, lifetime } = visit
  const { method, headers } = request
  const { signal } = lifetime
  lifetime.atEnd(context.concurrency.takeCall(grant))
  const hasBody = method !== 'GET' && method !== 'HEAD'
  const body = hasBody ? await readBody(request, bodyOptions(context, visit)) : undefined
  const reply = await proxy(context, visit, { method, rest, headers, body }, signal)
  noteOpening(context, visit, 'http')
  if (reply.body === null) return ended(lifetime, reply)
  return new Response(observeBody(reply.body, { onEnd: lifetime.over }), { status: reply.status, headers: reply.headers })
}

/** Reports to the log that an upstream was opened, and later that it was closed. */
export function noteOpening(
  context: GatewayContext,
  { name, grant, lifetime }: Pick<Visit<unknown>, 'name' | 'grant' | 'lifetime'>,
  how: 'call' | 'link' | 'http',
): void {
  const facts = { upstream: name, grant: grant.id, name: grant.name, how }
  context.tell({ type: 'opened', ...facts })
  lifetime.atEnd(() => context.tell({ type: 'closed', ...facts }))
}

function ended(lifetime: RequestLifetime, reply: Response): Response {
  lifetime.over()
  return reply
}

function bearer(header: string | null): string | undefined {
  return header === null ? undefined : /^Bearer ([\x21-\x7e]+)$/.exec(header)?.[1]
}
