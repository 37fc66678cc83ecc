/** WebSockets on Node through the package `ws`: a constructor for the client, and a listener. */
import type { Duplex } from 'node:stream'
import { SUBPROTOCOL } from '../../../src/core/link-protocol/frames.js'
import type { AcceptedLink, OpenRequest } from '../../../src/core/link-protocol/accept.js'
import { createAcceptance } from '../../../src/core/acceptance.js'
import { SignalboxError } from '../../../src/errors.js'
import type { Listener } from '../../../src/transport.js'
import type { WebSocketConstructor, WebSocketLike } from '../../web/web-socket.js'
import { loadWs } from './ws-package.js'

/** A control frame of the largest size, each character three bytes, and some more. */
const MAX_PAYLOAD_BYTES = 1024 * 1024

/** Options of `nodeWebSocket`. */
export interface NodeWebSocketOptions {
  /** Headers of the handshake, for servers that authenticate by them. */
  readonly headers?: Readonly<Record<string, string>>
}

/**
 * The WebSocket of the package `ws`, for the `webSocket` option of `webSocketLink` and `gateway`, with or without `await`. Compression is
 * off, because it costs more than it saves on one machine; a message larger than the protocol allows is refused.
 *
 * @example
 * import { webSocketLink } from 'signalbox/web'
 * import { nodeWebSocket } from 'signalbox/node'
 *
 * export const transport = webSocketLink({ url: 'ws://127.0.0.1:7777', webSocket: nodeWebSocket() })
 */
export async function nodeWebSocket({ headers = {} }: NodeWebSocketOptions = {}): Promise<WebSocketConstructor> {
  const { WebSocket } = await loadWs('nodeWebSocket')
  return class extends WebSocket {
    constructor(url: string, protocols?: string | string[]) {
      super(url, protocols, { perMessageDeflate: false, maxPayload: MAX_PAYLOAD_BYTES, followRedirects: false, headers })
    }
  }
}

/** Options of `listenWebSocket`. */
export interface ListenWebSocketOptions {
  /** Default `127.0.0.1`. */
  readonly host?: string
  /** 0, the default, lets the system choose; see `port` of the listener. */
  readonly port?: number
  /** Pages that may connect, as `https://example.org`. Default none: any page on this machine could reach an open port. */
  readonly origins?: readonly string[]
  /** Throwing refuses the client; a SignalboxError also tells it why. */
  readonly authorize?: (open: OpenRequest, signal: AbortSignal) => void | Promise<void>
  /** What a client may send before we read; default 256 KiB. */
  readonly windowBytes?: number
  /** How long a client may take to send `open`. */
  readonly openTimeoutMs?: number
  /** Links that wait to be accepted, and clients that have not sent `open` yet; default 1024. */
  readonly maxWaiting?: number
}

/** A listener for WebSockets. */
export interface WebSocketListener extends Listener {
  /** The port that it listens on. */
  readonly port: number
  /** Yields each link once its client was admitted, with the launch and trace of the client. */
  accept(): AsyncIterable<AcceptedLink>
}

/** Speaks `signalbox.v1` on every path. For tests, simulators and small servers of your own; the gateway checks more. */
export async function listenWebSocket(options: ListenWebSocketOptions = {}): Promise<WebSocketListener> {
  const { host = '127.0.0.1', port = 0, origins = [], maxWaiting = 1024, authorize, windowBytes, openTimeoutMs } = options
  const { WebSocketServer } = await loadWs('listenWebSocket')
  // Loaded here, because few programs that import `signalbox/node` listen.
  const [{ createServer }, { acceptWebSocket }] = await Promise.all([import('node:http'), import('../../web/accept.js')])
  const upgrades = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: MAX_PAYLOAD_BYTES,
    clientTracking: false,
    handleProtocols: (offered: Set<string>) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
  })
  const waiting = createAcceptance<AcceptedLink>()
  const opening = new Set<WebSocketLike>()
  let count = 0

  const server = createServer((_request, response) => {
    response
      .writeHead(426, { 'content-type': 'text/plain', connection: 'close' })
      .end(`This port speaks ${SUBPROTOCOL} over WebSocket.\n`)
  })
  // Connections that are not upgraded to WebSockets yet. They end with the listener.
  const talking = new Set<Duplex>()
  server.on('connection', (socket) => {
    talking.add(socket)
    socket.once('close', () => talking.delete(socket))
  })
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => {})
    talking.delete(socket)
    const { origin } = request.headers
    const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim())
    if (waiting.ended || waiting.size + opening.size >= maxWaiting) return refuse(socket, '503 Service Unavailable')
    if (origin !== undefined && !origins.includes(origin)) return refuse(socket, '403 Forbidden')
    if (!offered.includes(SUBPROTOCOL)) return refuse(socket, '400 Bad Request')
    upgrades.handleUpgrade(request, socket, head, (webSocket) => {
      count += 1
      opening.add(webSocket)
      const peer = `tcp:${request.socket.remoteAddress}:${request.socket.remotePort}`
      acceptWebSocket(webSocket, { id: `websocket-in-${count}`, peer, windowBytes, openTimeoutMs, authorize })
        .then(
          (link) => waiting.add(link),
          // `acceptWebSocket` has told the client why. There is no link to yield.
          () => {},
        )
        .finally(() => opening.delete(webSocket))
    })
  })

  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const taken = cause.code === 'EADDRINUSE'
      const message = `Cannot listen on ws://${host}:${port}: ${taken ? 'the address is in use' : (cause.code ?? cause.message)}.`
      reject(new SignalboxError({ code: taken ? 'conflict' : 'unreachable', message, transport: 'websocket', cause }))
    })
    server.listen({ host, port }, resolve)
  })
  server.on('error', () => {})
  const bound = server.address()
  const chosen = typeof bound === 'object' && bound !== null ? bound.port : port
  let disposing: Promise<void> | undefined
  return {
    address: `ws://${host.includes(':') ? `[${host}]` : host}:${chosen}/`,
    port: chosen,
    accept: waiting.accept,
    [Symbol.asyncDispose]() {
      disposing ??= (async () => {
        const left = waiting.close()
        for (const webSocket of opening) webSocket.terminate?.()
        // Not awaited: the callback waits for accepted links, which belong to their owners. The address is free at once.
        server.close()
        for (const socket of talking) socket.destroy()
        await left
      })()
      return disposing
    },
  }
}

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`, () => socket.destroy())
}
