/** Keeps one connection to the agent: opens it, and opens it again with a growing delay when it ends. */
import type { Backoff } from '../../core/backoff.js'
import { sleep, type Clock } from '../../core/clock.js'
import { SignalboxError } from '../../errors.js'
import { redactText } from '../../redact-text.js'
import type { InitializeResponse } from '../protocol/schema.js'
import type { RpcConnection } from '../rpc/connection.js'
import type { AcpAsks } from './asks.js'

/** A connection that works. `epoch` names this lifetime of the agent's process. */
export interface Live {
  readonly rpc: RpcConnection
  readonly info: InitializeResponse
  readonly epoch: string
  readonly asks: AcpAsks
}

export interface LiveConnection {
  /** The connection, or undefined while there is none. */
  readonly now: Live | undefined
  /** Why there is no connection; undefined while there is one. */
  readonly why: string | undefined
  /** The connection. Throws `unreachable`, `sent: 'no'`, while there is none. */
  get(op: string): Live
  /** The first attempt. A failure starts further attempts in the background and is not thrown. */
  start(): Promise<void>
  /** Tells that the connection of this epoch ended. */
  lost(epoch: string, cause: SignalboxError): void
  close(): Promise<void>
}

export interface LiveOptions {
  /** Opens a connection; its messages may arrive before this resolves. */
  connect(signal: AbortSignal): Promise<Live>
  readonly backoff: Backoff
  readonly clock: Clock
  readonly transport: string
  /** A connection was lost. */
  onLost(cause: SignalboxError): void
  /** A connection was opened again. */
  onBack(): void
}

export function keepConnected({ connect, backoff, clock, transport, onLost, onBack }: LiveOptions): LiveConnection {
  const closing = new AbortController()
  let live: Live | undefined
  let why: string | undefined
  let trying: Promise<void> | undefined
  const failed = (error: unknown): void => {
    why = redactText(error instanceof Error ? error.message : String(error))
  }

  const open = async (): Promise<void> => {
    const opened = await connect(closing.signal)
    if (opened.rpc.failure) throw opened.rpc.failure
    live = opened
    why = undefined
    backoff.opened()
  }

  const keepTrying = async (): Promise<void> => {
    while (!closing.signal.aborted && !live) {
      try {
        await sleep(clock, backoff.next() ?? 0, closing.signal)
        await open()
        onBack()
      } catch (error) {
        // The agent stays offline until an attempt succeeds.
        failed(error)
      }
    }
    trying = undefined
  }

  return {
    get now() {
      return live
    },
    get why() {
      return live ? undefined : why
    },
    get(op) {
      if (live) return live
      const message = `The agent is not connected${why === undefined ? '.' : `: ${why}`} Signalbox tries again.`
      throw new SignalboxError({ code: 'unreachable', system: 'acp', op, transport, message })
    },
    async start() {
      await open().catch((error: unknown) => {
        failed(error)
        trying ??= keepTrying()
      })
    },
    lost(epoch, cause) {
      if (live?.epoch !== epoch) return
      live = undefined
      failed(cause)
      onLost(cause)
      if (!closing.signal.aborted) trying ??= keepTrying()
    },
    async close() {
      closing.abort(new SignalboxError({ code: 'closed', system: 'acp', message: 'The source was closed.', retryable: false }))
      await live?.rpc.close()
      await trying
    },
  }
}
