/** The differences between the dialects: the answer to `ping`, and the keys of records, in the order of a real daemon. */
import type { CcccDialect, Loose } from '../../cccc/shapes.js'
import type { SimActor } from './world.js'

export interface DialectFacts {
  readonly version: string
  readonly capabilities: Readonly<Record<string, boolean>>
  readonly implementation?: string
  /** Milliseconds in which a request must arrive. Undefined: no limit, and every other client waits. */
  readonly readTimeoutMs: number | undefined
  /** A connection that closes before a valid request kills it. */
  readonly fragile: boolean
  readonly kinds: readonly string[]
}

const OLD = ['chat.message', 'chat.ack', 'system.notify', 'system.notify_ack', 'actor.start', 'actor.stop', 'actor.restart']
const BROWSERS = ['presentation_browser', 'space_provider_auth_browser', 'web_model_browser']

export const FACTS: Readonly<Record<CcccDialect, DialectFacts>> = {
  A: {
    version: '0.4.2',
    capabilities: { events_stream: true, remote_access: true },
    readTimeoutMs: undefined,
    fragile: true,
    kinds: OLD,
  },
  B: {
    version: '0.4.3',
    capabilities: { events_stream: true, remote_access: true },
    readTimeoutMs: 500,
    fragile: false,
    kinds: [...OLD, 'chat.stream', 'actor.activity'],
  },
  C: {
    version: '0.4.35',
    capabilities: {
      events_stream: true,
      remote_access: true,
      ...Object.fromEntries(BROWSERS.flatMap((name) => [`${name}_attach`, `${name}_vnc_attach`].map((key) => [key, true]))),
      term_attachment_status: false,
      term_attach_snapshot_v1: false,
      assistant_state: true,
      assistant_voice_recording_lease: true,
      assistant_voice_model_install: true,
    },
    implementation: 'python',
    readTimeoutMs: 500,
    fragile: false,
    kinds: ['chat.message', 'chat.stream', 'system.notify', 'actor.start', 'actor.stop', 'actor.restart', 'actor.activity'],
  },
}

const SOURCES = { source_platform: null, source_user_name: null, source_user_id: null, mention_user_ids: null }

/** The data of a message, with every key of the dialect; absent values are null. */
export function messageData(dialect: CcccDialect, fields: Loose): Loose {
  const of = (key: string, otherwise: unknown = null): unknown => fields[key] ?? otherwise
  const head = { text: of('text', ''), format: 'plain' }
  const tail = { refs: of('refs', []), attachments: of('attachments', []), thread: '' }
  const addressed = { to: of('to', []), reply_to: of('reply_to'), quote_text: of('quote_text') }
  const from = { src_group_id: of('src_group_id'), src_event_id: of('src_event_id') }
  const towards = { dst_group_id: of('dst_group_id'), dst_to: of('dst_to') }
  const duty = { priority: of('priority', 'normal'), reply_required: of('reply_required', false) }
  // Dialect A accepts a client id and does not store it.
  if (dialect === 'A') return { ...head, ...duty, ...addressed, ...from, ...towards, ...tail, client_id: null }
  if (dialect === 'B') {
    return { ...head, ...duty, ...addressed, ...SOURCES, ...from, ...towards, ...tail, stream_id: null, client_id: of('client_id') }
  }
  return {
    ...head,
    insight: of('insight'),
    message_mode: of('message_mode', 'send'),
    ...addressed,
    ...SOURCES,
    sender_title: of('sender_title'),
    sender_runtime: of('sender_runtime'),
    sender_avatar_path: null,
    ...from,
    src_by: of('src_by'),
    remote_reply_to: null,
    ...towards,
    dst_message_mode: of('dst_message_mode'),
    ...tail,
    stream_id: null,
    pending_event_id: null,
    client_id: of('client_id'),
    suggested_user_message: null,
  }
}

/** An actor as it is stored, in the dialect's order of keys. */
export function actorRecord(dialect: CcccDialect, actor: SimActor): Loose {
  const head = {
    v: 1,
    id: actor.id,
    title: actor.title,
    command: actor.command,
    env: {},
    default_scope_key: '',
    submit: actor.submit,
  }
  const middle = { enabled: actor.enabled, runner: actor.runner, runtime: actor.runtime }
  const times = { created_at: actor.createdAt, updated_at: actor.updatedAt }
  const link = { profile_id: actor.profileId, profile_revision_applied: actor.profileRevision }
  if (dialect === 'A') return { ...head, ...middle, ...times, ...(actor.profileId === '' ? {} : link) }
  const capabilities = dialect === 'B' ? { capability_autoload: [] } : { capability_autoload: [], capability_hidden: [] }
  const state =
    dialect === 'B' ? {} : { runtime_state_source: actor.runtime === 'custom' ? 'terminal' : 'app_server', avatar_asset_path: '' }
  return { ...head, ...capabilities, ...middle, ...state, ...profileOf(actor), ...times }
}

/** An actor without a profile has all four keys; one with a profile lacks the owner; one whose profile was removed has none. */
function profileOf({ linked, profileId, profileRevision }: SimActor): Loose {
  if (!linked) return { profile_id: '', profile_scope: 'global', profile_owner: '', profile_revision_applied: 0 }
  if (profileId === '') return {}
  return { profile_id: profileId, profile_scope: 'global', profile_revision_applied: profileRevision }
}
