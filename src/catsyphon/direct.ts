/** Calls that go to the server without the outbox: the status of a session, its completion, and its stored events. */
import * as z from 'zod/mini'
import type { CallOptions, ClientOptions } from '../core/call.js'
import { SignalboxError } from '../errors.js'
import { failure, invalid } from './errors.js'
import type { Outcome } from './events.js'
import type { Http, RequestSpec } from './http.js'
import type { CatsyphonEvent } from './report.js'
import { cleanText } from './text.js'
import * as schema from './schema.js'
import { sessionPath } from './session-id.js'

/** Options of `completeSession`. */
export interface CompleteOptions extends CallOptions {
  /** Default `success`. */
  readonly outcome?: Outcome | (string & {})
  /** A text that the server keeps with the session. */
  readonly summary?: string
  /** The sequence of the session's last event. Sequence servers demand it. Default: the last one that the server has. */
  readonly finalSequence?: number
}

/** Options of the calls that read conversations. */
export interface ReadOptions extends CallOptions {
  /** Default: the client's. */
  readonly workspaceId?: string
}

/** The methods of a client that ask the server directly. They are repeated as `retryConfig` says. */
export interface Direct {
  /**
   * The status of a session; null when the server has no such session.
   *
   * @example
   * ```ts
   * import type { Catsyphon } from 'signalbox/catsyphon'
   *
   * declare const client: Catsyphon
   * const status = await client.getSessionStatus('session-1')
   * console.log(status?.status ?? 'unknown to the server')
   * ```
   */
  getSessionStatus(sessionId: string, options?: CallOptions): Promise<schema.SessionStatusResponse | null>
  /**
   * Marks a session as completed. `session.complete` does it behind the session's events; use that while events wait.
   *
   * @example
   * ```ts
   * import type { Catsyphon } from 'signalbox/catsyphon'
   *
   * declare const client: Catsyphon
   * await client.completeSession('session-1', { outcome: 'abandoned', summary: 'The machine was switched off.' })
   * ```
   */
  completeSession(sessionId: string, options?: CompleteOptions): Promise<schema.SessionCompleteResponse>
  /**
   * A stored conversation, its messages sorted by time; null when there is none. Needs a workspace.
   *
   * @example
   * ```ts
   * import type { Catsyphon } from 'signalbox/catsyphon'
   *
   * declare const client: Catsyphon
   * const conversation = await client.getConversation('3f0c1d9e-5a8b-4c77-9d51-0e6f6a2b7c10')
   * for (const { role, content } of conversation?.messages ?? []) console.log(role, content)
   * ```
   */
  getConversation(conversationId: string, options?: ReadOptions): Promise<schema.Conversation | null>
  /**
   * The conversation of a session; null when there is none. Needs a workspace.
   *
   * @example
   * ```ts
   * import type { Catsyphon } from 'signalbox/catsyphon'
   *
   * declare const client: Catsyphon
   * console.log((await client.readSession('session-1'))?.messages.length)
   * ```
   */
  readSession(sessionId: string, options?: ReadOptions): Promise<schema.Conversation | null>
  /**
   * The server's description of itself and its database.
   *
   * @example
   * ```ts
   * import type { Catsyphon } from 'signalbox/catsyphon'
   *
   * declare const client: Catsyphon
   * console.log((await client.health()).status)
   * ```
   */
  health(options?: CallOptions): Promise<schema.Health>
}

/** Compares an answer with its schema. `validate` decides whether a difference is thrown, reported or ignored. */
export type Check = <Result>(op: string, shape: z.ZodMiniType<Result>, answer: unknown) => Result

export function createCheck(validate: ClientOptions['validate'], report: (event: CatsyphonEvent) => void): Check {
  return <Result>(op: string, shape: z.ZodMiniType<Result>, answer: unknown): Result => {
    const issue = validate === 'off' ? undefined : z.safeParse(shape, answer).error?.issues[0]
    if (issue) {
      const path = issue.path.join('.')
      if (validate === 'strict')
        throw failure('invalid_message', `${op}: the answer is broken at ${path || 'its root'}.`, { sent: 'yes', op })
      report({ type: 'invalid', op, path })
    }
    return answer as Result
  }
}

export function createDirect(http: Http, check: Check, own: string | undefined): Direct {
  const ask = async <Result>(shape: z.ZodMiniType<Result>, spec: RequestSpec, options?: CallOptions): Promise<Result> =>
    check(spec.op, shape, await http(spec, options))
  const orNull = (error: unknown): null => {
    if (SignalboxError.is(error, 'not_found')) return null
    throw error
  }

  const direct: Direct = {
    async getSessionStatus(sessionId, options) {
      const spec = { op: 'getSessionStatus', path: sessionPath(sessionId), args: { sessionId } }
      return await ask(schema.sessionStatus, spec, options).catch(orNull)
    },
    async completeSession(sessionId, { outcome = 'success', summary, finalSequence, ...options } = {}) {
      const path = `${sessionPath(sessionId)}/complete`
      const final = finalSequence ?? (await direct.getSessionStatus(sessionId, options))?.last_sequence ?? 0
      const body = completionBody(outcome, summary, final)
      return await ask(
        schema.completeResponse,
        { op: 'completeSession', path, body, idempotent: true, args: { sessionId, outcome } },
        options,
      )
    },
    async getConversation(conversationId, { workspaceId = own, ...options } = {}) {
      if (workspaceId === undefined) throw invalid('Reading a conversation needs a workspaceId, of the client or of the call.')
      const path = `/conversations/${encodeURIComponent(conversationId)}`
      const spec = { op: 'getConversation', path, headers: { 'x-workspace-id': workspaceId } }
      const found = await ask(schema.conversation, spec, options).catch(orNull)
      if (!found) return found
      const { messages = [] } = found as Partial<schema.Conversation>
      // Returned as it is: `check` has reported the difference.
      if (!Array.isArray(messages)) return found
      // The server gives the messages of a batch in no order: only their times tell it.
      return { ...found, messages: [...messages].sort(byMoment) }
    },
    async readSession(sessionId, options) {
      const status = await direct.getSessionStatus(sessionId, options)
      return status && (await direct.getConversation(status.conversation_id, options))
    },
    health: (options) => ask(schema.health, { op: 'health', path: '/health' }, options),
  }
  return direct
}

/** Within a millisecond the texts are compared: they hold microseconds, which a Date does not. Equal times keep their order. */
function byMoment(left: unknown, right: unknown): number {
  const [a, b] = [left, right].map((message) => String((Object(message) as { timestamp?: unknown }).timestamp)) as [string, string]
  return Date.parse(a) - Date.parse(b) || Number(a > b) - Number(a < b)
}

/** The body of a completion. A text that the server cannot store would fail for ever here, too. */
export function completionBody(outcome: string, summary: string | null | undefined, final: number): string {
  const clean = (text: string): string => cleanText(text)
  return JSON.stringify({
    outcome: clean(outcome),
    summary: summary == null ? null : clean(summary),
    event_count: final,
    final_sequence: final,
  })
}
