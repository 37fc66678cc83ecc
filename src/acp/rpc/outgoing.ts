/** Requests of this side that wait for their response. */
import { abortError } from '../../core/deadline.js'
import { onAbort } from '../../core/on-abort.js'
import { SignalboxError } from '../../errors.js'
import { endError, unsent } from './end-error.js'
import { errorFromPeer } from './errors.js'
import type { RpcMessage } from './message.js'

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

export interface Outgoing {
  request(method: string, params: unknown, options?: RpcRequestOptions): Promise<unknown>
  /** Settles the request that a response belongs to. A response to a request that was given up is ignored. */
  settle(message: Extract<RpcMessage, { readonly type: 'result' | 'error' }>): void
  /** Fails every request that waits, and all later ones. */
  fail(cause: SignalboxError): void
}

interface Waiting {
  readonly method: string
  settle(outcome: RpcOutcome): void
}

export function createOutgoing(options: {
  readonly transport: string
  readonly maxPending: number
  readonly write: (message: object) => Promise<void>
}): Outgoing {
  const { transport, maxPending, write } = options
  const waiting = new Map<number, Waiting>()
  let failure: SignalboxError | undefined
  let lastId = 0

  /** Why a request cannot be sent now. */
  const refusal = (method: string, signal: AbortSignal | undefined): SignalboxError | undefined => {
    const facts = { op: method, system: 'acp', transport, sent: 'no' } as const
    if (failure) return unsent(failure, method)
    if (signal?.aborted) return abortError(signal, facts)
    if (waiting.size < maxPending) return undefined
    const message = `${maxPending} requests already wait for an answer on this connection.`
    return new SignalboxError({ ...facts, code: 'rate_limited', message })
  }

  const send = (method: string, params: unknown, signal: AbortSignal | undefined, options: RpcRequestOptions): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const finish = (outcome: RpcOutcome): void => {
        options.onSettled?.(outcome)
        if ('error' in outcome) reject(outcome.error)
        else resolve(outcome.result)
      }
      const refused = refusal(method, signal)
      if (refused) return finish({ error: refused })
      lastId += 1
      const id = lastId
      const ignore = onAbort(signal, () => {
        if (!waiting.delete(id)) return
        write({ method: '$/cancel_request', params: { requestId: id } }).catch(() => {})
        finish({ error: abortError(signal as AbortSignal, { op: method, system: 'acp', transport, sent: 'maybe' }) })
      })
      waiting.set(id, {
        method,
        settle(outcome) {
          ignore()
          finish(outcome)
        },
      })
      write({ id, method, params }).then(options.onWritten, (error: unknown) => {
        const call = waiting.get(id)
        waiting.delete(id)
        call?.settle({ error: SignalboxError.is(error) ? error : endError({ kind: 'error', error }, transport) })
      })
    })

  return {
    request: (method, params, options = {}) => send(method, params, options.signal, options),
    settle(message) {
      const id = typeof message.id === 'number' ? message.id : undefined
      const call = id === undefined ? undefined : waiting.get(id)
      if (!call || id === undefined) return
      waiting.delete(id)
      call.settle(
        message.type === 'result' ? { result: message.result } : { error: errorFromPeer(call.method, message.error, transport) },
      )
    },
    fail(cause) {
      failure ??= cause
      const calls = [...waiting.values()]
      waiting.clear()
      for (const call of calls) call.settle({ error: cause })
    },
  }
}
