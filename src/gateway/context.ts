/** What the parts of one gateway share. Nothing of it outlives the gateway, and two gateways share nothing. */
import type { Clock } from '../core/clock.js'
import type { Credentials } from './credentials.js'
import type { GatewayLimits } from './limits.js'
import type { Lives } from './lives.js'
import type { Places } from './places.js'
import { Refusal } from './refusal.js'
import type { Grant } from './scopes.js'
import type { Upstream } from './upstream.js'

export type GatewayEvent =
  | { readonly type: 'refused'; readonly code: string; readonly upstream?: string; readonly grant?: string }
  | {
      readonly type: 'opened' | 'closed'
      readonly upstream: string
      readonly grant: string
      readonly how: 'call' | 'link' | 'http'
    }

export interface GatewayContext {
  readonly upstreams: ReadonlyMap<string, Upstream>
  readonly credentials: Credentials
  readonly limits: GatewayLimits
  readonly clock: Clock
  readonly lives: Lives
  readonly places: Places
  tell(event: GatewayEvent): void
}

/** The same answer for a name that does not exist and for one that is not yours, so that names cannot be probed. */
export function findUpstream({ upstreams }: GatewayContext, name: string, grant: Grant): Upstream {
  const upstream = upstreams.get(name)
  if (!upstream || (grant.upstreams && !grant.upstreams.includes(name))) throw new Refusal('unknown_upstream')
  return upstream
}
