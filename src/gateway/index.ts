/** The portable half of the gateway. `signalbox/node`, `signalbox/bun` and `signalbox/deno` bind it to sockets. */
export {
  createGateway,
  type AdmittedLink,
  type Gateway,
  type GatewayConfig,
  type GatewayEvent,
  type LinkOpening,
} from './gateway.js'
export { createCredentials, type CredentialOptions, type Credentials, type GrantRequest } from './credentials.js'
export { serveLink, type AcceptLink } from './serve-link.js'
export { guard, type GuardConfig, type Purpose, type WireFacts } from './guard.js'
export { DEFAULT_LIMITS, type GatewayLimits } from './limits.js'
export { Refusal, type RefusalCode } from './refusal.js'
export { allows, SCOPES, type Classification, type Grant, type Scope } from './scopes.js'
export type { ExchangeUpstream, StreamUpstream, Upstream } from './upstream.js'
export { adminExchangePolicy, rawPolicy, type ExchangePolicy, type StreamPolicy, type Verdict } from './policy/policy.js'
