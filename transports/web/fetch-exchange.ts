/** HTTP exchanges over the runtime's fetch, through ofetch. Its retry and timeout are off, because those of the client cover the body too. */
import { createFetch } from 'ofetch'
import { abortError } from '../../src/core/deadline.js'
import { SignalboxError, type Sent } from '../../src/errors.js'
import { isSecretName } from '../../src/secret-names.js'
import type { Exchange, ExchangeTransport, Reply } from '../../src/transport.js'
import { httpBase, requestUrl, resolveWithin } from './address.js'
import { coveredBody, gathered, MAX_GATHERED_BYTES } from './body.js'
import { exchangeFault, type FetchFacts } from './fetch-faults.js'

/** Headers by name. */
export type RequestHeaders = Readonly<Record<string, string>>

/** A `fetch` of your own. Declared without a runtime's types, so that every runtime's fits. */
export type FetchFunction = (url: string, init: RequestInit) => Promise<Response>

/** Options of `fetchExchange`. */
export interface FetchExchangeOptions {
  /** Origin and, if any, the path that all requests share; never with a credential in it. */
  readonly baseUrl: string | URL
  /** Headers of every request. A function is called for each request, for example for a token that must be refreshed. */
  readonly headers?: RequestHeaders | (() => RequestHeaders | Promise<RequestHeaders>)
  /** Default: the runtime's own, looked up at each request. */
  readonly fetch?: FetchFunction
  /** Cookies and the like, where the runtime has them. Default `omit`. */
  readonly credentials?: 'omit' | 'same-origin' | 'include'
  /**
   * `safe`, the default, follows redirects of GET and HEAD only, and not where a header would carry a secret to another host.
   * `never` refuses them all, `always` lets the runtime follow.
   */
  readonly redirects?: 'safe' | 'never' | 'always'
  /** `gather` reads a streaming request body first (32 MiB at most): Chromium streams one only over HTTP/2, other browsers not at all. */
  readonly requestBody?: 'stream' | 'gather'
  /** The name of the transport in errors; default `fetch`. */
  readonly name?: string
}

/**
 * Makes HTTP exchanges with the runtime's `fetch`.
 *
 * @example
 * import { fetchExchange } from 'signalbox/web'
 *
 * export const transport = fetchExchange({ baseUrl: 'http://localhost:8000/api' })
 */
export function fetchExchange(options: FetchExchangeOptions): ExchangeTransport {
  const { credentials = 'omit', redirects = 'safe', requestBody = 'stream', name = 'fetch' } = options
  const base = httpBase(options.baseUrl, name)
  const providedFetch = options.fetch as typeof fetch | undefined
  // `globalThis.fetch` is looked up at each request, so that a replaced fetch is used. It is called without an object, so that `this` is
  // not a foreign one.
  const send = createFetch({ fetch: providedFetch ?? ((url, init) => globalThis.fetch(url, init)), Headers, AbortController })

  return {
    kind: 'exchange',
    name,
    async exchange(request, { signal, trace } = {}) {
      const method = request.method.toUpperCase()
      const url = requestUrl(base, request.path, name)
      const where = url.origin + url.pathname
      const facts = { transport: name, op: `${method} ${url.pathname}` }
      const checkSignal = (sent: Sent): void => {
        if (signal?.aborted) throw abortError(signal, { ...facts, sent })
      }
      checkSignal('no')
      const own = typeof options.headers === 'function' ? options.headers() : options.headers
      const headers = joined(await resolveWithin(Promise.resolve(own), signal, name), request.headers, trace)
      const body = await bodyOf(request, requestBody, signal, facts)
      // The abort may have come while the headers were resolved or the body was gathered. Nothing was sent yet.
      checkSignal('no')
      const streamed = body instanceof ReadableStream
      const follow = follows(redirects, method, headers)
      let response: Response
      try {
        response = await send.raw(url.href, {
          method,
          headers,
          redirect: follow ? 'follow' : 'manual',
          retry: false,
          ignoreResponseError: true,
          responseType: 'stream',
          ...(signal ? { signal } : {}),
          // For a redirect the body is sent twice. Node 20 cannot send the same bytes twice, because it transfers their buffer; it can send a blob.
          ...(body ? { body: (follow && !streamed ? new Blob([body as BlobPart]) : body) as BodyInit } : {}),
          ...(streamed ? { duplex: 'half' as const } : {}),
          // Set only where the runtime has these options: workerd throws at unknown ones.
          ...('credentials' in Request.prototype ? { credentials } : {}),
          ...(request.keepalive && 'keepalive' in Request.prototype ? { keepalive: true } : {}),
        })
      } catch (error) {
        throw exchangeFault(error, facts, where, { signal, streamed, onward: follow && !isSafe(method) })
      }
      const redirected = !follow && isRedirect(response)
      // Some fetches ignore the signal and answer after the abort. That body is not read.
      if (redirected || signal?.aborted) void response.body?.cancel().catch(() => {})
      checkSignal('yes')
      if (redirected) throw redirectFault(response, facts, where)
      return replyOf(response, facts, where, signal)
    },
  }
}

/** Later ones win, whatever the case of their names. */
function joined(...sources: readonly (RequestHeaders | undefined)[]): Headers {
  const headers = new Headers()
  for (const source of sources) {
    for (const [key, value] of Object.entries(source ?? {})) {
      try {
        headers.set(key, value)
      } catch (cause) {
        // The runtime's message quotes the value.
        throw new SignalboxError({
          code: 'invalid_argument',
          message: `HTTP forbids the name or value of the header ${JSON.stringify(key)}.`,
          cause: isSecretName(key) ? undefined : cause,
        })
      }
    }
  }
  return headers
}

async function bodyOf(
  { body }: Exchange,
  how: 'stream' | 'gather',
  signal: AbortSignal | undefined,
  facts: FetchFacts,
): Promise<Uint8Array | ReadableStream<Uint8Array> | undefined> {
  // As bytes, because a string makes ofetch and fetch add headers of their own.
  if (typeof body === 'string') return new TextEncoder().encode(body)
  if (body === undefined || body instanceof Uint8Array) return body
  if (how === 'gather') {
    return await gathered(body, MAX_GATHERED_BYTES, signal, facts).catch((cause: unknown) => {
      if (SignalboxError.is(cause)) throw cause
      throw new SignalboxError({ ...facts, code: 'invalid_argument', message: 'The body could not be read.', cause })
    })
  }
  if (streamsRequests()) return body
  // The body is not touched: another transport may be able to send it.
  throw new SignalboxError({
    ...facts,
    code: 'unsupported',
    message: 'This runtime streams no body.',
    hint: "Set requestBody: 'gather' to read it first.",
  })
}

/** A runtime without it would send the text "[object ReadableStream]". */
function streamsRequests(): boolean {
  let asks = false
  const probe = new Request('http://localhost', {
    method: 'POST',
    body: new ReadableStream(),
    get duplex() {
      asks = true
      return 'half' as const
    },
  } as RequestInit)
  return asks && !probe.headers.has('content-type')
}

const isSafe = (method: string): boolean => /^(GET|HEAD)$/.test(method)

function follows(redirects: 'safe' | 'never' | 'always', method: string, headers: Headers): boolean {
  if (redirects !== 'safe') return redirects === 'always'
  if (!isSafe(method)) return false
  // On a redirect to another origin the runtime drops these two headers and no others.
  return [...headers.keys()].every((key) => /^(authorization|cookie)$/.test(key) || !isSecretName(key))
}

/** A page is not told the status of a redirect that it does not follow. */
const isRedirect = ({ status, type }: Response): boolean =>
  type === 'opaqueredirect' || (status > 300 && status < 400 && status !== 304)

/** Without a query, which may hold anything. */
function placeOf(url: string | null, base?: string): string | undefined {
  if (!url || !URL.canParse(url, base)) return undefined
  const { origin, pathname } = new URL(url, base)
  return origin + pathname
}

function redirectFault({ headers, status }: Response, facts: FetchFacts, where: string): SignalboxError {
  const target = placeOf(headers.get('location'), where)
  return new SignalboxError({
    ...facts,
    code: 'protocol',
    message: `${where} answered with a redirect${target ? ` to ${target}` : ''}, not followed.`,
    hint: "Use the final address, or redirects: 'always' if every host is trusted.",
    // The request arrived; the redirect is its answer.
    sent: 'yes',
    retryable: false,
    status: status || undefined,
  })
}

function replyOf(response: Response, facts: FetchFacts, where: string, signal?: AbortSignal): Reply {
  const url = placeOf(response.url)
  const { status, body, redirected } = response
  return {
    status,
    headers: Object.fromEntries([...response.headers].map(([key, value]) => [key.toLowerCase(), value])),
    body: body ? coveredBody(body, facts, where, signal) : null,
    ...(url ? { url } : {}),
    redirected,
  }
}
