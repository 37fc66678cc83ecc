/** Unread messages: by a watermark on dialects A and B, mail and history on C. */
import type { CcccEvent, Loose } from '../../cccc/shapes.js'
import { findActor, roleOf } from './actors.js'
import type { Handler } from './groups.js'
import { acknowledge, findEvent } from './messages.js'
import { isFor } from './recipients.js'
import { required, SimRefusal, text, type SimCursor, type SimGroup, type World } from './world.js'

function mayRead(group: SimGroup, actorId: string, by: string): void {
  if (by === 'user' || by === actorId) return
  if (!findActor(group, by)) throw new SimRefusal('permission_denied', `unknown actor: ${by}`)
  if (roleOf(group, by) === 'foreman') return
  throw new SimRefusal('permission_denied', `permission denied: ${by} cannot access inbox of ${actorId}`)
}

function asked(world: World, args: Loose): { group: SimGroup; actorId: string; by: string } {
  required(args, 'group_id', 'actor_id')
  const group = world.group(args)
  const actorId = text(args, 'actor_id')
  const by = text(args, 'by') || 'user'
  mayRead(group, actorId, by)
  return { group, actorId, by }
}

function concerns(group: SimGroup, { kind, by, data, ts }: CcccEvent, actorId: string): boolean {
  const actor = findActor(group, actorId)
  if (actorId !== 'user' && (!actor || ts < actor.createdAt)) return false
  if (kind === 'system.notify') return actorId !== 'user' && (data.target_actor_id === null || data.target_actor_id === actorId)
  return kind === 'chat.message' && by !== actorId && isFor(group, data.to as string[], actorId)
}

const NONE = { event_id: '', ts: '' }

function cursorOf(group: SimGroup, actorId: string): SimCursor {
  return actorId === 'user' ? group.humanCursor : (findActor(group, actorId)?.cursor ?? NONE)
}

function unread(group: SimGroup, actorId: string, filter: string): CcccEvent[] {
  const { ts } = cursorOf(group, actorId)
  const kinds: Readonly<Record<string, string>> = { chat: 'chat.message', notify: 'system.notify' }
  const only = kinds[filter]
  return group.ledger.filter((event) => event.ts > ts && (!only || event.kind === only) && concerns(group, event, actorId))
}

/** Moves the watermark forward, never back. */
function markUpTo(world: World, group: SimGroup, actorId: string, event: CcccEvent): SimCursor & { updated_at: string } {
  const known = cursorOf(group, actorId)
  const next = event.ts > known.ts ? { event_id: event.id, ts: event.ts } : known
  const actor = findActor(group, actorId)
  if (actor) actor.cursor = next
  else if (actorId === 'user') group.humanCursor = next
  return { ...next, updated_at: world.now() }
}

function markRead(world: World, args: Loose): Loose {
  const { group, actorId, by } = asked(world, args)
  required(args, 'event_id')
  const event = findEvent(group, text(args, 'event_id'))
  if (!concerns(group, event, actorId)) throw new SimRefusal('event_not_for_actor', `event is not addressed to actor: ${actorId}`)
  const cursor = markUpTo(world, group, actorId, event)
  const read = world.append(group, { kind: 'chat.read', by, data: { actor_id: actorId, event_id: event.id } })
  return { cursor, event: read, ack_event: by === actorId ? acknowledge(world, group, event, by) : null }
}

function markAllRead(world: World, args: Loose): Loose {
  const { group, actorId, by } = asked(world, args)
  const last = unread(group, actorId, text(args, 'kind_filter')).at(-1)
  if (!last) return { cursor: cursorOf(group, actorId), event: null }
  const cursor = markUpTo(world, group, actorId, last)
  return { cursor, event: world.append(group, { kind: 'chat.read', by, data: { actor_id: actorId, event_id: last.id } }) }
}

function mail(world: World, args: Loose, take: boolean): Loose {
  const { group, actorId, by } = asked(world, args)
  if (actorId === 'user') throw new SimRefusal('invalid_inbox_recipient', 'Inbox is only available for agents')
  const limit = args.limit ?? 50
  if (typeof limit !== 'number' || !Number.isInteger(limit) || limit < 1 || limit > 200) {
    throw new SimRefusal('invalid_limit', 'limit must be an integer between 1 and 200')
  }
  const actor = findActor(group, actorId)
  if (!actor) throw new SimRefusal('actor_not_found', `actor not found: ${actorId}`)
  const waiting = group.ledger.filter(
    (event) => event.data.message_mode === 'mail' && concerns(group, event, actorId) && !actor.readMail.has(event.id),
  )
  const messages = waiting.slice(0, limit)
  if (!take) return { messages, cursor: cursorOf(group, actorId) }
  const last = messages.at(-1)
  if (!last) return { messages, cursor: cursorOf(group, actorId), event: null }
  for (const { id } of messages) actor.readMail.add(id)
  const cursor = markUpTo(world, group, actorId, last)
  actor.cursor = cursor
  return { messages, cursor, event: world.append(group, { kind: 'mail.read', by, data: { actor_id: actorId, event_id: last.id } }) }
}

function history(world: World, args: Loose): Loose {
  const { group, actorId } = asked(world, args)
  const limit = args.limit ?? 50
  if (typeof limit !== 'number' || !Number.isInteger(limit) || limit < 1 || limit > 100) {
    throw new SimRefusal('invalid_limit', 'limit must be an integer between 1 and 100')
  }
  const mode = text(args, 'mode') || 'all'
  const all = group.ledger.filter(
    (event) =>
      event.kind === 'chat.message' &&
      (mode === 'all' || event.data.message_mode === mode) &&
      (event.by === actorId || concerns(group, event, actorId)),
  )
  const before = text(args, 'before_event_id')
  const end =
    before === ''
      ? all.length
      : Math.max(
          0,
          all.findIndex(({ id }) => id === before),
        )
  const start = Math.max(0, end - limit)
  return { messages: all.slice(start, end).reverse(), has_more: start > 0 }
}

export const INBOX_OPS: Readonly<Record<string, Handler>> = {
  inbox_list(args, world) {
    const { group, actorId } = asked(world, args)
    const limit = typeof args.limit === 'number' ? args.limit : 50
    const found = unread(group, actorId, text(args, 'kind_filter'))
    return { messages: limit > 0 ? found.slice(0, limit) : found, cursor: cursorOf(group, actorId) }
  },
  inbox_mark_read: (args, world) => markRead(world, args),
  inbox_mark_all_read: (args, world) => markAllRead(world, args),
  inbox_peek: (args, world) => mail(world, args, false),
  inbox_read: (args, world) => mail(world, args, true),
  message_history: (args, world) => history(world, args),
}
