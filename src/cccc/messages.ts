/** Sending, in the words of the attention dialects and in those of the message modes; the client says the same thing either way. */
import type { CcccCallOptions, CcccCore } from './core.js'
import type { CcccDaemonKnowledge } from './daemon.js'
import { badArgument, isApiError, unsupported } from './errors.js'
import { expandRecipients, splitAudience } from './recipients.js'
import type { CcccDialect, CcccEvent, Loose } from './shapes.js'
import { wireArgs } from './names.js'

export type CcccMessageMode = 'send' | 'request_reply' | 'mail'

interface Common {
  readonly groupId: string
  readonly text: string
  readonly by?: string
  /** Actor ids, unique titles, `@all`, `@peers`, `@foreman`, `user`. Left out or empty: mentions in the text, then the group's default. */
  readonly to?: readonly string[]
  /** `attention` asks for an acknowledgement, where the daemon has them (dialects A and B). */
  readonly priority?: 'normal' | 'attention'
  /** A reply is expected. Needs known recipients on dialect C. */
  readonly replyRequired?: boolean
  /** Dialect C's own words, in place of priority and replyRequired. */
  readonly messageMode?: CcccMessageMode
  /** Stored with the event. Newer daemons answer a second send with the same id by the first one's event. */
  readonly clientId?: string
  readonly attachments?: readonly Loose[]
  readonly refs?: readonly Loose[]
  readonly insight?: string
  readonly requirePeerInsight?: boolean
}

export interface CcccSendArgs extends Common {
  /** An absolute path inside an attached scope. */
  readonly path?: string
  readonly srcGroupId?: string
  readonly srcEventId?: string
}
export interface CcccReplyArgs extends Common {
  readonly replyTo: string
}
export interface CcccCrossGroupArgs extends Common {
  readonly dstGroupId: string
}

/** What was asked for and this daemon cannot express; the message went out without it. */
export type CcccDropped = 'attention'

interface Sent {
  readonly dialect: CcccDialect
  readonly dropped: readonly CcccDropped[]
  readonly [key: string]: unknown
}
export interface CcccSendResult extends Sent {
  readonly event: CcccEvent
  /** More than one where dialect C had to send to people and agents apart. */
  readonly events: readonly CcccEvent[]
  /** The daemon already had this client id and gave the event of then. */
  readonly replayed: boolean
}
export interface CcccReplyResult extends Sent {
  readonly event: CcccEvent
  /** The acknowledgement that came with the reply to an attention message. */
  readonly ack_event?: CcccEvent | null
}
export interface CcccCrossGroupResult extends Sent {
  readonly src_event: CcccEvent
  readonly dst_event: CcccEvent
}

export interface CcccMessaging {
  send(args: CcccSendArgs, options?: CcccCallOptions): Promise<CcccSendResult>
  reply(args: CcccReplyArgs, options?: CcccCallOptions): Promise<CcccReplyResult>
  sendCrossGroup(args: CcccCrossGroupArgs, options?: CcccCallOptions): Promise<CcccCrossGroupResult>
  /** Acknowledges an attention message, as its recipient. */
  ack(
    args: { groupId: string; actorId: string; eventId: string; by?: string },
    options?: CcccCallOptions,
  ): Promise<{ acked: boolean; already: boolean; event: CcccEvent | null }>
  ackNotification(
    args: { groupId: string; actorId: string; notifyEventId: string; by?: string },
    options?: CcccCallOptions,
  ): Promise<{ event: CcccEvent }>
}

type Op = 'send' | 'reply' | 'send_cross_group'

export function createMessaging(core: CcccCore, daemon: CcccDaemonKnowledge): CcccMessaging {
  /** Repeats a call once when the daemon's refusal shows that another dialect is spoken than was known; a refusal had no effect. */
  const inDialect = async <Result>(options: CcccCallOptions | undefined, run: (dialect: CcccDialect) => Promise<Result>) => {
    try {
      return await run(await daemon.dialect(options))
    } catch (error) {
      if (!isApiError(error, 'unknown_op', 'unsupported_message_fields', 'invalid_message_mode')) throw error
      const before = await daemon.dialect(options)
      const { dialect } = await daemon.get({ ...options, fresh: true })
      if (dialect === before) throw error
      return run(dialect)
    }
  }

  const withAttention = (op: Op, args: Common): Loose => {
    const { messageMode, priority = 'normal', replyRequired, insight: _, requirePeerInsight: __, ...rest } = args
    if (messageMode === 'mail') {
      throw unsupported(op, 'This daemon has no mail.', 'Leave messageMode out, or use a daemon of the message-mode dialect.')
    }
    return wireArgs({
      ...rest,
      by: args.by ?? core.principal,
      priority,
      replyRequired: replyRequired ?? messageMode === 'request_reply',
    })
  }

  const withMode = async (op: Op, args: Common, options: CcccCallOptions | undefined): Promise<Loose> => {
    const { messageMode, priority: _, replyRequired, to, ...rest } = args
    const by = args.by ?? core.principal
    const mode = messageMode ?? (replyRequired && op !== 'reply' ? 'request_reply' : 'send')
    const groupId = op === 'send_cross_group' ? (args as CcccCrossGroupArgs).dstGroupId : args.groupId
    const recipients = mode === 'request_reply' ? await expandRecipients(core, op, groupId, by, to, options) : to
    return wireArgs({ ...rest, by, to: recipients, messageMode: mode })
  }

  const droppedOn = (dialect: CcccDialect, args: Common): CcccDropped[] =>
    dialect === 'C' && args.priority === 'attention' ? ['attention'] : []

  /** With a client id the daemon may be asked twice, where it remembers them. */
  const repeatable = async (args: Common, options: CcccCallOptions | undefined): Promise<CcccCallOptions> => {
    const safe = args.clientId !== undefined && options?.idempotent === undefined && (await daemon.get(options)).dedupesClientIds
    return safe ? { ...options, idempotent: true } : { ...options }
  }

  const one = async (op: Op, args: Common, dialect: CcccDialect, options: CcccCallOptions | undefined): Promise<Loose> => {
    const wire = dialect === 'C' ? await withMode(op, args, options) : withAttention(op, args)
    return core.call(op as string, wire, await repeatable(args, options))
  }

  const sendTo = async (
    args: CcccSendArgs,
    dialect: CcccDialect,
    options: CcccCallOptions | undefined,
  ): Promise<CcccSendResult> => {
    const audiences = dialect === 'C' ? splitAudience(args) : [args]
    const results: Loose[] = []
    for (const audience of audiences) results.push(await one('send', audience, dialect, options))
    const events = results.map(({ event }) => event as CcccEvent)
    // Two daemons, two words for it.
    const replayed = results.some((result) => result.replayed === true || result.duplicate === true)
    return { ...results[0], event: events[0] as CcccEvent, events, dialect, replayed, dropped: droppedOn(dialect, args) }
  }

  const refuse = async (op: string, instead: string, options: CcccCallOptions | undefined): Promise<void> => {
    if ((await daemon.dialect(options)) !== 'C') return
    throw unsupported(op, `This daemon has no ${op}: its messages carry modes, not acknowledgements.`, instead)
  }

  return {
    send: (args, options) => inDialect(options, (dialect) => sendTo(args, dialect, options)),
    reply: (args, options) =>
      inDialect(options, async (dialect) => ({
        ...((await one('reply', args, dialect, options)) as { event: CcccEvent }),
        dialect,
        dropped: droppedOn(dialect, args),
      })),
    async sendCrossGroup(args, options) {
      if (args.dstGroupId === args.groupId) {
        throw badArgument('send_cross_group', 'The two groups are the same.', 'Use send for a message inside a group.')
      }
      return inDialect(options, async (dialect) => ({
        ...((await one('send_cross_group', args, dialect, options)) as { src_event: CcccEvent; dst_event: CcccEvent }),
        dialect,
        dropped: droppedOn(dialect, args),
      }))
    },
    async ack({ groupId, actorId, eventId, by = actorId }, options) {
      await refuse('chat_ack', 'Answer a request_reply message with reply.', options)
      const result = await core.call('chat_ack', { group_id: groupId, actor_id: actorId, event_id: eventId, by }, options)
      return result as { acked: boolean; already: boolean; event: CcccEvent | null }
    },
    async ackNotification({ groupId, actorId, notifyEventId, by = actorId }, options) {
      await refuse('notify_ack', 'Notifications need no answer there.', options)
      const args = { group_id: groupId, actor_id: actorId, notify_event_id: notifyEventId, by }
      return (await core.call('notify_ack', args, options)) as { event: CcccEvent }
    },
  }
}
