/** Calls that go straight to the server, past the queue: what became of a session, its end, and what is kept of it. */
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

export interface CompleteOptions extends CallOptions {
  /** Default `success`. */
  readonly outcome?: Outcome | (string & {})
  readonly summary?: string
  /** The number of the session's last event. Older servers demand it; default: what the server itself says was the last. */
  readonly finalSequence?: number
}

export interface ReadOptions extends CallOptions {
  /** Default: the client's. */
  readonly workspaceId?: string
}

export interface Direct {
  /** Null when the server has nothing of this session. */
  getSessionStatus(sessionId: string, options?: CallOptions): Promise<schema.SessionStatusResponse | null>
  completeSession(sessionId: string, options?: CompleteOptions): Promise<schema.SessionCompleteResponse>
  /** A conversation as the server keeps it, its messages sorted by time. Null when there is none. Needs a workspace. */
  getConversation(conversationId: string, options?: ReadOptions): Promise<schema.Conversation | null>
  /** The same by the session's id. */
  readSession(sessionId: string, options?: ReadOptions): Promise<schema.Conversation | null>
  health(options?: CallOptions): Promise<schema.Health>
}

/** Holds an answer to its schema, as the client's `validate` says. */
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
      // Delivered as it is: what is broken was reported.
      if (!Array.isArray(messages)) return found
      // Inside a batch the server gives no order; the moment is the only thing to go by.
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

/** Of one millisecond the text tells the microseconds, which a Date does not hold; of one moment the order stays. */
function byMoment(one: unknown, other: unknown): number {
  const [a, b] = [one, other].map((message) => String((Object(message) as { timestamp?: unknown }).timestamp)) as [string, string]
  return Date.parse(a) - Date.parse(b) || Number(a > b) - Number(a < b)
}

/** What the server cannot store would be refused for ever here too. */
export function completionBody(outcome: string, summary: string | null | undefined, final: number): string {
  const clean = (text: string): string => cleanText(text)
  return JSON.stringify({
    outcome: clean(outcome),
    summary: summary == null ? null : clean(summary),
    event_count: final,
    final_sequence: final,
  })
}
