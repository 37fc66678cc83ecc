/** Calls that go straight to the server, past the queue. */
import type { CallOptions } from '../core/call.js'
import type { Clock } from '../core/clock.js'
import { SignalboxError } from '../errors.js'
import * as z from 'zod/mini'
import { eventsBody } from './batch.js'
import { CatsyphonError, SYSTEM } from './errors.js'
import type { CollectorEvent, Outcome } from './events.js'
import type { Http } from './http.js'
import { prepareEvent } from './prepare.js'
import type { CatsyphonEvent } from './report.js'
import * as schema from './schema.js'
import { checkSessionId, sessionPath } from './session-id.js'
import { MAX_EVENTS } from './tactics.js'

export interface CompleteOptions extends CallOptions {
  /** Default `success`. */
  readonly outcome?: Outcome | (string & {})
  readonly summary?: string
  /** The number of the session's last event. Older servers demand it; default: what the server itself says was the last. */
  readonly finalSequence?: number
}

export interface Direct {
  /**
   * One request with these events, past the queue; the server's own answer comes back. Not repeated once it may have arrived: for that
   * there is the queue. For older servers each event needs its `sequence`.
   */
  sendEvents(sessionId: string, events: readonly CollectorEvent[], options?: CallOptions): Promise<schema.EventsResponse>
  /** Null when the server has nothing of this session. */
  getSessionStatus(sessionId: string, options?: CallOptions): Promise<schema.SessionStatusResponse | null>
  completeSession(sessionId: string, options?: CompleteOptions): Promise<schema.SessionCompleteResponse>
  /** A conversation as the server keeps it, its messages sorted by time. Null when there is none. Needs a workspace. */
  getConversation(
    conversationId: string,
    options?: CallOptions & { readonly workspaceId?: string },
  ): Promise<schema.Conversation | null>
  /** The same by the session's id. */
  readSession(sessionId: string, options?: CallOptions & { readonly workspaceId?: string }): Promise<schema.Conversation | null>
  health(options?: CallOptions): Promise<schema.Health>
}

export interface DirectOptions {
  readonly http: Http
  readonly clock: Clock
  readonly validate: 'strict' | 'warn' | 'off'
  readonly report: (event: CatsyphonEvent) => void
  readonly workspaceId: string | undefined
}

export function createDirect({ http, clock, validate, report, workspaceId: ownWorkspace }: DirectOptions): Direct {
  const checked = <Result>(op: string, shape: z.ZodMiniType<Result>, answer: unknown): Result => {
    if (validate === 'off') return answer as Result
    const read = z.safeParse(shape, answer)
    if (read.success) return read.data
    const path = read.error.issues[0]?.path.join('.') ?? ''
    if (validate === 'warn') {
      report({ type: 'invalid', op, path })
      return answer as Result
    }
    throw new CatsyphonError({
      code: 'invalid_message',
      message: `${op}: the answer is broken at ${path || 'its root'}.`,
      sent: 'yes',
      op,
    })
  }
  const orNull = async <Result>(work: Promise<Result>): Promise<Result | null> => {
    try {
      return await work
    } catch (error) {
      if (SignalboxError.is(error, 'not_found')) return null
      throw error
    }
  }

  const direct: Direct = {
    async sendEvents(sessionId, events, options) {
      checkSessionId(sessionId)
      if (events.length < 1 || events.length > MAX_EVENTS) {
        const message = `sendEvents takes 1 to ${MAX_EVENTS} events, not ${events.length}.`
        throw new SignalboxError({ code: 'invalid_argument', message, hint: 'A session splits for you.', system: SYSTEM })
      }
      const context = { sessionId, now: clock.now(), lastEmittedAt: 0, writer: '', keepTimes: true }
      const texts = events.map((event, index) => {
        // Two alike in one batch are both stored, but alone one of them would be taken for the other.
        const prepared = prepareEvent(event, { ...context, writer: String(index) })
        if (prepared.replacements.length > 0) {
          report({ type: 'sanitized', sessionId, event: prepared.type, replacements: prepared.replacements })
        }
        return event.sequence === undefined ? prepared.text : `{"sequence":${event.sequence},${prepared.text.slice(1)}`
      })
      const body = eventsBody(sessionId, texts)
      const args = { sessionId, events: events.length }
      const answer = await http.request({ op: 'sendEvents', method: 'POST', path: '/collectors/events', body, args }, options)
      // Without it this is some other server that says yes to everything.
      if (typeof (answer as { conversation_id?: unknown } | null)?.conversation_id !== 'string') {
        const message = 'sendEvents: the answer has no conversation_id, so this is not a CatSyphon API.'
        throw new CatsyphonError({ code: 'incompatible', message, hint: 'Check the base URL.', sent: 'maybe', op: 'sendEvents' })
      }
      return checked('sendEvents', schema.eventsResponse, answer)
    },
    async getSessionStatus(sessionId, options) {
      const path = sessionPath(checkSessionId(sessionId))
      const spec = { op: 'getSessionStatus', method: 'GET', path, idempotent: true, args: { sessionId } } as const
      return await orNull(http.request(spec, options).then((answer) => checked('getSessionStatus', schema.sessionStatus, answer)))
    },
    async completeSession(sessionId, { outcome = 'success', summary, finalSequence, ...options } = {}) {
      const path = `${sessionPath(checkSessionId(sessionId))}/complete`
      const final = finalSequence ?? (await direct.getSessionStatus(sessionId, options))?.last_sequence ?? 0
      const body = JSON.stringify({ outcome, summary: summary ?? null, final_sequence: final, event_count: final })
      const spec = { op: 'completeSession', method: 'POST', path, body, idempotent: true, args: { sessionId, outcome } } as const
      return checked('completeSession', schema.completeResponse, await http.request(spec, options))
    },
    async getConversation(conversationId, { workspaceId = ownWorkspace, ...options } = {}) {
      if (workspaceId === undefined) {
        const message = 'Reading a conversation back needs a workspaceId.'
        throw new SignalboxError({
          code: 'invalid_argument',
          message,
          hint: 'Give it to the client or to the call.',
          system: SYSTEM,
        })
      }
      const path = `/conversations/${encodeURIComponent(conversationId)}`
      const headers = { 'x-workspace-id': workspaceId }
      const spec = { op: 'getConversation', method: 'GET', path, idempotent: true, authenticated: false, headers } as const
      const found = await orNull(http.request(spec, options))
      if (found === null) return null
      const conversation = checked('getConversation', schema.conversation, found)
      // Inside a batch the server gives no order; the moment is the only thing to go by.
      const messages = [...(conversation.messages ?? [])].sort((a, b) => Date.parse(a.timestamp) - Date.parse(b.timestamp))
      return { ...conversation, messages }
    },
    async readSession(sessionId, options) {
      const status = await direct.getSessionStatus(sessionId, options)
      return status && (await direct.getConversation(status.conversation_id, options))
    },
    async health(options) {
      const spec = { op: 'health', method: 'GET', path: '/health', idempotent: true, authenticated: false } as const
      return checked('health', schema.health, await http.request(spec, options))
    },
  }
  return direct
}
