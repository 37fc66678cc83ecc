/** What waits for somebody: unread messages on dialects A and B; mail and history on C. */
import type { CcccCallOptions, CcccCore } from './core.js'
import type { CcccDaemonKnowledge } from './daemon.js'
import { unsupported } from './errors.js'
import { isEvent, isRecord, type CcccDialect, type CcccEvent, type Loose } from './shapes.js'

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
const HISTORY_PAGE = 100
/** A bound on what one call gathers, however long the history is. */
const HISTORY_MOST = 10_000

export function createInboxMethods(core: CcccCore, daemon: CcccDaemonKnowledge): CcccInboxMethods {
  const listed = async (args: CcccInboxArgs, options: CcccCallOptions | undefined): Promise<Loose> => {
    const { groupId, actorId, by = core.principal, limit = 50, kindFilter = 'all' } = args
    return core.call('inbox_list', { group_id: groupId, actor_id: actorId, by, limit, kind_filter: kindFilter }, options)
  }
  const mail = (op: 'inbox_peek' | 'inbox_read', args: CcccInboxArgs, options: CcccCallOptions | undefined): Promise<Loose> => {
    const { groupId, actorId, by = core.principal, limit = 50 } = args
    const bounded = limit <= 0 ? PEEK_MOST : Math.min(limit, PEEK_MOST)
    return core.call(op, { group_id: groupId, actor_id: actorId, by, limit: bounded }, options)
  }
  const history = async (args: CcccInboxArgs, options: CcccCallOptions | undefined): Promise<CcccEvent[]> => {
    const { groupId, actorId, by = core.principal, limit = 50 } = args
    const wanted = limit <= 0 ? HISTORY_MOST : Math.min(limit, HISTORY_MOST)
    const newestFirst: CcccEvent[] = []
    let before: string | undefined
    while (newestFirst.length < wanted) {
      const page = Math.min(HISTORY_PAGE, wanted - newestFirst.length)
      const from = before === undefined ? {} : { before_event_id: before }
      const told = await core.call(
        'message_history',
        { group_id: groupId, actor_id: actorId, by, mode: 'all', limit: page, ...from },
        options,
      )
      const events = (Array.isArray(told.messages) ? told.messages : []).filter(isEvent)
      newestFirst.push(...events)
      before = events.at(-1)?.id
      if (told.has_more !== true || before === undefined) break
    }
    return newestFirst.reverse()
  }
  const shaped = (result: Loose, source: CcccInbox['source'], dialect: CcccDialect): CcccInbox => ({
    ...result,
    messages: (Array.isArray(result.messages) ? result.messages : []) as CcccEvent[],
    cursor: isRecord(result.cursor) ? result.cursor : {},
    source,
    dialect,
  })
  const refuse = async (op: string, options: CcccCallOptions | undefined): Promise<void> => {
    if ((await daemon.dialect(options)) !== 'C') return
    throw unsupported(op, `This daemon has no ${op}.`, 'Use inbox.read, which marks what it gives as read.')
  }

  const methods: CcccInboxMethods = {
    async list(args, options) {
      const dialect = await daemon.dialect(options)
      if (dialect !== 'C') return shaped(await listed(args, options), 'inbox_list', dialect)
      if (args.actorId !== 'user') return shaped(await mail('inbox_peek', args, options), 'inbox_peek', dialect)
      return shaped({ messages: await history(args, options) }, 'message_history', dialect)
    },
    async read(args, options) {
      const dialect = await daemon.dialect(options)
      if (dialect === 'C') {
        if (args.actorId === 'user') {
          throw unsupported(
            'inbox_read',
            'On this daemon a human has no inbox to empty.',
            'Use inbox.list, which gives the history.',
          )
        }
        return shaped(await mail('inbox_read', args, options), 'inbox_read', dialect)
      }
      const result = shaped(await listed(args, options), 'inbox_list', dialect)
      const last = result.messages.at(-1)
      if (!last) return result
      const { groupId, actorId, by } = args
      const marked = await methods.markRead({ groupId, actorId, eventId: last.id, ...(by === undefined ? {} : { by }) }, options)
      return { ...result, cursor: isRecord(marked.cursor) ? marked.cursor : result.cursor }
    },
    async markRead({ groupId, actorId, eventId, by = core.principal }, options) {
      await refuse('inbox_mark_read', options)
      return core.call('inbox_mark_read', { group_id: groupId, actor_id: actorId, event_id: eventId, by }, options)
    },
    async markAllRead({ groupId, actorId, by = core.principal, kindFilter = 'all' }, options) {
      await refuse('inbox_mark_all_read', options)
      return core.call('inbox_mark_all_read', { group_id: groupId, actor_id: actorId, by, kind_filter: kindFilter }, options)
    },
  }
  return methods
}
