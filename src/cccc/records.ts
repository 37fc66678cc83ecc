/**
 * The rows that every program reads: groups, actors and the data of common events. Known keys are typed, unknown keys are kept. A key is
 * optional where one of the tested daemons leaves it out.
 */
import type { CcccEvent, Loose } from './shapes.js'

/** A row of `groups.list()`. */
export interface CcccGroupRow {
  /** The id of the group, such as `g_0123456789ab`. */
  readonly group_id: string
  /** The name for people. */
  readonly title: string
  /** The topic of the group. */
  readonly topic?: string
  /** `active`, `idle` or `paused`. */
  readonly state?: string
  /** Whether an actor of the group runs. */
  readonly running?: boolean
  /** An ISO time. */
  readonly created_at?: string
  /** An ISO time. */
  readonly updated_at?: string
  /** The directory that is attached first. */
  readonly default_scope_key?: string
  /** The folder of the group in the daemon's home. */
  readonly path?: string
  /** Daemons after 0.4.35. */
  readonly desired_running?: boolean
  /** Daemons after 0.4.35: `lifecycle_state`, `runtime_running`, `running_actor_count`, `has_running_foreman`. */
  readonly runtime_status?: Loose
  readonly [key: string]: unknown
}

/** A row of `actors.list()`. */
export interface CcccActorRow {
  /** The id of the actor in its group, such as `peer1`. */
  readonly id: string
  /** `foreman` or `peer`. */
  readonly role?: string
  /** The name for people. May be empty. */
  readonly title: string
  /** Whether the actor is switched on. `running` tells whether its process runs. */
  readonly enabled: boolean
  /** `pty` or `headless`. */
  readonly runner: string
  /** The runner that the daemon uses; it may differ from `runner`. */
  readonly runner_effective?: string
  /** The agent: `claude`, `codex`, `custom`. */
  readonly runtime: string
  /** Whether the process of the actor runs. */
  readonly running?: boolean
  /** The command line that starts the agent. */
  readonly command: readonly string[]
  /** How a message is entered into the terminal: `enter`, `newline` or `none`. */
  readonly submit?: string
  /** The profile that the actor was made from. */
  readonly profile_id?: string
  /** The directory that the actor starts in. */
  readonly default_scope_key?: string
  /** Messages that the actor has not read. Present when the list was asked for with `includeUnread`. */
  readonly unread_count?: number
  /** An ISO time. */
  readonly created_at: string
  /** An ISO time. */
  readonly updated_at: string
  /** Daemons after 0.4.35: `working`, `idle`, `stopped` and others. */
  readonly effective_working_state?: string
  /** Seconds since the actor last did something. Daemons after 0.4.35. */
  readonly idle_seconds?: number | null
  readonly [key: string]: unknown
}

/** The data of common events, by kind. */
export interface CcccEventData {
  /** A message to the group or to some of its actors. */
  'chat.message': {
    readonly text: string
    readonly to?: readonly string[]
    readonly format?: string
    /** Dialects A and B. */
    readonly priority?: string
    /** Dialects A and B. */
    readonly reply_required?: boolean
    /** Dialect C: `send`, `request_reply` or `mail`. */
    readonly message_mode?: string
    readonly reply_to?: string | null
    readonly quote_text?: string | null
    readonly client_id?: string | null
    readonly src_group_id?: string | null
    readonly src_event_id?: string | null
    readonly dst_group_id?: string | null
    readonly dst_to?: readonly string[] | null
    readonly refs?: readonly Loose[]
    readonly attachments?: readonly Loose[]
  }
  /** An actor has acknowledged a message. */
  'chat.ack': { readonly actor_id: string; readonly event_id: string }
  /** An actor has read the messages up to this one. */
  'chat.read': { readonly actor_id: string; readonly event_id: string }
  /** A message while it is being written. */
  'chat.stream': {
    readonly stream_id: string
    /** `start`, `update` or `end`. */
    readonly op: string
    /** The whole text so far. */
    readonly text: string
    readonly seq?: number
    readonly format?: string
  }
  /** No reply to this message is expected any more. */
  'chat.reply_request.cancelled': { readonly source_event_id: string }
  /** A notice of the daemon. */
  'system.notify': {
    readonly kind: string
    readonly title: string
    readonly message: string
    readonly priority?: string
    readonly target_actor_id?: string | null
    readonly context?: Loose
  }
  /** An actor has acknowledged a notice. */
  'system.notify_ack': { readonly notify_event_id: string; readonly actor_id: string }
  /** An actor was started. */
  'actor.start': { readonly actor_id: string }
  /** An actor was stopped. */
  'actor.stop': { readonly actor_id: string }
  /** An actor was restarted. */
  'actor.restart': { readonly actor_id: string }
  /** The present activity of the actors; comes about once a second. */
  'actor.activity': { readonly actors: readonly Loose[] }
}

/** An event of one kind, with its data typed. */
export type CcccEventOf<Kind extends keyof CcccEventData> = Omit<CcccEvent, 'kind' | 'data'> & {
  readonly kind: Kind
  readonly data: CcccEventData[Kind] & Loose
}

/**
 * Tells whether an event is of this kind, and types its data. Only the kind is checked.
 * @example
 * import { createCccc, isCcccEvent } from 'signalbox/cccc'
 * import { ccccDaemon } from 'signalbox/node'
 *
 * await using client = createCccc({ transport: ccccDaemon() })
 * for await (const item of await client.events({ groupId: 'g_0123456789ab' })) {
 *   if (item.type === 'event' && isCcccEvent(item.event, 'chat.message')) console.log(item.event.data.text)
 * }
 */
export function isCcccEvent<Kind extends keyof CcccEventData>(
  event: CcccEvent,
  kind: Kind,
): event is CcccEvent & CcccEventOf<Kind> {
  return event.kind === kind
}
