/** One request with the caller's own events, past the outbox. */
import type { CallOptions } from '../../core/call.js'
import { invalid, wrongAddress } from '../errors.js'
import type { CollectorEvent } from '../events.js'
import type { OutboxHost } from './types.js'
import { hex } from '../random.js'
import { eventsResponse, isReceipt, type EventsResponse } from '../schema.js'
import { checkSessionId } from '../session-id.js'
import { eventsBody, numbered, prepareEvent } from './prepare.js'
import { MAX_EVENTS } from './send-state.js'

export function createSendEvents({ direct, check, clock, report }: OutboxHost) {
  const op = 'sendEvents'
  return async (sessionId: string, events: readonly CollectorEvent[], options?: CallOptions): Promise<EventsResponse> => {
    checkSessionId(sessionId)
    const count = events.length
    if (count < 1 || count > MAX_EVENTS) {
      throw invalid(`${op} takes 1 to ${MAX_EVENTS} events, not ${count}.`, 'A session splits larger batches itself.')
    }
    const seen: string[] = []
    const texts = events.map(async (event) => {
      const { type, replacements, hash, text, ...prepared } = prepareEvent(event, clock.now())
      const identity = prepared.identity()
      if (replacements.length > 0) report({ type: 'sanitized', sessionId, event: type, replacements })
      // Two equal events in one request are two events, also when the request is repeated.
      const nth = seen.filter((other) => other === identity).length
      seen.push(identity)
      const own = text(hash ?? (await contentHash(`${sessionId}\n${nth}\n${identity}`)))
      return event.sequence === undefined ? own : numbered(own, event.sequence)
    })
    const body = eventsBody(sessionId, await Promise.all(texts))
    const answer = await direct({ op, path: '/collectors/events', body, args: { sessionId, events: count } }, options)
    // Without a receipt the answer comes from another server.
    if (!isReceipt(answer)) throw wrongAddress(op, 'no conversation_id', { sent: 'maybe' })
    return check(op, eventsResponse, answer)
  }
}

/** Equal events get equal hashes, so that a caller may repeat a call. Undefined in a page without https: then the server makes the hash. */
async function contentHash(text: string): Promise<string | undefined> {
  const digest = await (crypto.subtle as SubtleCrypto | undefined)?.digest('SHA-256', new TextEncoder().encode(text))
  return digest && hex(new Uint8Array(digest, 0, 16))
}
