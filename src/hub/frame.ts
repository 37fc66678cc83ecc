/** What a hub starts from. */
import type { Clock } from '../core/clock.js'
import type { SignalboxError } from '../errors.js'
import type { Store } from '../store/store.js'
import type { Journal } from './journal/watch.js'
import type { HubOptions, SourceFactory } from './options.js'
import type { Source } from './source.js'

/** What the two kinds of hub start from: one that has its store alone, and one that shares it. */
export interface HubFrame {
  readonly options: HubOptions
  readonly sources: readonly PreparedSource[]
  readonly store: Store
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

/** A source that was given, or a factory of it. */
export interface PreparedSource {
  readonly name: string
  /** A source that was never opened. Undefined when the only one that was given has been opened. */
  take(): Source | undefined
  /** Nothing is left to take. */
  readonly spent: boolean
}

export function prepareSource(given: Source | SourceFactory): PreparedSource {
  let fresh: Source | undefined = typeof given === 'function' ? given() : given
  const { name } = fresh
  return {
    name,
    take() {
      const source = fresh ?? (typeof given === 'function' ? given() : undefined)
      fresh = undefined
      return source
    },
    get spent() {
      return fresh === undefined && typeof given !== 'function'
    },
  }
}
