/** Acknowledges attention messages for their recipient: those that wait, then those that come. */
import { createRecent } from '../core/stream.js'
import type { SignalboxError } from '../errors.js'
import type { CcccDaemonKnowledge } from './daemon.js'
import { isRefusal } from './errors.js'
import type { CcccEventsArgs, CcccEventsOptions, CcccEventStream } from './events/types.js'
import type { CcccInboxMethods } from './inbox.js'
import type { CcccMessaging } from './messages.js'
import type { CcccEvent } from './shapes.js'
import type { CcccCallOptions } from './small-client.js'

/** Whose messages to acknowledge. */
export interface CcccAutoAckArgs {
  /** The group to watch. */
  readonly groupId: string
  /** The recipient who acknowledges; default `user`. */
  readonly actorId?: string
}

/** What happened to one attention message. */
export type CcccAutoAckOutcome =
  | { readonly type: 'acked'; readonly event: CcccEvent; readonly already: boolean }
  /** The daemon refused to acknowledge this message. The iteration goes on. */
  | { readonly type: 'failed'; readonly event: CcccEvent; readonly error: SignalboxError }

interface Parts {
  readonly daemon: CcccDaemonKnowledge
  readonly inbox: Pick<CcccInboxMethods, 'list'>
  readonly messages: Pick<CcccMessaging, 'ack'>
  events(args: CcccEventsArgs, options?: CcccEventsOptions): Promise<CcccEventStream>
}

type AutoAck = (args: CcccAutoAckArgs, options?: CcccEventsOptions) => AsyncGenerator<CcccAutoAckOutcome, void, void>

/** Ids of messages that were handled: a message may come from the inbox and from the stream. */
const REMEMBERED = 4096

export function createAutoAck({ daemon, inbox, messages, events }: Parts): AutoAck {
  return async function* autoAck({ groupId, actorId = 'user' }, options = {}) {
    const call: CcccCallOptions = options.signal ? { signal: options.signal } : {}
    await daemon.withoutModes('chat_ack', 'Answer a request_reply message with reply.', call, async () => {})
    const handled = createRecent<string>(REMEMBERED)

    const acknowledge = async (event: CcccEvent): Promise<CcccAutoAckOutcome | undefined> => {
      if (!wantsAck(event, actorId) || handled.seen(event.id)) return undefined
      try {
        const { already } = await messages.ack({ groupId, actorId, eventId: event.id }, { ...call, idempotent: true })
        return { type: 'acked', event, already }
      } catch (error) {
        if (!isRefusal(error)) throw error
        return { type: 'failed', event, error }
      }
    }
    async function* waiting(): AsyncGenerator<CcccAutoAckOutcome, void, void> {
      const { messages: unread } = await inbox.list({ groupId, actorId, by: actorId, limit: 0, kindFilter: 'chat' }, call)
      for (const event of unread) {
        const outcome = await acknowledge(event)
        if (outcome) yield outcome
      }
    }

    // The stream opens before the inbox is read, so that no message falls between the two.
    const stream = await events({ groupId, by: actorId, kinds: ['chat.message'] }, options)
    try {
      yield* waiting()
      for await (const item of stream) {
        if (item.type === 'gap') yield* waiting()
        else {
          const outcome = await acknowledge(item.event)
          if (outcome) yield outcome
        }
      }
    } finally {
      await stream.close()
    }
  }
}

/** The stream of `user` shows everybody's messages, and a broadcast asks `user` for nothing; the stream of an actor shows only its own. */
function wantsAck({ kind, data, by }: CcccEvent, actorId: string): boolean {
  if (kind !== 'chat.message' || data.priority !== 'attention' || by === actorId) return false
  return actorId !== 'user' || (Array.isArray(data.to) && data.to.includes('user'))
}
