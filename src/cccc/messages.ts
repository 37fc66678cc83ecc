/** Sending, in the words of the attention dialects and in those of the message modes; the client says the same thing either way. */
import { SignalboxError, withFacts } from '../errors.js'
import type { CcccCallOptions, CcccCore } from './small-client.js'
import type { CcccDaemonKnowledge } from './daemon.js'
import { badArgument, isApiError, unsupported } from './errors.js'
import type { MethodCall } from './methods.js'
import { expandRecipients, splitAudience } from './recipients.js'
import type { CcccDialect, CcccEvent, Loose } from './shapes.js'

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
type Options = CcccCallOptions | undefined

export function createMessaging(core: CcccCore, call: MethodCall, daemon: CcccDaemonKnowledge): CcccMessaging {
  const withAttention = (op: Op, args: Common): object => {
    const { messageMode, insight: _, requirePeerInsight: __, ...rest } = args
    if (messageMode === 'mail') {
      throw unsupported(op, 'This daemon has no mail.', 'Leave messageMode out.')
    }
    return { priority: 'normal', replyRequired: messageMode === 'request_reply', ...rest }
  }

  const withMode = async (op: Op, args: Common & { readonly dstGroupId?: string }, options: Options): Promise<object> => {
    const { messageMode, priority: _, replyRequired, to, ...rest } = args
    const mode = messageMode ?? (replyRequired && op !== 'reply' ? 'request_reply' : 'send')
    const { dstGroupId = args.groupId, by = core.principal } = args
    const recipients = mode === 'request_reply' ? await expandRecipients(core, op, dstGroupId, by, to, options) : to
    return { ...rest, to: recipients, messageMode: mode }
  }

  const one = async (op: Op, args: Common, dialect: CcccDialect, options: Options): Promise<Loose> => {
    const words = dialect === 'C' ? await withMode(op, args, options) : withAttention(op, args)
    // With a client id the daemon may be asked twice, where it remembers them: those of messages to other groups only on dialect C.
    const mayAsk =
      args.clientId !== undefined && options?.idempotent === undefined && (op !== 'send_cross_group' || dialect === 'C')
    const safe = mayAsk && (await daemon.get(options)).dedupesClientIds
    return call(op, words, safe ? { ...options, idempotent: true } : options)
  }

  /** Repeats a message once when the refusal shows that another dialect is spoken than was known; a refusal had no effect. */
  const said = async <Result>(op: Op, args: Common, options: Options): Promise<Sent & Result> => {
    const results: Loose[] = []
    const say = async (dialect: CcccDialect): Promise<Sent & Result> => {
      const parts = op === 'send' && dialect === 'C' ? splitAudience(args) : [args]
      for (const part of parts) results.push(await one(op, part, dialect, options))
      const dropped = dialect === 'C' && args.priority === 'attention' ? ['attention'] : []
      const sent: Loose = { ...results[0], dialect, dropped }
      if (op === 'send') {
        sent.events = results.map(({ event }) => event)
        // Two daemons, two words for it.
        sent.replayed = results.some((result) => result.replayed === true || result.duplicate === true)
      }
      return sent as Sent & Result
    }
    const before = await daemon.dialect(options)
    try {
      return await say(before)
    } catch (error) {
      const contradicts = isApiError(error, 'unknown_op', 'unsupported_message_fields', 'invalid_message_mode')
      // What went to a first audience is not said again: not by us, and not by a caller who believes that nothing was sent.
      if (results.length > 0) throw SignalboxError.is(error) ? withFacts(error, {}, { sent: 'yes' }) : error
      if (!contradicts) throw error
      const { dialect } = await daemon.get({ ...options, fresh: true })
      if (dialect === before) throw error
      return say(dialect)
    }
  }

  return {
    send: (args, options) => said('send', args, options),
    reply: (args, options) => said('reply', args, options),
    async sendCrossGroup(args, options) {
      if (args.dstGroupId !== args.groupId) return said('send_cross_group', args, options)
      throw badArgument('send_cross_group', 'The two groups are the same.', 'Use send.')
    },
    async ack(args, options) {
      await daemon.refuseOnC('chat_ack', 'Answer a request_reply message with reply.', options)
      return (await call('chat_ack', args, options)) as { acked: boolean; already: boolean; event: CcccEvent | null }
    },
    async ackNotification(args, options) {
      await daemon.refuseOnC('notify_ack', 'Notifications need no answer there.', options)
      return (await call('notify_ack', args, options)) as { event: CcccEvent }
    },
  }
}
