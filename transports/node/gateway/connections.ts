/**
 * Connections within their number and their patience. A flood must not lock out the owner, so a newcomer beyond the limit takes the place
 * of the oldest connection that has shown no credential; only where all have shown one is it turned away.
 */
import type { Server } from 'node:http'
import type { Socket } from 'node:net'

export interface Connections {
  /** Its peer showed a credential that is valid: it keeps its place. */
  prove(socket: object): void
  /** Its peer sent a whole head of a request: the patience for that is over. */
  spoke(socket: object): void
  closeAll(): void
  readonly size: number
}

export interface ConnectionLimits {
  readonly maxConnections: number
  readonly headersTimeoutMs: number
  readonly secure: boolean
}

export function limitConnections(server: Server, { maxConnections, headersTimeoutMs, secure }: ConnectionLimits): Connections {
  const all = new Set<Socket>()
  const unproven = new Set<Socket>()
  const patience = new WeakMap<object, NodeJS.Timeout>()

  const onConnection = (socket: Socket): void => {
    if (all.size >= maxConnections) {
      const [oldest] = unproven
      if (oldest === undefined) return void socket.destroy()
      forget(oldest)
      oldest.destroy()
    }
    all.add(socket)
    unproven.add(socket)
    // Not every runtime's node:http has a timeout for heads of its own.
    const timer = setTimeout(() => socket.destroy(), headersTimeoutMs + 1_000)
    timer.unref()
    patience.set(socket, timer)
    socket.once('close', () => forget(socket))
  }
  // With TLS the sockets that requests come from are those of the handshake's end.
  server.on(secure ? 'secureConnection' : 'connection', onConnection)
  const spoke = (socket: object): void => {
    clearTimeout(patience.get(socket))
    patience.delete(socket)
  }
  const forget = (socket: Socket): void => {
    spoke(socket)
    all.delete(socket)
    unproven.delete(socket)
  }

  return {
    prove: (socket) => void unproven.delete(socket as Socket),
    spoke,
    closeAll() {
      for (const socket of all) socket.destroy()
    },
    get size() {
      return all.size
    },
  }
}
