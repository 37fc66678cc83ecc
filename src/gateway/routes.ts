/** What each path does, once the guard has let the request in. */
import { parseJson, readBody } from './body.js'
import { callBody, judgeRequest, observeEnd } from './call.js'
import { findUpstream, type GatewayContext } from './context.js'
import { createJudge } from './judge.js'
import { openUpstream } from './launch.js'
import type { Life } from './lives.js'
import type { Route } from './paths.js'
import { proxy } from './proxy.js'
import { Refusal } from './refusal.js'
import { jsonReply } from './replies.js'
import { allows, type Grant } from './scopes.js'
import type { ExchangeUpstream, StreamUpstream } from './upstream.js'

const KEEP_ALIVE_MS = 15_000
const MAX_TICKET_BYTES = 4_096

/** Replies whose body is whole end their life here; the others when their body does. */
export async function dispatch(context: GatewayContext, request: Request, where: Route, life: Life): Promise<Response> {
  context.lives.checkOpen()
  if (where.action === 'page') throw new Refusal('not_found')
  if (where.action === 'ticket') {
    expectMethod(request, 'POST')
    return ended(life, await redeem(context, request, life.signal))
  }
  const grant = await context.credentials.verify(bearer(request.headers.get('authorization')))
  context.lives.checkOpen()
  life.belongTo(grant)
  if (where.action === 'index') {
    expectMethod(request, 'GET')
    return ended(life, index(context, grant))
  }
  const name = where.upstream ?? ''
  const upstream = findUpstream(context, name, grant)
  if (!allows(grant, 'observe')) throw new Refusal('scope_missing', { scope: 'observe' })
  if (where.action === 'call') {
    expectMethod(request, 'POST')
    if (upstream.kind !== 'stream') throw new Refusal('wrong_kind')
    return call(context, request, { name, upstream, grant, life })
  }
  if (where.action === 'http') {
    if (upstream.kind !== 'exchange') throw new Refusal('wrong_kind')
    return http(context, request, where.rest ?? '/', { name, upstream, grant, life })
  }
  throw new Refusal('invalid_request', { message: 'A link is a WebSocket: ask for an upgrade.' })
}

function expectMethod(request: Request, method: string): void {
  if (request.method !== method) throw new Refusal('method_not_allowed')
}

function index({ upstreams }: GatewayContext, grant: Grant): Response {
  const visible = [...upstreams].filter(([name]) => !grant.upstreams || grant.upstreams.includes(name))
  const listed = visible.map(([name, { system, kind }]) => ({ name, system, kind }))
  return jsonReply({ ok: true, protocol: 'signalbox.v1', scopes: grant.scopes, upstreams: listed })
}

async function redeem({ credentials, limits, clock }: GatewayContext, request: Request, signal: AbortSignal): Promise<Response> {
  const body = parseJson(await readBody(request, { maxBytes: MAX_TICKET_BYTES, timeoutMs: limits.bodyTimeoutMs, signal, clock }))
  const { token, grant } = await credentials.redeem(body.ticket as string)
  return jsonReply({ ok: true, token, scopes: grant.scopes, expiresAtMs: grant.expiresAtMs })
}

interface Visit<Kind> {
  readonly name: string
  readonly upstream: Kind
  readonly grant: Grant
  readonly life: Life
}

async function call(context: GatewayContext, request: Request, visit: Visit<StreamUpstream>): Promise<Response> {
  const { name, upstream, grant, life } = visit
  const { limits, clock } = context
  const { policy } = upstream
  if (policy.framing !== 'ndjson' || policy.classifyLaunch !== undefined) {
    throw new Refusal('wrong_kind', { message: 'This upstream needs a full-duplex link.' })
  }
  const { signal } = life
  life.atEnd(context.places.takeCall(grant))
  const body = await readBody(request, { maxBytes: limits.maxMessageBytes, timeoutMs: limits.bodyTimeoutMs, signal, clock })
  // Judged before the upstream is opened: a refused call must not leave so much as a connection behind.
  const bytes = judgeRequest(createJudge(policy, grant, limits), body)
  life.atEnd(context.places.takeUpstream(name, upstream))
  const link = await openUpstream(upstream, undefined, { signal })
  noteOpening(context, visit, 'call')
  void context.lives.track(link)
  // The peer may have answered before it hung up: if this fails, the body tells.
  void link.write(bytes).catch(() => {})
  const { stallTimeoutMs } = limits
  const stream = callBody(link, { stallTimeoutMs, keepAliveMs: KEEP_ALIVE_MS, clock, signal, onEnd: life.over })
  return new Response(stream, { status: 200, headers: { 'content-type': 'application/x-ndjson' } })
}

async function http(context: GatewayContext, request: Request, rest: string, visit: Visit<ExchangeUpstream>): Promise<Response> {
  const { upstream, grant, life } = visit
  const { limits, clock } = context
  const { method, headers } = request
  const { signal } = life
  life.atEnd(context.places.takeCall(grant))
  const hasBody = method !== 'GET' && method !== 'HEAD'
  const options = { maxBytes: limits.maxMessageBytes, timeoutMs: limits.bodyTimeoutMs, signal, clock }
  const body = hasBody ? await readBody(request, options) : undefined
  const reply = await proxy(upstream, grant, { method, rest, headers, body }, signal)
  noteOpening(context, visit, 'http')
  if (reply.body === null) return ended(life, reply)
  return new Response(observeEnd(reply.body, life.over), { status: reply.status, headers: reply.headers })
}

export function noteOpening(
  context: GatewayContext,
  { name, grant, life }: Pick<Visit<unknown>, 'name' | 'grant' | 'life'>,
  how: 'call' | 'link' | 'http',
): void {
  const facts = { upstream: name, grant: grant.id, how }
  context.tell({ type: 'opened', ...facts })
  life.atEnd(() => context.tell({ type: 'closed', ...facts }))
}

function ended(life: Life, reply: Response): Response {
  life.over()
  return reply
}

function bearer(header: string | null): string | undefined {
  return header === null ? undefined : /^Bearer ([\x21-\x7e]+)$/.exec(header)?.[1]
}
