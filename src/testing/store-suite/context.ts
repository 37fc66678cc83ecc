/** What the cases of the store suite share. */
import type { Store } from '../../store/store.js'

/** What the cases need. */
export interface StoreContext {
  /** The store under test. The caller closes it. */
  readonly store: Store
  /** Opens a store at a place that is empty at first, for durable stores only. The cases close what they open. */
  openPlace?(place: string): Promise<Store>
  /** Lets time pass for leases: moves the clock that the store was given, or really waits. */
  wait(ms: number): Promise<void>
}

/** A name that no other case, and no earlier run over the same place, has used. */
export const freshName = (what: string): string => `${what}-${crypto.randomUUID()}`

export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
export const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

/** Time for what was started to come to its own waiting. Nothing depends on it: too short a time only proves less. */
export const letItWait = (): Promise<void> => new Promise((resolve) => void setTimeout(resolve, 20))
