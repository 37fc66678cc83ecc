/** The options of a hub. */
import type { Clock } from '../core/clock.js'
import type { Store } from '../store/store.js'
import type { HubProblem } from './context.js'
import type { Budget } from './guard/budget.js'
import type { Policy } from './guard/policy.js'
import type { JournalLimits } from './journal/trim.js'
import type { Source } from './source.js'

/** Bounds of a hub. */
export interface HubLimits extends JournalLimits {
  /** Prompts that may wait for one session. Default 100. */
  readonly maxQueued?: number
  /** The most bytes of one event; a larger one is shortened. Default 1 MiB. */
  readonly maxEventBytes?: number
  /** Events that may wait for the disk before deltas are dropped. Default 100,000. */
  readonly maxWaiting?: number
  /** Ended turns and closed asks that can still be found. Default 1,000. */
  readonly keepEnded?: number
}

/** Makes a new source of the same name each time. */
export type SourceFactory = () => Source

/** Options of `createHub`. */
export interface HubOptions {
  /** The systems whose agents the hub serves. Their names must differ. The hub closes them when it closes. */
  readonly sources: readonly Source[]
  /**
   * Where journal, turns and asks are kept. Default a new memory store, which forgets everything at the end.
   *
   * @example
   * import { createHub, type Source } from 'signalbox/hub'
   * import { fileStore } from 'signalbox/node'
   *
   * declare const source: Source
   * await using store = fileStore({ directory: '/home/me/.signalbox/hub' })
   * await using hub = await createHub({ sources: [source], store })
   */
  readonly store?: Store
  /**
   * Decide asks without a person. The first rule that fits decides; an ask that fits none waits for a person. Default none.
   *
   * @example
   * import { createHub, type Source } from 'signalbox/hub'
   *
   * declare const source: Source
   * const rules = [{ match: { tool: 'Bash' }, then: 'ask' }, { match: { path: '/project/**' }, then: 'allow' }] as const
   * await using hub = await createHub({ sources: [source], policy: [{ name: 'work', rules }] })
   */
  readonly policy?: readonly Policy[]
  /**
   * Limits on what agents may cost. Default none.
   *
   * @example
   * import { createHub, type Source } from 'signalbox/hub'
   *
   * declare const source: Source
   * const budgets = [{ name: 'today', maxCostUsd: 20, over: 'stop' }] as const
   * await using hub = await createHub({ sources: [source], budgets })
   */
  readonly budgets?: readonly Budget[]
  /** Keep the systems' own messages as `raw`. They may contain secrets. Default false. */
  readonly keepRaw?: boolean
  /** After this time an ask expires, unless its system gives a time. Default never. */
  readonly askTtlMs?: number
  /** How long a source may take to deliver an answer. Default 30 s. */
  readonly answerTimeoutMs?: number
  /** How long a system is asked about a turn of unknown outcome before the turn is lost. Default 5 minutes. */
  readonly resolveWithinMs?: number
  /** How long to wait for another hub on the same store to go. Default 0. */
  readonly waitMs?: number
  /** How long this hub may be silent before another one may take the store. Default 15 s. */
  readonly leaseMs?: number
  /** Bounds of the journal and of the queues. */
  readonly limits?: HubLimits
  /** The time source. Default the clock of the machine; tests pass a manual one. */
  readonly clock?: Clock
  /** Called for failures that concern no call. */
  readonly onProblem?: (problem: HubProblem) => void
}

/** Options of `createSharedHub`. */
export interface SharedHubOptions extends Omit<HubOptions, 'sources' | 'store' | 'waitMs'> {
  /** The name of this hub, for people: the machine, for example. It need not be unique. */
  readonly name: string
  /** The store that the hubs share. */
  readonly store: Store
  /**
   * The systems that this hub can reach. Their names must differ, and hubs that reach the same system give it the same name. A hub opens a source
   * again each time that it gets the lease of the source, so give a function that makes the source. A plain source can be driven once.
   */
  readonly sources: readonly (Source | SourceFactory)[]
  /**
   * How long a call for an agent of another hub waits for that hub. Then the call is withdrawn and fails with `unavailable`. Default twice
   * `leaseMs`, so that a call outlives the replacement of a hub that died.
   */
  readonly callTimeoutMs?: number
}
