/** Answers of the gateway itself, and the headers that every answer has. */
import type { WireFacts } from './guard.js'
import { isApi } from './paths.js'
import type { Refusal } from './refusal.js'

/** An answer of the gateway itself. */
export function jsonReply(value: unknown, status = 200): Response {
  return new Response(JSON.stringify(value), { status, headers: { 'content-type': 'application/json' } })
}

/** Tells a refusal of the gateway from an answer of the upstream. */
export const REFUSAL_HEADER = 'signalbox-refusal'

/** The HTTP response for a refusal. */
export function refusalReply(refusal: Refusal): Response {
  const reply = jsonReply(refusal, refusal.status)
  // An answer of an upstream may look the same. This header never comes from an upstream.
  reply.headers.set(REFUSAL_HEADER, refusal.code)
  if (refusal.status === 429 || refusal.status === 503) reply.headers.set('retry-after', '1')
  if (refusal.status === 401) reply.headers.set('www-authenticate', 'Bearer')
  return reply
}

/** No answer may be cached, sniffed, embedded or run, and no referrer is sent. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'; sandbox",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
}

const ALLOWED_HEADERS =
  'authorization, content-type, if-none-match, x-workspace-id, x-collector-id, traceparent, tracestate, signalbox-proof'

/** Adds the headers that every answer has, and those of CORS for an allowed origin. */
export function finishReply(reply: Response, allowOrigin: string | undefined, request: Request): Response {
  const { headers } = reply
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) headers.set(name, value)
  headers.set('vary', 'Origin')
  // A browser that is led to an address of the API saves the answer and does not show it. Other addresses belong to people.
  if (isApi(new URL(request.url).pathname)) headers.set('content-disposition', 'attachment; filename="api.json"')
  if (allowOrigin === undefined) return reply
  headers.set('access-control-allow-origin', allowOrigin)
  headers.set('access-control-expose-headers', `retry-after, etag, ${REFUSAL_HEADER}`)
  if (request.method !== 'OPTIONS') return reply
  headers.set('access-control-allow-methods', 'GET, POST, PUT, PATCH, DELETE')
  headers.set('access-control-allow-headers', ALLOWED_HEADERS)
  headers.set('access-control-max-age', '600')
  // Older versions of Chrome asked this before a public page could reach a private network. A permission of the user has replaced it.
  if (request.headers.get('access-control-request-private-network') === 'true') {
    headers.set('access-control-allow-private-network', 'true')
  }
  return reply
}

/** The facts that a `Request` shows. A binding that knows more passes them in `wire`. */
export function factsOf(request: Request, wire: Partial<WireFacts> = {}): WireFacts {
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
