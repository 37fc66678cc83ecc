/** URLs and credentials, kept apart: what is in a URL ends up in logs, histories and referrers. */
import { abortError, raceSignal } from '../../src/core/scope.js'
import { SignalboxError } from '../../src/errors.js'
import { isSecretName } from '../../src/redact.js'

export type Credential = string | (() => string | Promise<string>)

/** Query parameters that only look like secrets: positions in a list. */
const POSITION = /page|next|prev|cursor|continuation|sync/i

const invalid = (transport: string, message: string, hint: string): SignalboxError =>
  new SignalboxError({ code: 'invalid_argument', message, hint, transport })

export function refuseSecrets(url: URL, transport: string): void {
  if (url.username !== '' || url.password !== '') {
    throw invalid(
      transport,
      'The URL holds a user name or a password.',
      'Give credentials by their own option: a URL ends up in logs.',
    )
  }
  for (const name of url.searchParams.keys()) {
    if (!isSecretName(name) || POSITION.test(name)) continue
    throw invalid(transport, `The query parameter ${name} looks like a credential.`, 'Send it as a header: a URL ends up in logs.')
  }
}

function parse(url: string | URL, schemes: readonly string[], transport: string): URL {
  let parsed: URL
  try {
    parsed = new URL(url)
  } catch {
    // The text is not quoted: it may hold a credential.
    throw invalid(transport, 'The URL is not a valid absolute URL.', `Give one that begins with ${schemes.join(', ')}.`)
  }
  if (!schemes.includes(parsed.protocol)) {
    throw invalid(transport, `The URL has the scheme ${parsed.protocol}`, `Give one that begins with ${schemes.join(', ')}.`)
  }
  refuseSecrets(parsed, transport)
  return parsed
}

export function socketUrl(url: string | URL, transport: string): URL {
  const parsed = parse(url, ['ws:', 'wss:', 'http:', 'https:'], transport)
  parsed.protocol = parsed.protocol.replace('http', 'ws')
  parsed.hash = ''
  return parsed
}

/** A base without query, whose path ends without a slash. */
export function httpBase(url: string | URL, transport: string): URL {
  const parsed = parse(url, ['http:', 'https:'], transport)
  if (parsed.search !== '') throw invalid(transport, 'The base URL has a query.', 'Put the query into the path of each request.')
  parsed.hash = ''
  parsed.pathname = parsed.pathname.replace(/\/+$/, '')
  return parsed
}

/** The path of a request under the base. It can neither leave the base nor name another host. */
export function requestUrl(base: URL, path: string, transport: string): URL {
  if (!path.startsWith('/'))
    throw invalid(transport, 'The path of a request must begin with a slash.', 'Give path and query, without the origin.')
  const prefix = base.pathname === '/' ? '' : base.pathname
  const url = new URL(base.origin + prefix + path)
  if (url.origin !== base.origin || !`${url.pathname}/`.startsWith(`${prefix}/`)) {
    throw invalid(transport, 'The path of a request leads out of the base URL.', 'Encode dots and slashes that are part of a name.')
  }
  url.hash = ''
  refuseSecrets(url, transport)
  return url
}

export async function resolveCredential(
  credential: Credential | undefined,
  signal: AbortSignal | undefined,
  transport: string,
): Promise<string | undefined> {
  if (typeof credential !== 'function') return credential
  return await resolveWithin(Promise.resolve(credential()), signal, transport)
}

/** Waits for something of the caller's, such as a token that must be refreshed, no longer than the signal allows. */
export async function resolveWithin<T>(work: Promise<T>, signal: AbortSignal | undefined, transport: string): Promise<T> {
  if (!signal) return await work
  try {
    return await raceSignal(work, signal)
  } catch (error) {
    throw signal.aborted && error === signal.reason ? abortError(signal, { transport, op: 'open' }) : error
  }
}
