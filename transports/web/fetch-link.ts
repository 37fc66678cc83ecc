/**
 * A link over one POST: what is written goes out as its body, once the first message is complete or at `end()`, and the reply's body
 * streams back. Enough for protocols that ask one question on a connection; `docs/web.md` lists the laws that cannot apply.
 */
import { createAccumulator } from '../../src/core/codec/bytes.js'
import { systemClock } from '../../src/core/clock.js'
import { deferred } from '../../src/core/deferred.js'
import { parseRetryAfter } from '../../src/core/policy/retry-after.js'
import { abortError } from '../../src/core/scope.js'
import { ERROR_CODES, SignalboxError, type ErrorCode } from '../../src/errors.js'
import type { CloseReason, Link, LinkInfo, OpenOptions, StreamTransport } from '../../src/transport.js'
import { httpBase } from './address.js'
import { gathered, MAX_GATHERED_BYTES } from './body.js'
import { fetchExchange, type FetchExchangeOptions } from './fetch-exchange.js'
import { codeOfStatus, sentOfStatus } from './fetch-faults.js'

export interface FetchLinkOptions extends Pick<FetchExchangeOptions, 'headers' | 'fetch' | 'credentials'> {
  /** Where each link's POST goes; never with a credential in it. */
  readonly url: string | URL
  /** `line`, the default, takes the first newline for the end of the request; `end` waits for `end()`. */
  readonly sendAfter?: 'line' | 'end'
  /** Default 32 MiB. */
  readonly maxRequestBytes?: number
  /** How the transport calls itself in errors; default `fetch-link`. */
  readonly name?: string
}

const NEWLINE = 0x0a
/** Of a refusal's body, no more than this is read. */
const MAX_REFUSAL_BYTES = 64 * 1024

export function fetchLink(options: FetchLinkOptions): StreamTransport {
  const { sendAfter = 'line', maxRequestBytes = MAX_GATHERED_BYTES, name = 'fetch-link', headers, fetch, credentials } = options
  const url = httpBase(options.url, name)
  const exchange = fetchExchange({
    baseUrl: url.origin,
    name,
    ...(headers === undefined ? {} : { headers }),
    ...(fetch === undefined ? {} : { fetch }),
    ...(credentials === undefined ? {} : { credentials }),
  })
  let count = 0
  return {
    kind: 'stream',
    name,
    async open(_launch, { signal, trace }: OpenOptions = {}) {
      if (signal?.aborted) throw abortError(signal, { transport: name, op: 'open' })
      count += 1
      const info = { id: `${name}-${count}`, transport: name, peer: url.origin + url.pathname }
      return createFetchLink(info, { sendAfter, maxRequestBytes }, async (body, life) => {
        const reply = await exchange.exchange(
          { method: 'POST', path: url.pathname, headers: { 'content-type': 'application/json' }, body },
          { signal: life, ...(trace ? { trace } : {}) },
        )
        if (reply.status >= 200 && reply.status < 300) return reply.body
        throw await refusal(reply.status, reply.headers, reply.body, info, life)
      })
    },
  }
}

function createFetchLink(
  info: LinkInfo,
  { sendAfter, maxRequestBytes }: { sendAfter: 'line' | 'end'; maxRequestBytes: number },
  post: (body: Uint8Array, signal: AbortSignal) => Promise<ReadableStream<Uint8Array> | null>,
): Link {
  const life = new AbortController()
  const closed = deferred<CloseReason>()
  const request = createAccumulator()
  let answer: Promise<ReadableStreamDefaultReader<Uint8Array> | null> | undefined
  let writingOver = false
  let closing: Promise<CloseReason> | undefined
  const onSent = deferred()
  let reading = false
  let over: CloseReason | undefined

  const finish = (reason: CloseReason): void => {
    over ??= reason
    closed.resolve(over)
  }
  const send = (): void => {
    if (answer) return
    writingOver = true
    answer = post(request.take(), life.signal).then((body) => body?.getReader() ?? null)
    answer.catch((error: unknown) => finish(closing ? { kind: 'local' } : { kind: 'error', error }))
    onSent.resolve()
  }
  const refused = (code: ErrorCode, message: string, hint?: string): Promise<never> => {
    const promise = Promise.reject(new SignalboxError({ code, message, hint, transport: info.transport, sent: 'no' }))
    promise.catch(() => {})
    return promise
  }

  const next = async (): Promise<Uint8Array | null> => {
    if (!answer && !over) await onSent.promise
    if (closing) return null
    try {
      const reader = await answer
      for (;;) {
        const result = await reader?.read()
        if (closing) return null
        if (!result || result.done) {
          finish({ kind: 'eof' })
          return null
        }
        if (result.value.byteLength > 0) return result.value
      }
    } catch (error) {
      if (closing) return null
      finish({ kind: 'error', error })
      throw error
    }
  }

  const close = (): Promise<CloseReason> => {
    if (closing) return closing
    closing = closed.promise
    writingOver = true
    request.take()
    onSent.resolve()
    life.abort(new SignalboxError({ code: 'closed', message: 'The link was closed.', transport: info.transport, sent: 'maybe' }))
    finish({ kind: 'local' })
    return closing
  }

  return {
    info,
    async read() {
      if (reading) {
        throw new SignalboxError({
          code: 'invalid_argument',
          message: 'A read is already pending on this link; it has one reader.',
        })
      }
      reading = true
      try {
        return await next()
      } finally {
        reading = false
      }
    },
    write(chunk) {
      if (closing || over) return refused('closed', 'Cannot write: the link is over.')
      if (writingOver) {
        return refused(
          'closed',
          'Cannot write: the request has gone out, and this link carries one.',
          'Open a link for each request.',
        )
      }
      if (request.length + chunk.byteLength > maxRequestBytes) {
        return refused('too_large', `The request is larger than ${maxRequestBytes} bytes.`, 'Raise maxRequestBytes.')
      }
      request.append(chunk, maxRequestBytes)
      if (sendAfter === 'line' && chunk.includes(NEWLINE)) send()
      return Promise.resolve()
    },
    end() {
      if (!closing && !over) send()
      return Promise.resolve()
    },
    close,
    closed: closed.promise,
    [Symbol.asyncDispose]: () => close().then(() => {}),
  }
}

/** A refusal teaches: a gateway's is JSON with a code and a message. Anything else is told by its status. */
async function refusal(
  status: number,
  headers: Readonly<Record<string, string>>,
  body: ReadableStream<Uint8Array> | null,
  info: LinkInfo,
  signal: AbortSignal,
): Promise<SignalboxError> {
  const facts = { transport: info.transport, op: 'POST' }
  const bytes = body ? await gathered(body, MAX_REFUSAL_BYTES, signal, facts).catch(() => new Uint8Array(0)) : new Uint8Array(0)
  const said = refusalOf(bytes)
  const isCode = (code: string | undefined): code is ErrorCode => (ERROR_CODES as readonly unknown[]).includes(code)
  const known = isCode(said.code)
  return new SignalboxError({
    ...facts,
    // A gateway says beside its own code which of ours it is, and whether anything was sent.
    code: isCode(said.code) ? said.code : isCode(said.kind) ? said.kind : codeOfStatus(status),
    message: said.message ?? `${info.peer} answered with status ${status}.`,
    hint: said.hint,
    status,
    sent: said.sent === 'no' || said.sent === 'maybe' ? said.sent : sentOfStatus(status),
    remoteCode: known ? undefined : said.code,
    retryAfterMs: parseRetryAfter(headers['retry-after'], systemClock.now()),
  })
}

interface Said {
  readonly code?: string
  readonly message?: string
  readonly hint?: string
  readonly kind?: string
  readonly sent?: string
}

function refusalOf(bytes: Uint8Array): Said {
  let parsed: unknown
  try {
    parsed = JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    // An answer for people, such as a proxy's page: the status says enough.
    return {}
  }
  const { error } = Object(parsed) as { error?: unknown }
  const texts = Object.entries(Object(error)).filter(([key, value]) => REFUSAL_FIELDS.has(key) && typeof value === 'string')
  return Object.fromEntries(texts)
}

const REFUSAL_FIELDS: ReadonlySet<string> = new Set(['code', 'message', 'hint', 'kind', 'sent'])
