/** The accepting side of sockets. Links that nobody has accepted yet are bounded; beyond the bound a newcomer is turned away. */
import { lstat, rm, chmod } from 'node:fs/promises'
import { connect, createServer, type ListenOptions, type Server, type Socket } from 'node:net'
import { createAcceptance, type Acceptance } from '../../src/core/acceptance.js'
import { SignalboxError } from '../../src/errors.js'
import type { Link, Listener } from '../../src/transport.js'
import { pipePath, tcpTarget, unixPath } from './address.js'
import { codeOf, openFault } from './faults.js'
import { SocketLink } from './socket-link.js'

export interface ListenLimits {
  /** Links that wait to be accepted; default 1024. */
  readonly maxWaiting?: number
}

export interface ListenUnixOptions extends ListenLimits {
  readonly path: string
  /** Of the socket file; default 0o600. Write permission is what a client needs. */
  readonly mode?: number
}

export interface ListenTcpOptions extends ListenLimits {
  /** Default `127.0.0.1`. */
  readonly host?: string
  /** 0, the default, lets the system choose; `port` of the listener tells. */
  readonly port?: number
}

export interface ListenPipeOptions extends ListenLimits {
  readonly name: string
}

export interface TcpListener extends Listener {
  readonly port: number
}

/** Takes over the socket file of a server that is gone; refuses with `conflict` where one still listens. */
export async function listenUnix(options: ListenUnixOptions): Promise<Listener> {
  const path = unixPath(options.path)
  const target = `unix:${path}`
  let accepting: Accepting
  try {
    accepting = await listen('unix', target, { path }, options)
  } catch (error) {
    if (!SignalboxError.is(error, 'conflict') || !(await isStale(path))) throw error
    await rm(path, { force: true })
    accepting = await listen('unix', target, { path }, options)
  }
  let ino: number | undefined
  const listening = listener(target, accepting, async () => {
    // Not every runtime removes the file; by then it may be another server's.
    const left = await lstat(path).catch(() => undefined)
    if (left !== undefined && left.ino === ino) await rm(path, { force: true })
  })
  try {
    await chmod(path, options.mode ?? 0o600)
    ino = (await lstat(path)).ino
    return listening
  } catch (error) {
    // Somebody took the file away meanwhile: nobody could reach a server without one.
    await listening[Symbol.asyncDispose]()
    throw listenFault(error, 'unix', target)
  }
}

export async function listenTcp(options: ListenTcpOptions = {}): Promise<TcpListener> {
  const { host, port } = tcpTarget({ ...options, port: options.port ?? 0 }, 0)
  const accepting = await listen('tcp', `tcp:${host}:${port}`, { host, port }, options)
  const bound = accepting.server.address()
  const chosen = typeof bound === 'object' && bound !== null ? bound.port : port
  return Object.assign(listener(`tcp:${host}:${chosen}`, accepting), { port: chosen })
}

/** Windows. Its address is tested, the pipe itself is not. */
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
  // After it listens, a server's own error (out of descriptors) costs one connection, never the process.
  server.on('error', () => {})
  return { server, waiting }
}

function listener(address: string, { server, waiting }: Accepting, after?: () => Promise<void>): Listener {
  let disposing: Promise<void> | undefined
  return {
    address,
    accept: waiting.accept,
    [Symbol.asyncDispose]() {
      disposing ??= (async () => {
        // Its callback waits for the links that were accepted, which are their acceptor's; the address is free at once.
        server.close()
        await waiting.close()
        await after?.()
      })()
      return disposing
    },
  }
}

function listenFault(error: unknown, transport: string, target: string): SignalboxError {
  if (codeOf(error) !== 'EADDRINUSE') return openFault(error, transport, target)
  return new SignalboxError({
    code: 'conflict',
    message: `Cannot listen on ${target}: the address is in use.`,
    hint: 'Stop the server that has it, or choose another address.',
    transport,
    cause: error,
  })
}

async function isStale(path: string): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined)
  if (!found?.isSocket()) return false
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
