/** Simulated systems on real sockets, and the executables of the two that are processes. */
import { createServer } from 'node:http'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { AddressInfo } from 'node:net'
import { createCatsyphonSimulator, createCccSimulator, createCcccSimulator } from '../../../../src/testing/index.js'
import { listenTcp, listenUnix } from '../../link/listen.js'

export interface RunningSimulator {
  /** The address of the simulator, and the values that a client needs. */
  readonly address: string
  stop(): Promise<void>
}

/** The path of the executable that simulates a system which runs as a process. */
export function executableOf(system: 'claude' | 'cmdop'): string {
  return fileURLToPath(import.meta.resolve(`signalbox/testing/fake-${system}`))
}

/** Starts a simulated server. Without an address it takes any free port on loopback. */
export async function startSimulator(
  system: 'ccc' | 'cccc' | 'catsyphon',
  { socket, port = 0 }: { readonly socket?: string | undefined; readonly port?: number | undefined },
): Promise<RunningSimulator> {
  if (system === 'catsyphon') return startCatsyphon(port)
  const listener = socket === undefined ? await listenTcp({ port }) : await listenUnix({ path: socket })
  if (system === 'ccc') {
    const server = createCccSimulator({
      sessions: [
        { name: 'backend', path: '/demo/backend', running: true },
        { name: 'frontend', path: '/demo/frontend', running: true },
      ],
    })
    void server.listen(listener)
    return { address: listener.address, stop: () => server.stop() }
  }
  const daemon = createCcccSimulator()
  void daemon.listen(listener)
  return {
    address: listener.address,
    async stop() {
      await listener[Symbol.asyncDispose]()
      await daemon[Symbol.asyncDispose]()
    },
  }
}

async function startCatsyphon(port: number): Promise<RunningSimulator> {
  const simulator = createCatsyphonSimulator()
  const { id, key } = simulator.register()
  const server = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      const reply = await simulator.transport.exchange({
        method: request.method ?? 'GET',
        path: request.url ?? '/',
        headers: Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)])),
        ...(chunks.length > 0 ? { body: new Uint8Array(Buffer.concat(chunks)) } : {}),
      })
      response.writeHead(reply.status, Object.fromEntries(Object.entries(reply.headers)))
      response.end(Buffer.from(await new Response(reply.body as BodyInit | null).arrayBuffer()))
    })().catch(() => response.destroy())
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const bound = (server.address() as AddressInfo).port
  return {
    // The key belongs to this simulator and to nothing else.
    address: `http://127.0.0.1:${bound} CATSYPHON_COLLECTOR_ID=${id} CATSYPHON_API_KEY=${key}`,
    async stop() {
      server.closeAllConnections()
      server.close()
    },
  }
}
