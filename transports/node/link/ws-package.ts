/** The package `ws`, as much of it as is used here. */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { SignalboxError } from '../../../src/errors.js'
import type { WebSocketLike } from '../../web/web-socket.js'

/** As much of `ws` as is used here; its types are not part of ours. */
export interface WsPackage {
  readonly WebSocket: new (url: string, protocols: string | string[] | undefined, options: object) => WebSocketLike
  readonly WebSocketServer: new (
    options: object,
  ) => {
    handleUpgrade(request: IncomingMessage, socket: Duplex, head: Uint8Array, done: (webSocket: WebSocketLike) => void): void
  }
}

export async function loadWs(caller: string): Promise<WsPackage> {
  try {
    return (await import('ws')) as unknown as WsPackage
  } catch (cause) {
    throw new SignalboxError({
      code: 'unsupported',
      message: `${caller} needs the package ws, which cannot be loaded.`,
      hint: 'Install it beside signalbox: npm install ws',
      transport: 'websocket',
      cause,
    })
  }
}
