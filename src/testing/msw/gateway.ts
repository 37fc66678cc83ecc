/** MSW handlers for the HTTP side of a gateway: they pass requests to a real gateway, with its guard and scopes. */
import { http, type HttpHandler } from 'msw'
import { createGateway, type Gateway, type GatewayConfig } from '../../gateway/index.js'

/** Options of `gatewayHandlers`: those of `createGateway`, and an address. */
export interface GatewayHandlersOptions extends Omit<GatewayConfig, 'allowedHosts'> {
  /** The address of the gateway. Default `http://127.0.0.1:8700`. */
  readonly baseUrl?: string
}

/** The handlers, and the gateway behind them. */
export interface GatewayHandlers {
  /** Pass them to `setupServer` or `setupWorker`. */
  readonly handlers: HttpHandler[]
  /** The gateway. It issues tokens and tickets, and reports its use. */
  readonly gateway: Gateway
}

/**
 * MSW handlers for the HTTP side of a gateway: calls, tickets and HTTP upstreams. Its links are WebSockets, which these handlers do
 * not mock.
 *
 * @example
 * import { setupServer } from 'msw/node'
 * import { gatewayHandlers, type GatewayHandlersOptions } from 'signalbox/testing/msw'
 *
 * declare const options: GatewayHandlersOptions
 * setupServer(...gatewayHandlers(options).handlers).listen()
 */
export function gatewayHandlers(options: GatewayHandlersOptions): GatewayHandlers {
  const { baseUrl = 'http://127.0.0.1:8700', ...config } = options
  const { origin, host } = new URL(baseUrl)
  const gateway = createGateway({ ...config, allowedHosts: [host] })
  const handlers = [
    http.all(
      new RegExp(`^${origin.replace(/[.]/g, '\\.')}/v1`),
      ({ request }) => gateway.handle(request, { hosts: [host] }) as never,
    ),
  ]
  return { handlers, gateway }
}
