/** What one generation of the protocol does with a connection: its calls, its asks, and the credentials that it needs. */
import type { Deadline } from '../core/deadline.js'
import type { Link } from '../transport.js'
import type { Clock } from '../core/clock.js'
import type { AskChannel, AskInit, AskSink } from './backend.js'
import type { Connection, ConnectionLimits } from './connection.js'
import type { AnyOpName } from './ops.js'
import type { Complaint } from './plain.js'

export interface CoreFacts {
  readonly system: 'cmdop'
  readonly transport: string
  readonly op: string
}

/** A connection whose generation is known, with the calls that it can make. */
export interface Core {
  /** Its connection, which does not depend on the generation. */
  readonly connection: Pick<Connection<never, never>, 'failure' | 'over' | 'owed' | 'idle' | 'close'>
  unary(name: AnyOpName, request: unknown, deadline: Deadline, facts: CoreFacts, complain: Complaint): Promise<unknown>
  ask(request: AskInit, sink: AskSink, facts: CoreFacts): Promise<AskChannel>
}

/** Makes a core from a link to a core of this generation. */
export type OpenCore = (link: Link, limits: ConnectionLimits | undefined, clock: Clock) => Core
