/** The half of whoever accepts links of `signalbox.v1`: a server's WebSocket, a worker's port. `signalbox/web` has the client's. */
import { acceptFrames, type AcceptedLink, type AcceptFramesOptions } from '../../src/core/link-protocol/accept.js'
import { overPort, type MessagePortLike } from './message-port.js'
import { frameSocket, report, type WebSocketLike } from './web-socket.js'

export type { AcceptedLink, FrameLink, OpenRequest } from '../../src/core/link-protocol/accept.js'

/** Options of `acceptWebSocket`. */
export interface AcceptWebSocketOptions extends Omit<AcceptFramesOptions, 'info' | 'socket'> {
  /** Default `websocket`. */
  readonly name?: string
  /** Names the link in logs; default counts nothing and says `accepted`. */
  readonly id?: string
  /** Names the client in logs. */
  readonly peer?: string
}

/**
 * Over a WebSocket that is open, or about to be, with the subprotocol `signalbox.v1` agreed upon. Call it before the first message can
 * arrive. Rejects where the client is refused or does not say `open` in time; the socket is closed then.
 */
export function acceptWebSocket(webSocket: WebSocketLike, options: AcceptWebSocketOptions = {}): Promise<AcceptedLink> {
  const handshake = acceptFrames({ ...options, info: infoOf('websocket', options), socket: frameSocket(webSocket) })
  report(webSocket, handshake.receiver)
  return handshake.link
}

/** Options of `acceptMessagePort`. */
export type AcceptMessagePortOptions = AcceptWebSocketOptions

/** The half of whoever was handed a port. */
export function acceptMessagePort(port: MessagePortLike, options: AcceptMessagePortOptions = {}): Promise<AcceptedLink> {
  return overPort(port, (socket) => acceptFrames({ ...options, info: infoOf('messageport', options), socket }))
}

function infoOf(usual: string, { name = usual, id = `${name}-accepted`, peer }: AcceptWebSocketOptions) {
  return { id, transport: name, ...(peer === undefined ? {} : { peer }) }
}
