/** Upstreams, as the configuration of the server describes them. A request can only name one. */
import type { ExchangeTransport, StreamTransport } from '../transport.js'
import type { ExchangePolicy, StreamPolicy } from './policy/policy.js'

/** An upstream that is reached by links and calls. */
export interface StreamUpstream {
  /** Tells it from an exchange upstream. */
  readonly kind: 'stream'
  /** Which client speaks to it: `ccc`, `cccc`, `claude`, `cmdop`, or a name of the owner's own. */
  readonly system: string
  /** Opens a connection for each link and each call. */
  // biome-ignore lint/suspicious/noExplicitAny: the launch type is judged by the policy, which is chosen together with the transport
  readonly transport: StreamTransport<any>
  /** Which scope each message needs. `rawPolicy` for an upstream without a table. */
  readonly policy: StreamPolicy
  /** Fields that are added to the launch object of each request and override it, for fields that only the server may set. */
  readonly launch?: Readonly<Record<string, unknown>>
  /**
   * Links that may be open at once. Default `limits.maxLinksPerUpstream`, or `limits.maxChildrenPerUpstream` when the upstream
   * takes a launch.
   */
  readonly maxLinks?: number
  /** One message; default `limits.maxMessageBytes`. */
  readonly maxMessageBytes?: number
}

/** An upstream that is reached by HTTP requests. */
export interface ExchangeUpstream {
  /** Tells it from a stream upstream. */
  readonly kind: 'exchange'
  /** Which client speaks to it: `catsyphon`, or a name of the owner's own. */
  readonly system: string
  /** Adds the credential itself; the client never sees it. */
  readonly transport: ExchangeTransport
  /** Which scope each request needs. `adminExchangePolicy` for an upstream without a table. */
  readonly policy: ExchangePolicy
  /** One request body; default `limits.maxMessageBytes`. */
  readonly maxMessageBytes?: number
}

/** Anything that a gateway offers. */
export type Upstream = StreamUpstream | ExchangeUpstream

/** Names have only letters, digits and `-`, so that no name can be a path, a socket address or a flag. */
export function isUpstreamName(name: string): boolean {
  return /^[a-z][a-z0-9-]{0,63}$/.test(name)
}
