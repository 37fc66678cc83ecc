/** Helpers of the cases of the store suite. */
import type { HeldLease, Lease, Store } from '../../store/store.js'
import { check } from '../case.js'

/** The functions that a driver must have for the cases. */
export interface StoreContext {
  /** The store under test. The caller closes it. */
  readonly store: Store
  /**
   * Opens a durable store at a given location, which is empty at first. The cases close what they open. Leave it out for other
   * stores.
   */
  openPlace?(place: string): Promise<Store>
  /** Lets time pass for leases: moves the clock of the store, or waits. */
  wait(ms: number): Promise<void>
}

/** A name that no other case and no earlier run over the same location has used. */
export const freshName = (what: string): string => `${what}-${crypto.randomUUID()}`

/** A lease time that no case outlives. */
export const LONG_MS = 60_000

/** Acquires a lease that nobody holds. */
export async function mustAcquire(lease: Lease, key: string, ttlMs = LONG_MS): Promise<HeldLease> {
  const held = await lease.acquire(key, { ttlMs })
  check(held !== null, `${key} is free`)
  return held
}

export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
export const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

/** Gives started calls time to begin waiting. No result depends on the time; a shorter one only proves less. */
export const letItWait = (): Promise<void> => new Promise((resolve) => void setTimeout(resolve, 20))
