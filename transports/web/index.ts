/**
 * Transports and drivers for every runtime with web standards: pages, edge workers, Deno, Bun and Node. A bundler keeps only what a
 * program names.
 */
export { fetchExchange, type FetchExchangeOptions, type FetchFunction, type RequestHeaders } from './fetch-exchange.js'
export { fetchLink, type FetchLinkOptions } from './fetch-link.js'
export type { Credential } from './address.js'
export { webSocketLink, type WebSocketConstructor, type WebSocketLike, type WebSocketLinkOptions } from './web-socket.js'
export { messagePortLink, type MessagePortLike, type MessagePortLinkOptions } from './message-port.js'
export { gateway, type GatewayClient, type GatewayClientOptions, type GatewaySession, type Via } from './gateway.js'
export { gatewayAdmin, type GatewayAdmin, type GatewayCredentials, type MissedEntries } from './gateway-admin.js'
export { createProofKey, type ProofKey, type ProofKeyPair } from '../../src/gateway/proof-key.js'
export { pageToken, type PageTokenOptions } from './page-token.js'
export {
  acceptMessagePort,
  acceptWebSocket,
  type AcceptedLink,
  type AcceptMessagePortOptions,
  type AcceptWebSocketOptions,
  type FrameLink,
  type OpenRequest,
} from './accept.js'
export { indexedDbStore, type IndexedDbStoreOptions } from './store/indexeddb.js'
export { catsyphonPage, flushOnHide, type CatsyphonPage, type CatsyphonPageOptions } from './catsyphon.js'
