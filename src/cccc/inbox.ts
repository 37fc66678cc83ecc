/** Messages that wait for a principal: unread messages on dialects A and B, mail and history on C. */
import type { CcccDaemonKnowledge } from './daemon.js'
import { unsupported } from './errors.js'
import { historyPages } from './history.js'
import type { MethodCall } from './methods.js'
import { listOf, recordOr, type CcccDialect, type CcccEvent, type Loose } from './shapes.js'
import type { CcccCallOptions, CcccCore } from './small-client.js'

/** Whose messages to list or read. */
export interface CcccInboxArgs {
  /** The group. */
  readonly groupId: string
  /** The recipient: an actor id, or `user`. */
  readonly actorId: string
  /** Who asks; default: the client's principal. */
  readonly by?: string
  /** At most so many messages; default 50, and 0 asks for all. */
  readonly limit?: number
  /** Only these messages. Dialects A and B; ignored on C. */
  readonly kindFilter?: 'all' | 'chat' | 'notify'
}

/** The messages that were found. */
export interface CcccInbox {
  /** Oldest first. */
  readonly messages: readonly CcccEvent[]
  /** The read cursor of the recipient; empty where the answer has none. */
  readonly cursor: Loose
  /** The op that answered. On dialect C the inbox of `user` is the history, which holds read messages too. */
  readonly source: 'inbox_list' | 'inbox_peek' | 'inbox_read' | 'message_history'
  /** The dialect of the daemon. */
  readonly dialect: CcccDialect
  readonly [key: string]: unknown
}

/** `client.inbox`, where it replaces plain ops. */
export interface CcccInboxMethods {
  /**
   * Lists messages without marking them as read.
   * @example
   * import { createCccc } from 'signalbox/cccc'
   * import { ccccDaemon } from 'signalbox/node'
   *
   * await using client = createCccc({ transport: ccccDaemon() })
   * const { messages, source } = await client.inbox.list({ groupId: 'g_0123456789ab', actorId: 'user' })
   * console.log(source, messages.length)
   */
  list(args: CcccInboxArgs, options?: CcccCallOptions): Promise<CcccInbox>
  /**
   * Returns messages and marks them as read. On dialect C `user` has no inbox: `unsupported`.
   * @example
   * import { createCccc } from 'signalbox/cccc'
   * import { ccccDaemon } from 'signalbox/node'
   *
   * await using client = createCccc({ transport: ccccDaemon() })
   * const { messages } = await client.inbox.read({ groupId: 'g_0123456789ab', actorId: 'peer1' })
   * console.log(messages.map(({ data }) => data.text))
   */
  read(args: CcccInboxArgs, options?: CcccCallOptions): Promise<CcccInbox>
  /**
   * Marks this message and every earlier one as read. Dialects A and B.
   * @example
   * import { createCccc } from 'signalbox/cccc'
   * import { ccccDaemon } from 'signalbox/node'
   *
   * await using client = createCccc({ transport: ccccDaemon() })
   * const groupId = 'g_0123456789ab'
   * const [first] = (await client.inbox.list({ groupId, actorId: 'user' })).messages
   * if (first) await client.inbox.markRead({ groupId, actorId: 'user', eventId: first.id })
   */
  markRead(args: { groupId: string; actorId: string; eventId: string; by?: string }, options?: CcccCallOptions): Promise<Loose>
  /**
   * Marks every message as read. Dialects A and B.
   * @example
   * import { createCccc } from 'signalbox/cccc'
   * import { ccccDaemon } from 'signalbox/node'
   *
   * await using client = createCccc({ transport: ccccDaemon() })
   * await client.inbox.markAllRead({ groupId: 'g_0123456789ab', actorId: 'user' })
   */
  markAllRead(args: Omit<CcccInboxArgs, 'limit'>, options?: CcccCallOptions): Promise<Loose>
}

/** The largest limit that `inbox_peek` and `inbox_read` take. */
const PEEK_MOST = 200
/** At most so many messages of the history in one call. */
const HISTORY_MOST = 10_000
const USE_READ = 'Use inbox.read, which marks what it returns.'

export function createInboxMethods(core: CcccCore, call: MethodCall, daemon: CcccDaemonKnowledge): CcccInboxMethods {
  type Options = CcccCallOptions | undefined
  const inboxOf = (result: Loose, source: CcccInbox['source'], dialect: CcccDialect): CcccInbox => ({
    ...result,
    messages: listOf(result.messages) as CcccEvent[],
    cursor: recordOr(result.cursor),
    source,
    dialect,
  })
  const listUnread = async (args: CcccInboxArgs, dialect: CcccDialect, options: Options): Promise<CcccInbox> =>
    inboxOf(await call('inbox_list', { limit: 50, kindFilter: 'all', ...args }, options), 'inbox_list', dialect)
  const mail = async (op: 'inbox_peek' | 'inbox_read', args: CcccInboxArgs, options: Options): Promise<CcccInbox> => {
    const { kindFilter: _, limit = 50, ...rest } = args
    return inboxOf(await call(op, { ...rest, limit: Math.min(limit > 0 ? limit : PEEK_MOST, PEEK_MOST) }, options), op, 'C')
  }
  const history = async (args: CcccInboxArgs, options: Options): Promise<CcccInbox> => {
    const { limit = 50 } = args
    const wanted = Math.min(limit > 0 ? limit : HISTORY_MOST, HISTORY_MOST)
    const newestFirst: CcccEvent[] = []
    for await (const page of historyPages(core, args, options)) {
      newestFirst.push(...page)
      if (newestFirst.length >= wanted) break
    }
    return inboxOf({ messages: newestFirst.slice(0, wanted).reverse() }, 'message_history', 'C')
  }
  const markRead: CcccInboxMethods['markRead'] = (args, options) =>
    daemon.withoutModes('inbox_mark_read', USE_READ, options, () => call('inbox_mark_read', args, options))

  const listThenMark = async (args: CcccInboxArgs, dialect: CcccDialect, options: Options): Promise<CcccInbox> => {
    const result = await listUnread(args, dialect, options)
    const last = result.messages.at(-1)
    if (!last) return result
    const { limit: _, kindFilter: __, ...recipient } = args
    const { cursor } = await call('inbox_mark_read', { ...recipient, eventId: last.id }, options)
    return { ...result, cursor: recordOr(cursor, result.cursor) }
  }

  return {
    list: (args, options) =>
      daemon.speak(options, (dialect) => {
        if (dialect !== 'C') return listUnread(args, dialect, options)
        return args.actorId === 'user' ? history(args, options) : mail('inbox_peek', args, options)
      }),
    read: (args, options) =>
      daemon.speak(options, async (dialect) => {
        if (dialect !== 'C') return listThenMark(args, dialect, options)
        if (args.actorId !== 'user') return mail('inbox_read', args, options)
        throw unsupported('inbox_read', 'On this daemon `user` has no inbox.', 'Use inbox.list, which returns the history.')
      }),
    markRead,
    markAllRead: (args, options) =>
      daemon.withoutModes('inbox_mark_all_read', USE_READ, options, () =>
        call('inbox_mark_all_read', { kindFilter: 'all', ...args }, options),
      ),
  }
}
