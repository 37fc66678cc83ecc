/** Records of a CCCC ledger as events. */
import type { CcccEvent } from '../../cccc/index.js'
import type { SourceBody } from './emitter.js'

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)

/** One record, without its turn. The agent is chosen by the source: the actor that speaks, or the group. */
export function ccccBody(event: CcccEvent): SourceBody {
  const { id, ts: reportedAt, kind, by, data } = event
  const place = { reportedAt, raw: event }
  switch (kind) {
    case 'chat.message': {
      const to = Array.isArray(data.to) ? data.to.filter((each): each is string => typeof each === 'string') : undefined
      const replyTo = text(data.reply_to)
      return {
        ...place,
        kind: 'message',
        id,
        role: isActor(by) ? 'agent' : 'user',
        text: text(data.text) ?? '',
        how: 'replace',
        partial: false,
        from: by,
        ...(to === undefined ? {} : { to }),
        ...(replyTo === undefined ? {} : { replyTo }),
      }
    }
    case 'chat.ack':
      return {
        ...place,
        kind: 'delivery',
        messageId: text(data.event_id) ?? '',
        to: text(data.actor_id) ?? by,
        state: 'acknowledged',
      }
    case 'chat.read':
    case 'mail.read':
      return { ...place, kind: 'delivery', messageId: text(data.event_id) ?? '', to: text(data.actor_id) ?? by, state: 'read' }
    case 'system.notify': {
      const level = data.kind === 'error' ? 'error' : data.priority === 'urgent' || data.priority === 'high' ? 'warning' : 'info'
      const notice = [text(data.title), text(data.message)].filter((each) => each !== undefined).join(': ')
      return { ...place, kind: 'notice', level, text: notice }
    }
    default:
      return { ...place, kind: 'unknown', name: kind }
  }
}

/** Every author is an actor, except people and the daemon itself. */
export const isActor = (by: string): boolean => by !== 'user' && by !== 'system' && by !== 'cli' && by !== ''

/** The event that a reply answers. */
export const replyToOf = (event: CcccEvent): string | undefined =>
  event.kind === 'chat.message' ? text(event.data.reply_to) : undefined

/** The text of a message. */
export const ccccTextOf = (event: CcccEvent): string => text(event.data.text) ?? ''
