/** Reads many messages with one request. */
import { createInbox, type NatsConnection } from '@nats-io/nats-core'
import type { Clock } from '../../src/core/clock.js'
import { apiError } from './failures.js'
import { Late, Nobody } from './persist.js'
import { fromDirect, type Stored } from './wire.js'

export interface Page {
  readonly messages: readonly Stored[]
  /** How many matching messages come after the last one. */
  readonly pending: number
}

export interface PageRequest {
  readonly seq: number
  readonly next_by_subj: string
  readonly batch: number
  readonly max_bytes: number
}

/** The server answers with one message each, and at last with a status. */
export function readPage(
  connection: NatsConnection,
  clock: Clock,
  label: string,
  subject: string,
  request: PageRequest,
  timeoutMs: number,
): Promise<Page> {
  return new Promise<Page>((resolve, reject) => {
    const messages: Stored[] = []
    const inbox = createInbox((connection as { readonly options?: { readonly inboxPrefix?: string } }).options?.inboxPrefix)
    const end = (settle: () => void): void => {
      timer.cancel()
      if (!subscription.isClosed()) subscription.unsubscribe()
      settle()
    }
    const subscription = connection.subscribe(inbox, {
      callback: (error, message) => {
        if (error) return end(() => reject(error))
        const { code = 0, description = '' } = message.headers ?? {}
        if (code === 0) messages.push(fromDirect(message))
        else if (code === 204) end(() => resolve({ messages, pending: Number(message.headers?.last('Nats-Num-Pending') ?? 0) }))
        else if (code === 404) end(() => resolve({ messages, pending: 0 }))
        else end(() => reject(code === 503 ? new Nobody() : apiError(label, { code, description })))
      },
    })
    const timer = clock.after(timeoutMs, () => end(() => reject(new Late())))
    connection.publish(subject, JSON.stringify(request), { reply: inbox })
  })
}
