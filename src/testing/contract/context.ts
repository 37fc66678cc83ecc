/** What the transport contract needs to know of a transport: how to make a connected pair of it, and how to hurt the peer. */
import type { Link, OpenOptions } from '../../transport.js'

/** Both ends of one link. */
export interface ContractPair {
  /** The link under test. */
  readonly near: Link
  /** Its other end: a link as well, of the same kind or not, that passes bytes on in order and holds back a writer who is too fast. */
  readonly far: Link
  /** The peer dies without a farewell, as by `kill -9` or a reset. Resolves when it is dead. */
  kill(): Promise<void>
}

/** What the cases need of a transport. */
export interface ContractContext {
  /** For reports: `unix`, `tcp`, … */
  readonly name: string
  /** Opens a link with the transport under test, with exactly these options, and gives it together with its peer. Rejects as `open` rejects. */
  pair(options?: OpenOptions): Promise<ContractPair>
  /** Cases that do not apply, by id, each with the reason that the documentation gives. */
  readonly exempt?: Readonly<Record<string, string>>
  /** What the runtime holds now: handles, timers, children, each with its count. Compared before and after every case. */
  held?(): Readonly<Record<string, number>> | Promise<Readonly<Record<string, number>>>
  /** More than all buffers between the two ends can take; default 64 MiB. */
  readonly floodBytes?: number
  /** Patience per case; default 30 s. */
  readonly caseTimeoutMs?: number
}
