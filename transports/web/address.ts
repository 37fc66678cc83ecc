/** Keeps credentials out of URLs, because URLs end up in logs, histories and referrers. */
import { abortError, raceSignal } from '../../src/core/deadline.js'
import { SignalboxError } from '../../src/errors.js'
import { isSecretName } from '../../src/secret-names.js'

/** A secret, or a function that returns one. */
export type Credential = string | (() => string | Promise<string>)

/** Query parameters that only look like secrets: positions in a list. */
const POSITION = /page|next|prev|cursor|continuation|sync/i

const invalid = (transport: string, message: string): SignalboxError =>
  new SignalboxError({ code: 'invalid_argument', message, transport })

function refuseSecrets(url: URL, transport: string): URL {
  if (url.username || url.password)
    throw invalid(transport, 'The URL holds a user name or a password: it would end up in logs. Send it as an option.')
  for (const name of url.searchParams.keys()) {
    if (isSecretName(name) && !POSITION.test(name))
      throw invalid(transport, `The query parameter ${name} looks like a credential: it would end up in logs. Send it as a header.`)
  }
  url.hash = ''
  return url
}

function parse(url: string | URL, schemes: string, transport: string): URL {
  // The text is not quoted: it may hold a credential.
  if (!URL.canParse(url) || !schemes.split(' ').includes(new URL(url).protocol))
    throw invalid(transport, `The URL is not an absolute one that begins with ${schemes}.`)
  return refuseSecrets(new URL(url), transport)
}

export function socketUrl(url: string | URL, transport: string): URL {
  const parsed = parse(url, 'ws: wss: http: https:', transport)
  parsed.protocol = parsed.protocol.replace('http', 'ws')
  return parsed
}

/** A base without query, whose path ends without a slash. */
export function httpBase(url: string | URL, transport: string): URL {
  const parsed = parse(url, 'http: https:', transport)
  if (parsed.search) throw invalid(transport, 'The base URL has a query: put it into each path.')
  parsed.pathname = parsed.pathname.replace(/\/+$/, '')
  return parsed
}

/** True if no part of the path is `.` or `..`: a URL parser would resolve those, so a request for an id `..` would reach the parent. */
const PATH = /^(?![^?#]*\/(\.|%2e){1,2}([?#/]|$))\//i

/** The URL of a request under the base. The path can neither leave the base nor name another host. */
export function requestUrl(base: URL, path: string, transport: string): URL {
  const prefix = base.pathname === '/' ? '' : base.pathname
  const url = PATH.test(path) ? new URL(base.origin + prefix + path) : undefined
  if (url?.origin === base.origin && `${url.pathname}/`.startsWith(`${prefix}/`)) return refuseSecrets(url, transport)
  throw invalid(transport, 'A path begins with a slash and stays under the base URL, without `..`.')
}

export function checkAborted(signal: AbortSignal | undefined, transport: string): void {
  if (signal?.aborted) throw abortError(signal, { transport, op: 'open' })
}

export async function resolveCredential(
  credential: Credential | undefined,
  signal: AbortSignal | undefined,
  transport: string,
): Promise<string | undefined> {
  return typeof credential === 'function' ? await resolveWithin(Promise.resolve(credential()), signal, transport) : credential
}

/** Waits for a value of the caller, such as a token that must be refreshed, until the signal aborts. */
export async function resolveWithin<T>(work: Promise<T>, signal: AbortSignal | undefined, transport: string): Promise<T> {
  if (!signal) return await work
  try {
    return await raceSignal(work, signal)
  } catch (error) {
    throw signal.aborted && error === signal.reason ? abortError(signal, { transport, op: 'open' }) : error
  }
}
