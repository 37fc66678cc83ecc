/** What the client needs of a way to the daemon: the IPC socket, or the web port. */
import type { Link } from '../transport.js'
import type { EventSource } from './events/stream.js'
import type { CcccEventsArgs } from './events/types.js'
import type { CcccDialect, Loose } from './shapes.js'

/** What one attempt may use. */
export interface WireOptions {
  readonly signal: AbortSignal
  readonly trace?: Readonly<Record<string, string>>
}

/** A connection that an op has taken over: its answer, and the bytes that follow it both ways. */
export interface CcccChannel extends AsyncDisposable {
  readonly handshake: Loose
  /** Reads begin with whatever came together with the answer. */
  readonly link: Link
}

export interface Wire {
  readonly kind: 'socket' | 'web'
  readonly name: string
  /** The daemon's answer as it came: the whole envelope. */
  request(op: string, args: Loose, options: WireOptions): Promise<Loose>
  /** For the ops that take over their connection. The answer is checked by the caller. */
  open(op: string, args: Loose, options: WireOptions): Promise<{ readonly answer: Loose; readonly link: Link }>
  /** Where events come another way than by the op. */
  events?(request: { args: CcccEventsArgs; idleMs: number; opening: AbortSignal }): Promise<EventSource>
  /** Where what can be called is a matter of the way: can this be? */
  has?(op: string): boolean
  /** Where the way itself tells the dialect. */
  dialect?(signal: AbortSignal | undefined): Promise<CcccDialect | undefined>
  /** Waits, within bounds, for connections that still have to be ended politely. */
  close(): Promise<void>
}
