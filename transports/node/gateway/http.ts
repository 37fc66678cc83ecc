/** Between node:http and the web's Request and Response: the facts that a Request hides, bodies with backpressure both ways. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '../../../src/core/clock.js'
import type { WireFacts } from '../../../src/gateway/index.js'

/** How the request really stood on the wire. */
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
  }
}

/** A Request whose signal falls when the client goes away. The URL is only a carrier: the guard decides on the wire facts. */
export function toRequest(request: IncomingMessage, response: ServerResponse): Request {
  const controller = new AbortController()
  response.once('close', () => {
    if (!response.writableFinished) controller.abort(new Error('the client went away'))
  })
  const headers = new Headers()
  for (const [name, value] of Object.entries(request.headers)) {
    // Pseudo and hop-by-hop headers have no place in a Request.
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

/** Pulls: what nobody reads stays in the socket. */
function bodyOf(request: IncomingMessage): ReadableStream<Uint8Array> {
  const chunks = request[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const next = await chunks.next()
        if (next.done) controller.close()
        else controller.enqueue(new Uint8Array(next.value))
      },
      async cancel() {
        await chunks.return?.()
      },
    },
    { highWaterMark: 0 },
  )
}

/**
 * Writes as fast as the client reads, and no faster; one that takes nothing for too long is cut off. Resolves when all is handed over or
 * the client is gone; never rejects.
 */
export async function sendResponse(
  reply: Response,
  response: ServerResponse,
  { stallTimeoutMs, clock }: { readonly stallTimeoutMs: number; readonly clock: Clock },
): Promise<void> {
  const { status, headers, body } = reply
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
    // Half an answer must not look like a whole one.
    response.destroy()
  } finally {
    response.removeListener('close', gone)
  }
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
