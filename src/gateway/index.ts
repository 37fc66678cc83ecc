/** The portable half of the gateway. `signalbox/node`, `signalbox/bun` and `signalbox/deno` bind it to sockets. */
export { createGateway, type Gateway, type GatewayConfig, type RequestObserver } from './gateway.js'
export type { AuditEntry } from './audit-trail.js'
export type { GatewayEvent } from './events.js'
export type { AdmittedLink, LinkOpening } from './links.js'
export type { RelayEnd } from './relay.js'
export {
  createCredentials,
  type CredentialInfo,
  type CredentialOptions,
  type Credentials,
  type DeviceRecord,
  type Presented,
} from './credentials.js'
export type { CredentialChange } from './credential-listeners.js'
export type { TicketInfo } from './tickets.js'
export { createProofKey, PROOF_HEADER, publicProofKey, signProof, type ProofKey, type ProofTarget } from './proof-key.js'
export { serveLink, type AcceptLink, type ServeLinkOptions } from './serve-link.js'
export { guard, type GuardConfig, type Purpose, type WireFacts } from './guard.js'
export { DEFAULT_LIMITS, type GatewayLimits } from './limits.js'
export { Refusal, type RefusalCode } from './refusal.js'
export { allows, isScope, SCOPES, type Classification, type Grant, type GrantRequest, type Scope } from './scopes.js'
export { withCredential } from './with-credential.js'
export type { ExchangeUpstream, StreamUpstream, Upstream } from './upstream.js'
export {
  adminExchangePolicy,
  rawPolicy,
  type ExchangePolicy,
  type LaunchFacts,
  type LinkPolicy,
  type StreamPolicy,
  type UpstreamEvents,
  type Verdict,
} from './policy/policy.js'
export { pathClassifier, type ScopedRoute } from './policy/routes.js'
export { lineClassifier } from './policy/lines.js'
