/** Keeps a lease by renewing it in time. */
import type { Clock } from '../../core/clock.js'
import type { HeldLease } from '../store.js'

export interface KeptLease {
  /** Whether another sender may hold the lease by now. */
  isLost(): boolean
  /** Ends the renewals. */
  stop(): void
}

export function keepLease(lease: HeldLease, leaseMs: number, clock: Clock, onLost: () => void): KeptLease {
  let ended = false
  let timer = clock.after(leaseMs / 3, () => void renew())
  const renew = async (): Promise<void> => {
    const kept = await lease.renew().catch(() => lease.remainingMs() > 0)
    if (ended) return
    if (kept) timer = clock.after(leaseMs / 3, () => void renew())
    else {
      ended = true
      onLost()
    }
  }
  return {
    // The time is asked for as well: a store that is silent, or a machine that slept, reports no loss.
    isLost: () => ended || lease.remainingMs() <= 0,
    stop() {
      ended = true
      timer.cancel()
    },
  }
}
