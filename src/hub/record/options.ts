/** The options of a recorder. */
import type { Catsyphon } from '../../catsyphon/client.js'
import type { Clock } from '../../core/clock.js'
import type { Redactor } from '../../redact.js'
import type { Store } from '../../store/store.js'
import type { HubProblem } from '../context.js'
import type { AgentId } from '../model/agent.js'

/** Options of `recordHub`. */
export interface RecordOptions {
  /** The client whose outbox takes the events. The caller closes it, after the recorder. */
  readonly catsyphon: Pick<Catsyphon, 'session'>
  /**
   * Where the recorder keeps how far it is. Give the store of the client's outbox: the two must be kept, copied and deleted together.
   * With a memory store every start records the journal from the beginning.
   */
  readonly store: Store
  /** Which agents are recorded. Default all. */
  readonly agents?: readonly AgentId[] | ((agent: AgentId) => boolean)
  /** Where the first start begins: with everything that the journal has, or with new events. Later starts continue. Default `oldest`. */
  readonly from?: 'oldest' | 'now'
  /**
   * Also record the history of an agent from before the journal, through `hub.history`. Entries without a time of the system are
   * left out. Default false.
   */
  readonly history?: boolean
  /** Removes secrets from every event. Default `createRedactor()`. */
  readonly redactor?: Redactor
  /** Names the recorder in its store. Default `recorder`. */
  readonly name?: string
  /** How long to wait for another recorder of this name to go. Default 0. */
  readonly waitMs?: number
  /** How long this recorder may be silent before another one may take over. Default 15 s. */
  readonly leaseMs?: number
  /** The time source. Default the clock of the machine. */
  readonly clock?: Clock
  /** Called for failures that do not stop the recorder. */
  readonly onProblem?: (problem: HubProblem) => void
}
