/** Sending messages. Dialects A and B have priorities and acknowledgements, C has message modes; the methods take both forms on each. */
import { SignalboxError, withFacts } from '../errors.js'
import type { CcccDaemonKnowledge } from './daemon.js'
import { badArgument, unsupported } from './errors.js'
import type { MethodCall } from './methods.js'
import { expandRecipients, splitAudience } from './recipients.js'
import { recordOr, type CcccDialect, type CcccEvent, type Loose } from './shapes.js'
import type { CcccCallOptions, CcccCore } from './small-client.js'

/** Dialect C: deliver now, deliver now and expect a reply, or put into the inbox. */
export type CcccMessageMode = 'send' | 'request_reply' | 'mail'

/** What every message takes. */
export interface CcccMessageArgs {
  /** The group of the sender. */
  readonly groupId: string
  /** The text; longer than 32,000 bytes it is stored as a file of the group. */
  readonly text: string
  /** Who sends; default: the client's principal. */
  readonly by?: string
  /** Actor ids, unique titles, `@all`, `@peers`, `@foreman`, `user`. Default: the actors mentioned in the text, else the group's default. */
  readonly to?: readonly string[]
  /** `attention` asks for an acknowledgement. Dialect C has none: see `dropped` in the result. */
  readonly priority?: 'normal' | 'attention'
  /** A reply is expected. On dialect C this is the mode `request_reply`. */
  readonly replyRequired?: boolean
  /** The mode of dialect C, in place of `priority` and `replyRequired`. On A and B `mail` is `unsupported`. */
  readonly messageMode?: CcccMessageMode
  /** Stored with the event. Some daemons answer a second send with the same id by the event of the first. */
  readonly clientId?: string
  /** Files that are in the group's blob store already. */
  readonly attachments?: readonly Loose[]
  /** References to tasks and other records. */
  readonly refs?: readonly Loose[]
  /** Dialect C: an insight to store with the message, at most 1,200 characters. */
  readonly insight?: string
  /** Dialect C: refuse the message when a peer's insight is missing. */
  readonly requirePeerInsight?: boolean
  /** Daemons after 0.4.35: a message that the user may want to send next. */
  readonly suggestedUserMessage?: string
}

/** Arguments of `send`. */
export interface CcccSendArgs extends CcccMessageArgs {
  /** An absolute path inside an attached scope. */
  readonly path?: string
  /** The group that the message comes from. */
  readonly srcGroupId?: string
  /** The event that the message comes from. */
  readonly srcEventId?: string
}

/** Arguments of `reply`. */
export interface CcccReplyArgs extends CcccMessageArgs {
  /** The id of the event that is answered. */
  readonly replyTo: string
}

/** Arguments of `sendCrossGroup`. */
export interface CcccCrossGroupArgs extends CcccMessageArgs {
  /** The group that gets the message. */
  readonly dstGroupId: string
}

/** A part of the call that this daemon cannot express. The message was sent without it. */
export type CcccDropped = 'attention'

/** Fields of every result of sending, besides the keys of the daemon. */
export interface CcccSent {
  /** The dialect in which it was sent. */
  readonly dialect: CcccDialect
  /** The parts of the call that the message lacks. */
  readonly dropped: readonly CcccDropped[]
  readonly [key: string]: unknown
}

/** The result of `send`. */
export interface CcccSendResult extends CcccSent {
  /** The stored message. */
  readonly event: CcccEvent
  /** Two events where dialect C needed one message for people and one for agents. */
  readonly events: readonly CcccEvent[]
  /** The daemon knew this client id and returned the event of the first send. */
  readonly replayed: boolean
}

/** The result of `reply`. */
export interface CcccReplyResult extends CcccSent {
  /** The stored reply. */
  readonly event: CcccEvent
  /** The acknowledgement that came with the reply to an attention message. */
  readonly ack_event?: CcccEvent | null
}

/** The result of `sendCrossGroup`. */
export interface CcccCrossGroupResult extends CcccSent {
  /** The record in the group of the sender. */
  readonly src_event: CcccEvent
  /** The message in the other group. */
  readonly dst_event: CcccEvent
}

/** `client.messages`, where it replaces plain ops. */
export interface CcccMessaging {
  /**
   * Sends a message to a group. When its outcome is unknown, `resolve` can find out by `clientId`.
   * @example
   * import { createCccc } from 'signalbox/cccc'
   * import { ccccDaemon } from 'signalbox/node'
   *
   * await using client = createCccc({ transport: ccccDaemon() })
   * const { event } = await client.messages.send({ groupId: 'g_0123456789ab', text: 'hello', to: ['user'] })
   * console.log(event.id)
   */
  send(args: CcccSendArgs, options?: CcccCallOptions): Promise<CcccSendResult>
  /**
   * Replies to a message; to its sender, when `to` is left out.
   * @example
   * import { createCccc } from 'signalbox/cccc'
   * import { ccccDaemon } from 'signalbox/node'
   *
   * await using client = createCccc({ transport: ccccDaemon() })
   * const replyTo = '0123456789abcdef0123456789abcdef'
   * await client.messages.reply({ groupId: 'g_0123456789ab', replyTo, text: 'done', by: 'peer1' })
   */
  reply(args: CcccReplyArgs, options?: CcccCallOptions): Promise<CcccReplyResult>
  /**
   * Sends a message to another group and records it in this one. The two writes are not atomic.
   * @example
   * import { createCccc } from 'signalbox/cccc'
   * import { ccccDaemon } from 'signalbox/node'
   *
   * await using client = createCccc({ transport: ccccDaemon() })
   * const args = { groupId: 'g_0123456789ab', dstGroupId: 'g_ba9876543210', text: 'please look', to: ['@foreman'] }
   * const { dst_event } = await client.messages.sendCrossGroup(args)
   * console.log(dst_event.id)
   */
  sendCrossGroup(args: CcccCrossGroupArgs, options?: CcccCallOptions): Promise<CcccCrossGroupResult>
  /**
   * Acknowledges an attention message, as its recipient. Dialects A and B; on C `unsupported`.
   * @example
   * import { createCccc } from 'signalbox/cccc'
   * import { ccccDaemon } from 'signalbox/node'
   *
   * await using client = createCccc({ transport: ccccDaemon() })
   * const eventId = '0123456789abcdef0123456789abcdef'
   * const { already } = await client.messages.ack({ groupId: 'g_0123456789ab', actorId: 'user', eventId })
   * console.log(already)
   */
  ack(
    args: { groupId: string; actorId: string; eventId: string; by?: string },
    options?: CcccCallOptions,
  ): Promise<{ acked: boolean; already: boolean; event: CcccEvent | null }>
  /**
   * Acknowledges a notification of the daemon. Dialects A and B; on C `unsupported`. Exposed as `client.notifications.ack`.
   * @example
   * import { createCccc } from 'signalbox/cccc'
   * import { ccccDaemon } from 'signalbox/node'
   *
   * await using client = createCccc({ transport: ccccDaemon() })
   * const notifyEventId = '0123456789abcdef0123456789abcdef'
   * await client.notifications.ack({ groupId: 'g_0123456789ab', actorId: 'peer1', notifyEventId })
   */
  ackNotification(
    args: { groupId: string; actorId: string; notifyEventId: string; by?: string },
    options?: CcccCallOptions,
  ): Promise<{ event: CcccEvent }>
}

type Op = 'send' | 'reply' | 'send_cross_group'
type Options = CcccCallOptions | undefined

export function createMessaging(core: CcccCore, call: MethodCall, daemon: CcccDaemonKnowledge): CcccMessaging {
  const withModes = async (op: Op, args: CcccMessageArgs & { dstGroupId?: string }, options: Options): Promise<object> => {
    const { messageMode, priority: _, replyRequired, to, ...rest } = args
    const mode = messageMode ?? (replyRequired && op !== 'reply' ? 'request_reply' : 'send')
    const { dstGroupId = args.groupId, by = core.principal } = args
    const recipients = mode === 'request_reply' ? await expandRecipients(core, op, dstGroupId, by, to, options) : to
    return { ...rest, to: recipients, messageMode: mode }
  }

  const callOnce = async (op: Op, args: CcccMessageArgs, dialect: CcccDialect, options: Options): Promise<Loose> => {
    const wire = dialect === 'C' ? await withModes(op, args, options) : withAttention(op, args)
    // The daemon may be asked twice with one client id where it detects the repetition: for messages to other groups only on dialect C.
    const mayRepeat =
      args.clientId !== undefined && options?.idempotent === undefined && (op !== 'send_cross_group' || dialect === 'C')
    const safe = mayRepeat && (await daemon.get(options)).dedupesClientIds
    return call(op, wire, safe ? { ...options, idempotent: true } : options)
  }

  /** Sends in the daemon's dialect; once more in another one, when a refusal shows that another one is spoken. A refusal has no effect. */
  const deliver = async <Result>(op: Op, args: CcccMessageArgs, options: Options): Promise<CcccSent & Result> => {
    const results: Loose[] = []
    const sendAll = async (dialect: CcccDialect): Promise<CcccSent & Result> => {
      const parts = op === 'send' && dialect === 'C' ? splitAudience(args) : [args]
      for (const part of parts) results.push(await callOnce(op, part, dialect, options))
      // Dialects A and B ignore a mode that they do not know and store the message without one.
      const spoken = dialect === 'C' && results.some(lacksMode) ? (await daemon.get({ ...options, fresh: true })).dialect : dialect
      const dropped = spoken === 'C' && args.priority === 'attention' ? ['attention'] : []
      const sent: Loose = { ...results[0], dialect: spoken, dropped }
      if (op === 'send') {
        sent.events = results.map(({ event }) => event)
        // Python says `replayed`, Rust `duplicate`.
        sent.replayed = results.some((result) => result.replayed === true || result.duplicate === true)
      }
      return sent as CcccSent & Result
    }
    // A daemon that was replaced by one of dialect A or B would take the message without what these arguments ask for.
    const before = await (asksForMore(args) ? daemon.verified(options, 'C') : daemon.dialect(options))
    try {
      return await sendAll(before)
    } catch (error) {
      // One audience has the message already. `sent` tells the caller, and nothing is repeated.
      if (results.length > 0) throw SignalboxError.is(error) ? withFacts(error, {}, { sent: 'yes' }) : error
      const now = await daemon.contradicted(error, before, options)
      if (now === undefined) throw error
      return sendAll(now)
    }
  }

  return {
    send: (args, options) => deliver('send', args, options),
    reply: (args, options) => deliver('reply', args, options),
    async sendCrossGroup(args, options) {
      if (args.dstGroupId !== args.groupId) return deliver('send_cross_group', args, options)
      throw badArgument('send_cross_group', 'The two groups are the same.', 'Use send.')
    },
    ack: (args, options) =>
      daemon.withoutModes('chat_ack', 'Answer a request_reply message with reply.', options, async () => {
        const result = await call('chat_ack', args, options)
        return result as { acked: boolean; already: boolean; event: CcccEvent | null }
      }),
    ackNotification: (args, options) =>
      daemon.withoutModes('notify_ack', 'Notifications need no answer there.', options, async () => {
        return (await call('notify_ack', args, options)) as { event: CcccEvent }
      }),
  }
}

function withAttention(op: Op, args: CcccMessageArgs): object {
  const { messageMode, insight: _, requirePeerInsight: __, suggestedUserMessage: ___, ...rest } = args
  if (messageMode === 'mail') throw unsupported(op, 'This daemon has no mail.', 'Leave messageMode out.')
  return { priority: 'normal', replyRequired: messageMode === 'request_reply', ...rest }
}

function asksForMore({ priority, replyRequired, messageMode }: CcccMessageArgs): boolean {
  return priority === 'attention' || replyRequired === true || (messageMode !== undefined && messageMode !== 'send')
}

/** Only dialects A and B store a priority with a message. */
function lacksMode({ event, dst_event }: Loose): boolean {
  const data = recordOr(recordOr(event ?? dst_event).data)
  return 'priority' in data && !('message_mode' in data)
}
