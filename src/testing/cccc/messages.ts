/** Messages, acknowledgements and requests for a reply, in all dialects. */
import { sha256Hex } from '../../core/sha256.js'
import type { CcccEvent, Loose } from '../../cccc/shapes.js'
import { findActor } from './actors.js'
import { syncContext } from './context.js'
import { messageData } from './dialect.js'
import { scopeOf, type Handler } from './groups.js'
import { checkDeliverable, isFor, recipientsOf } from './recipients.js'
import { required, SimRefusal, text, type SimGroup, type World } from './world.js'

const INLINE_BYTES = 32_000
const REMEMBERED_LINES = 800
type Sending = 'send' | 'reply' | 'send_cross_group'
const LEGACY = ['priority', 'reply_required', 'requires_ack']
const encoder = /* @__PURE__ */ new TextEncoder()

export function findEvent(group: SimGroup, id: string): CcccEvent {
  const found = group.ledger.find((event) => event.id === id)
  if (!found) throw new SimRefusal('event_not_found', `event not found: ${id}`)
  return found
}

function checkMode(world: World, op: Sending, args: Loose): void {
  if (world.dialect !== 'C') {
    const priority = text(args, 'priority', 'normal')
    if (priority !== 'normal' && priority !== 'attention') {
      throw new SimRefusal('invalid_priority', "priority must be 'normal' or 'attention'")
    }
    return
  }
  const fields = LEGACY.filter((key) => key in args)
  const reply = op === 'reply'
  if (fields.length > 0) {
    const message = reply
      ? 'reply accepts message_mode=send or mail; legacy delivery fields are not supported'
      : 'use message_mode; legacy priority/reply_required/requires_ack fields are not supported'
    throw new SimRefusal('unsupported_message_fields', message, { fields })
  }
  const mode = text(args, 'message_mode') || (reply ? 'send' : '')
  if (reply && !['send', 'mail'].includes(mode)) {
    throw new SimRefusal('invalid_message_mode', 'reply message_mode must be send or mail')
  }
  if (!['send', 'request_reply', 'mail'].includes(mode)) {
    throw new SimRefusal('invalid_message_mode', 'message_mode is required and must be send, request_reply, or mail')
  }
}

function checkAudience(args: Loose, to: readonly string[]): void {
  const given = Array.isArray(args.to) ? args.to.map(String) : []
  if (to.includes('user') && to.length > 1) {
    const message = 'one message cannot address user and agents together; send separate messages'
    throw new SimRefusal('mixed_recipient_kinds', message, { to: given })
  }
  if (args.message_mode === 'mail' && to.includes('user')) {
    const message = 'Mail is only available for agent Inbox recipients; use Send or Send + Reply for user'
    throw new SimRefusal('mail_requires_actor_recipient', message, { to: given })
  }
  if (args.message_mode === 'request_reply' && (given.length === 0 || to.some((token) => token.startsWith('@')))) {
    throw new SimRefusal('concrete_recipients_required', 'request_reply requires one or more explicit concrete recipients')
  }
}

function checkContent(args: Loose): void {
  const attachments = Array.isArray(args.attachments) ? args.attachments : []
  if (String(args.text ?? '').trim() === '' && attachments.length === 0) {
    throw new SimRefusal('empty_message', 'message text cannot be empty')
  }
  const [first] = attachments as { path?: string }[]
  if (first) throw new SimRefusal('invalid_attachments', `attachment not found: ${first.path ?? ''}`)
}

/** Writes the message. A long text is stored as a file of the group, and the message names the file. */
function write(world: World, group: SimGroup, by: string, scope: string, given: Loose): CcccEvent {
  const words = String(given.text ?? '')
  const bytes = encoder.encode(words)
  const event = world.append(group, { kind: 'chat.message', by, scope_key: scope, data: messageData(world.dialect, given) })
  if (bytes.byteLength > INLINE_BYTES) {
    const path = `state/ledger/blobs/chat.${event.id}.txt`
    event.data.text = `[cccc] (chat text stored at ${path})`
    event.data.attachments = [{ kind: 'text', path, bytes: bytes.byteLength, sha256: sha256Hex(bytes) }]
  }
  return event
}

/** Dialects A and B notify a running headless actor of each message. */
function notifyHeadless(world: World, group: SimGroup, event: CcccEvent, to: readonly string[]): void {
  if (world.dialect === 'C') return
  for (const actor of group.actors) {
    if (actor.id === event.by || actor.runner !== 'headless' || !actor.running || !isFor(group, to, actor.id)) continue
    const data = {
      kind: 'info',
      priority: 'high',
      title: `New message from ${event.by}`,
      message: '',
      target_actor_id: actor.id,
      context: { event_id: event.id },
      requires_ack: false,
      related_event_id: event.id,
    }
    world.append(group, { kind: 'system.notify', by: 'system', data })
  }
}

function sender(world: World, group: SimGroup, by: string): Loose {
  const actor = world.dialect === 'C' ? findActor(group, by) : undefined
  return actor ? { sender_title: actor.title || null, sender_runtime: actor.runtime } : {}
}

function replayOf(world: World, group: SimGroup, by: string, args: Loose): Loose | undefined {
  const id = text(args, 'client_id')
  if (world.dialect !== 'C' || id === '') return undefined
  const known = group.ledger.slice(-REMEMBERED_LINES).find((event) => event.by === by && event.data.client_id === id)
  if (!known) return undefined
  const head = { event: known, event_id: known.id, message_mode: known.data.message_mode }
  const task = { task_id: '', task_ref: null }
  return { ...head, ...task, replayed: true, task_created: false, message_sent: true, partial_failure: false }
}

function send(world: World, args: Loose): Loose {
  const group = world.group(args)
  const by = text(args, 'by') || 'user'
  checkMode(world, 'send', args)
  checkContent(args)
  const replay = replayOf(world, group, by, args)
  if (replay) return replay
  const to = recipientsOf(group, args)
  if (world.dialect === 'C') checkAudience(args, to)
  const scope = scopeOf(group, args, 'cccc attach <path> --group <id>')
  checkDeliverable(world, group, to, by)
  const event = write(world, group, by, scope, { ...args, to, ...sender(world, group, by) })
  notifyHeadless(world, group, event, to)
  return world.dialect === 'C' ? { event, message_mode: args.message_mode } : { event }
}

function reply(world: World, args: Loose): Loose {
  const group = world.group(args)
  const by = text(args, 'by') || 'user'
  checkMode(world, 'reply', args)
  if (text(args, 'reply_to') === '') throw new SimRefusal('missing_reply_to', 'missing reply_to event_id')
  const original = findEvent(group, text(args, 'reply_to'))
  checkContent(args)
  const replay = replayOf(world, group, by, args)
  if (replay) return replay
  const own = original.by === by
  const answered = own ? (original.data.to as string[]) : [original.by]
  const to = Array.isArray(args.to) && args.to.length > 0 ? recipientsOf(group, args) : answered
  checkDeliverable(world, group, to, by)
  const quote = String(original.data.text ?? '').slice(0, 100)
  const given = { ...args, to, quote_text: quote, ...sender(world, group, by) }
  const event = write(world, group, by, group.activeScope, given)
  notifyHeadless(world, group, event, to)
  if (world.dialect === 'C') {
    const details = { group_id: group.id, remote_group_id: '', remote_peer_id: '', source_platform: '' }
    const message = 'no active Group Bridge route found for reply source'
    const error = { code: 'group_bridge_reply_route_not_found', message, details }
    return { event, message_mode: text(args, 'message_mode') || 'send', group_bridge_reply: { error } }
  }
  return { event, ack_event: acknowledge(world, group, original, by) }
}

function sendCrossGroup(world: World, args: Loose): Loose {
  const group = world.group(args)
  const by = text(args, 'by') || 'user'
  const target = text(args, 'dst_group_id')
  checkMode(world, 'send_cross_group', args)
  if (target === group.id) throw new SimRefusal('invalid_dst_group_id', 'dst_group_id must be different from group_id')
  const other = world.groups.get(target)
  if (!other) {
    const hint = `dst_group_id must be the real group id. Try cccc_group(action="resolve", token="${target}") first; use the returned unique real group_id. Do not use #token/title as dst_group_id.`
    throw new SimRefusal('group_not_found', `group not found: ${target}${world.dialect === 'C' ? `. ${hint}` : ''}`)
  }
  if (Array.isArray(args.attachments) && args.attachments.length > 0) {
    throw new SimRefusal('attachments_not_supported', 'attachments are not supported across groups')
  }
  checkContent(args)
  const to = recipientsOf(other, args)
  if (world.dialect === 'C') checkAudience(args, to)
  checkDeliverable(world, other, to, by)
  const mode = args.message_mode ?? null
  const source = { ...args, to: ['user'], dst_group_id: other.id, dst_to: to, message_mode: 'send', dst_message_mode: mode }
  const src_event = write(world, group, by, group.activeScope, source)
  const client_id = world.dialect === 'C' ? `cross_group:${src_event.id}:${other.id}` : null
  const copy = { ...args, to, client_id, dst_group_id: null, src_group_id: group.id, src_event_id: src_event.id }
  const dst_event = write(world, other, by, other.activeScope, copy)
  return { src_event, dst_event }
}

const wantsAck = ({ kind, data }: CcccEvent): boolean => kind === 'chat.message' && data.priority === 'attention'

/** The acknowledgement for a reply or a read mark. Null if the message asks for none. */
export function acknowledge(world: World, group: SimGroup, event: CcccEvent, by: string): CcccEvent | null {
  const key = `${by} ${event.id}`
  if (!wantsAck(event) || event.by === by || !isFor(group, event.data.to as string[], by) || group.acked.has(key)) return null
  group.acked.add(key)
  return world.append(group, { kind: 'chat.ack', by, data: { actor_id: by, event_id: event.id } })
}

function chatAck(world: World, args: Loose): Loose {
  required(args, 'group_id', 'actor_id', 'event_id')
  const actorId = text(args, 'actor_id')
  if ((text(args, 'by') || 'user') !== actorId) {
    throw new SimRefusal('permission_denied', 'ack must be performed by the recipient (by must equal actor_id)')
  }
  const group = world.group(args)
  if (actorId !== 'user' && !findActor(group, actorId)) throw new SimRefusal('unknown_actor', `unknown actor: ${actorId}`)
  const event = findEvent(group, text(args, 'event_id'))
  if (event.kind !== 'chat.message') throw new SimRefusal('invalid_event_kind', 'event is not a chat.message')
  if (event.by === actorId) throw new SimRefusal('cannot_ack_own_message', 'cannot acknowledge your own message')
  if (!wantsAck(event)) throw new SimRefusal('not_an_attention_message', 'message priority is not attention')
  if (!isFor(group, event.data.to as string[], actorId)) {
    throw new SimRefusal('event_not_for_actor', `event is not addressed to actor: ${actorId}`)
  }
  const made = acknowledge(world, group, event, actorId)
  return { acked: true, already: made === null, event: made }
}

function systemNotify(world: World, args: Loose): Loose {
  const group = world.group(args)
  if (world.dialect === 'C' && 'requires_ack' in args) {
    throw new SimRefusal('unsupported_notify_field', 'system notifications do not support generic acknowledgement')
  }
  const target = text(args, 'target_actor_id') || null
  const head = { kind: text(args, 'kind') || 'info', priority: text(args, 'priority') || 'normal', title: text(args, 'title') }
  const body = { ...head, message: text(args, 'message'), target_actor_id: target }
  const data =
    world.dialect === 'C'
      ? { ...body, im_visibility: 'internal', context: args.context ?? {}, related_event_id: null }
      : { ...body, context: args.context ?? {}, requires_ack: args.requires_ack === true, related_event_id: null }
  return { event: world.append(group, { kind: 'system.notify', by: text(args, 'by') || 'system', data }) }
}

function notifyAck(world: World, args: Loose): Loose {
  const group = world.group(args)
  required(args, 'actor_id', 'notify_event_id')
  const event = findEvent(group, text(args, 'notify_event_id'))
  if (event.kind !== 'system.notify') throw new SimRefusal('invalid_event_kind', 'event is not a system.notify')
  const data = { notify_event_id: event.id, actor_id: text(args, 'actor_id') }
  return { event: world.append(group, { kind: 'system.notify_ack', by: text(args, 'by') || 'user', data }) }
}

function replyRequestCancel(world: World, args: Loose): Loose {
  const group = world.group(args)
  const source = findEvent(group, text(args, 'source_event_id'))
  if (source.data.message_mode !== 'request_reply') {
    throw new SimRefusal('not_a_reply_request', 'source message does not request a reply')
  }
  const propagation = { state: 'not_applicable' }
  const known = group.cancelled.get(source.id)
  if (known) return { event: known, already: true, propagation }
  const data = { source_event_id: source.id, src_group_id: '', src_event_id: '', src_message_event_id: '' }
  const event = world.append(group, { kind: 'chat.reply_request.cancelled', by: text(args, 'by') || 'user', data })
  group.cancelled.set(source.id, event)
  return { event, already: false, propagation }
}

function streamEmit(world: World, args: Loose): Loose {
  const group = world.group(args)
  required(args, 'by')
  const step = text(args, 'op')
  if (!['start', 'update', 'end'].includes(step)) throw new SimRefusal('invalid_op', 'op must be one of: start, update, end')
  if (step !== 'start' && text(args, 'stream_id') === '') throw new SimRefusal('missing_stream_id', 'missing stream_id')
  const stream_id = step === 'start' ? world.hex(32) : text(args, 'stream_id')
  const data = {
    stream_id,
    op: step,
    mode: 'snapshot',
    text: String(args.text ?? ''),
    format: text(args, 'format') || 'plain',
    seq: typeof args.seq === 'number' ? args.seq : 0,
    to: args.to ?? [],
    reply_to: args.reply_to ?? null,
    client_id: args.client_id ?? null,
  }
  return {
    event: world.append(group, { kind: 'chat.stream', by: text(args, 'by'), scope_key: group.activeScope, data }),
    stream_id,
  }
}

function trackedSend(world: World, args: Loose): Loose {
  const group = world.group(args)
  required(args, 'title', 'text')
  const by = text(args, 'by') || 'user'
  const key = `tracked-send:${sha256Hex(text(args, 'idempotency_key') || world.hex(32)).slice(0, 32)}`
  const known = group.ledger.slice(-REMEMBERED_LINES).find((event) => event.by === by && event.data.client_id === key)
  if (known) {
    const [ref] = known.data.refs as Loose[]
    const head = { event: known, event_id: known.id, message_mode: 'send', task_id: ref?.task_id ?? '', task_ref: ref ?? null }
    return { ...head, replayed: true, task_created: false, message_sent: true, partial_failure: false }
  }
  const context_result = syncContext(world, { ...args, ops: [{ op: 'task.create', title: args.title, outcome: args.text }] })
  const [change] = context_result.changes as Loose[]
  const task_id = change?.task_id
  const task_ref = { kind: 'task_ref', task_id, title: args.title, status: 'planned', waiting_on: 'actor' }
  const { event } = send(world, { ...args, message_mode: 'send', client_id: key, refs: [task_ref] }) as { event: CcccEvent }
  const head = { task_id, task_ref, context_result, event, event_id: event.id, message_mode: 'send' }
  return { ...head, task_created: true, message_sent: true, partial_failure: false, replayed: false }
}

export const MESSAGE_OPS: Readonly<Record<string, Handler>> = {
  send: (args, world) => send(world, args),
  reply: (args, world) => reply(world, args),
  send_cross_group: (args, world) => sendCrossGroup(world, args),
  chat_ack: (args, world) => chatAck(world, args),
  system_notify: (args, world) => systemNotify(world, args),
  notify_ack: (args, world) => notifyAck(world, args),
  reply_request_cancel: (args, world) => replyRequestCancel(world, args),
  tracked_send: (args, world) => trackedSend(world, args),
  stream_emit: (args, world) => streamEmit(world, args),
}
