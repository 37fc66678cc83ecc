/** The records of hubs that share a store, besides the journal, the turns and the asks. */
import type { Agent, AgentId } from '../model/agent.js'
import type { WireError } from '../wire/protocol.js'

/** Who drives a source. The token decides: only the hub whose token is here goes on after an outage. */
export interface DriveRecord {
  readonly source: string
  /** The id of the hub: a new one at each start. */
  readonly hub: string
  /** The name of the hub, for people. */
  readonly name: string
  /** The token of the lease of the source. */
  readonly token: number
  /** The hub cannot reach the source: it only shows the agents as offline until another hub comes. */
  readonly standIn?: true
}

/** Agents of one source at a position of the journal: a part of them, so that no value is large. */
export interface AgentsRecord {
  readonly source: string
  /** The agents as the journal shows them after this position, or after a later one. */
  readonly seq: number
  readonly agents: readonly Agent[]
  readonly epochs: readonly (readonly [AgentId, string])[]
}

/** The calls that travel to the hub that drives the agent. */
export type RequestOp = 'prompt' | 'cancel' | 'answer' | 'history' | 'sessions' | 'openSession' | 'closeSession'

/** A call of one hub for the hub that drives a source. */
export interface RequestRecord {
  /** Its order is the order of the calls of one hub, so that a listing of the records has them in that order. */
  readonly id: string
  readonly source: string
  readonly op: RequestOp
  readonly params: unknown
  readonly at: string
  /** Calls with the same `line` are taken in the order in which they were made. */
  readonly line?: string
  /** How long the caller waits until a driver takes it. It waits for the result as long again. */
  readonly waitsMs?: number
  /** `open`: can be withdrawn. `taken`: the driver works on it. `done`: it has a result or an error. */
  readonly state: 'open' | 'taken' | 'done'
  /** The token of the driver that took it. */
  readonly fence?: number
  readonly result?: unknown
  readonly error?: WireError
}

/** A line of the signals log. A hub that gets it reads the records; only the records decide. */
export type Signal =
  /** A hub is alive, and these are the sources that it drives. */
  | { readonly kind: 'beat'; readonly hub: string; readonly name: string; readonly sources: readonly string[] }
  /** A hub has closed, or gave up these sources. */
  | { readonly kind: 'free'; readonly hub: string; readonly sources: readonly string[] }
  /** A hub that can reach the source asks a stand-in for the lease. */
  | { readonly kind: 'want'; readonly source: string }
  | { readonly kind: 'request'; readonly id: string; readonly source: string }
  | { readonly kind: 'done'; readonly id: string }
