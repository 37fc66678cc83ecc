/** The HTTP routes of the test server, by path. */
import type { IncomingMessage, ServerResponse } from 'node:http'

type Route = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>

export const routes: Readonly<Record<string, Route>> = {
  /** Answers with the received method, headers and body text. */
  async '/told'(request, response) {
    let body = ''
    request.setEncoding('utf8')
    for await (const part of request) body += part
    const { method, headers } = request
    response
      .writeHead(200, { 'content-type': 'application/json', 'X-Mixed-Case': 'Yes' })
      .end(JSON.stringify({ method, headers, body }))
  },

  /** Echoes the body, chunk by chunk. */
  async '/echo'(request, response) {
    response.writeHead(200, { 'content-type': 'application/x-ndjson' })
    for await (const part of request) {
      if (!response.write(part)) await new Promise((resolve) => response.once('drain', resolve))
    }
    response.end()
  },

  /** Headers at once, one line, and then nothing until the client leaves. */
  '/stall'(_request, response) {
    response.writeHead(200, { 'content-type': 'application/x-ndjson' })
    response.write('{"first":true}\n')
  },

  /** Never answers at all. */
  '/silent'() {},

  '/redirect'(_request, response) {
    response.writeHead(307, { location: '/told' }).end('elsewhere')
  },

  /** Breaks off in the middle of its body. */
  '/broken'(_request, response) {
    response.writeHead(200, { 'content-length': '1000' })
    response.write('only this much', () => response.destroy())
  },

  '/refused'(_request, response) {
    const error = { code: 'too_many', message: 'Too many at once.', hint: 'Raise limits.maxCalls.' }
    response.writeHead(429, { 'content-type': 'application/json', 'retry-after': '2' }).end(JSON.stringify({ ok: false, error }))
  },
}
