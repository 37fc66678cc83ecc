/** The HTTP server under the gateway: its parser's settings, its address, and the names under which browsers know it. */
import { createServer, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { SignalboxError } from '../../../src/errors.js'
import type { GatewayLimits } from '../../../src/gateway/index.js'
import { isLoopback } from './loopback.js'
import type { Tls } from './tls.js'

/** The server, with the limits of its parser. */
export function createHttpServer(limits: GatewayLimits, tls: Tls | undefined): Server {
  const settings = {
    insecureHTTPParser: false,
    // The guard needs every Host header, to refuse a request with several.
    requireHostHeader: false,
    joinDuplicateHeaders: false,
    connectionsCheckingInterval: 1_000,
    maxHeaderSize: limits.maxHeaderBytes,
  }
  const { key, cert, clients } = tls ?? {}
  // A certificate is identified by its fingerprint, so its issuer does not matter. The handshake proves that the client has the key.
  const ofClients = clients ? { requestCert: true, rejectUnauthorized: false } : {}
  const server = tls
    ? createTlsServer({ ...settings, ...ofClients, key, cert, handshakeTimeout: limits.headersTimeoutMs })
    : createServer(settings)
  server.headersTimeout = limits.headersTimeoutMs
  server.requestTimeout = limits.headersTimeoutMs + limits.bodyTimeoutMs
  // Longer than clients keep an idle connection, so that a request does not arrive while the server closes it.
  server.keepAliveTimeout = 65_000
  // A limit on their number would drop headers unseen, even a second Host or the Origin. Their size is limited instead.
  server.maxHeadersCount = 0
  return server
}

/** Throws when the address is beyond loopback and not guarded. */
export function checkAddress(host: string, guarded: boolean): void {
  if (isLoopback(host) || guarded) return
  throw new SignalboxError({
    code: 'invalid_argument',
    message: `The gateway does not listen on ${host}: that is not a loopback address.`,
    hint: 'Set tls and dangerouslyListenBeyondLoopback, or put a tunnel before it; see docs/security.md.',
  })
}

/** The names under which a browser knows this address. */
export function defaultHosts(host: string, port: number, scheme: 'http' | 'https'): string[] {
  const suffix = port === (scheme === 'https' ? 443 : 80) ? '' : `:${port}`
  const own = host.includes(':') ? `[${host}]` : host
  const names = isLoopback(host) ? [own, 'localhost'] : [own]
  return [...new Set(names)].map((name) => name + suffix)
}

/** Resolves with the port that was chosen. */
export function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const onError = (cause: NodeJS.ErrnoException): void => {
      const taken = cause.code === 'EADDRINUSE'
      reject(
        new SignalboxError({
          code: taken ? 'conflict' : 'unreachable',
          message: `The gateway cannot listen on ${host}:${port}: ${taken ? 'the address is in use' : (cause.code ?? cause.message)}.`,
          hint: taken ? 'Choose another port, or 0 for any.' : undefined,
          cause,
        }),
      )
    }
    server.once('error', onError)
    server.listen({ host, port }, () => {
      server.removeListener('error', onError)
      server.on('error', () => {})
      const bound = server.address()
      resolve(typeof bound === 'object' && bound !== null ? bound.port : port)
    })
  })
}
