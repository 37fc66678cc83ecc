/** The simulator on a real port, with connections that really break. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { CatsyphonSimulator } from '../../src/testing/index.js'

export interface ServedSimulator extends AsyncDisposable {
  readonly url: string
  readonly port: number
}

export async function serveSimulator(simulator: CatsyphonSimulator, port = 0): Promise<ServedSimulator> {
  const server = createServer((request, response) => {
    void serveRequest(simulator, request, response)
  })
  server.keepAliveTimeout = 5000
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const address = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${address.port}`,
    port: address.port,
    [Symbol.asyncDispose]() {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

/** Answers one request as the simulator does. */
export async function serveRequest(
  simulator: CatsyphonSimulator,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  await answer(simulator, request, response).catch(() => void request.socket.destroy())
}

async function answer(simulator: CatsyphonSimulator, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]))
  const outcome = await simulator.handle({
    method: request.method ?? 'GET',
    path: request.url ?? '/',
    headers,
    body: Buffer.concat(chunks),
  })
  if (outcome.kind !== 'answer') return void request.socket.destroy()
  const body = Buffer.from(outcome.body)
  response.writeHead(outcome.status, { ...outcome.headers, 'content-length': String(body.length) })
  if (outcome.truncated) {
    response.write(body.subarray(0, body.length / 2))
    setImmediate(() => request.socket.destroy())
    return
  }
  response.end(body, () => {
    if (outcome.close) request.socket.destroy()
  })
}
