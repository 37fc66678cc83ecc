/** The requests that the outbox makes for one session. */
import { SignalboxError } from '../../errors.js'
import type { Delivery, OutboxItem } from '../../store/outbox/types.js'
import { FOREIGN_SESSION } from '../errors.js'
import type { Http } from '../http.js'
import type { SessionStatusResponse } from '../schema.js'
import { sessionPath } from '../session-id.js'
import { eventsBody } from './prepare.js'

export interface Requests {
  /** Null: the server has no such session. Undefined: other credentials began it; it takes our events, and its status is refused. */
  status(delivery: Delivery): Promise<SessionStatusResponse | null | undefined>
  postEvents(op: string, delivery: Delivery, events: readonly string[], keepalive?: boolean): Promise<unknown>
  complete(delivery: Delivery, body: string): Promise<unknown>
}

export function createRequests(http: Http, timeoutMs: number): Requests {
  const callOptions = ({ signal }: Delivery) => ({ signal, timeoutMs })
  return {
    async status(delivery) {
      try {
        const spec = { op: 'getSessionStatus', path: sessionPath(delivery.queue) }
        return (await http(spec, callOptions(delivery))) as SessionStatusResponse
      } catch (error) {
        if (SignalboxError.is(error, 'not_found')) return null
        if (SignalboxError.is(error) && error.remoteCode === FOREIGN_SESSION) return undefined
        throw error
      }
    },
    postEvents: (op, delivery, events, keepalive = false) =>
      http({ op, path: '/collectors/events', body: eventsBody(delivery.queue, events), keepalive }, callOptions(delivery)),
    complete: (delivery, body) =>
      http(
        { op: 'completeSession', path: `${sessionPath(delivery.queue)}/complete`, body, idempotent: true },
        callOptions(delivery),
      ),
  }
}

/** The bytes of requests that may outlive a page in a browser, all requests together, less a little for the headers. */
export const KEEPALIVE_BYTES = 60_000

/** Says for each request whether it may outlive the page. The others are sent all the same: the page may only be hidden. */
export function createKeepaliveQuota(): <T>(items: readonly OutboxItem[], send: (keepalive: boolean) => Promise<T>) => Promise<T> {
  let used = 0
  return async (items, send) => {
    const bytes = items.reduce((sum, { body }) => sum + body.byteLength, 0)
    const fits = used + bytes <= KEEPALIVE_BYTES
    if (fits) used += bytes
    return await send(fits).finally(() => {
      if (fits) used -= bytes
    })
  }
}
