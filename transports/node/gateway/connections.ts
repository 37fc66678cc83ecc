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

  /** With TLS: connections whose handshake is not over, by who they come from; their end of it is another socket. */
  const shaking = new Map<string, Socket>()
  const from = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`

  /** False where everybody has shown a credential and the newcomer has to go. */
  const makeRoom = (): boolean => {
    if (all.size + shaking.size < maxConnections) return true
    const [oldest] = [...shaking.values(), ...unproven]
    if (oldest === undefined) return false
    forget(oldest)
    oldest.destroy()
    return true
  }
  const onShaking = (socket: Socket): void => {
    if (!makeRoom()) return void socket.destroy()
    shaking.set(from(socket), socket)
    socket.once('close', () => forget(socket))
  }
  const onConnection = (socket: Socket): void => {
    shaking.delete(from(socket))
    if (!makeRoom()) return void socket.destroy()
    all.add(socket)
    unproven.add(socket)
    // Not every runtime's node:http has a timeout for heads of its own.
    const timer = setTimeout(() => socket.destroy(), headersTimeoutMs + 1_000)
    timer.unref()
    patience.set(socket, timer)
    socket.once('close', () => forget(socket))
  }
  // With TLS the sockets that requests come from are those of the handshake's end.
  if (secure) server.on('connection', onShaking)
  server.on(secure ? 'secureConnection' : 'connection', onConnection)
  const spoke = (socket: object): void => {
    clearTimeout(patience.get(socket))
    patience.delete(socket)
  }
  const forget = (socket: Socket): void => {
    spoke(socket)
    all.delete(socket)
    unproven.delete(socket)
    for (const [key, each] of shaking) if (each === socket) shaking.delete(key)
  }

  return {
    prove: (socket) => void unproven.delete(socket as Socket),
    spoke,
    closeAll() {
      for (const socket of [...all, ...shaking.values()]) socket.destroy()
    },
    get size() {
      return all.size
    },
  }
}
