/** `/v1/<upstream>/http/…`: an HTTP upstream behind the gateway. Its credential is added by the transport on this side. */
import { SignalboxError } from '../errors.js'
import type { Reply } from '../transport.js'
import { enforce } from './judge.js'
import { Refusal } from './refusal.js'
import type { Grant } from './scopes.js'
import type { ExchangeUpstream } from './upstream.js'

/** What crosses in each direction. Everything else, cookies and credentials above all, stays on its side. */
const REQUEST_HEADERS = ['accept', 'content-type', 'x-workspace-id', 'x-collector-id', 'if-none-match', 'traceparent', 'tracestate']
const REPLY_HEADERS = ['content-type', 'retry-after', 'etag', 'x-request-id']

/** A `Response` of one of these refuses even an empty body, which is what some transports make of none. */
const BODILESS: ReadonlySet<number> = new Set([204, 205, 304])

export async function proxy(
  upstream: ExchangeUpstream,
  grant: Grant,
  request: { readonly method: string; readonly rest: string; readonly headers: Headers; readonly body: Uint8Array | undefined },
  signal: AbortSignal,
): Promise<Response> {
  const { method, rest, body } = request
  const [path = '/'] = rest.split('?')
  enforce(grant, upstream.policy.classify(method, path))
  const headers: Record<string, string> = {}
  for (const name of REQUEST_HEADERS) {
    const value = request.headers.get(name)
    if (value !== null) headers[name] = value
  }
  let answered: Reply | undefined
  try {
    const reply = await upstream.transport.exchange({ method, path: rest, headers, ...(body ? { body } : {}) }, { signal })
    answered = reply
    const kept: Record<string, string> = {}
    for (const name of REPLY_HEADERS) {
      const value = reply.headers[name]
      if (value !== undefined) kept[name] = value
    }
    const bodiless = BODILESS.has(reply.status)
    if (bodiless) void reply.body?.cancel().catch(() => {})
    return new Response(bodiless ? null : reply.body, { status: reply.status, headers: kept })
  } catch (error) {
    // One whose status or headers HTTP knows no place for: nobody will read its body.
    void answered?.body?.cancel().catch(() => {})
    if (signal.aborted) throw error
    const why = SignalboxError.is(error) ? error.code : 'failed'
    const reached = SignalboxError.is(error) && error.sent === 'no' ? 'upstream_unreachable' : 'upstream_failed'
    throw new Refusal(reached, { message: `The upstream could not be reached, or did not answer (${why}).` })
  }
}
