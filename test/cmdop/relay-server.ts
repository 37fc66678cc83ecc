/** The simulated relay behind plain HTTP on loopback, for cores that are real. */
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { sseStream, type CmdopRelaySimulator } from '../../src/testing/index.js'

export interface RelayServer extends AsyncDisposable {
  readonly url: string
}

export async function serveRelay(relay: CmdopRelaySimulator): Promise<RelayServer> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const headers = Object.fromEntries(Object.entries(request.headers).map(([key, value]) => [key, String(value)]))
      const body = Buffer.concat(chunks).toString()
      const answer = relay.handle({ method: request.method ?? '', path: request.url ?? '', headers, body })
      if (answer === 'silent') return
      if (answer === 'reset') return void request.socket.destroy()
      if ('sse' in answer) return void pump(sseStream(answer.sse), response)
      response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers })
      response.end(answer.json === undefined ? undefined : JSON.stringify(answer.json))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function pump(stream: ReadableStream<Uint8Array>, response: ServerResponse): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.flushHeaders()
  const reader = stream.getReader()
  response.on('close', () => void reader.cancel().catch(() => {}))
  try {
    for (let step = await reader.read(); !step.done; step = await reader.read()) response.write(step.value)
    response.end()
  } catch {
    response.destroy()
  }
}
