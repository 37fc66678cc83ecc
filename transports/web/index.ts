/** What every runtime with web standards has: fetch, WebSocket, MessagePort. For pages, edge workers, Deno, Bun and Node. */
export { fetchExchange, type FetchExchangeOptions, type FetchFunction, type RequestHeaders } from './fetch-exchange.js'
export { fetchLink, type FetchLinkOptions } from './fetch-link.js'
export type { Credential } from './address.js'
export { webSocketLink, type WebSocketConstructor, type WebSocketLike, type WebSocketLinkOptions } from './web-socket.js'
export { messagePortLink, type MessagePortLike, type MessagePortLinkOptions } from './message-port.js'
export { gateway, type GatewayClient, type GatewayClientOptions, type GatewaySession, type Via } from './gateway.js'
