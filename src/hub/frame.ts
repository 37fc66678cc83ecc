/** The resources of a hub that opens, and how they are released. */
import type { Clock } from '../core/clock.js'
import type { SignalboxError } from '../errors.js'
import type { Journal } from './journal/watch.js'

/** The resources of a hub that opens, with its own store or with a shared one. */
export interface HubFrame {
  readonly clock: Clock
  /** Ends with the hub. */
  readonly signal: AbortSignal
  readonly ended: Journal['ended']
  report(what: string, error: unknown): void
  /** Stops the hub with an error, because it cannot go on. */
  fail(error: SignalboxError): void
  /** Runs when the hub closes, or when it could not be opened. The last one added runs first. */
  onClose(close: () => Promise<void>): void
}
