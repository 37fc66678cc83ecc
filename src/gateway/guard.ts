/**
 * Decides whether a request is handled at all: HTTP requests, WebSockets and static pages. It also checks facts that a `Request` does not
 * show: the raw Host headers, the form of the target, the version.
 */
import { Refusal } from './refusal.js'

/** Facts about one request as it was on the wire. A binding leaves out a fact that it cannot find out. */
export interface WireFacts {
  /** The HTTP method. */
  readonly method: string
  /** Every Host header, as received. HTTP/2 gives its `:authority`. */
  readonly hosts: readonly string[]
  /** The request target as received. */
  readonly target: string
  /** `1.0`, `1.1`, `2`, … */
  readonly httpVersion: string
  /** The Origin header. */
  readonly origin?: string | undefined
  /** The Sec-Fetch-Site header. */
  readonly secFetchSite?: string | undefined
  /** The Sec-Fetch-Mode header. */
  readonly secFetchMode?: string | undefined
  /** The Content-Type header. */
  readonly contentType?: string | undefined
  /** The address of the client, for the limit on wrong credentials. */
  readonly remote?: string | undefined
}

/** The exact lists that the guard compares with. */
export interface GuardConfig {
  /** Exact `host:port` as browsers send it: no port for the default one. */
  readonly allowedHosts: readonly string[]
  /** Exact origins of pages, scheme and port included. The gateway's own pages need not be listed. */
  readonly allowedOrigins: readonly string[]
}

/** What a request is for: a call, a link, a preflight of a browser, or a page. */
export type Purpose = 'api' | 'link' | 'preflight' | 'page'

/**
 * Checks version, target, host, origin and content type. Throws the refusal, or returns the origin that the reply may name in its
 * CORS headers.
 *
 * @example
 * import { guard, type WireFacts } from 'signalbox/gateway'
 *
 * declare const facts: WireFacts
 * const { allowOrigin } = guard({ allowedHosts: ['gateway.example'], allowedOrigins: [] }, facts, 'page')
 * console.log(allowOrigin)
 */
export function guard(config: GuardConfig, facts: WireFacts, purpose: Purpose): { readonly allowOrigin: string | undefined } {
  if (facts.httpVersion === '1.0' || facts.httpVersion === '0.9') throw new Refusal('http_version')
  // Absolute and authority forms name a second host, which may differ from the Host header. The form `*` names no path.
  if (!facts.target.startsWith('/') || facts.target.startsWith('//')) throw new Refusal('target_form')
  if (facts.hosts.length !== 1) throw new Refusal('host_ambiguous')
  const [host] = facts.hosts
  // Compared byte for byte: a rebinding page would try the spellings that a normalised comparison accepts.
  if (host === undefined || !config.allowedHosts.includes(host)) throw new Refusal('host_not_allowed')

  const allowOrigin = checkOrigin(config, facts, host, purpose)
  const carries = facts.method === 'POST' || facts.method === 'PUT' || facts.method === 'PATCH'
  if ((carries || facts.contentType !== undefined) && !isJson(facts.contentType)) throw new Refusal('content_type')
  return { allowOrigin }
}

function checkOrigin(config: GuardConfig, facts: WireFacts, host: string, purpose: Purpose): string | undefined {
  const { origin, secFetchSite } = facts
  if (origin === undefined) {
    // Browsers name the origin on everything but navigations and same-origin reads; programs send neither header.
    const harmless = secFetchSite === undefined || secFetchSite === 'same-origin' || secFetchSite === 'none'
    const opensPage = purpose === 'page' && facts.secFetchMode === 'navigate'
    if (!harmless && !opensPage) throw new Refusal('cross_site')
    if (purpose === 'preflight') throw new Refusal('origin_not_allowed')
    return undefined
  }
  const own = origin === `http://${host}` || origin === `https://${host}`
  if (own && (secFetchSite === undefined || secFetchSite === 'same-origin' || secFetchSite === 'none')) return origin
  if (origin !== 'null' && config.allowedOrigins.includes(origin)) return origin
  throw new Refusal('origin_not_allowed')
}

/** Exactly JSON: a page may send some other types to another site without a preflight. */
function isJson(contentType: string | undefined): boolean {
  return contentType !== undefined && /^application\/json(?:\s*;\s*charset=utf-8)?$/i.test(contentType)
}
