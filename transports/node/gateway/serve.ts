/** Binds the gateway to node:http and to WebSockets of `ws`. Runs on Node, Bun and Deno. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import {
  createCredentials,
  createGateway,
  DEFAULT_LIMITS,
  Refusal,
  serveLink,
  type Gateway,
  type GatewayConfig,
  type Grant,
  type GrantRequest,
  type Scope,
} from '../../../src/gateway/index.js'
import { systemClock } from '../../../src/core/clock.js'
import { acceptWebSocket } from '../../web/accept.js'
import { knowClients } from './client-certificates.js'
import { limitConnections } from './connections.js'
import { sendResponse, toRequest, wireFacts } from './http.js'
import { checkAddress, createHttpServer, defaultHosts, listen } from './listen.js'
import type { Page, Pages } from './pages.js'
import { refuse, refuseUpgrade } from './refuse.js'
import type { Tls } from './tls.js'
import { createUpgrades } from './upgrades.js'

/** Options of `serveGateway`. */
export interface ServeGatewayOptions extends Omit<GatewayConfig, 'allowedHosts'> {
  /** Default `127.0.0.1`. Anything but loopback also needs `tls` and `dangerouslyListenBeyondLoopback`. */
  readonly host?: string
  /** 0, the default, lets the system choose. */
  readonly port?: number
  /** Exact `host:port` values. Default: the loopback names with the port listened on. */
  readonly allowedHosts?: readonly string[]
  /** Key and certificate. Without them the gateway speaks plain HTTP, and only on loopback. */
  readonly tls?: Tls
  /** Must be true for a `host` that other machines can reach. Default false. */
  readonly dangerouslyListenBeyondLoopback?: boolean
  /** The scopes of the launch token, and of tickets by default. Default: only `observe`. */
  readonly scopes?: readonly Scope[]
  /** Pages to serve; see `loadPages`. */
  readonly pages?: Pages
}

/** A gateway that listens. */
export interface ServedGateway extends AsyncDisposable {
  /** The gateway itself, for its credentials and limits. */
  readonly gateway: Gateway
  /** The address that clients use, such as `http://127.0.0.1:8470`. */
  readonly url: string
  /** The port that is listened on. */
  readonly port: number
  /** The token of this launch. Keep it out of URLs, logs and command lines. */
  readonly token: string
  /**
   * An address for a browser, with a one-time ticket in its fragment, which no server ever sees.
   *
   * @example
   * import { serveGateway } from 'signalbox/node'
   *
   * await using served = await serveGateway({ upstreams: {} })
   * console.log(await served.ticketUrl({ scopes: ['observe', 'approve'], name: 'phone' }))
   */
  ticketUrl(request?: GrantRequest): Promise<string>
  /**
   * Refuses newcomers, tells clients to resume elsewhere, and resolves within `limits.drainTimeoutMs` and a little.
   *
   * @example
   * import { serveGateway } from 'signalbox/node'
   *
   * const served = await serveGateway({ upstreams: {} })
   * process.once('SIGTERM', () => void served.close())
   */
  close(): Promise<void>
}

/** A dead client is noticed within two intervals. */
const PING_EVERY_MS = 20_000

/**
 * Serves a gateway over HTTP and WebSocket. Resolves once it listens. Rejects with `invalid_argument` for a `host` beyond loopback
 * without `tls` and `dangerouslyListenBeyondLoopback`.
 *
 * @example
 * import { cccSocket, serveGateway } from 'signalbox/node'
 * import { cccPolicy } from 'signalbox/gateway/policy'
 *
 * const ccc = { kind: 'stream', system: 'ccc', transport: cccSocket(), policy: cccPolicy } as const
 * await using served = await serveGateway({ upstreams: { ccc }, scopes: ['observe', 'send'] })
 * console.log(await served.ticketUrl())
 */
export async function serveGateway(options: ServeGatewayOptions): Promise<ServedGateway> {
  const { host = '127.0.0.1', port = 0, tls, scopes = ['observe'], pages, clock = systemClock } = options
  checkAddress(host, tls !== undefined && options.dangerouslyListenBeyondLoopback === true)
  const limits = { ...DEFAULT_LIMITS, ...options.limits }
  const upgrades = await createUpgrades('serveGateway', limits)
  const credentials = options.credentials ?? createCredentials({ clock })
  const { token, grant: owner } = await credentials.issueToken({ scopes })

  const certificates = await knowClients(credentials, tls ?? {})

  const server = createHttpServer(limits, tls)
  const connections = limitConnections(server, { ...limits, secure: tls !== undefined, owner: owner.id, credentials, clock })
  const scheme = tls ? 'https' : 'http'
  // A wrong configuration is refused before any client can connect. That gateway gets other credentials, because it would report them too.
  createGateway({
    ...options,
    allowedHosts: options.allowedHosts ?? defaultHosts(host, port, scheme),
    credentials: createCredentials(),
  })
  const chosen = await listen(server, host, port)
  const allowedHosts = options.allowedHosts ?? defaultHosts(host, chosen, scheme)
  // The list of hosts needs the port that was chosen; a request that is faster waits in its socket.
  const gateway = createGateway({ ...options, allowedHosts, credentials })

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    try {
      const wire = wireFacts(request)
      const page = pages?.find(wire.target)
      if (page && (wire.method === 'GET' || wire.method === 'HEAD')) {
        gateway.admitPage(wire)
        return sendPage(response, page, wire.method)
      }
      const { socket } = request
      const token = certificates.tokenFor(request)
      if (token !== undefined) request.headers.authorization ??= `Bearer ${token}`
      const onGrant = (grant: Grant): void => connections.prove(socket, grant, 'request')
      const reply = await gateway.handle(toRequest(request, response), wire, { onGrant })
      if (reply.status === 401) connections.unprove(socket)
      await sendResponse(reply, request, response, { ...limits, clock })
    } catch (error) {
      refuse(response, error)
    }
  }
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const { socket } = request
    if (!connections.begin(socket)) return cut(socket)
    response.once('close', () => connections.end(socket))
    connections.spoke(socket)
    request.on('error', () => {})
    response.on('error', () => {})
    void answer(request, response)
  })

  const links = new Set<Promise<void>>()
  const upgrade = (request: IncomingMessage, socket: Socket, head: Uint8Array, upstream: string): void => {
    upgrades.upgrade(request, socket, head, (webSocket) => {
      const stopPinging = upgrades.keepAlive(webSocket, PING_EVERY_MS)
      const served = serveLink(
        gateway,
        upstream,
        (authorize) => acceptWebSocket(webSocket, { name: 'gateway', openTimeoutMs: limits.openTimeoutMs, clock, authorize }),
        {
          onAdmitted: (grant) => connections.prove(socket, grant, 'link'),
          remote: socket.remoteAddress,
          token: certificates.tokenFor(request),
        },
      ).finally(() => {
        stopPinging()
        links.delete(served)
      })
      links.add(served)
    })
  }
  server.on('upgrade', (request: IncomingMessage, duplex: Duplex, head: Uint8Array) => {
    // Plain or TLS, it is the connection's socket.
    const socket = duplex as Socket
    connections.spoke(socket)
    socket.on('error', () => {})
    try {
      const upstream = gateway.admitUpgrade(wireFacts(request))
      if (!upgrades.speaks(request))
        throw new Refusal('invalid_request', { message: 'The link needs the subprotocol signalbox.v1.' })
      upgrade(request, socket, head, upstream)
    } catch (error) {
      refuseUpgrade(socket, error)
    }
  })

  let closing: Promise<void> | undefined
  const close = (): Promise<void> => {
    closing ??= (async () => {
      const stopped = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeIdleConnections()
      const drained = Promise.all([gateway.drain(), ...links])
      const patience = new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, limits.drainTimeoutMs)
        void drained.finally(() => clearTimeout(timer)).then(() => resolve())
      })
      await patience
      connections.closeAll()
      server.closeAllConnections()
      await stopped
    })()
    return closing
  }
  const url = `${scheme}://${allowedHosts[0] ?? `${host}:${chosen}`}`
  return {
    gateway,
    url,
    port: chosen,
    token,
    async ticketUrl(request = {}) {
      return `${url}/#ticket=${await credentials.issueTicket({ scopes, ...request })}`
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

/**
 * Cuts a connection with too many unanswered requests. Node has parsed several requests by then and makes an error for each of them when the
 * socket closes. Nobody reads their stacks, and to collect them would hold everybody else: half a second for 60 connections.
 */
function cut(socket: Socket): void {
  if (socket.destroyed)
    return // On Node this stops the parser, so that the rest of the chunk is not parsed. The property is not documented, and other runtimes lack it.
  ;(socket as { readonly parser?: { pause?(): void } | null }).parser?.pause?.()
  const { stackTraceLimit } = Error
  socket.prependOnceListener('close', () => {
    Error.stackTraceLimit = 0
  })
  // Listeners run in this same turn, one after the other, so nothing else runs without stacks.
  socket.once('close', () => {
    Error.stackTraceLimit = stackTraceLimit
  })
  socket.destroy()
}

function sendPage(response: ServerResponse, page: Page, method: string): void {
  response.writeHead(200, page.headers)
  response.end(method === 'HEAD' ? undefined : page.body)
}
