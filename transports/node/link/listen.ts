/** The accepting side of sockets. The number of links that wait to be accepted is limited; further connections are closed. */
import { chmod, lstat, mkdtemp, rename, rm } from 'node:fs/promises'
import { connect, createServer, type ListenOptions, type Server, type Socket } from 'node:net'
import { dirname, join, sep } from 'node:path'
import { createAcceptance, type Acceptance } from '../../../src/core/acceptance.js'
import { SignalboxError } from '../../../src/errors.js'
import type { Link, Listener } from '../../../src/transport.js'
import { maxUnixPathBytes, pipePath, tcpTarget, unixPath } from './address.js'
import { codeOf, openFault } from './faults.js'
import { SocketLink } from './socket-link.js'
import { createOwner, withLock } from '../store/lock.js'

/** Limits of a listener. */
export interface ListenLimits {
  /** Links that wait to be accepted; default 1024. */
  readonly maxWaiting?: number
}

/** Options of `listenUnix`. */
export interface ListenUnixOptions extends ListenLimits {
  /** Where the socket file is made. */
  readonly path: string
  /** The mode of the socket file; default 0o600. A client needs write permission. */
  readonly mode?: number
}

/** Options of `listenTcp`. */
export interface ListenTcpOptions extends ListenLimits {
  /** Default `127.0.0.1`. */
  readonly host?: string
  /** 0, the default, lets the system choose; see `port` of the listener. */
  readonly port?: number
}

/** Options of `listenPipe`. */
export interface ListenPipeOptions extends ListenLimits {
  /** The name of the pipe. */
  readonly name: string
}

/** A listener on a TCP port. */
export interface TcpListener extends Listener {
  /** The port that it listens on. */
  readonly port: number
}

/** Takes over the socket file of a server that is gone; refuses with `conflict` where one still listens. */
export async function listenUnix(options: ListenUnixOptions): Promise<Listener> {
  const path = unixPath(options.path)
  const target = `unix:${path}`
  const owner = createOwner()
  // Under a lock: a server that finds a stale file must not remove the new file of another server.
  const alone = <T>(work: () => Promise<T>): Promise<T> => withLock(`${path}.lock`, owner, work)
  try {
    return await alone(async () => {
      const found = await lstat(path).catch(() => undefined)
      if (found && !(found.isSocket() && (await isStale(path)))) throw inUse(target)
      const { accepting, ino } = await placed(path, target, options)
      const leave = async (): Promise<void> => {
        // The file may belong to another server by now. Checked before the socket closes, while its inode number cannot be reused.
        const left = await lstat(path).catch(() => undefined)
        if (left?.ino === ino) await rm(path, { force: true })
      }
      return listener(target, accepting, () => alone(leave).catch(() => {}))
    })
  } catch (error) {
    throw listenFault(error, 'unix', target)
  }
}

/**
 * Makes the socket in a private folder and moves it into place with its mode. So no client connects before the mode is set, and the file
 * that the runtime removes at the end is never that of another server.
 */
async function placed(path: string, target: string, options: ListenUnixOptions): Promise<{ accepting: Accepting; ino: number }> {
  // Not with `join`, which drops a single dot: the folder would be made beside the one of the socket, where this user may not write.
  const folder = await mkdtemp(`${dirname(path)}${sep}.`)
  // Near the length limit of a path the folder's name does not fit: then the socket is made in place.
  const fits = Buffer.byteLength(join(folder, 's')) <= maxUnixPathBytes(process.platform)
  const draft = fits ? join(folder, 's') : path
  let accepting: Accepting | undefined
  try {
    if (!fits) await rm(path, { force: true })
    accepting = await listen('unix', target, { path: draft }, options)
    await chmod(draft, options.mode ?? 0o600)
    const { ino } = await lstat(draft)
    if (fits) await rename(draft, path)
    return { accepting, ino }
  } catch (error) {
    accepting?.server.close()
    throw error
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/**
 * Listens on a TCP port. An address that is in use is `conflict`.
 *
 * @example
 * import { listenTcp } from 'signalbox/node'
 *
 * await using listener = await listenTcp()
 * console.log(listener.port)
 * for await (const link of listener.accept()) void link.close()
 */
export async function listenTcp(options: ListenTcpOptions = {}): Promise<TcpListener> {
  const { host, port } = tcpTarget({ ...options, port: options.port ?? 0 }, 0)
  const accepting = await listen('tcp', `tcp:${host}:${port}`, { host, port }, options)
  const bound = accepting.server.address()
  const chosen = typeof bound === 'object' && bound !== null ? bound.port : port
  return Object.assign(listener(`tcp:${host}:${chosen}`, accepting), { port: chosen })
}

/** Listens on a named pipe of Windows. Only its addresses are tested, not the pipe itself. */
export async function listenPipe(options: ListenPipeOptions): Promise<Listener> {
  const path = pipePath(options.name)
  return listener(`pipe:${path}`, await listen('pipe', `pipe:${path}`, { path }, options))
}

interface Accepting {
  readonly server: Server
  readonly waiting: Acceptance<Link>
}

async function listen(name: string, target: string, where: ListenOptions, { maxWaiting = 1024 }: ListenLimits): Promise<Accepting> {
  const waiting = createAcceptance<Link>()
  let count = 0
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket: Socket) => {
    if (waiting.ended || waiting.size >= maxWaiting) {
      socket.on('error', () => {})
      socket.destroy()
      return
    }
    count += 1
    const from = socket.remoteAddress === undefined ? target : `tcp:${socket.remoteAddress}:${socket.remotePort}`
    waiting.add(new SocketLink({ id: `${name}-in-${count}`, transport: name, peer: from }, socket))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(listenFault(error, name, target)))
    server.listen(where, resolve)
  })
  // A later error of the server, such as too many open files, loses one connection and must not end the process.
  server.on('error', () => {})
  return { server, waiting }
}

function listener(address: string, { server, waiting }: Accepting, leave?: () => Promise<void>): Listener {
  let disposing: Promise<void> | undefined
  return {
    address,
    accept: waiting.accept,
    [Symbol.asyncDispose]() {
      disposing ??= (async () => {
        const left = waiting.close()
        await leave?.()
        // Not awaited: the callback waits for accepted links, which belong to their owners. The address is free at once.
        server.close()
        await left
      })()
      return disposing
    },
  }
}

function listenFault(error: unknown, transport: string, target: string): SignalboxError {
  return codeOf(error) === 'EADDRINUSE' ? inUse(target, transport, error) : openFault(error, transport, target)
}

function inUse(target: string, transport = 'unix', cause?: unknown): SignalboxError {
  return new SignalboxError({
    code: 'conflict',
    message: `Cannot listen on ${target}: the address is in use.`,
    hint: 'Stop the server that has it, or choose another address.',
    transport,
    cause,
  })
}

function isStale(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect({ path })
    probe.once('connect', () => {
      probe.destroy()
      resolve(false)
    })
    probe.once('error', (error) => {
      probe.destroy()
      resolve(codeOf(error) === 'ECONNREFUSED')
    })
  })
}
