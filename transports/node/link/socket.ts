/** Unix sockets, TCP and named pipes: three ways to name an address, one way to open it. */
import { connect, type NetConnectOpts } from 'node:net'
import { abortError } from '../../../src/core/deadline.js'
import type { Link, OpenOptions, StreamTransport } from '../../../src/transport.js'
import { pipePath, tcpTarget, unixPath } from './address.js'
import { openFault } from './faults.js'
import { SocketLink } from './socket-link.js'

/** Options of `unixSocket`. */
export interface UnixSocketOptions {
  /** The path of the socket file. */
  readonly path: string
}

/** Options of `tcpSocket`. */
export interface TcpSocketOptions {
  /** Default `127.0.0.1`. */
  readonly host?: string
  /** The port of the server. */
  readonly port: number
}

/** Options of `namedPipe`. */
export interface NamedPipeOptions {
  /** `ccc` means `\\.\pipe\ccc`; a full pipe path is taken as it is. */
  readonly name: string
}

/**
 * Opens links to a unix socket. A socket that nobody serves is `unreachable`.
 *
 * @example
 * import { createCcc } from 'signalbox/ccc'
 * import { unixSocket } from 'signalbox/node'
 *
 * export const ccc = createCcc({ transport: unixSocket({ path: '/home/ann/.ccc.sock' }) })
 */
export function unixSocket(options: UnixSocketOptions): StreamTransport {
  const path = unixPath(options.path)
  return socketTransport('unix', `unix:${path}`, { path, allowHalfOpen: true })
}

/**
 * Opens TCP links. Small writes go out at once.
 *
 * @example
 * import { tcpSocket } from 'signalbox/node'
 *
 * export const transport = tcpSocket({ host: '127.0.0.1', port: 7000 })
 */
export function tcpSocket(options: TcpSocketOptions): StreamTransport {
  const { host, port } = tcpTarget(options)
  return socketTransport('tcp', `tcp:${host}:${port}`, { host, port, noDelay: true, allowHalfOpen: true })
}

/**
 * Opens links to a named pipe of Windows. Only its addresses are tested, not the pipe itself.
 *
 * @example
 * import { namedPipe } from 'signalbox/node'
 *
 * export const transport = namedPipe({ name: 'ccc' })
 */
export function namedPipe(options: NamedPipeOptions): StreamTransport {
  const path = pipePath(options.name)
  return socketTransport('pipe', `pipe:${path}`, { path, allowHalfOpen: true })
}

function socketTransport(name: string, target: string, where: NetConnectOpts): StreamTransport {
  let count = 0
  return {
    kind: 'stream',
    name,
    open(_launch, options) {
      count += 1
      return openSocket({ id: `${name}-${count}`, transport: name, peer: target }, where, options)
    },
  }
}

function openSocket(
  info: { readonly id: string; readonly transport: string; readonly peer: string },
  where: NetConnectOpts,
  { signal }: OpenOptions = {},
): Promise<Link> {
  return new Promise((resolve, reject) => {
    const facts = { transport: info.transport, op: 'open', sent: 'no' } as const
    if (signal?.aborted) return reject(abortError(signal, facts))
    const socket = connect(where)
    const stop = (): void => {
      // The socket may still report an error after this. It is ignored, because the opening has already failed.
      socket
        .removeListener('error', onError)
        .removeListener('connect', onConnect)
        .on('error', () => {})
      socket.destroy()
      reject(abortError(signal as AbortSignal, facts))
    }
    const onError = (error: unknown): void => {
      signal?.removeEventListener('abort', stop)
      socket.destroy()
      reject(openFault(error, info.transport, info.peer))
    }
    const onConnect = (): void => {
      signal?.removeEventListener('abort', stop)
      socket.removeListener('error', onError)
      resolve(new SocketLink(info, socket))
    }
    socket.once('connect', onConnect)
    socket.once('error', onError)
    signal?.addEventListener('abort', stop, { once: true })
  })
}
