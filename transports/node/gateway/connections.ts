/**
 * Connections within their number. A flood must not lock out the owner: a newcomer beyond the limit displaces a connection that has shown
 * no valid credential, each credential keeps a limited number of connections, and some places are left for the owner and for newcomers.
 */
import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Clock } from '../../../src/core/clock.js'
import type { Credentials, Grant } from '../../../src/gateway/index.js'

export interface Connections {
  /** A request begins. False when too many requests on this connection wait for their answers: the connection is cut then. */
  begin(socket: Socket): boolean
  /** A request was answered or aborted. */
  end(socket: Socket): void
  /** The peer showed a valid credential: the connection keeps its place, as far as the limits of that credential go. */
  prove(socket: Socket, grant: Grant, use: 'request' | 'link'): void
  /** The peer's credential was refused. */
  unprove(socket: Socket): void
  /** The peer sent a whole head of a request: it is no longer timed. */
  spoke(socket: Socket): void
  closeAll(): void
  readonly size: number
}

export interface ConnectionLimits {
  readonly maxConnections: number
  readonly maxConnectionsPerCredential: number
  readonly headersTimeoutMs: number
  readonly secure: boolean
  /** The id of the owner's grant. */
  readonly owner: string
  readonly credentials: Pick<Credentials, 'onRevoked'>
  readonly clock: Clock
}

/**
 * Many connections are accepted in one turn, before any of them is read. So those beyond the limit go a little later, when the ones that say
 * something have been heard; only beyond several times the limit do they go at once.
 */
const TRIM_AFTER_MS = 50
const AT_ONCE = 4

/** The requests of a connection that is younger than this may not have been read yet, so its silence says nothing. */
const UNREAD_MS = 25

/** Requests on one connection whose answers are not finished. */
const MAX_UNANSWERED = 2

/** What is known about one connection that was accepted. */
interface Connection {
  readonly socket: Socket
  readonly acceptedAt: number
  unanswered: number
  isLink: boolean
  /** Whether it has sent a whole head of a request. */
  hasSpoken: boolean
  /** The credential that it counts for; undefined while it has shown none. */
  grant: Grant | undefined
  headTimer: NodeJS.Timeout | undefined
}

const isIdle = ({ unanswered, isLink }: Connection): boolean => unanswered === 0 && !isLink

export function limitConnections(server: Server, limits: ConnectionLimits): Connections {
  const { maxConnections, headersTimeoutMs, secure } = limits
  const places = createPlaces(limits)
  const all = new Map<object, Connection>()
  /** With TLS: sockets whose handshake is not over, by their remote address. Requests come from another socket object. */
  const shaking = new Map<string, Socket>()
  const from = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`

  const total = (): number => all.size + shaking.size
  let trimming: NodeJS.Timeout | undefined
  const trim = (): void => {
    trimming = undefined
    while (total() > maxConnections && displaceOne());
  }
  const displaceOne = (): boolean => {
    const victim = places.victim([...shaking.values()][0])
    if (victim === undefined) return false
    forget(victim)
    victim.destroy()
    return true
  }
  /** False when the new connection must be closed. */
  const makeRoom = (): boolean => {
    if (total() >= maxConnections * AT_ONCE) return displaceOne()
    if (total() >= maxConnections) trimming ??= setTimeout(trim, TRIM_AFTER_MS)
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
    // Some runtimes have no timeout for request heads in node:http.
    const headTimer = setTimeout(() => socket.destroy(), headersTimeoutMs + 1_000)
    headTimer.unref()
    const acceptedAt = limits.clock.monotonic()
    const connection: Connection = {
      socket,
      acceptedAt,
      unanswered: 0,
      isLink: false,
      hasSpoken: false,
      grant: undefined,
      headTimer,
    }
    all.set(socket, connection)
    places.add(connection)
    socket.once('close', () => forget(socket))
  }
  const spoke = (socket: object): void => {
    const connection = all.get(socket)
    if (!connection) return
    connection.hasSpoken = true
    clearTimeout(connection.headTimer)
  }
  const forget = (socket: Socket): void => {
    spoke(socket)
    const connection = all.get(socket)
    all.delete(socket)
    if (connection) places.remove(connection)
    for (const [key, each] of shaking) if (each === socket) shaking.delete(key)
  }
  // With TLS, requests come from the sockets that the handshake made.
  if (secure) server.on('connection', onShaking)
  server.on(secure ? 'secureConnection' : 'connection', onConnection)

  return {
    begin(socket) {
      const connection = all.get(socket)
      // Some runtimes use another socket object for requests than for connections. They do not pipeline, so there is nothing to limit.
      if (!connection) return !socket.destroyed
      connection.unanswered += 1
      return connection.unanswered <= MAX_UNANSWERED && !socket.destroyed
    },
    end(socket) {
      const connection = all.get(socket)
      if (connection) connection.unanswered -= 1
    },
    prove(socket, grant, use) {
      const connection = all.get(socket)
      if (!connection) return
      if (use === 'link') connection.isLink = true
      places.prove(connection, grant)
    },
    unprove(socket) {
      const connection = all.get(socket)
      if (connection) places.unprove(connection)
    },
    spoke,
    closeAll() {
      clearTimeout(trimming)
      for (const socket of [...all.values()].map((each) => each.socket).concat(...shaking.values())) socket.destroy()
    },
    get size() {
      return all.size
    },
  }
}

/** Decides which connections stay when all places are taken. */
function createPlaces(limits: ConnectionLimits) {
  const { maxConnections, maxConnectionsPerCredential, owner, credentials, clock } = limits
  /** Places that proven connections leave to newcomers, so that the owner can always connect and show the token. */
  const forNewcomers = Math.max(1, Math.floor(maxConnections / 16))
  /** Places that no other credential than the owner's can keep. */
  const forOwner = Math.max(1, Math.floor(maxConnections / 16))

  /** Not yet proven, the oldest first. */
  const unproven = new Set<Connection>()
  /** Connections whose credential ended, was refused or has too many connections. They are closed first. */
  const expendable = new Set<Connection>()
  const ofGrant = new Map<string, { readonly grant: Grant; readonly kept: Set<Connection>; stopListening(): void }>()

  const remove = (connection: Connection): void => {
    unproven.delete(connection)
    expendable.delete(connection)
    const { grant } = connection
    connection.grant = undefined
    const mine = grant && ofGrant.get(grant.id)
    if (!mine) return
    mine.kept.delete(connection)
    if (mine.kept.size > 0) return
    mine.stopListening()
    ofGrant.delete(grant.id)
  }
  const unprove = (connection: Connection): void => {
    if (unproven.has(connection)) return
    remove(connection)
    expendable.add(connection)
  }
  const unproveAll = (id: string): void => {
    for (const connection of [...(ofGrant.get(id)?.kept ?? [])]) unprove(connection)
  }
  const oldestIdle = (connections: Iterable<Connection>): Connection | undefined => {
    for (const connection of connections) if (isIdle(connection)) return connection
    return undefined
  }
  const silent = (connections: Iterable<Connection>): Connection | undefined => {
    const readBefore = clock.monotonic() - UNREAD_MS
    for (const connection of connections) if (!connection.hasSpoken && connection.acceptedAt <= readBefore) return connection
    return undefined
  }
  const keptByOthers = (): Connection[] => [...ofGrant].flatMap(([id, { kept }]) => (id === owner ? [] : [...kept]))
  const keptInAll = (): number => [...ofGrant.values()].reduce((sum, { kept }) => sum + kept.size, 0)

  /** Makes room for one more connection with a valid credential. False when no idle connection can give way. */
  const makeProvenRoom = (grant: Grant): boolean => {
    const mine = ofGrant.get(grant.id)?.kept
    if (mine && mine.size >= maxConnectionsPerCredential) {
      const oldest = oldestIdle(mine)
      if (!oldest) return false
      unprove(oldest)
    }
    const isOwner = grant.id === owner
    const others = keptByOthers()
    if (!isOwner && others.length >= maxConnections - forNewcomers - forOwner) return false
    if (keptInAll() < maxConnections - forNewcomers) return true
    const oldest = isOwner ? oldestIdle(others) : undefined
    if (oldest) unprove(oldest)
    return oldest !== undefined
  }

  return {
    add: (connection: Connection) => void unproven.add(connection),
    remove,
    unprove,
    prove(connection: Connection, grant: Grant): void {
      if (connection.grant?.id === grant.id) {
        // This connection was used again, so it is now the newest.
        const kept = ofGrant.get(grant.id)?.kept
        kept?.delete(connection)
        kept?.add(connection)
        return
      }
      remove(connection)
      if (!makeProvenRoom(grant)) return void expendable.add(connection)
      const mine = ofGrant.get(grant.id) ?? {
        grant,
        kept: new Set<Connection>(),
        stopListening: credentials.onRevoked(grant.id, () => unproveAll(grant.id)),
      }
      ofGrant.set(grant.id, mine)
      mine.kept.add(connection)
      connection.grant = grant
    },
    /** The socket that is closed for a new connection. */
    victim(shaking: Socket | undefined): Socket | undefined {
      for (const [id, { grant }] of [...ofGrant]) if ((grant.expiresAtMs ?? Infinity) <= clock.now()) unproveAll(id)
      const [oldest] = unproven
      const [busy] = expendable
      return oldestIdle(expendable)?.socket ?? shaking ?? silent(unproven)?.socket ?? oldest?.socket ?? busy?.socket
    },
  }
}
