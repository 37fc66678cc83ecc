/** What the transport contract needs from a transport: how to connect a pair of links, and how to kill the peer. */
import type { Link, OpenOptions } from '../../transport.js'

/** Both ends of one link. */
export interface ContractPair {
  /** The link under test. */
  readonly near: Link
  /** The other end: any link that passes bytes on in order and makes a writer wait that is too fast. */
  readonly far: Link
  /** Kills the peer without a normal end, as by `kill -9` or a reset. Resolves when it is dead. */
  kill(): Promise<void>
}

/** The functions that a transport must have for the cases. */
export interface ContractContext {
  /** For reports: `unix`, `tcp`, … */
  readonly name: string
  /** Opens a link with the transport under test, with exactly these options, and gives it together with its peer. Rejects as `open` rejects. */
  pair(options?: OpenOptions): Promise<ContractPair>
  /** Cases that do not apply, by id, each with the reason that the documentation gives. */
  readonly exempt?: Readonly<Record<string, string>>
  /** Counts of the runtime's open handles, timers and children by name. They are compared before and after every case. */
  held?(): Readonly<Record<string, number>> | Promise<Readonly<Record<string, number>>>
  /** A number of bytes that is larger than all buffers between the two ends. Default 64 MiB. */
  readonly floodBytes?: number
  /** The longest time for one case. Default 30,000 ms. */
  readonly caseTimeoutMs?: number
}
