/** Sources that a hub may open again and again. */
import type { SourceFactory } from '../options.js'
import type { Source } from '../source.js'

/** A source that was given, or a factory of it. */
export interface PreparedSource {
  readonly name: string
  /** A source that was never opened. Undefined when the only one that was given has been opened. */
  take(): Source | undefined
  /** True when no source is left to open. */
  readonly spent: boolean
}

export function prepareSource(sourceOrFactory: Source | SourceFactory): PreparedSource {
  let fresh: Source | undefined = typeof sourceOrFactory === 'function' ? sourceOrFactory() : sourceOrFactory
  const { name } = fresh
  return {
    name,
    take() {
      const source = fresh ?? (typeof sourceOrFactory === 'function' ? sourceOrFactory() : undefined)
      fresh = undefined
      return source
    },
    get spent() {
      return fresh === undefined && typeof sourceOrFactory !== 'function'
    },
  }
}
