/** Actors, their lifecycle and their secrets, which no answer returns. */
import { isRecord } from '../../core/is-record.js'
import type { Loose } from '../../cccc/shapes.js'
import { actorRecord } from './dialect.js'
import { checkPatch, type Handler } from './groups.js'
import { required, SimRefusal, text, type SimActor, type SimGroup, type World } from './world.js'

const RESERVED = ['user', 'all', 'system', 'foreman', 'peers', 'admin', 'root', 'cccc']
const RUNTIMES = ['amp', 'auggie', 'claude', 'codex', 'droid', 'gemini', 'kimi', 'neovate', 'custom', 'opencode', 'grok', 'copilot']
const PATCH = ['role', 'title', 'command', 'env', 'default_scope_key', 'submit', 'enabled', 'runner', 'runtime']

/** The foreman is the first enabled actor, or the first actor if none is enabled. */
function foremanOf(group: SimGroup): SimActor | undefined {
  return group.actors.find(({ enabled }) => enabled) ?? group.actors[0]
}

export function roleOf(group: SimGroup, id: string): 'foreman' | 'peer' {
  return foremanOf(group)?.id === id ? 'foreman' : 'peer'
}

export function findActor(group: SimGroup, id: string): SimActor | undefined {
  return group.actors.find((actor) => actor.id === id)
}

const record = (world: World, actor: SimActor): Loose => actorRecord(world.dialect, actor)

/** An actor with its role. The daemon leaves the role out if the actor came from a profile. */
const withRole = (world: World, group: SimGroup, actor: SimActor): Loose =>
  actor.linked ? record(world, actor) : { ...record(world, actor), role: roleOf(group, actor.id) }

/** The actor as an event stores it. */
function logged(world: World, group: SimGroup, actor: SimActor): Loose {
  const { v, id, ...rest } = record(world, actor)
  const stored: Loose = { v, id, role: actor.linked ? null : roleOf(group, actor.id), ...rest }
  if (world.dialect === 'A') {
    const { profile_id: _, profile_revision_applied: __, ...free } = stored
    return free
  }
  if (!actor.linked) return world.dialect === 'C' ? withInternalKind(stored) : stored
  const out: Loose = {}
  for (const [key, value] of Object.entries(stored)) {
    out[key] = value
    if (key === 'profile_scope') out.profile_owner = ''
  }
  return world.dialect === 'C' ? withInternalKind(out) : out
}

function withInternalKind(stored: Loose): Loose {
  const out: Loose = {}
  for (const [key, value] of Object.entries(stored)) {
    out[key] = value
    if (key === 'runtime_state_source') out.internal_kind = null
  }
  return out
}

function patchKeys(world: World): string[] {
  if (world.dialect === 'A') return PATCH
  const [role, title, ...rest] = PATCH
  const c = world.dialect === 'C'
  const middle = rest.flatMap((key) =>
    key === 'submit' ? [key, 'capability_autoload', ...(c ? ['capability_hidden'] : [])] : [key],
  )
  return [role ?? '', title ?? '', ...(c ? ['avatar_asset_path'] : []), ...middle, ...(c ? ['runtime_state_source'] : [])]
}

function headlessState(group: SimGroup, actor: SimActor): Loose {
  const { id, status, startedAt, updatedAt } = actor
  const times = { started_at: startedAt, updated_at: updatedAt }
  return { v: 1, group_id: group.id, actor_id: id, status, current_task_id: null, last_message_id: null, ...times }
}

function add(world: World, args: Loose): Loose {
  const group = world.group(args)
  const fail = (message: string): never => {
    throw new SimRefusal('actor_add_failed', message)
  }
  const id = text(args, 'actor_id') || `agent-${group.actors.length + 1}`
  const profile = text(args, 'profile_id') ? world.profiles.get(text(args, 'profile_id')) : undefined
  if (text(args, 'profile_id') && !profile)
    throw new SimRefusal('profile_not_found', `profile not found: ${text(args, 'profile_id')}`)
  const from: Loose = profile?.profile ?? args
  const runtime = text(from, 'runtime') || 'codex'
  if (RESERVED.includes(id)) fail(`'${id}' is reserved, please use another name`)
  if (findActor(group, id)) fail(`Name already exists: ${id}`)
  if (!RUNTIMES.includes(runtime)) fail('invalid runtime')
  const at = world.now()
  const actor: SimActor = {
    id,
    title: text(args, 'title'),
    command: Array.isArray(from.command) ? from.command.map(String) : [],
    submit: text(from, 'submit') || 'enter',
    enabled: true,
    runner: text(from, 'runner') || 'pty',
    runtime,
    running: false,
    linked: profile !== undefined,
    profileId: profile ? String(profile.profile.id) : '',
    profileRevision: profile ? Number(profile.profile.revision) : 0,
    createdAt: at,
    updatedAt: at,
    startedAt: at,
    secrets: new Map(
      Object.entries(isRecord(args.env_private) ? args.env_private : {}).map(([key, value]) => [key, String(value)]),
    ),
    cursor: { event_id: '', ts: '' },
    readMail: new Set(),
    status: 'idle',
  }
  group.actors.push(actor)
  const by = text(args, 'by') || 'user'
  const event = world.append(group, { kind: 'actor.add', by, data: { actor: logged(world, group, actor) } })
  const told = withRole(world, group, actor)
  const missing = actor.command[0]?.startsWith('/nonexistent') === true
  if (missing) {
    const start_error = `failed to start session: [Errno 2] No such file or directory: '${actor.command[0]}'`
    return { actor: told, event, start_error, running: false }
  }
  actor.running = true
  const start_event = world.append(group, {
    kind: 'actor.start',
    by,
    data: { actor_id: id, runner: actor.runner, runner_effective: world.dialect === 'C' ? actor.runner : null },
  })
  const effective = world.dialect === 'C' ? { runner_effective: actor.runner } : {}
  return { actor: told, event, start_event, running: true, ...effective }
}

function switched(world: World, args: Loose, kind: 'start' | 'stop' | 'restart'): Loose {
  const group = world.group(args)
  required(args, 'actor_id')
  const id = text(args, 'actor_id')
  const actor = findActor(group, id)
  if (!actor) throw new SimRefusal(`actor_${kind}_failed`, `actor not found: ${id}`)
  actor.running = kind !== 'stop'
  actor.enabled = kind !== 'stop'
  actor.updatedAt = world.now()
  if (kind !== 'stop') actor.startedAt = actor.updatedAt
  const runner = kind === 'stop' ? null : actor.runner
  const data = { actor_id: id, runner, runner_effective: world.dialect === 'C' && kind === 'restart' ? runner : null }
  const event = world.append(group, { kind: `actor.${kind}`, by: text(args, 'by') || 'user', data })
  const role = kind === 'stop' ? { role: roleOf(group, id) } : {}
  return { actor: { ...record(world, actor), ...role }, event }
}

function secretsOf(world: World, args: Loose): { group: SimGroup; actor: SimActor } {
  const group = world.group(args)
  required(args, 'actor_id')
  if ((text(args, 'by') || 'user') !== 'user')
    throw new SimRefusal('permission_denied', 'only user can access private env metadata')
  const actor = findActor(group, text(args, 'actor_id'))
  if (!actor) throw new SimRefusal('actor_not_found', `actor not found: ${text(args, 'actor_id')}`)
  if (actor.profileId !== '') {
    throw new SimRefusal(
      'actor_profile_linked_readonly',
      'linked actor private env is profile-controlled (convert to custom first)',
    )
  }
  return { group, actor }
}

/** The daemon's mask: two characters from each end, nothing of a short secret. */
export function masksOf(secrets: ReadonlyMap<string, string>): Loose {
  const mask = (value: string): string => (value.length <= 6 ? '******' : `${value.slice(0, 2)}******${value.slice(-2)}`)
  return Object.fromEntries([...secrets].map(([key, value]) => [key, mask(value)]))
}

/** Clear, then unset, then set, as the daemon does within one call. */
export function updateSecrets(secrets: Map<string, string>, args: Loose): string[] {
  const set = isRecord(args.set) ? args.set : {}
  for (const key of Object.keys(set)) {
    if (!/^[A-Za-z_]\w*$/.test(key)) throw new SimRefusal('invalid_request', `invalid env key: ${key}`)
  }
  if (args.clear === true) secrets.clear()
  for (const key of Array.isArray(args.unset) ? args.unset : []) secrets.delete(String(key))
  for (const [key, value] of Object.entries(set)) secrets.set(key, String(value))
  return [...secrets.keys()]
}

function headless(world: World, args: Loose): { group: SimGroup; actor: SimActor } {
  const group = world.group(args)
  required(args, 'actor_id')
  const actor = findActor(group, text(args, 'actor_id'))
  if (!actor) throw new SimRefusal('actor_not_found', `actor not found: ${text(args, 'actor_id')}`)
  return { group, actor }
}

export const ACTOR_OPS: Readonly<Record<string, Handler>> = {
  actor_add: (args, world) => add(world, args),
  actor_list(args, world) {
    const group = world.group(args)
    return {
      actors: group.actors.map((actor) => ({
        ...record(world, actor),
        role: roleOf(group, actor.id),
        running: actor.running,
        ...(world.dialect === 'A' ? {} : { idle_seconds: null }),
        ...(args.include_unread === true ? { unread_count: 0 } : {}),
      })),
    }
  },
  actor_update(args, world) {
    const group = world.group(args)
    required(args, 'actor_id')
    const by = text(args, 'by') || 'user'
    if (by !== 'user') {
      throw new SimRefusal('actor_update_failed', 'permission denied: actor.update is only available via CLI/Web UI')
    }
    const actor = findActor(group, text(args, 'actor_id'))
    if (!actor) throw new SimRefusal('actor_not_found', `actor not found: ${text(args, 'actor_id')}`)
    const action = text(args, 'profile_action')
    const patch = action === 'convert_to_custom' ? {} : checkPatch(args.patch, patchKeys(world))
    const locked = Object.keys(patch).filter((key) => ['command', 'runtime', 'runner', 'env', 'submit'].includes(key))
    if (actor.profileId !== '' && locked.length > 0) {
      const message = 'linked actor runtime fields are read-only (convert to custom first)'
      throw new SimRefusal('actor_profile_linked_readonly', message, { keys: locked })
    }
    if (action === 'convert_to_custom') actor.profileId = ''
    actor.title = typeof patch.title === 'string' ? patch.title : actor.title
    actor.enabled = typeof patch.enabled === 'boolean' ? patch.enabled : actor.enabled
    actor.updatedAt = world.now()
    const written = Object.fromEntries(patchKeys(world).map((key) => [key, patch[key] ?? null]))
    const owner = world.dialect === 'A' ? {} : { profile_scope: null, profile_owner: null }
    const data = { actor_id: actor.id, patch: written, profile_id: null, ...owner, profile_action: action || null }
    const event = world.append(group, { kind: 'actor.update', by, data })
    return { actor: withRole(world, group, actor), event }
  },
  actor_remove(args, world) {
    const group = world.group(args)
    const id = text(args, 'actor_id')
    const index = group.actors.findIndex((actor) => actor.id === id)
    if (index < 0) throw new SimRefusal('actor_remove_failed', `actor not found: ${id}`)
    group.actors.splice(index, 1)
    const data = { actor_id: id, runner: null, runner_effective: null }
    return { actor_id: id, event: world.append(group, { kind: 'actor.remove', by: text(args, 'by') || 'user', data }) }
  },
  actor_start: (args, world) => switched(world, args, 'start'),
  actor_stop: (args, world) => switched(world, args, 'stop'),
  actor_restart: (args, world) => switched(world, args, 'restart'),
  actor_env_private_keys(args, world) {
    const { group, actor } = secretsOf(world, args)
    return { group_id: group.id, actor_id: actor.id, keys: [...actor.secrets.keys()], masked_values: masksOf(actor.secrets) }
  },
  actor_env_private_update(args, world) {
    const { group, actor } = secretsOf(world, args)
    return { group_id: group.id, actor_id: actor.id, keys: updateSecrets(actor.secrets, args) }
  },
  headless_status(args, world) {
    const { group, actor } = headless(world, args)
    return { state: headlessState(group, actor) }
  },
  headless_set_status(args, world) {
    const { group, actor } = headless(world, args)
    const status = text(args, 'status')
    if (!['idle', 'working', 'waiting', 'stopped'].includes(status))
      throw new SimRefusal('invalid_status', `invalid status: ${status}`)
    actor.status = status
    actor.updatedAt = world.now()
    return { state: headlessState(group, actor) }
  },
  headless_ack_message(args, world) {
    headless(world, args)
    required(args, 'message_id')
    return { message_id: text(args, 'message_id'), acked_at: world.now() }
  },
}
