/**
 * The routes of the web port. It has no route for all ops, so each op with a route has a line here. `:name` puts an argument into the path,
 * the names after `?` go into the query. The other arguments become the body of a POST or PUT, and the query of a GET or DELETE.
 */
import type { Loose } from '../shapes.js'

const ROUTES = `
ping GET /ping
groups GET /groups
group_create POST /groups
group_show GET /groups/:group_id
group_update PUT /groups/:group_id
group_delete DELETE /groups/:group_id
group_reset POST /groups/:group_id/reset ?confirm,by
attach POST /groups/:group_id/attach
group_detach_scope DELETE /groups/:group_id/scopes/:scope_key
group_start POST /groups/:group_id/start ?by
group_stop POST /groups/:group_id/stop ?by
group_set_state POST /groups/:group_id/state ?state,by
group_settings_update PUT /groups/:group_id/settings
group_automation_state GET /groups/:group_id/automation
group_automation_update PUT /groups/:group_id/automation
group_automation_manage POST /groups/:group_id/automation/manage
group_automation_reset_baseline POST /groups/:group_id/automation/reset_baseline
actor_list GET /groups/:group_id/actors
actor_add POST /groups/:group_id/actors
actor_update POST /groups/:group_id/actors/:actor_id
actor_remove DELETE /groups/:group_id/actors/:actor_id
actor_start POST /groups/:group_id/actors/:actor_id/start ?by
actor_stop POST /groups/:group_id/actors/:actor_id/stop ?by
actor_restart POST /groups/:group_id/actors/:actor_id/restart ?by
actor_new_session POST /groups/:group_id/actors/:actor_id/new_session ?by
actor_env_private_keys GET /groups/:group_id/actors/:actor_id/env_private
actor_env_private_update POST /groups/:group_id/actors/:actor_id/env_private
actor_profile_list GET /actor_profiles
actor_profile_get GET /actor_profiles/:profile_id
actor_profile_upsert POST /actor_profiles
actor_profile_delete DELETE /actor_profiles/:profile_id
actor_profile_secret_keys GET /actor_profiles/:profile_id/env_private
actor_profile_secret_update POST /actor_profiles/:profile_id/env_private
actor_profile_secret_copy_from_actor POST /actor_profiles/:profile_id/copy_actor_secrets
actor_profile_secret_copy_from_profile POST /actor_profiles/:profile_id/copy_profile_secrets
send POST /groups/:group_id/send
reply POST /groups/:group_id/reply
send_cross_group POST /groups/:group_id/send_cross_group
tracked_send POST /groups/:group_id/tracked_send
message_deliver POST /groups/:group_id/messages/:source_event_id/deliver
reply_request_cancel POST /groups/:group_id/messages/:source_event_id/reply-request/cancel
chat_ack POST /groups/:group_id/events/:event_id/ack
inbox_list GET /groups/:group_id/inbox/:actor_id
inbox_peek GET /groups/:group_id/inbox/:actor_id
inbox_read POST /groups/:group_id/inbox/:actor_id/read
inbox_mark_read POST /groups/:group_id/inbox/:actor_id/read
context_get GET /groups/:group_id/context
context_sync POST /groups/:group_id/context
task_list GET /groups/:group_id/tasks
ledger_tail GET /groups/:group_id/ledger/tail
ledger_search GET /groups/:group_id/ledger/search
ledger_window GET /groups/:group_id/ledger/window
terminal_tail GET /groups/:group_id/terminal/tail
terminal_history GET /groups/:group_id/terminal/history
terminal_clear POST /groups/:group_id/terminal/clear ?actor_id
capability_overview GET /capabilities/overview
capability_allowlist_get GET /capabilities/allowlist
capability_allowlist_update PUT /capabilities/allowlist
capability_allowlist_reset DELETE /capabilities/allowlist
capability_allowlist_validate POST /capabilities/allowlist/validate
capability_block POST /capabilities/block
capability_state GET /groups/:group_id/capabilities/state
capability_enable POST /groups/:group_id/capabilities/enable
capability_import POST /groups/:group_id/capabilities/import
capability_uninstall POST /groups/:group_id/capabilities/uninstall
capability_visibility POST /groups/:group_id/capabilities/visibility
group_space_status GET /groups/:group_id/space/status
group_space_spaces GET /groups/:group_id/space/spaces
group_space_bind POST /groups/:group_id/space/bind
group_space_ingest POST /groups/:group_id/space/ingest
group_space_query POST /groups/:group_id/space/query
group_space_sources POST /groups/:group_id/space/sources
group_space_artifact POST /groups/:group_id/space/artifacts
group_space_jobs POST /groups/:group_id/space/jobs
group_space_sync POST /groups/:group_id/space/sync
group_space_provider_credential_status GET /space/providers/:provider/credential
group_space_provider_credential_update POST /space/providers/:provider/credential
group_space_provider_health_check POST /space/providers/:provider/health ?by
group_space_provider_auth POST /space/providers/:provider/auth`

export interface Route {
  readonly method: string
  readonly path: string
  readonly query: readonly string[]
}

export function loadRoutes(): ReadonlyMap<string, Route> {
  const routes = new Map<string, Route>()
  for (const line of ROUTES.trim().split('\n')) {
    const [op = '', method = '', path = '', query = ''] = line.split(' ')
    routes.set(op, { method, path, query: query === '' ? [] : query.slice(1).split(',') })
  }
  return routes
}

/** One word of a command, quoted for a shell where needed: the web port takes a command as one string. */
const quoted = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)

const commandLine = (command: unknown): unknown =>
  Array.isArray(command) ? command.map((word) => quoted(String(word))).join(' ') : command

/** Ops whose arguments have another shape over the web port. */
const RESHAPE: Readonly<Record<string, (args: Loose) => Loose>> = {
  group_update: ({ patch, ...rest }) => ({ ...rest, ...(patch as Loose) }),
  group_settings_update: ({ patch, ...rest }) => ({ ...rest, ...(patch as Loose) }),
  group_automation_update: ({ ruleset, ...rest }) => ({ ...rest, ...(ruleset as Loose) }),
  group_delete: (args) => ({ ...args, confirm: args.group_id }),
  actor_add: (args) => ('command' in args ? { ...args, command: commandLine(args.command) } : args),
  actor_update({ patch, ...rest }) {
    const fields = (patch ?? {}) as Loose
    return { ...rest, ...fields, ...('command' in fields ? { command: commandLine(fields.command) } : {}) }
  },
  // Over the web port only `user` acknowledges.
  chat_ack: ({ actor_id: _, ...rest }) => rest,
  inbox_list: ({ kind_filter: _, ...rest }) => rest,
  // The route refuses extra fields.
  reply_request_cancel: ({ by: _, ...rest }) => rest,
}

export interface WebRequest {
  readonly method: string
  readonly path: string
  readonly body?: string
}

export function webRequest(op: string, { method, path, query }: Route, args: Loose): WebRequest {
  const rest = { ...(RESHAPE[op]?.(args) ?? args) }
  const filled = path.replace(/:(\w+)/g, (_, name: string) => {
    const value = encodeURIComponent(String(rest[name] ?? ''))
    delete rest[name]
    return value
  })
  const writes = method === 'POST' || method === 'PUT'
  const parameters = new URLSearchParams()
  for (const name of writes ? query : Object.keys(rest)) {
    if (rest[name] !== undefined && rest[name] !== null) parameters.append(name, String(rest[name]))
    delete rest[name]
  }
  const full = `/api/v1${filled}${parameters.size > 0 ? `?${parameters}` : ''}`
  return writes ? { method, path: full, body: JSON.stringify(rest) } : { method, path: full }
}
