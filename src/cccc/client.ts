/** The whole client: every op as a method, methods that hide the differences between the dialects, streams, and the compatibility check. */
import { ccccAnswers } from './answers.js'
import { createAutoAck, type CcccAutoAckArgs, type CcccAutoAckOutcome } from './auto-ack.js'
import { createCapabilityUse, type CcccCapabilityMethods } from './capability-use.js'
import { assertCompatible, type CcccCompatibility, type CcccRequirements } from './compat.js'
import { createContextChanges, type CcccContextChanges } from './context-items.js'
import { createContextMethods, type CcccContextMethods } from './context.js'
import { createDaemonKnowledge, type CcccDaemonKnowledge } from './daemon.js'
import { openEvents } from './events/index.js'
import type { CcccEventsArgs, CcccEventsOptions, CcccEventStream } from './events/types.js'
import { createInboxMethods, type CcccInboxMethods } from './inbox.js'
import { createMessaging, type CcccMessaging } from './messages.js'
import { buildMethods, createMethodCall, type CcccFlatMethods, type CcccNamespaces } from './methods.js'
import { createProfileUpsert, type CcccProfileUpsertArgs, type CcccProfileUpsertResult } from './profiles.js'
import { createResolve, type CcccResolve } from './resolve.js'
import { createCcccCore, type CcccCallOptions, type CcccCore, type CcccCoreOptions } from './small-client.js'
import { loadOps } from './table.js'

/** Options of the whole client: those of the small one, which brings no op table of its own. */
export interface CcccOptions extends Omit<CcccCoreOptions, 'ops'> {}

type Replace<Whole, Part> = Omit<Whole, keyof Part> & Readonly<Part>

interface ProfileMethods {
  /**
   * Creates or changes a profile. Where the daemon refuses `env` in a profile, its values are stored as secrets by a second call.
   * @example
   * import { createCccc } from 'signalbox/cccc'
   * import { ccccDaemon } from 'signalbox/node'
   *
   * await using client = createCccc({ transport: ccccDaemon() })
   * const { profile } = await client.profiles.upsert({ profile: { name: 'Codex', runtime: 'codex', runner: 'pty' } })
   * console.log(profile.id)
   */
  upsert(args: CcccProfileUpsertArgs, options?: CcccCallOptions): Promise<CcccProfileUpsertResult>
}

interface StreamMethods {
  /**
   * The same as `client.events`.
   * @example
   * import { createCccc } from 'signalbox/cccc'
   * import { ccccDaemon } from 'signalbox/node'
   *
   * await using client = createCccc({ transport: ccccDaemon() })
   * for await (const item of await client.streams.events({ groupId: 'g_0123456789ab' })) console.log(item.type)
   */
  events(args: CcccEventsArgs, options?: CcccEventsOptions): Promise<CcccEventStream>
}

interface FlatMethods extends CcccContextChanges {
  capabilityUse: CcccCapabilityMethods['use']
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
  actorProfileUpsert: ProfileMethods['upsert']
  eventsStream: StreamMethods['events']
}

/** The namespaces of the op table. Methods that know the dialects replace the plain ones of their ops. */
export interface CcccMethods
  extends Omit<CcccNamespaces, 'messages' | 'notifications' | 'inbox' | 'context' | 'profiles' | 'streams' | 'capabilities'> {
  /** Sending, replying, acknowledging, and finding out what became of a send. */
  readonly messages: Replace<CcccNamespaces['messages'], Omit<CcccMessaging, 'ackNotification'> & { resolve: CcccResolve }>
  /** Notifications of the daemon. */
  readonly notifications: Replace<CcccNamespaces['notifications'], { ack: CcccMessaging['ackNotification'] }>
  /** Messages that wait for a principal. */
  readonly inbox: Replace<CcccNamespaces['inbox'], CcccInboxMethods>
  /** The shared context of a group: tasks, notes, decisions. */
  readonly context: Replace<CcccNamespaces['context'], CcccContextMethods & CcccContextChanges>
  /** Capabilities that actors may use. */
  readonly capabilities: Replace<CcccNamespaces['capabilities'], CcccCapabilityMethods>
  /** Actor profiles and their secrets. */
  readonly profiles: Replace<CcccNamespaces['profiles'], ProfileMethods>
  /** Ops that take over their connection, and the stream of events. */
  readonly streams: Replace<CcccNamespaces['streams'], StreamMethods>
}

/** The whole client. */
export interface CcccClient extends CcccMethods, Pick<CcccCore, 'call' | 'callRaw' | 'open' | 'close'>, AsyncDisposable {
  /** Every op under its own name in camelCase: `ops.groupShow` is `groups.show`. */
  readonly ops: Replace<CcccFlatMethods, FlatMethods>
  /**
   * Fails with `incompatible` when the daemon lacks something of the requirements. It never calls an op that acts on empty arguments.
   * @example
   * import { createCccc } from 'signalbox/cccc'
   * import { ccccDaemon } from 'signalbox/node'
   *
   * await using client = createCccc({ transport: ccccDaemon() })
   * const { ping } = await client.assertCompatible({ ipcV: 1, capabilities: { events_stream: true }, ops: ['groups'] })
   * console.log(ping.version)
   */
  assertCompatible(requirements?: CcccRequirements, options?: CcccCallOptions): Promise<CcccCompatibility>
  /**
   * Returns the daemon's ping, its dialect, and whether it detects a repeated client id. Asked once per daemon process.
   * @example
   * import { createCccc } from 'signalbox/cccc'
   * import { ccccDaemon } from 'signalbox/node'
   *
   * await using client = createCccc({ transport: ccccDaemon() })
   * const { dialect, ping } = await client.describe()
   * console.log(ping.version, dialect)
   */
  describe: CcccDaemonKnowledge['get']
  /**
   * Opens the stream of a group's events. It reconnects by itself, and yields a `gap` where events may be missing.
   * @example
   * import { createCccc } from 'signalbox/cccc'
   * import { ccccDaemon } from 'signalbox/node'
   *
   * await using client = createCccc({ transport: ccccDaemon() })
   * const stream = await client.events({ groupId: 'g_0123456789ab', kinds: ['chat.message'] })
   * for await (const item of stream) {
   *   if (item.type === 'event') console.log(item.event.by, item.event.data.text)
   * }
   */
  events(args: CcccEventsArgs, options?: CcccEventsOptions): Promise<CcccEventStream>
  /**
   * Acknowledges attention messages while it is iterated: those that wait, those that come, and again after a gap. Dialects A and B; on C
   * it fails with `unsupported`.
   * @example
   * import { createCccc } from 'signalbox/cccc'
   * import { ccccDaemon } from 'signalbox/node'
   *
   * await using client = createCccc({ transport: ccccDaemon() })
   * for await (const outcome of client.autoAck({ groupId: 'g_0123456789ab' })) console.log(outcome.type, outcome.event.id)
   */
  autoAck(args: CcccAutoAckArgs, options?: CcccEventsOptions): AsyncIterable<CcccAutoAckOutcome>
}

/**
 * Makes the whole client of one daemon. It opens no connection before the first call.
 * @example
 * import { createCccc } from 'signalbox/cccc'
 * import { ccccDaemon } from 'signalbox/node'
 *
 * await using client = createCccc({ transport: ccccDaemon() })
 * const { groups } = await client.groups.list()
 * console.log(groups.length)
 */
export function createCccc(options: CcccOptions): CcccClient {
  const table = loadOps()
  const core = createCcccCore({ answers: ccccAnswers(table), ...options, ops: table })
  const daemon = createDaemonKnowledge(core)
  const method = createMethodCall(core, table)
  const messages = createMessaging(core, method, daemon)
  const inbox = createInboxMethods(core, method, daemon)
  const context = createContextMethods(core, method, daemon)
  const events: StreamMethods['events'] = (args, callOptions) =>
    openEvents(core, daemon, args, callOptions, options.limits?.maxLineBytes)

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
    assertCompatible: (requirements, callOptions) => assertCompatible(core, table, requirements, callOptions),
    describe: daemon.get,
    events,
    autoAck: createAutoAck({ daemon, inbox, messages, events }),
    close,
    [Symbol.asyncDispose]: close,
  }
  Object.assign(spaces.messages ?? {}, { resolve: createResolve(core, daemon, events) })
  const changes = createContextChanges(context.sync, daemon)
  const use = createCapabilityUse(method)
  Object.assign(spaces.context ?? {}, { addNote: context.addNote, ...changes })
  Object.assign(spaces.capabilities ?? {}, { use })
  Object.assign(flat, { ...changes, capabilityUse: use })
  return { ...spaces, ops: flat, ...own } as unknown as CcccClient
}
