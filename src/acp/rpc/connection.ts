/**
 * JSON-RPC 2.0 over one link, one message a line, both sides asking. Messages are handled in the order of their arrival: a response
 * reaches its caller's `onSettled` before the message behind it is looked at.
 */
import { ndjsonDecoder, encodeNdjson } from '../../core/codec/ndjson.js'
import { abortError } from '../../core/deadline.js'
import { onAbort } from '../../core/on-abort.js'
import { SignalboxError } from '../../errors.js'
import type { CloseReason, Link } from '../../transport.js'
import { errorForPeer, errorFromPeer, RPC_CODES, RpcRefusal } from './errors.js'
import { readRpcMessage, type RpcId, type RpcMessage } from './message.js'

/** The answer to a request, or why there is none. */
export type RpcOutcome = { readonly result: unknown } | { readonly error: SignalboxError }

export interface RpcRequestOptions {
  /** Aborting tells the peer (`$/cancel_request`) and rejects at once with `sent: 'maybe'`. */
  readonly signal?: AbortSignal | undefined
  /** Called when the link has taken the request. */
  readonly onWritten?: () => void
  /** Called with the outcome in the order of arrival, before the promise settles. */
  readonly onSettled?: (outcome: RpcOutcome) => void
}

/** A result for the peer, for a handler that must know whether the link took the response. */
export class RpcReply {
  constructor(
    readonly result: unknown,
    /** Called once: without an argument when the link has taken the response, with the error when it could not. */
    readonly onWritten: (error?: unknown) => void,
  ) {}
}

/** What the other side may ask of this one. */
export interface RpcHandlers {
  /** Answers a request with a result or an `RpcReply`. Throw `RpcRefusal` for a certain error code. `signal` aborts when the peer cancels or the connection ends. */
  request(method: string, params: unknown, signal: AbortSignal): Promise<unknown>
  /** Takes a notification. Must not wait; what it throws is ignored. */
  notification(method: string, params: unknown): void
  /** A line that is not a message: not JSON, or not JSON-RPC. */
  invalid?(reason: string): void
  /** The connection has ended. Called once. */
  closed?(cause: SignalboxError): void
}

export interface RpcLimits {
  /** Longest line in bytes; default 32 MiB. A longer line ends the connection with `too_large`. */
  readonly maxLineBytes?: number
  /** Requests of ours that may wait for an answer; default 1,000. */
  readonly maxPending?: number
  /** Requests of the peer that may run here at once; default 256. More are refused. */
  readonly maxIncoming?: number
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

interface Waiting {
  readonly method: string
  settle(outcome: RpcOutcome): void
}

/** How long the end of a child may take to be known, so that the error can name its exit code. */
const EXIT_WAIT_MS = 250

export function createRpcConnection(link: Link, handlers: RpcHandlers, limits: RpcLimits = {}): RpcConnection {
  const { maxLineBytes, maxPending = 1_000, maxIncoming = 256 } = limits
  const { transport } = link.info
  const waiting = new Map<number, Waiting>()
  const running = new Map<RpcId, AbortController>()
  let failure: SignalboxError | undefined
  let lastId = 0

  const write = (message: object): Promise<void> => link.write(encodeNdjson({ jsonrpc: '2.0', ...message }))

  const fail = (cause: SignalboxError): void => {
    if (failure) return
    failure = cause
    const calls = [...waiting.values()]
    waiting.clear()
    for (const call of calls) call.settle({ error: cause })
    for (const controller of running.values()) controller.abort(cause)
    running.clear()
    handlers.closed?.(cause)
  }

  const answer = async (id: RpcId, method: string, params: unknown): Promise<void> => {
    if (running.size >= maxIncoming) {
      const message = `${maxIncoming} requests already run here.`
      return write({ id, error: { code: RPC_CODES.internalError, message } }).catch(() => {})
    }
    const controller = new AbortController()
    running.set(id, controller)
    let reply: object
    let onWritten: RpcReply['onWritten'] | undefined
    try {
      const given = await handlers.request(method, params, controller.signal)
      if (given instanceof RpcReply) onWritten = given.onWritten
      reply = { result: (given instanceof RpcReply ? given.result : given) ?? {} }
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
  }

  const take = (message: RpcMessage): void => {
    switch (message.type) {
      case 'request':
        void answer(message.id, message.method, message.params)
        return
      case 'notification': {
        if (message.method === '$/cancel_request') {
          const { requestId } = Object(message.params) as { requestId?: RpcId }
          if (requestId !== undefined)
            running.get(requestId)?.abort(new RpcRefusal(RPC_CODES.requestCancelled, 'Cancelled by the peer.'))
          return
        }
        try {
          handlers.notification(message.method, message.params)
        } catch {
          // A handler's own failure must not end the connection.
        }
        return
      }
      case 'result':
      case 'error': {
        const call = typeof message.id === 'number' ? waiting.get(message.id) : undefined
        // A late answer to a request that was given up, or an id that was never given.
        if (!call) return
        waiting.delete(message.id as number)
        call.settle(
          message.type === 'result' ? { result: message.result } : { error: errorFromPeer(call.method, message.error, transport) },
        )
        return
      }
      case 'invalid':
        handlers.invalid?.(message.reason)
    }
  }

  const read = async (): Promise<void> => {
    const decoder = ndjsonDecoder<unknown>({
      ...(maxLineBytes === undefined ? {} : { maxLineBytes }),
      onInvalid: (_line, _cause, truncated) => {
        handlers.invalid?.(truncated ? 'The connection ended inside a line.' : 'The line is not JSON.')
        return undefined
      },
    })
    let fault: unknown
    try {
      for (;;) {
        const chunk = await link.read()
        for (const value of chunk === null ? decoder.end() : decoder.push(chunk)) take(readRpcMessage(value))
        if (decoder.fault) throw decoder.fault
        if (chunk === null) break
      }
    } catch (error) {
      fault = error
    }
    if (failure) return
    if (fault !== undefined) {
      fail(endError({ kind: 'error', error: fault }, transport))
      void link.close()
      return
    }
    // The exit code of a child is worth a short wait; an end of any other kind is known at once.
    let timer: ReturnType<typeof setTimeout> | undefined
    const tooLong = new Promise<CloseReason>((resolve) => {
      timer = setTimeout(() => resolve({ kind: 'eof' }), EXIT_WAIT_MS)
    })
    const reason = await Promise.race([link.closed, tooLong])
    clearTimeout(timer)
    fail(endError(reason, transport))
    void link.close()
  }
  void read()

  return {
    request(method, params, { signal, onWritten, onSettled } = {}) {
      return new Promise((resolve, reject) => {
        const settleWith = (outcome: RpcOutcome): void => {
          onSettled?.(outcome)
          if ('error' in outcome) reject(outcome.error)
          else resolve(outcome.result)
        }
        const facts = { op: method, system: 'acp', transport } as const
        if (failure) return settleWith({ error: unsent(failure, method) })
        if (signal?.aborted) return settleWith({ error: abortError(signal, { ...facts, sent: 'no' }) })
        if (waiting.size >= maxPending) {
          const message = `${maxPending} requests already wait for an answer on this connection.`
          return settleWith({ error: new SignalboxError({ ...facts, code: 'rate_limited', message }) })
        }
        lastId += 1
        const id = lastId
        const ignore = onAbort(signal, () => {
          if (!waiting.delete(id)) return
          write({ method: '$/cancel_request', params: { requestId: id } }).catch(() => {})
          settleWith({ error: abortError(signal as AbortSignal, { ...facts, sent: 'maybe' }) })
        })
        waiting.set(id, {
          method,
          settle(outcome) {
            ignore()
            settleWith(outcome)
          },
        })
        write({ id, method, params }).then(onWritten, (error: unknown) => {
          const call = waiting.get(id)
          waiting.delete(id)
          call?.settle({ error: SignalboxError.is(error) ? error : endError({ kind: 'error', error }, transport) })
        })
      })
    },
    notify: (method, params) => (failure ? Promise.reject(unsent(failure, method)) : write({ method, params })),
    get failure() {
      return failure
    },
    async close(graceMs) {
      fail(
        new SignalboxError({
          code: 'closed',
          message: 'The connection to the agent was closed by this side.',
          system: 'acp',
          transport,
          sent: 'maybe',
          retryable: false,
        }),
      )
      await link.close(graceMs === undefined ? {} : { graceMs })
    },
  }
}

/** A request after the end never left. */
function unsent(cause: SignalboxError, op: string): SignalboxError {
  const message = `${op} was not sent: the connection has ended.`
  return new SignalboxError({ code: cause.code, message, op, system: 'acp', sent: 'no', cause, retryable: cause.retryable })
}

/** Why the connection ended. A pending request may have been acted on, so `sent` is `maybe`. */
function endError(reason: CloseReason, transport: string): SignalboxError {
  const facts = { system: 'acp', transport, sent: 'maybe' } as const
  switch (reason.kind) {
    case 'exit': {
      const { exitCode, signal, stderrTail } = reason
      const said = stderrTail.trim().split('\n').at(-1)
      const how = signal === null ? `with status ${exitCode}` : `by ${signal}`
      const message = `The agent process ended ${how}${said ? `: ${said}` : ''}.`
      return new SignalboxError({ ...facts, code: 'exited', message, exitCode, signal, stderrTail })
    }
    case 'error': {
      const { error } = reason
      if (SignalboxError.is(error)) {
        return new SignalboxError({ ...facts, code: error.code, message: error.message, cause: error })
      }
      return new SignalboxError({ ...facts, code: 'closed', message: 'The connection to the agent failed.', cause: error })
    }
    case 'peer':
      return new SignalboxError({
        ...facts,
        code: 'closed',
        message: `The agent ended the connection${reason.detail === undefined ? '' : ` (${reason.detail})`}.`,
      })
    default:
      return new SignalboxError({ ...facts, code: 'closed', message: 'The agent ended the connection.' })
  }
}
