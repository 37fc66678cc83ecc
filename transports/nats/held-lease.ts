/** A lease in the hands of its holder. */
import { checkPosition } from '../../src/store/rules.js'
import type { HeldLease } from '../../src/store/store.js'
import type { Clock } from '../../src/core/clock.js'
import { inTurn } from '../../src/core/in-turn.js'
import type { Fences, Holding } from './fences.js'
import type { LeaseRecord } from './lease-record.js'

export interface HeldLeaseOptions {
  readonly key: string
  readonly subject: string
  readonly token: number
  readonly ttlMs: number
  /** When the lease was asked for, by the monotonic clock. */
  readonly askedAtMs: number
  readonly clock: Clock
  readonly fences: Fences
  /** Replaces the message of the lease if it has this sequence, and returns the new one. */
  replace(seq: number, record: LeaseRecord): Promise<number | undefined>
  checkOpen(): void
  /** The lease is lost or released. */
  onEnd(): void
}

/** `releaseHeld` releases the lease also after its store was closed. */
export function createHeldLease(options: HeldLeaseOptions): { readonly lease: HeldLease; releaseHeld(): Promise<void> } {
  const { key, subject, token, ttlMs, askedAtMs: asked, clock, fences, replace, checkOpen, onEnd } = options
  let ends = asked + ttlMs
  let lost = false
  const remainingMs = (): number => (lost ? 0 : Math.max(0, ends - clock.monotonic()))
  const lose = (): void => {
    lost = true
    fences.remove(token)
    onEnd()
  }
  // Renewals and the release run one after the other: each expects the sequence that the step before has written.
  const inOrder = inTurn()
  const settled = (): Promise<void> => inOrder(async () => {})
  const holding: Holding = { subject, seq: token, isAlive: () => remainingMs() > 0, settled, lose }
  fences.add(token, holding)
  const releaseHeld = (): Promise<void> =>
    inOrder(async () => {
      if (lost) return
      lose()
      await replace(holding.seq, { token, ttlMs: 0 })
    })
  const renew = async (nextMs: number): Promise<boolean> => {
    const from = clock.monotonic()
    const seq = remainingMs() === 0 ? undefined : await replace(holding.seq, { token, ttlMs: nextMs })
    if (seq === undefined) {
      lose()
      return false
    }
    holding.seq = seq
    ends = from + nextMs
    return true
  }
  const lease: HeldLease = {
    key,
    token,
    remainingMs,
    async renew(nextMs = ttlMs) {
      checkOpen()
      checkPosition(nextMs, 'ttlMs', 1)
      return await inOrder(() => renew(nextMs))
    },
    async release() {
      checkOpen()
      await releaseHeld()
    },
  }
  return { lease, releaseHeld }
}
