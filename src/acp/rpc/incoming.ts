/** Requests of the peer that run here. */
import type { SignalboxError } from '../../errors.js'
import { errorForPeer, RPC_CODES, RpcRefusal } from './errors.js'
import type { RpcId } from './message.js'

/** A result for the peer, for a handler that must know whether the link took the response. */
export class RpcReply {
  constructor(
    readonly result: unknown,
    /** Called once: without an argument when the link has taken the response, with the error when it could not. */
    readonly onWritten: (error?: unknown) => void,
  ) {}
}

export interface Incoming {
  /** Runs the handler of a request and writes its response. Never rejects. */
  answer(id: RpcId, method: string, params: unknown): Promise<void>
  /** The peer no longer wants an answer. */
  cancel(id: RpcId): void
  /** Aborts every running handler; nothing more is written. */
  fail(cause: SignalboxError): void
}

export function createIncoming(options: {
  readonly maxIncoming: number
  readonly write: (message: object) => Promise<void>
  readonly handle: (method: string, params: unknown, signal: AbortSignal) => Promise<unknown>
}): Incoming {
  const { maxIncoming, write, handle } = options
  const running = new Map<RpcId, AbortController>()
  let failure: SignalboxError | undefined

  return {
    async answer(id, method, params) {
      if (running.size >= maxIncoming) {
        const message = `${maxIncoming} requests already run here.`
        return write({ id, error: { code: RPC_CODES.internalError, message } }).catch(() => {})
      }
      const controller = new AbortController()
      running.set(id, controller)
      let reply: object
      let onWritten: RpcReply['onWritten'] | undefined
      try {
        const result = await handle(method, params, controller.signal)
        if (result instanceof RpcReply) onWritten = result.onWritten
        reply = { result: (result instanceof RpcReply ? result.result : result) ?? {} }
      } catch (error) {
        reply = { error: errorForPeer(error) }
      } finally {
        if (running.get(id) === controller) running.delete(id)
      }
      if (failure) return onWritten?.(failure)
      await write({ id, ...reply }).then(
        () => onWritten?.(),
        (error: unknown) => onWritten?.(error),
      )
    },
    cancel: (id) => running.get(id)?.abort(new RpcRefusal(RPC_CODES.requestCancelled, 'Cancelled by the peer.')),
    fail(cause) {
      failure ??= cause
      for (const controller of running.values()) controller.abort(cause)
      running.clear()
    },
  }
}
