/** The messages between the wire view and the lab of the worker. */
import type { Percents } from './bench/plan.js'
import type { WireLink, WireRecord } from './tape.js'

/** Where a person sends a message. */
export type SendWhere = 'same' | 'new'

/** The result of sending by hand. */
export interface SentByHand {
  /** The link on which the bytes went. */
  readonly link: number
  readonly bytes: number
}

/** From the page to the lab. */
export type ToLab =
  /** Deliver the entries after this position, and every later one, until `unwatch`. */
  | { readonly type: 'watch'; readonly from: number }
  | { readonly type: 'unwatch' }
  | { readonly type: 'clear' }
  | { readonly type: 'send'; readonly call: number; readonly link: number; readonly where: SendWhere; readonly bytes: Uint8Array }
  /** Faults on every link of a system that is opened from now on. An empty record ends them. */
  | { readonly type: 'faults'; readonly call: number; readonly system: string; readonly seed: number; readonly faults: Percents }
  /** Cuts every open link of a system. */
  | { readonly type: 'cut'; readonly call: number; readonly system: string }

/** An error as plain data. */
export interface LabError {
  readonly code: string
  readonly message: string
  readonly sent: 'no' | 'maybe' | 'yes'
}

/** From the lab to the page. */
export type FromLab =
  | {
      readonly type: 'records'
      readonly records: readonly WireRecord[]
      readonly dropped: number
      readonly links: readonly WireLink[]
    }
  | { readonly type: 'reply'; readonly call: number; readonly result: unknown }
  | { readonly type: 'reply'; readonly call: number; readonly error: LabError }
