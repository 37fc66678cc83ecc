/** Upgrades of HTTP connections to WebSockets by `ws`: one subprotocol, no compression, limits on frames, and a heartbeat. */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { SUBPROTOCOL } from '../../../src/core/link-protocol/frames.js'
import type { GatewayLimits } from '../../../src/gateway/index.js'
import type { WebSocketLike } from '../../web/web-socket.js'
import { loadWs } from '../link/ws-package.js'

export interface Upgrades {
  /** Whether the client offered the subprotocol `signalbox.v1`. */
  speaks(request: IncomingMessage): boolean
  upgrade(request: IncomingMessage, socket: Duplex, head: Uint8Array, done: (webSocket: WebSocketLike) => void): void
  /** Sends pings, and cuts off a client that did not answer the last one. Returns a function that stops the pings. */
  keepAlive(webSocket: WebSocketLike, everyMs: number): () => void
}

interface Pingable {
  ping?(): void
  pong?(data: unknown): void
  on?(event: 'ping' | 'pong', listener: (data: unknown) => void): void
}

/** Pings of a client between two of ours. A client sends a few a minute; each one costs as much as a message. */
const MAX_PINGS = 100

/** A chunk of the protocol is one fragment, so no client needs more than a few. */
const MAX_FRAGMENTS = 64

export async function createUpgrades(who: string, limits: GatewayLimits): Promise<Upgrades> {
  const { WebSocketServer } = await loadWs(who)
  const server = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    clientTracking: false,
    maxPayload: limits.maxFrameBytes,
    maxFragments: MAX_FRAGMENTS,
    // One message of each socket in one turn of the event loop. Otherwise one socket could send some ten thousand tiny frames in one read, and
    // all others would wait until the last one was handled, even when the first one is a reason to cut the socket.
    allowSynchronousEvents: false,
    // Pings are answered below. `ws` would keep an answer for each ping of a client that does not read, without a limit.
    autoPong: false,
    handleProtocols: (offered: Set<string>) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
  })
  return {
    speaks: ({ headers }) => (headers['sec-websocket-protocol'] ?? '').split(',').some((name) => name.trim() === SUBPROTOCOL),
    upgrade: (request, socket, head, done) => server.handleUpgrade(request, socket, head, done),
    keepAlive(webSocket, everyMs) {
      const { ping, pong, on } = webSocket as Pingable
      if (!ping || !on) return () => {}
      let answered = true
      on.call(webSocket, 'pong', () => {
        answered = true
      })
      let pings = 0
      on.call(webSocket, 'ping', (data) => {
        pings += 1
        if (pings > MAX_PINGS || (webSocket.bufferedAmount ?? 0) > limits.maxBufferedBytes) webSocket.terminate?.()
        else pong?.call(webSocket, data)
      })
      const timer = setInterval(() => {
        if (!answered) webSocket.terminate?.()
        answered = false
        pings = 0
        ping.call(webSocket)
      }, everyMs)
      return () => clearInterval(timer)
    },
  }
}
