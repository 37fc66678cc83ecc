/** The whole client: every op by name, what the dialects share under one face, streams, and the compatibility check. */
import { lazily } from '../core/lazily.js'
import { ccccAnswers } from './answers/index.js'
import type { CcccAutoAckArgs, CcccAutoAckOutcome } from './auto-ack.js'
import { assertCompatible, type CcccCompatibility, type CcccRequirements } from './compat.js'
import { createContextMethods, type CcccContextMethods } from './context.js'
import { createCcccCore, type CcccCallOptions, type CcccCore, type CcccCoreOptions } from './core.js'
import { createDaemonKnowledge, type CcccDaemonKnowledge } from './daemon.js'
import type { CcccEventsArgs, CcccEventsOptions, CcccEventStream } from './events/types.js'
import { createInboxMethods, type CcccInboxMethods } from './inbox.js'
import { createMessaging, type CcccMessaging } from './messages.js'
import { buildMethods, createMethodCall, type CcccFlatMethods, type CcccNamespaces } from './methods.js'
import { createProfileUpsert, type CcccProfileUpsertArgs, type CcccProfileUpsertResult } from './profiles.js'
import type { CcccResolve } from './resolve.js'
import { loadOps } from './table.js'

export interface CcccOptions extends Omit<CcccCoreOptions, 'ops'> {}

type Replace<Whole, Part> = Omit<Whole, keyof Part> & Readonly<Part>

interface OwnProfiles {
  upsert(args: CcccProfileUpsertArgs, options?: CcccCallOptions): Promise<CcccProfileUpsertResult>
}
interface OwnStreams {
  events(args: CcccEventsArgs, options?: CcccEventsOptions): Promise<CcccEventStream>
}
interface OwnFlat {
  send: CcccMessaging['send']
  reply: CcccMessaging['reply']
  sendCrossGroup: CcccMessaging['sendCrossGroup']
  chatAck: CcccMessaging['ack']
  notifyAck: CcccMessaging['ackNotification']
  inboxList: CcccInboxMethods['list']
  inboxRead: CcccInboxMethods['read']
  inboxMarkRead: CcccInboxMethods['markRead']
  inboxMarkAllRead: CcccInboxMethods['markAllRead']
  contextSync: CcccContextMethods['sync']
  actorProfileUpsert: OwnProfiles['upsert']
  eventsStream: OwnStreams['events']
}

/** Namespaces from the table, with the methods that know the dialects in the place of their ops. */
export interface CcccMethods
  extends Omit<CcccNamespaces, 'messages' | 'notifications' | 'inbox' | 'context' | 'profiles' | 'streams'> {
  readonly messages: Replace<CcccNamespaces['messages'], Omit<CcccMessaging, 'ackNotification'> & { resolve: CcccResolve }>
  readonly notifications: Replace<CcccNamespaces['notifications'], { ack: CcccMessaging['ackNotification'] }>
  readonly inbox: Replace<CcccNamespaces['inbox'], CcccInboxMethods>
  readonly context: Replace<CcccNamespaces['context'], CcccContextMethods>
  readonly profiles: Replace<CcccNamespaces['profiles'], OwnProfiles>
  readonly streams: Replace<CcccNamespaces['streams'], OwnStreams>
}

export interface CcccClient extends CcccMethods, Pick<CcccCore, 'call' | 'callRaw' | 'open' | 'close'>, AsyncDisposable {
  /** Every op under its own name in camelCase: `ops.groupShow` is `groups.show`. */
  readonly ops: Replace<CcccFlatMethods, OwnFlat>
  /** Fails with `incompatible` unless the daemon offers what is asked for. Asks without side effects. */
  assertCompatible(requirements?: CcccRequirements, options?: CcccCallOptions): Promise<CcccCompatibility>
  /** Who answers and which dialect it speaks; asked once per daemon process. */
  describe: CcccDaemonKnowledge['get']
  events(args: CcccEventsArgs, options?: CcccEventsOptions): Promise<CcccEventStream>
  /** Acknowledges attention messages as they are iterated; dialects A and B. */
  autoAck(args: CcccAutoAckArgs, options?: CcccEventsOptions): AsyncIterable<CcccAutoAckOutcome>
}

export function createCccc(options: CcccOptions): CcccClient {
  const table = loadOps()
  const core = createCcccCore({ answers: ccccAnswers(table), ...options, ops: table })
  const daemon = createDaemonKnowledge(core)
  const method = createMethodCall(core, table)
  const messages = createMessaging(core, method, daemon)
  const inbox = createInboxMethods(core, method, daemon)
  const context = createContextMethods(core, method, daemon)
  const streams = lazily('cccc', core.clock, async () =>
    (await import('./streams.js')).createStreams(core, { daemon, inbox, messages }, options.limits?.maxLineBytes),
  )
  const events: OwnStreams['events'] = (args, given = {}) => streams('events_stream', given, (has, left) => has.events(args, left))
  const resolve: CcccResolve = (args, given = {}) => streams('resolve', given, (has, left) => has.resolve(args, left))

  const { spaces, flat } = buildMethods(method, table, {
    send: messages.send,
    reply: messages.reply,
    send_cross_group: messages.sendCrossGroup,
    chat_ack: messages.ack,
    notify_ack: messages.ackNotification,
    inbox_list: inbox.list,
    inbox_read: inbox.read,
    inbox_mark_read: inbox.markRead,
    inbox_mark_all_read: inbox.markAllRead,
    context_sync: context.sync,
    actor_profile_upsert: createProfileUpsert(method),
    events_stream: events,
  })
  const { call, callRaw, open, close } = core
  const own: Omit<CcccClient, keyof CcccMethods | 'ops'> = {
    call,
    callRaw,
    open,
    assertCompatible: (requirements, options) => assertCompatible(core, table, requirements, options),
    describe: daemon.get,
    events,
    async *autoAck(args, given = {}) {
      yield* await streams('autoAck', given, async (has, left) => has.autoAck(args, left))
    },
    close,
    [Symbol.asyncDispose]: close,
  }
  Object.assign(spaces.messages ?? {}, { resolve })
  Object.assign(spaces.context ?? {}, { addNote: context.addNote })
  return { ...spaces, ops: flat, ...own } as unknown as CcccClient
}
