/** MSW handlers for the HTTP side of a gateway: the gateway itself, guard and scopes included, over whatever stands behind it. */
import { http, type HttpHandler } from 'msw'
import { createGateway, type Gateway, type GatewayConfig } from '../../gateway/index.js'

/** The handlers and the gateway behind them. */
export interface GatewayHandlersOptions extends Omit<GatewayConfig, 'allowedHosts'> {
  /** Default `http://127.0.0.1:8700`. */
  readonly baseUrl?: string
}

export interface GatewayHandlers {
  /** Pass them to `setupServer` or `setupWorker`. */
  readonly handlers: HttpHandler[]
  /** Issues tokens and tickets, and shows what is in use. */
  readonly gateway: Gateway
}

/** Links are WebSockets and are not mocked here; calls, tickets and HTTP upstreams are. */
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
