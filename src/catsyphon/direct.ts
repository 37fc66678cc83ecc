/** Calls that go straight to the server, past the queue. */
import * as z from 'zod/mini'
import type { CallOptions } from '../core/call.js'
import type { Clock } from '../core/clock.js'
import { SignalboxError } from '../errors.js'
import { failure, invalid, wrongAddress } from './errors.js'
import type { CollectorEvent, Outcome } from './events.js'
import type { Http, RequestSpec } from './http.js'
import { eventsBody, numbered, prepareEvent } from './prepare.js'
import { hex } from './random.js'
import type { CatsyphonEvent } from './report.js'
import { cleanText } from './sanitize.js'
import * as schema from './schema.js'
import { checkSessionId, sessionPath } from './session-id.js'

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
  /**
   * One request with these events, past the queue; the server's own answer comes back. Not repeated once it may have arrived: for that
   * there is the queue. For older servers each event needs its `sequence`.
   */
  sendEvents(sessionId: string, events: readonly CollectorEvent[], options?: CallOptions): Promise<schema.EventsResponse>
  /** Null when the server has nothing of this session. */
  getSessionStatus(sessionId: string, options?: CallOptions): Promise<schema.SessionStatusResponse | null>
  completeSession(sessionId: string, options?: CompleteOptions): Promise<schema.SessionCompleteResponse>
  /** A conversation as the server keeps it, its messages sorted by time. Null when there is none. Needs a workspace. */
  getConversation(conversationId: string, options?: ReadOptions): Promise<schema.Conversation | null>
  /** The same by the session's id. */
  readSession(sessionId: string, options?: ReadOptions): Promise<schema.Conversation | null>
  health(options?: CallOptions): Promise<schema.Health>
}

export interface DirectOptions {
  readonly http: Http
  readonly clock: Clock
  readonly validate?: 'strict' | 'warn' | 'off'
  readonly report: (event: CatsyphonEvent) => void
  readonly workspaceId?: string
}

export function createDirect({ http, clock, validate = 'warn', report, workspaceId: own }: DirectOptions): Direct {
  const ask = async <Result>(shape: z.ZodMiniType<Result>, spec: RequestSpec, options?: CallOptions): Promise<Result> => {
    const answer = await http(spec, options)
    const { op } = spec
    // Without it this is some other server that says yes to everything.
    if (op === 'sendEvents' && !schema.isReceipt(answer)) throw wrongAddress(op, 'no conversation_id', { sent: 'maybe' })
    const issue = validate === 'off' ? undefined : z.safeParse(shape, answer).error?.issues[0]
    if (issue) {
      const path = issue.path.join('.')
      if (validate === 'strict')
        throw failure('invalid_message', `${op}: the answer is broken at ${path || 'its root'}.`, { sent: 'yes', op })
      report({ type: 'invalid', op, path })
    }
    return answer as Result
  }
  const orNull = (error: unknown): null => {
    if (SignalboxError.is(error, 'not_found')) return null
    throw error
  }

  const direct: Direct = {
    async sendEvents(sessionId, events, options) {
      checkSessionId(sessionId)
      const count = events.length
      if (count < 1 || count > 50) throw invalid(`sendEvents takes 1 to 50 events, not ${count}.`, 'A session splits for you.')
      const seen: string[] = []
      const texts = events.map(async (event) => {
        const { type, replacements, identity, hash, text } = prepareEvent(event, clock.now())
        if (replacements.length > 0) report({ type: 'sanitized', sessionId, event: type, replacements })
        // Two alike in one request are two, also when it is repeated.
        const nth = seen.filter((other) => other === identity).length
        seen.push(identity)
        const own = text(hash ?? (await contentHash(`${sessionId}\n${nth}\n${identity}`)))
        return event.sequence === undefined ? own : numbered(own, event.sequence)
      })
      const body = eventsBody(sessionId, await Promise.all(texts))
      const spec = { op: 'sendEvents', path: '/collectors/events', body, args: { sessionId, events: count } }
      return await ask(schema.eventsResponse, spec, options)
    },
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
      if (workspaceId === undefined)
        throw invalid('Reading a conversation back needs a workspaceId.', 'Give it to the client or to the call.')
      const path = `/conversations/${encodeURIComponent(conversationId)}`
      const spec = { op: 'getConversation', path, headers: { 'x-workspace-id': workspaceId } }
      const found = await ask(schema.conversation, spec, options).catch(orNull)
      // Inside a batch the server gives no order; the moment is the only thing to go by.
      return (
        found && {
          ...found,
          messages: [...(found.messages ?? [])].sort((a, b) => Date.parse(a.timestamp) - Date.parse(b.timestamp)),
        }
      )
    },
    async readSession(sessionId, options) {
      const status = await direct.getSessionStatus(sessionId, options)
      return status && (await direct.getConversation(status.conversation_id, options))
    },
    health: (options) => ask(schema.health, { op: 'health', path: '/health' }, options),
  }
  return direct
}

/** What the server cannot store would be refused for ever here too. */
export function completionBody(outcome: string, summary: string | null | undefined, final: number): string {
  const clean = (text: string): string => cleanText(text, '', () => {})
  return JSON.stringify({
    outcome: clean(outcome),
    summary: summary == null ? null : clean(summary),
    event_count: final,
    final_sequence: final,
  })
}

/** The same events have the same hash, so that a caller may repeat a call. In a page that is not served securely the server makes its own. */
async function contentHash(text: string): Promise<string | undefined> {
  const digest = await (crypto.subtle as SubtleCrypto | undefined)?.digest('SHA-256', new TextEncoder().encode(text))
  return digest && hex(new Uint8Array(digest, 0, 16))
}
