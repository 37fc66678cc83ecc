/** The gateway's server, which loads when it is first served: most programs that import `signalbox/node` have none. */
import type { ServedGateway, ServeGatewayOptions } from './serve.js'

export type { ServedGateway, ServeGatewayOptions } from './serve.js'

/**
 * Serves a gateway over HTTP and WebSocket. Resolves once it listens; rejects when the address is taken or may not be served.
 *
 * @example
 * import { cccPolicy } from 'signalbox/gateway/policy'
 * import { cccSocket, serveGateway } from 'signalbox/node'
 *
 * await using served = await serveGateway({
 *   scopes: ['observe', 'send'],
 *   upstreams: { ccc: { kind: 'stream', system: 'ccc', transport: cccSocket(), policy: cccPolicy } },
 * })
 * console.log(await served.ticketUrl())
 */
export async function serveGateway(options: ServeGatewayOptions): Promise<ServedGateway> {
  const server = await import('./serve.js')
  return server.serveGateway(options)
}
