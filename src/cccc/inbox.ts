/** What waits for somebody: unread messages on dialects A and B; mail and history on C. */
import type { CcccCallOptions, CcccCore } from './small-client.js'
import type { CcccDaemonKnowledge } from './daemon.js'
import { unsupported } from './errors.js'
import { historyPages } from './history.js'
import type { MethodCall } from './methods.js'
import { listOf, recordOr, type CcccDialect, type CcccEvent, type Loose } from './shapes.js'

export interface CcccInboxArgs {
  readonly groupId: string
  readonly actorId: string
  readonly by?: string
  /** Default 50; 0 asks for all. */
  readonly limit?: number
  /** Dialects A and B. */
  readonly kindFilter?: 'all' | 'chat' | 'notify'
}

export interface CcccInbox {
  /** Oldest first. */
  readonly messages: readonly CcccEvent[]
  readonly cursor: Loose
  /** Which op answered: on dialect C a human's inbox is the history, which holds read messages too. */
  readonly source: 'inbox_list' | 'inbox_peek' | 'inbox_read' | 'message_history'
  readonly dialect: CcccDialect
  readonly [key: string]: unknown
}

export interface CcccInboxMethods {
  /** Looks without marking anything as read. */
  list(args: CcccInboxArgs, options?: CcccCallOptions): Promise<CcccInbox>
  /** Takes: what it gives counts as read from then on. */
  read(args: CcccInboxArgs, options?: CcccCallOptions): Promise<CcccInbox>
  /** Marks this message and every earlier one. */
  markRead(args: { groupId: string; actorId: string; eventId: string; by?: string }, options?: CcccCallOptions): Promise<Loose>
  markAllRead(args: Omit<CcccInboxArgs, 'limit'>, options?: CcccCallOptions): Promise<Loose>
}

const PEEK_MOST = 200
/** A bound on what one call gathers, however long the history is. */
const HISTORY_MOST = 10_000

export function createInboxMethods(core: CcccCore, call: MethodCall, daemon: CcccDaemonKnowledge): CcccInboxMethods {
  type Options = CcccCallOptions | undefined
  const shaped = (result: Loose, source: CcccInbox['source'], dialect: CcccDialect): CcccInbox => ({
    ...result,
    messages: listOf(result.messages) as CcccEvent[],
    cursor: recordOr(result.cursor),
    source,
    dialect,
  })
  const listed = async (args: CcccInboxArgs, dialect: CcccDialect, options: Options): Promise<CcccInbox> =>
    shaped(await call('inbox_list', { limit: 50, kindFilter: 'all', ...args }, options), 'inbox_list', dialect)
  const mail = async (op: 'inbox_peek' | 'inbox_read', args: CcccInboxArgs, options: Options): Promise<CcccInbox> => {
    const { kindFilter: _, limit = 50, ...rest } = args
    return shaped(await call(op, { ...rest, limit: Math.min(limit > 0 ? limit : PEEK_MOST, PEEK_MOST) }, options), op, 'C')
  }
  const history = async (args: CcccInboxArgs, options: Options): Promise<CcccInbox> => {
    const { limit = 50 } = args
    const wanted = Math.min(limit > 0 ? limit : HISTORY_MOST, HISTORY_MOST)
    const newestFirst: CcccEvent[] = []
    for await (const page of historyPages(core, args, options)) {
      newestFirst.push(...page)
      if (newestFirst.length >= wanted) break
    }
    return shaped({ messages: newestFirst.slice(0, wanted).reverse() }, 'message_history', 'C')
  }
  /** Marking belongs to the dialects that list. */
  const marking =
    <Args extends object>(op: string, defaults?: object) =>
    async (args: Args, options?: CcccCallOptions): Promise<Loose> => {
      await daemon.refuseOnC(op, 'Use inbox.read, which marks what it gives.', options)
      return call(op, { ...defaults, ...args }, options)
    }
  const markRead: CcccInboxMethods['markRead'] = marking('inbox_mark_read')

  return {
    async list(args, options) {
      const dialect = await daemon.dialect(options)
      if (dialect !== 'C') return listed(args, dialect, options)
      return args.actorId === 'user' ? history(args, options) : mail('inbox_peek', args, options)
    },
    async read(args, options) {
      const dialect = await daemon.dialect(options)
      if (dialect !== 'C') {
        const result = await listed(args, dialect, options)
        const last = result.messages.at(-1)
        if (!last) return result
        const { limit: _, kindFilter: __, ...whose } = args
        const { cursor } = await markRead({ ...whose, eventId: last.id }, options)
        return { ...result, cursor: recordOr(cursor, result.cursor) }
      }
      if (args.actorId !== 'user') return mail('inbox_read', args, options)
      throw unsupported('inbox_read', 'On this daemon a human has no inbox to empty.', 'Use inbox.list, which gives the history.')
    },
    markRead,
    markAllRead: marking('inbox_mark_all_read', { kindFilter: 'all' }),
  }
}
