/** Leases in memory. Expiry is noticed at the next call, so there is no timer to leak. */
import type { Clock } from '../core/clock.js'
import { checkKey, checkPosition, storeClosed } from './rules.js'
import type { HeldLease, Lease } from './store.js'

interface Holder {
  readonly token: number
  expires: number
}

export interface LeaseState {
  /** One counter for all keys: it must survive the release of each of them. */
  tokens: number
  readonly held: Map<string, Holder>
}

export function createMemoryLease(name: string, leases: LeaseState, clock: Clock, release: () => void): Lease {
  const what = `The lease store ${name}`
  let closed = false
  const checkOpen = (): void => {
    if (closed) throw storeClosed(what)
  }
  const alive = (key: string): Holder | undefined => {
    const holder = leases.held.get(key)
    if (!holder || clock.monotonic() < holder.expires) return holder
    leases.held.delete(key)
    return undefined
  }

  return {
    async acquire(key, { ttlMs }) {
      checkOpen()
      checkKey(key)
      checkPosition(ttlMs, 'ttlMs', 1)
      if (alive(key)) return null
      leases.tokens += 1
      const holder: Holder = { token: leases.tokens, expires: clock.monotonic() + ttlMs }
      leases.held.set(key, holder)
      const isMine = (): boolean => alive(key) === holder
      const held: HeldLease = {
        key,
        token: holder.token,
        remainingMs: () => (isMine() ? Math.max(0, holder.expires - clock.monotonic()) : 0),
        async renew(nextMs = ttlMs) {
          checkOpen()
          checkPosition(nextMs, 'ttlMs', 1)
          if (!isMine()) return false
          holder.expires = clock.monotonic() + nextMs
          return true
        },
        async release() {
          checkOpen()
          if (isMine()) leases.held.delete(key)
        },
      }
      return held
    },
    async [Symbol.asyncDispose]() {
      closed = true
      release()
    },
  }
}
