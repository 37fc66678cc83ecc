/**
 * JSON-RPC 2.0 over one link, one message a line, both sides asking. Messages are handled in the order of their arrival: a response
 * reaches the `onSettled` of its caller before the next message is read.
 */
import { systemClock, type Clock } from '../../core/clock.js'
import { encodeNdjson, ndjsonDecoder } from '../../core/codec/ndjson.js'
import { deferred } from '../../core/deferred.js'
import { SignalboxError } from '../../errors.js'
import type { CloseReason, Link } from '../../transport.js'
import { endError, unsent } from './end-error.js'
import { createIncoming } from './incoming.js'
import { readRpcMessage, type RpcId, type RpcMessage } from './message.js'
import { createOutgoing, type RpcRequestOptions } from './outgoing.js'

export { RpcReply } from './incoming.js'
export type { RpcOutcome, RpcRequestOptions } from './outgoing.js'

/** What the other side may ask of this one. */
export interface RpcHandlers {
  /**
   * Answers a request with a result or an `RpcReply`. Throw `RpcRefusal` for a certain error code. `signal` aborts when the peer cancels or
   * the connection ends.
   */
  request(method: string, params: unknown, signal: AbortSignal): Promise<unknown>
  /** Takes a notification. Must not wait; what it throws is ignored. */
  notification(method: string, params: unknown): void
  /** A line that is not a message: not JSON, or not JSON-RPC. */
  invalid?(reason: string): void
  /** The connection has ended. Called once, before the pending requests fail. */
  closed?(cause: SignalboxError): void
}

/** Limits of one connection. */
export interface RpcLimits {
  /** Longest line in bytes; default 32 MiB. A longer line ends the connection with `too_large`. */
  readonly maxLineBytes?: number
  /** Requests of ours that may wait for an answer; default 1,000. */
  readonly maxPending?: number
  /** Requests of the peer that may run here at once; default 256. More are refused. */
  readonly maxIncoming?: number
}

/** How one connection is run. */
export interface RpcConnectionOptions {
  readonly limits?: RpcLimits | undefined
  /** Default the system's clock. */
  readonly clock?: Clock | undefined
}

export interface RpcConnection {
  /** Sends a request and gives its result. */
  request(method: string, params: unknown, options?: RpcRequestOptions): Promise<unknown>
  /** Sends a notification. Resolves when the link has taken it. */
  notify(method: string, params: unknown): Promise<void>
  /** Why no request can be sent any more. */
  readonly failure: SignalboxError | undefined
  /** Fails every pending request, aborts running handlers and closes the link. */
  close(graceMs?: number): Promise<void>
}

/** How long the end of a child may take to be known, so that the error can name its exit code. */
const EXIT_WAIT_MS = 250

export function createRpcConnection(link: Link, handlers: RpcHandlers, options: RpcConnectionOptions = {}): RpcConnection {
  const { limits = {}, clock = systemClock } = options
  const { maxPending = 1_000, maxIncoming = 256 } = limits
  const { transport } = link.info
  const write = (message: object): Promise<void> => link.write(encodeNdjson({ jsonrpc: '2.0', ...message }))
  const outgoing = createOutgoing({ transport, maxPending, write })
  const incoming = createIncoming({ maxIncoming, write, handle: (...request) => handlers.request(...request) })
  let failure: SignalboxError | undefined

  const fail = (cause: SignalboxError): void => {
    if (failure) return
    failure = cause
    // `closed` is called before the requests fail, so that the owner can end its turns in its own order.
    handlers.closed?.(cause)
    outgoing.fail(cause)
    incoming.fail(cause)
  }

  const notified = (method: string, params: unknown): void => {
    if (method === '$/cancel_request') {
      const { requestId } = Object(params) as { requestId?: RpcId }
      if (requestId !== undefined) incoming.cancel(requestId)
      return
    }
    try {
      handlers.notification(method, params)
    } catch {
      // A handler's own failure must not end the connection.
    }
  }

  const take = (message: RpcMessage): void => {
    switch (message.type) {
      case 'request':
        void incoming.answer(message.id, message.method, message.params)
        return
      case 'notification':
        return notified(message.method, message.params)
      case 'invalid':
        handlers.invalid?.(message.reason)
        return
      default:
        outgoing.settle(message)
    }
  }

  void readAll({ link, limits, clock, handlers, take }).then((fault) => {
    if (failure) return
    fail(endError(fault, transport))
    void link.close()
  })

  return {
    request: outgoing.request,
    notify: (method, params) => (failure ? Promise.reject(unsent(failure, method)) : write({ method, params })),
    get failure() {
      return failure
    },
    async close(graceMs) {
      const message = 'The connection to the agent was closed by this side.'
      fail(new SignalboxError({ code: 'closed', message, system: 'acp', transport, sent: 'maybe', retryable: false }))
      await link.close(graceMs === undefined ? {} : { graceMs })
    },
  }
}

/** Reads the link to its end and tells why it ended. Never rejects. */
async function readAll(parts: {
  readonly link: Link
  readonly limits: RpcLimits
  readonly clock: Clock
  readonly handlers: RpcHandlers
  readonly take: (message: RpcMessage) => void
}): Promise<CloseReason> {
  const { link, limits, clock, handlers, take } = parts
  const { maxLineBytes } = limits
  const decoder = ndjsonDecoder<unknown>({
    ...(maxLineBytes === undefined ? {} : { maxLineBytes }),
    onInvalid: (_line, _cause, truncated) => {
      handlers.invalid?.(truncated ? 'The connection ended inside a line.' : 'The line is not JSON.')
      return undefined
    },
  })
  try {
    for (;;) {
      const chunk = await link.read()
      for (const value of chunk === null ? decoder.end() : decoder.push(chunk)) take(readRpcMessage(value))
      if (decoder.fault) throw decoder.fault
      if (chunk === null) break
    }
  } catch (error) {
    return { kind: 'error', error }
  }
  // The exit code of a child comes a little after the end of its output. Every other end is known at once.
  const tooLong = deferred<CloseReason>()
  const timer = clock.after(EXIT_WAIT_MS, () => tooLong.resolve({ kind: 'eof' }))
  const reason = await Promise.race([link.closed, tooLong.promise])
  timer.cancel()
  return reason
}
