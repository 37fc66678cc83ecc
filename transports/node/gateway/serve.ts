/** Binds the gateway to node:http and to WebSockets of `ws`. Runs on Node, Bun and Deno. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { Duplex } from 'node:stream'
import { SignalboxError } from '../../../src/errors.js'
import {
  createCredentials,
  createGateway,
  DEFAULT_LIMITS,
  guard,
  Refusal,
  serveLink,
  type Gateway,
  type GatewayConfig,
  type GrantRequest,
  type Scope,
} from '../../../src/gateway/index.js'
import { acceptWebSocket } from '../../web/web-socket.js'
import { createUpgrades } from './upgrades.js'
import { sendResponse, toRequest, wireFacts } from './http.js'
import { isLoopback } from './loopback.js'
import type { Pages } from './pages.js'

export interface ServeGatewayOptions extends Omit<GatewayConfig, 'allowedHosts'> {
  /** Default `127.0.0.1`. Anything but loopback also needs `tls` and `dangerouslyListenBeyondLoopback`. */
  readonly host?: string
  /** 0, the default, lets the system choose. */
  readonly port?: number
  /** Exact `host:port` values. Default: the loopback names with the port listened on. */
  readonly allowedHosts?: readonly string[]
  readonly tls?: { readonly key: string; readonly cert: string }
  readonly dangerouslyListenBeyondLoopback?: boolean
  /** What the launch token, and tickets by default, may do. Default `observe` alone. */
  readonly scopes?: readonly Scope[]
  /** Pages to serve; see `loadPages`. */
  readonly pages?: Pages
}

export interface ServedGateway extends AsyncDisposable {
  readonly gateway: Gateway
  readonly url: string
  readonly port: number
  /** This launch's token. Keep it out of URLs, logs and command lines. */
  readonly token: string
  /** An address for a browser, with a one-time ticket in its fragment, which no server ever sees. */
  ticketUrl(request?: GrantRequest): Promise<string>
  /** Refuses newcomers, tells clients to resume elsewhere, and resolves within `limits.drainTimeoutMs` and a little. */
  close(): Promise<void>
}

/** A dead client is noticed within two of these. */
const PING_EVERY_MS = 20_000

export async function serveGateway(options: ServeGatewayOptions): Promise<ServedGateway> {
  const { host = '127.0.0.1', port = 0, tls, scopes = ['observe'], pages, allowedOrigins = [] } = options
  if (!isLoopback(host) && !(tls && options.dangerouslyListenBeyondLoopback)) {
    throw new SignalboxError({
      code: 'invalid_argument',
      message: `The gateway does not listen on ${host}: that is not a loopback address.`,
      hint: 'Set tls and dangerouslyListenBeyondLoopback, or put a tunnel before it; see docs/security.md.',
    })
  }
  const upgrades = await createUpgrades('serveGateway', options.limits?.maxFrameBytes ?? DEFAULT_LIMITS.maxFrameBytes)
  const credentials = options.credentials ?? createCredentials(options.clock ? { clock: options.clock } : {})
  const { token } = await credentials.issueToken({ scopes })

  let handle: (request: IncomingMessage, response: ServerResponse) => void = () => {}
  const settings = {
    insecureHTTPParser: false,
    requireHostHeader: false,
    joinDuplicateHeaders: false,
    connectionsCheckingInterval: 1_000,
  }
  // The limits are needed for the server and the port for the gateway's list of hosts, so the handler comes last.
  const server: Server = tls
    ? createTlsServer({ ...settings, ...tls }, (request, response) => handle(request, response))
    : createServer({ ...settings, maxHeaderSize: headerBytes(options) }, (request, response) => handle(request, response))
  await listen(server, host, port)
  const bound = server.address()
  const chosen = typeof bound === 'object' && bound !== null ? bound.port : port
  const scheme = tls ? 'https' : 'http'
  const allowedHosts = options.allowedHosts ?? defaultHosts(host, chosen, scheme)
  const gateway = createGateway({ ...options, allowedHosts, credentials })
  const { limits } = gateway
  server.maxConnections = limits.maxConnections
  server.headersTimeout = limits.headersTimeoutMs
  server.requestTimeout = limits.headersTimeoutMs + limits.bodyTimeoutMs
  server.keepAliveTimeout = 5_000

  handle = (request, response) => {
    request.on('error', () => {})
    response.on('error', () => {})
    void answer(request, response)
  }
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const wire = wireFacts(request)
    try {
      const page = pages?.find(wire.target)
      if (page && (wire.method === 'GET' || wire.method === 'HEAD')) {
        guard({ allowedHosts, allowedOrigins }, wire, 'page')
        response.writeHead(200, page.headers)
        response.end(wire.method === 'HEAD' ? undefined : page.body)
        return
      }
      await sendResponse(await gateway.handle(toRequest(request, response), wire), response)
    } catch (error) {
      if (response.headersSent) response.destroy()
      else refuse(response, error instanceof Refusal ? error : new Refusal('invalid_request'))
    }
  }

  const links = new Set<Promise<void>>()
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Uint8Array) => {
    socket.on('error', () => {})
    try {
      const upstream = gateway.admitUpgrade(wireFacts(request))
      if (!upgrades.speaks(request))
        throw new Refusal('invalid_request', { message: 'The link needs the subprotocol signalbox.v1.' })
      upgrade(request, socket, head, upstream)
    } catch (error) {
      refuseUpgrade(socket, error instanceof Refusal ? error : new Refusal('invalid_request'))
    }
  })
  const upgrade = (request: IncomingMessage, socket: Duplex, head: Uint8Array, upstream: string): void => {
    upgrades.upgrade(request, socket, head, (webSocket) => {
      const stopPinging = upgrades.keepAlive(webSocket, PING_EVERY_MS)
      const served = serveLink(gateway, upstream, (authorize) =>
        acceptWebSocket(webSocket, { name: 'gateway', openTimeoutMs: limits.openTimeoutMs, authorize }),
      ).finally(() => {
        stopPinging()
        links.delete(served)
      })
      links.add(served)
    })
  }

  const url = `${scheme}://${allowedHosts[0] ?? `${host}:${chosen}`}`
  let closing: Promise<void> | undefined
  const close = (): Promise<void> => {
    closing ??= (async () => {
      const stopped = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeIdleConnections()
      const drained = Promise.all([gateway.drain(), ...links])
      const timer = setTimeout(() => server.closeAllConnections(), limits.drainTimeoutMs)
      await Promise.race([drained, stopped])
      server.closeAllConnections()
      await Promise.race([stopped, drained.then(() => stopped)])
      clearTimeout(timer)
    })()
    return closing
  }
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

function headerBytes(options: ServeGatewayOptions): number {
  return options.limits?.maxHeaderBytes ?? 16 * 1024
}

function defaultHosts(host: string, port: number, scheme: 'http' | 'https'): string[] {
  const suffix = port === (scheme === 'https' ? 443 : 80) ? '' : `:${port}`
  const own = host.includes(':') ? `[${host}]` : host
  const names = isLoopback(host) ? [own, 'localhost'] : [own]
  return [...new Set(names)].map((name) => name + suffix)
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const taken = cause.code === 'EADDRINUSE'
      reject(
        new SignalboxError({
          code: taken ? 'conflict' : 'unreachable',
          message: `The gateway cannot listen on ${host}:${port}: ${taken ? 'the address is in use' : cause.message}.`,
          hint: taken ? 'Choose another port, or 0 for any.' : undefined,
          cause,
        }),
      )
    })
    server.listen({ host, port }, () => {
      server.removeAllListeners('error')
      server.on('error', () => {})
      resolve()
    })
  })
}

function refuse(response: ServerResponse, refusal: Refusal): void {
  response.writeHead(refusal.status, { 'content-type': 'application/json', 'cache-control': 'no-store', connection: 'close' })
  response.end(JSON.stringify(refusal))
}

function refuseUpgrade(socket: Duplex, refusal: Refusal): void {
  const body = JSON.stringify(refusal)
  const head = `HTTP/1.1 ${refusal.status} Refused\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n`
  socket.end(head + body, () => socket.destroy())
}
