/** Limits calls and links that run at once: calls over all upstreams, links of each upstream, and both of each credential. */
import { createCounter, type Counter, type GatewayLimits } from './limits.js'
import { Refusal } from './refusal.js'
import type { Grant } from './scopes.js'
import type { StreamUpstream } from './upstream.js'

/** Releases what was taken. Safe to call twice. */
export type Release = () => void

/** How many calls and links run at once. */
export interface ConcurrencyLimits {
  takeCall(grant: Grant): Release
  /** Counts for the upstream only: the credential of a call is counted already. */
  takeUpstream(name: string, upstream: StreamUpstream): Release
  takeLink(name: string, upstream: StreamUpstream, grant: Grant): Release
  readonly inUse: { readonly calls: number; readonly links: number }
}

/** Counts calls and links; each `take` throws the refusal that names the limit. */
export function createConcurrencyLimits(limits: GatewayLimits): ConcurrencyLimits {
  const calls = createCounter(limits.maxCalls)
  const ofUpstream = new Map<string, Counter>()
  const ofGrant = new Map<string, Counter>()

  const take = (counter: Counter, limit: keyof GatewayLimits): Release => {
    const release = counter.take()
    if (!release) throw new Refusal('too_many', { limit })
    return release
  }
  const counterIn = (map: Map<string, Counter>, key: string, limit: number): Counter => {
    const counter = map.get(key) ?? createCounter(limit)
    map.set(key, counter)
    return counter
  }

  const takeUpstream: ConcurrencyLimits['takeUpstream'] = (name, { maxLinks, policy }) => {
    const limit = policy.classifyLaunch ? 'maxChildrenPerUpstream' : 'maxLinksPerUpstream'
    return take(counterIn(ofUpstream, name, maxLinks ?? limits[limit]), limit)
  }
  /** Counts for the credential too. When its limit is reached, the count of the upstream is released again. */
  const withGrantCount = ({ id }: Grant, releaseOther: Release): Release => {
    const ownCounter = counterIn(ofGrant, id, limits.maxLinksPerCredential)
    let releaseOwn: Release
    try {
      releaseOwn = take(ownCounter, 'maxLinksPerCredential')
    } catch (error) {
      releaseOther()
      throw error
    }
    return () => {
      releaseOther()
      releaseOwn()
      // New credentials are issued for as long as the gateway runs, so counters that are zero are removed.
      if (ownCounter.used === 0 && ofGrant.get(id) === ownCounter) ofGrant.delete(id)
    }
  }

  return {
    takeCall: (grant) => withGrantCount(grant, take(calls, 'maxCalls')),
    takeUpstream,
    takeLink: (name, upstream, grant) => withGrantCount(grant, takeUpstream(name, upstream)),
    get inUse() {
      let links = 0
      for (const counter of ofUpstream.values()) links += counter.used
      return { calls: calls.used, links }
    },
  }
}
