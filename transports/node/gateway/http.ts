/** Between node:http and the web's Request and Response: the facts that a Request hides, bodies with backpressure both ways. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '../../../src/core/clock.js'
import type { WireFacts } from '../../../src/gateway/index.js'
import { REFUSAL_HEADER } from '../../../src/gateway/replies.js'

/** The facts of the request as it was on the wire. */
export function wireFacts(request: IncomingMessage): WireFacts {
  const { rawHeaders, headers, method = 'GET', url = '', httpVersion } = request
  const hosts: string[] = []
  for (let at = 0; at < rawHeaders.length; at += 2) {
    if (rawHeaders[at]?.toLowerCase() === 'host') hosts.push(rawHeaders[at + 1] ?? '')
  }
  const one = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value.join(', ') : value)
  return {
    method,
    hosts,
    target: url,
    httpVersion,
    origin: one(headers.origin),
    secFetchSite: one(headers['sec-fetch-site']),
    secFetchMode: one(headers['sec-fetch-mode']),
    contentType: one(headers['content-type']),
    remote: request.socket.remoteAddress,
  }
}

/** A Request whose signal is aborted when the client leaves. The guard decides by the wire facts, not by the URL of this Request. */
export function toRequest(request: IncomingMessage, response: ServerResponse): Request {
  const controller = new AbortController()
  response.once('close', () => {
    if (!response.writableFinished) controller.abort(new Error('the client went away'))
  })
  const headers = new Headers()
  for (const [name, value] of Object.entries(request.headers)) {
    // A Request cannot have pseudo-headers or hop-by-hop headers.
    if (value === undefined || name.startsWith(':') || name === 'connection' || name === 'transfer-encoding') continue
    headers.set(name, Array.isArray(value) ? value.join(', ') : value)
  }
  const { method = 'GET', url = '/' } = request
  const hasBody = method !== 'GET' && method !== 'HEAD'
  const path = url.startsWith('/') ? url : '/'
  return new Request(new URL(`http://gateway.invalid${path}`), {
    method,
    headers,
    signal: controller.signal,
    ...(hasBody ? { body: bodyOf(request), duplex: 'half' } : {}),
  } as RequestInit)
}

/** Reads from the socket only as the reader pulls. After a cancel the rest is dropped; `lingered` bounds how much of it. */
function bodyOf(request: IncomingMessage): ReadableStream<Uint8Array> {
  request.pause()
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        request.on('data', (chunk: Buffer) => {
          request.pause()
          controller.enqueue(new Uint8Array(chunk))
        })
        request.once('end', () => controller.close())
        request.once('error', (error) => controller.error(error))
        request.once('close', () => {
          if (!request.complete) controller.error(new Error('the body was cut off'))
        })
      },
      pull() {
        request.resume()
      },
      cancel() {
        request.removeAllListeners('data')
        request.removeAllListeners('end')
        request.resume()
      },
    },
    { highWaterMark: 0 },
  )
}

export interface SendOptions {
  readonly stallTimeoutMs: number
  readonly clock: Clock
}

/**
 * Writes as fast as the client reads, and no faster; a client that takes nothing for too long is cut off. A refusal closes the connection.
 * Resolves when the whole answer is written or the client is gone. Never rejects.
 */
export async function sendResponse(
  reply: Response,
  request: IncomingMessage,
  response: ServerResponse,
  { stallTimeoutMs, clock }: SendOptions,
): Promise<void> {
  const { status, headers, body } = reply
  if (headers.has(REFUSAL_HEADER)) return sendRefusal(reply, request, response)
  const reader = body?.getReader()
  const gone = (): void => void reader?.cancel().catch(() => {})
  try {
    response.writeHead(status, Object.fromEntries(headers))
    if (!reader) {
      response.end()
      return
    }
    response.once('close', gone)
    response.flushHeaders()
    for (;;) {
      const next = await reader.read()
      if (next.done) break
      if (!response.write(next.value)) await drained(response, clock, stallTimeoutMs)
    }
    response.end()
  } catch {
    // Half an answer must not look complete.
    response.destroy()
  } finally {
    response.removeListener('close', gone)
  }
}

async function sendRefusal(reply: Response, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const body = new Uint8Array(await reply.arrayBuffer())
    const headers = { ...Object.fromEntries(reply.headers), connection: 'close', 'content-length': body.byteLength }
    response.writeHead(reply.status, headers)
    if (request.method !== 'HEAD') response.write(body)
    await lingered(request)
    response.end()
  } catch {
    response.destroy()
  }
}

/** A client that is still sending its body learns why it was refused only if the socket is read until the answer has arrived. */
const LINGER_MS = 1_000
const LINGER_BYTES = 16 * 1024 * 1024

function lingered(request: IncomingMessage): Promise<void> {
  if (request.complete || request.destroyed) return Promise.resolve()
  return new Promise((resolve) => {
    let bytes = 0
    const done = (): void => {
      clearTimeout(timer)
      request.removeListener('data', count)
      resolve()
    }
    const count = (chunk: Buffer): void => {
      bytes += chunk.byteLength
      if (bytes > LINGER_BYTES) done()
    }
    const timer = setTimeout(done, LINGER_MS)
    request.on('data', count).once('end', done).once('close', done)
    request.resume()
  })
}

function drained(response: ServerResponse, clock: Clock, stallTimeoutMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = clock.after(stallTimeoutMs, () => response.destroy())
    const done = (): void => {
      timer.cancel()
      response.removeListener('drain', done)
      response.removeListener('close', done)
      resolve()
    }
    if (response.destroyed) return done()
    response.once('drain', done)
    response.once('close', done)
  })
}
