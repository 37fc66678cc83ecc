/** Open questions of the agent: each is a request that waits for its response until it is answered, cancelled or the connection ends. */
import { deferred } from '../../core/deferred.js'
import { onAbort } from '../../core/on-abort.js'
import { SignalboxError } from '../../errors.js'
import type { Answer } from '../../hub/model/ask.js'
import type { SourceAsk, SourceAskClosed } from '../../hub/source.js'
import { parseMessage } from '../protocol/parse.js'
import { CreateElicitation, RequestPermission } from '../protocol/schema.js'
import { CLIENT_METHODS } from '../protocol/methods.js'
import { RpcReply } from '../rpc/connection.js'
import { RpcRefusal } from '../rpc/errors.js'
import { elicitationAsk, elicitationResponse } from './elicitation.js'
import { PERMISSION_CANCELLED, permissionAsk, permissionResponse } from './permission.js'

interface OpenAsk {
  readonly session: string | undefined
  /** The response for an answer; undefined when the answer does not fit. */
  respond(answer: Answer): unknown
  /** The response that says that nobody decided. */
  readonly cancelled: unknown
  /** The agent's id of a page that a person opens. */
  readonly elicitationId?: string | undefined
  settle(response: unknown): Promise<'written' | 'maybe'>
}

export interface AcpAsks {
  /** Handles a permission request; its promise is the response. */
  permission(params: unknown, signal: AbortSignal): Promise<unknown>
  /** Handles an elicitation; its promise is the response. */
  elicitation(params: unknown, signal: AbortSignal): Promise<unknown>
  /** Throws `invalid_argument` for an answer that the agent's request has no response for. */
  check(nativeId: string, answer: Answer): void
  /**
   * Answers an open ask. Resolves when the link has taken the response: the protocol has no confirmation. Rejects with `not_found` for an
   * ask that is no longer open.
   */
  answer(nativeId: string, answer: Answer): Promise<'written' | 'maybe'>
  /** Tells the agent that nobody decided. */
  cancel(nativeId: string): void
  /** Tells the agent that nobody decided, for every open ask of a session. The protocol demands it after `session/cancel`. */
  cancelSession(session: string): void
  /** Takes `elicitation/complete`: a person has finished on the page of an ask that is still open here. */
  complete(params: unknown): void
  /** The ids of the open asks. */
  open(): readonly string[]
}

/** Keeps the open asks of one connection. `push` takes each new ask, and each ask that ended without an answer from here. */
export function createAcpAsks(
  push: (event: { kind: 'ask'; ask: SourceAsk } | SourceAskClosed, session: string | undefined) => void,
): AcpAsks {
  const asks = new Map<string, OpenAsk>()
  let count = 0

  const wait = (ask: SourceAsk, open: Omit<OpenAsk, 'settle'>, signal: AbortSignal): Promise<unknown> => {
    const answered = deferred<unknown>()
    const written = deferred<'written' | 'maybe'>()
    const { nativeId } = ask
    const reply = (response: unknown): RpcReply =>
      new RpcReply(response, (error) => written.resolve(error === undefined ? 'written' : 'maybe'))
    const withdraw = onAbort(signal, () => {
      if (!asks.delete(nativeId)) return
      // When the connection ends, the source reports all of its asks as lost.
      if (signal.reason instanceof RpcRefusal) push({ kind: 'ask_closed', nativeId, outcome: 'withdrawn' }, open.session)
      answered.resolve(reply(open.cancelled))
    })
    asks.set(nativeId, {
      ...open,
      settle(response) {
        withdraw()
        answered.resolve(reply(response))
        return written.promise
      },
    })
    push({ kind: 'ask', ask }, open.session)
    return answered.promise
  }

  const take = (nativeId: string): OpenAsk => {
    const ask = asks.get(nativeId)
    if (ask) return ask
    throw new SignalboxError({
      code: 'not_found',
      system: 'acp',
      op: 'answer',
      message: `The agent no longer waits for the answer ${nativeId}.`,
    })
  }

  const responseTo = (nativeId: string, answer: Answer): { readonly ask: OpenAsk; readonly response: unknown } => {
    const ask = take(nativeId)
    const response = ask.respond(answer)
    if (response !== undefined) return { ask, response }
    const message = 'The agent offers no option for this answer.'
    throw new SignalboxError({ code: 'invalid_argument', system: 'acp', op: 'answer', message, hint: 'Choose one of its options.' })
  }

  const cancel = (nativeId: string): void => {
    const ask = asks.get(nativeId)
    if (!ask) return
    asks.delete(nativeId)
    void ask.settle(ask.cancelled)
  }

  return {
    async permission(params, signal) {
      const request = parseMessage(RequestPermission, params, CLIENT_METHODS.requestPermission)
      count += 1
      const ask = permissionAsk(request, `permission-${count}`)
      const { options = [] } = ask
      return wait(
        ask,
        {
          session: request.sessionId,
          cancelled: PERMISSION_CANCELLED,
          respond: (answer) => permissionResponse(options, answer),
        },
        signal,
      )
    },
    async elicitation(params, signal) {
      const request = parseMessage(CreateElicitation, params, CLIENT_METHODS.createElicitation)
      count += 1
      const ask = elicitationAsk(request, `elicitation-${count}`)
      if (!ask) return { action: 'decline' }
      const session = request.sessionId ?? undefined
      return wait(
        ask,
        {
          session,
          cancelled: { action: 'cancel' },
          elicitationId: request.mode === 'url' ? (request.elicitationId ?? undefined) : undefined,
          respond: (answer) => elicitationResponse(request, answer),
        },
        signal,
      )
    },
    check(nativeId, answer) {
      responseTo(nativeId, answer)
    },
    async answer(nativeId, answer) {
      const { ask, response } = responseTo(nativeId, answer)
      asks.delete(nativeId)
      return ask.settle(response)
    },
    cancel,
    cancelSession(session) {
      for (const [nativeId, ask] of [...asks]) {
        if (ask.session !== session) continue
        cancel(nativeId)
        push({ kind: 'ask_closed', nativeId, outcome: 'withdrawn' }, session)
      }
    },
    complete(params) {
      const { elicitationId } = Object(params) as { elicitationId?: unknown }
      if (typeof elicitationId !== 'string') return
      for (const [nativeId, ask] of [...asks]) {
        if (ask.elicitationId !== elicitationId) continue
        asks.delete(nativeId)
        // The agent itself says that the page was used, so the page was opened.
        void ask.settle({ action: 'accept' })
        push({ kind: 'ask_closed', nativeId, outcome: 'answered' }, ask.session)
      }
    },
    open: () => [...asks.keys()],
  }
}
