/** A server for tests, on Node: the peers of the registry over WebSockets, and a few HTTP routes, for runtimes that cannot listen. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocketServer, type WebSocket } from 'ws'
import { SignalboxError } from '../../../src/index.js'
import { acceptWebSocket, type AcceptedLink } from '../../../transports/web/accept.js'
import { peers, type PeerServerState } from './registry.js'
import { routes } from './routes.js'

export interface PeerServer extends AsyncDisposable {
  readonly webSocketUrl: string
  readonly httpUrl: string
}

/** The credential that a client must send, if it sends one: tests also use a wrong one. */
const GOOD_CREDENTIAL = 'a-credential-for-tests'

export async function startPeerServer(): Promise<PeerServer> {
  const sockets = new Map<AcceptedLink, WebSocket>()
  const state: PeerServerState = {
    waiting: new Map(),
    near: new Map(),
    simulators: new Map(),
    gateways: new Map(),
    cut: (link) => sockets.get(link)?.terminate(),
  }
  const upgrades = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: 1024 * 1024 })
  const server = createServer((request, response) => {
    void answer(request, response).catch(() => response.destroy())
  })
  server.on('upgrade', (request, socket, head) => {
    upgrades.handleUpgrade(request, socket, head, (webSocket) => {
      void accept(webSocket).catch(() => {})
    })
  })

  const accept = async (webSocket: WebSocket): Promise<void> => {
    const link = await acceptWebSocket(webSocket, {
      authorize({ credential, launch }) {
        if (credential !== undefined && credential !== GOOD_CREDENTIAL) {
          throw new SignalboxError({ code: 'unauthenticated', message: 'The credential is wrong.', hint: 'Use the right one.' })
        }
        if (!Object.hasOwn(peers, nameOf(launch))) {
          throw new SignalboxError({ code: 'not_found', message: 'There is no such peer.', remoteCode: 'unknown_peer' })
        }
      },
    })
    sockets.set(link, webSocket)
    void link.closed.then(() => sockets.delete(link))
    try {
      await peers[nameOf(link.launch)]?.(link, Object(link.launch) as Record<string, unknown>, state)
    } catch {
      await link.close()
    }
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    webSocketUrl: `ws://127.0.0.1:${port}/`,
    httpUrl: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      await Promise.all([...state.gateways.values()].map((gateway) => gateway[Symbol.asyncDispose]()))
      await Promise.all([...state.simulators.values()].map((simulator) => simulator.stop()))
      for (const webSocket of upgrades.clients) webSocket.terminate()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const nameOf = (launch: unknown): string => String((Object(launch) as { peer?: unknown }).peer ?? 'echo')

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname } = new URL(request.url ?? '/', 'http://localhost')
  response.setHeader('access-control-allow-origin', '*')
  response.setHeader('access-control-allow-headers', '*')
  response.setHeader('access-control-expose-headers', '*')
  if (request.method === 'OPTIONS') {
    response.writeHead(204).end()
    return
  }
  const route = routes[pathname]
  if (route) await route(request, response)
  else response.writeHead(404, { 'content-type': 'text/plain' }).end('there is nothing here')
}
