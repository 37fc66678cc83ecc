/** Who may still come in: calls over all, links of each upstream (its children), and both of each credential. */
import { createCounter, type Counter, type GatewayLimits } from './limits.js'
import { Refusal } from './refusal.js'
import type { Grant } from './scopes.js'
import type { StreamUpstream } from './upstream.js'

/** Gives a place back; safe to call twice. */
export type Release = () => void

/** How many calls and links run at once. */
export interface ConcurrencyLimits {
  takeCall(grant: Grant): Release
  /** Of the upstream alone: a call has its credential's place already. */
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
  /** With a place of the credential's own beside it: neither is kept where the other is missing. */
  const withMine = ({ id }: Grant, releaseOther: Release): Release => {
    const mine = counterIn(ofGrant, id, limits.maxLinksPerCredential)
    let releaseMine: Release
    try {
      releaseMine = take(mine, 'maxLinksPerCredential')
    } catch (error) {
      releaseOther()
      throw error
    }
    return () => {
      releaseOther()
      releaseMine()
      // Credentials come and go for as long as the gateway lifetimes.
      if (mine.used === 0 && ofGrant.get(id) === mine) ofGrant.delete(id)
    }
  }

  return {
    takeCall: (grant) => withMine(grant, take(calls, 'maxCalls')),
    takeUpstream,
    takeLink: (name, upstream, grant) => withMine(grant, takeUpstream(name, upstream)),
    get inUse() {
      let links = 0
      for (const counter of ofUpstream.values()) links += counter.used
      return { calls: calls.used, links }
    },
  }
}
