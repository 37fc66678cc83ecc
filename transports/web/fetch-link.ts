/**
 * A link over one POST: what is written goes out as its body, once the first message is complete or at `end()`, and the reply's body
 * streams back. Enough for protocols that ask one question on a connection; `docs/web.md` lists the laws that cannot apply.
 */
import { createAccumulator } from '../../src/core/codec/bytes.js'
import { deferred } from '../../src/core/deferred.js'
import { onAbort } from '../../src/core/on-abort.js'
import { linkError } from '../../src/core/link-protocol/frames.js'
import type {
  CloseOptions,
  CloseReason,
  ExchangeTransport,
  Link,
  LinkInfo,
  OpenOptions,
  StreamTransport,
} from '../../src/transport.js'
import { checkAborted, httpBase } from './address.js'
import { MAX_GATHERED_BYTES } from './body.js'
import { fetchExchange, type FetchExchangeOptions } from './fetch-exchange.js'
import { jsonOf, refusalOf } from './refusal.js'

/** Options of `fetchLink`. */
export interface FetchLinkOptions extends Pick<FetchExchangeOptions, 'headers' | 'fetch' | 'credentials'> {
  /** Where each link's POST goes; never with a credential in it. */
  readonly url: string | URL
  /** `line`, the default, takes the first newline for the end of the request; `end` waits for `end()`. */
  readonly sendAfter?: 'line' | 'end'
  /** Default 32 MiB. */
  readonly maxRequestBytes?: number
  /** The name of the transport in errors; default `fetch-link`. */
  readonly name?: string
}

const NEWLINE = 0x0a

/**
 * Opens links that carry one request and its answer: what is written becomes the body of a POST, and reads give the answer's body.
 *
 * @example
 * import { createCcc } from 'signalbox/ccc'
 * import { fetchLink } from 'signalbox/web'
 *
 * export const ccc = createCcc({ transport: fetchLink({ url: 'https://example.org/ccc' }) })
 */
export function fetchLink(options: FetchLinkOptions): StreamTransport {
  const { sendAfter, maxRequestBytes, name = 'fetch-link' } = options
  const url = httpBase(options.url, name)
  const exchange = fetchExchange({ ...options, baseUrl: url.origin, name })
  return requestLinks({ exchange, path: url.pathname, peer: url.origin + url.pathname, sendAfter, maxRequestBytes })
}

export interface RequestLinksOptions {
  /** Whose name is the link's. */
  readonly exchange: ExchangeTransport
  readonly path: string
  readonly peer: string
  readonly sendAfter?: 'line' | 'end' | undefined
  readonly maxRequestBytes?: number | undefined
  /** The link for a request after which both sides speak, which no POST can carry. */
  readonly divert?: (request: Uint8Array, options: OpenOptions | undefined) => Promise<Link> | undefined
  /** The answer begins with empty lines, of which the protocol knows nothing. */
  readonly emptyLinesFirst?: boolean
}

export function requestLinks(links: RequestLinksOptions): StreamTransport {
  const { name } = links.exchange
  let count = 0
  return {
    kind: 'stream',
    name,
    async open(_launch, options) {
      checkAborted(options?.signal, name)
      count += 1
      return requestLink({ id: `${name}-${count}`, transport: name, peer: links.peer }, links, options)
    },
  }
}

/** Long because the request, the reply and the end share the state of one link. */
function requestLink(info: LinkInfo, links: RequestLinksOptions, options: OpenOptions | undefined): Link {
  const { exchange, path, sendAfter = 'line', maxRequestBytes = MAX_GATHERED_BYTES } = links
  const life = new AbortController()
  const closed = deferred<CloseReason>()
  const request = createAccumulator()
  const onSent = deferred()
  let answer: Promise<ReadableStreamDefaultReader<Uint8Array> | undefined> | undefined
  let diverted: Promise<Link> | undefined
  let through: Link | undefined
  let writingOver = false
  let closing: Promise<CloseReason> | undefined
  let reading = false
  let over = false
  let begun = !links.emptyLinesFirst

  const finish = (reason: CloseReason): void => {
    over = true
    closed.resolve(closing && reason.kind === 'error' ? { kind: 'local' } : reason)
  }
  const post = async (body: Uint8Array): Promise<ReadableStreamDefaultReader<Uint8Array> | undefined> => {
    const headers = { 'content-type': 'application/json' }
    const reply = await exchange.exchange({ method: 'POST', path, headers, body }, { ...options, signal: life.signal })
    if (reply.status >= 200 && reply.status < 300) return reply.body?.getReader()
    const facts = { transport: info.transport, op: 'POST' }
    throw refusalOf(await jsonOf(reply, facts, life.signal), reply, facts, links.peer)
  }
  const send = (): Promise<void> => {
    const bytes = request.take()
    writingOver = true
    diverted = links.divert?.(bytes, { ...options, signal: life.signal })
    if (diverted) {
      // This opens a link, so the signal of `open` must end it too.
      const { signal } = options ?? {}
      const ignore = onAbort(signal, () => life.abort(signal?.reason))
      diverted.then(ignore, ignore)
      diverted.then((link) => {
        through = link
        void link.closed.then(finish)
        if (closing) void link.close()
      }, fail)
    }
    answer = diverted ? undefined : post(bytes)
    answer?.catch(fail)
    onSent.resolve()
    return diverted ? diverted.then((link) => link.write(bytes)) : Promise.resolve()
  }
  const fail = (error: unknown): void => finish({ kind: 'error', error })

  const next = async (): Promise<Uint8Array | null> => {
    await onSent.promise
    try {
      if (diverted && !closing) {
        const link = await Promise.race([diverted, closed.promise.then(() => undefined)])
        return link ? await link.read() : null
      }
      const reader = await answer
      for (;;) {
        const { done, value } = (await (closing ? undefined : reader?.read())) ?? { done: true }
        if (closing) return null
        if (done) {
          finish({ kind: 'eof' })
          return null
        }
        // Empty lines are skipped only at the beginning. Later ones belong to the protocol.
        const first = begun ? 0 : value.findIndex((byte) => byte !== NEWLINE)
        if (first === -1 || value.byteLength === 0) continue
        begun = true
        return first === 0 ? value : value.subarray(first)
      }
    } catch (error) {
      if (closing) return null
      if (!diverted) fail(error)
      throw error
    }
  }

  const write = (chunk: Uint8Array): Promise<void> => {
    const refused = (code: 'closed' | 'too_large', why: string): Promise<void> =>
      Promise.reject(linkError(info, code, `Cannot write: ${why}.`))
    if (closing || over) return refused('closed', 'the link is over')
    if (diverted) return diverted.then((link) => link.write(chunk))
    if (writingOver) return refused('closed', 'the request has gone out. Open a link for each request')
    if (request.length + chunk.byteLength > maxRequestBytes) {
      return refused('too_large', `the request is larger than ${maxRequestBytes} bytes. Raise maxRequestBytes`)
    }
    request.append(chunk, maxRequestBytes)
    return sendAfter === 'line' && chunk.includes(NEWLINE) ? send() : Promise.resolve()
  }

  const close = (how?: CloseOptions): Promise<CloseReason> => {
    if (closing) return closing
    closing = closed.promise
    onSent.resolve()
    if (through) void through.close(how)
    else {
      request.take()
      life.abort(linkError(info, 'closed', 'The link was closed.', { sent: 'maybe' }))
      finish({ kind: 'local' })
    }
    return closing
  }

  return {
    info,
    async read() {
      if (reading) throw linkError(info, 'invalid_argument', 'A read is already pending on this link; it has one reader.')
      reading = true
      try {
        return await next()
      } finally {
        reading = false
      }
    },
    write(chunk) {
      const writing = write(chunk)
      // A caller may ignore the promise.
      writing.catch(() => {})
      return writing
    },
    async end() {
      if (closing || over) return
      if (!writingOver) void send().catch(() => {})
      await diverted?.then((link) => link.end())
    },
    close,
    closed: closed.promise,
    [Symbol.asyncDispose]: () => close().then(() => {}),
  }
}
