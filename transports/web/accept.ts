/** The accepting side of `signalbox.v1`, for the WebSocket of a server or the port of a worker. */
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
 * Accepts a link over a WebSocket that is open or opening, with the subprotocol `signalbox.v1` selected. Call it before the first message can
 * arrive. Rejects where the client is refused or does not send `open` in time; the socket is closed then.
 */
export function acceptWebSocket(webSocket: WebSocketLike, options: AcceptWebSocketOptions = {}): Promise<AcceptedLink> {
  const handshake = acceptFrames({ ...options, info: infoOf('websocket', options), socket: frameSocket(webSocket) })
  report(webSocket, handshake.receiver)
  return handshake.link
}

/** Options of `acceptMessagePort`. */
export type AcceptMessagePortOptions = AcceptWebSocketOptions

/** Accepts a link over a port that another context sent. */
export function acceptMessagePort(port: MessagePortLike, options: AcceptMessagePortOptions = {}): Promise<AcceptedLink> {
  return overPort(port, (socket) => acceptFrames({ ...options, info: infoOf('messageport', options), socket }))
}

function infoOf(usual: string, { name = usual, id = `${name}-accepted`, peer }: AcceptWebSocketOptions) {
  return { id, transport: name, ...(peer === undefined ? {} : { peer }) }
}
