/** What carries a client's requests: the IPC socket, or the web port. */
import type { Deadline } from '../core/deadline.js'
import type { Link } from '../transport.js'
import type { EventSource } from './events/source.js'
import type { CcccEventsArgs } from './events/types.js'
import type { CcccDialect, Loose } from './shapes.js'

/** What one attempt may use. */
export interface WireOptions {
  /** Ends the attempt. */
  readonly deadline: Deadline
  /** The op takes over its connection: the reply carries the link. */
  readonly takeOver?: boolean
  readonly trace?: Readonly<Record<string, string>>
}

export interface WireReply {
  /** The whole envelope, as the daemon sent it. The caller checks `ok`. */
  readonly answer: Loose
  /** With `takeOver`: reads begin with the bytes that came behind the answer. */
  readonly link?: Link
}

/** A connection that an op has taken over. */
export interface CcccChannel extends AsyncDisposable {
  /** The result of the op. */
  readonly handshake: Loose
  /** Bytes in both directions. Reads begin with the bytes that came together with the answer. */
  readonly link: Link
}

export interface Wire {
  readonly kind: 'socket' | 'web'
  readonly name: string
  /**
   * Sends one request and waits for its answer. A refusal is an answer too: the caller checks `ok`. Interceptors and the checks of
   * the answer are not run; `client.callRaw` runs them.
   *
   * @example
   * import { createCcccCore } from 'signalbox/cccc'
   * import { ccccDaemon } from 'signalbox/node'
   *
   * await using client = createCcccCore({ transport: ccccDaemon() })
   * console.log(client.wire.kind, (await client.callRaw('ping')).ok)
   */
  request(op: string, args: Loose, options: WireOptions): Promise<WireReply>
  /** Present where events do not come by the op `events_stream`. */
  events?(request: { args: CcccEventsArgs; idleMs: number; opening: AbortSignal }): Promise<EventSource>
  /** Present where only some ops can be called: whether this one can. */
  has?(op: string): boolean
  /** Present where the dialect is found without calling ops. */
  dialect?(signal: AbortSignal | undefined): Promise<CcccDialect | undefined>
  /**
   * Waits, within bounds, until the connections that are left have ended politely. `client.close` calls it.
   *
   * @example
   * import { createCcccCore } from 'signalbox/cccc'
   * import { ccccDaemon } from 'signalbox/node'
   *
   * const client = createCcccCore({ transport: ccccDaemon() })
   * await client.close()
   */
  close(): Promise<void>
}
