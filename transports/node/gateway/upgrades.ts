/** Upgrades of HTTP connections to WebSockets by `ws`: one subprotocol, no compression, a frame limit, and a heartbeat. */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { SUBPROTOCOL } from '../../../src/core/link-protocol/frames.js'
import type { WebSocketLike } from '../../web/web-socket.js'
import { loadWs } from '../web-socket.js'

export interface Upgrades {
  /** Did the client offer the one subprotocol that is spoken here? */
  speaks(request: IncomingMessage): boolean
  upgrade(request: IncomingMessage, socket: Duplex, head: Uint8Array, done: (webSocket: WebSocketLike) => void): void
  /** Pings, and cuts a client that did not answer the last one. Returns the function that stops it. */
  keepAlive(webSocket: WebSocketLike, everyMs: number): () => void
}

interface Pingable {
  ping?(): void
  on?(event: 'pong', listener: () => void): void
}

export async function createUpgrades(who: string, maxPayload: number): Promise<Upgrades> {
  const { WebSocketServer } = await loadWs(who)
  const server = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    clientTracking: false,
    maxPayload,
    handleProtocols: (offered: Set<string>) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
  })
  return {
    speaks: ({ headers }) => (headers['sec-websocket-protocol'] ?? '').split(',').some((name) => name.trim() === SUBPROTOCOL),
    upgrade: (request, socket, head, done) => server.handleUpgrade(request, socket, head, done),
    keepAlive(webSocket, everyMs) {
      const { ping, on } = webSocket as Pingable
      if (!ping || !on) return () => {}
      let answered = true
      on.call(webSocket, 'pong', () => {
        answered = true
      })
      const timer = setInterval(() => {
        if (!answered) webSocket.terminate?.()
        answered = false
        ping.call(webSocket)
      }, everyMs)
      return () => clearInterval(timer)
    },
  }
}
