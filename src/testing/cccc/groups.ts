/** Groups, scopes, their lifecycle and settings. */
import { sha256Hex } from '../../core/sha256.js'
import { isRecord } from '../../core/is-record.js'
import type { Loose } from '../../cccc/shapes.js'
import { required, SimRefusal, text, type SimGroup, type World } from './world.js'

export type Handler = (args: Loose, world: World) => Loose

const scopeKey = (path: string): string => `s_${sha256Hex(path).slice(0, 12)}`

function newGroup(world: World, title: string, topic: string): SimGroup {
  const at = world.now()
  const none = { event_id: '', ts: '' }
  return {
    id: `g_${world.hex(12)}`,
    title,
    topic,
    createdAt: at,
    updatedAt: at,
    state: 'active',
    running: false,
    scopes: [],
    activeScope: '',
    actors: [],
    ledger: [],
    acked: new Set(),
    cancelled: new Map(),
    humanCursor: none,
    context: { version: 0, notes: [], decisions: [], handoffs: [], brief: {}, vision: null, tasks: [] },
    settings: { default_send_to: 'foreman' },
  }
}

function shown(group: SimGroup, world: World): Loose {
  const summary = { v: 1, group_id: group.id, title: group.title, topic: group.topic }
  const times = { created_at: group.createdAt, updated_at: group.updatedAt }
  const { running, state, activeScope, scopes, actors } = group
  const standup = { id: 'standup', enabled: world.dialect === 'A' }
  const base = {
    ...summary,
    ...times,
    running,
    state,
    active_scope_key: activeScope,
    scopes,
    actors: actors.map(({ id }) => ({ id })),
  }
  return { ...base, automation: { version: 1, rules: [standup], snippets: {} } }
}

/** A patch may name known keys only, and at least one. */
export function checkPatch(patch: unknown, known: readonly string[]): Loose {
  const given = isRecord(patch) ? patch : {}
  const unknown = Object.keys(given).filter((key) => !known.includes(key))
  if (unknown.length > 0) throw new SimRefusal('invalid_patch', 'invalid patch keys', { unknown_keys: unknown })
  if (Object.keys(given).length === 0) throw new SimRefusal('invalid_patch', 'empty patch')
  return given
}

function create(world: World, args: Loose): Loose {
  const group = newGroup(world, text(args, 'title') || 'working-group', text(args, 'topic'))
  world.groups.set(group.id, group)
  const data = { title: group.title, topic: group.topic }
  const event = world.append(group, { kind: 'group.create', by: text(args, 'by') || 'cli', data })
  return { group_id: group.id, title: group.title, event }
}

function attach(world: World, args: Loose): Loose {
  const path = text(args, 'path') || world.home
  let group = args.group_id ? world.group(args) : undefined
  if (!group) {
    group = newGroup(world, path.split('/').at(-1) ?? path, '')
    world.groups.set(group.id, group)
  }
  const scope = { scope_key: scopeKey(path), url: path, label: path.split('/').at(-1) ?? path, git_remote: '' }
  if (!group.scopes.some(({ scope_key }) => scope_key === scope.scope_key)) group.scopes.push(scope)
  group.activeScope ||= scope.scope_key
  world.append(group, { kind: 'group.attach', by: text(args, 'by') || 'cli', data: { url: path } })
  return { group_id: group.id, scope_key: scope.scope_key, title: group.title }
}

export function scopeOf(group: SimGroup, args: Loose, hint: string): string {
  const path = text(args, 'path')
  if (path === '') return group.activeScope
  const key = scopeKey(path)
  if (!group.scopes.some(({ scope_key }) => scope_key === key)) {
    throw new SimRefusal('scope_not_attached', `scope not attached: ${key}`, { hint })
  }
  return key
}

function setState(world: World, args: Loose): Loose {
  const group = world.group(args)
  const state = text(args, 'state')
  if (!['active', 'idle', 'paused'].includes(state)) {
    const more = world.dialect === 'C' ? '; use group_stop for stopped' : ''
    throw new SimRefusal('group_set_state_failed', `invalid state: ${state} (must be active/idle/paused${more})`)
  }
  const data = { old_state: group.state, new_state: state }
  group.state = state
  return {
    group_id: group.id,
    state,
    event: world.append(group, { kind: 'group.set_state', by: text(args, 'by') || 'user', data }),
  }
}

function startStop(world: World, args: Loose, start: boolean): Loose {
  const group = world.group(args)
  if (start && group.activeScope === '') {
    const hint = 'Attach a project root first (e.g. cccc attach <path> --group <id>)'
    throw new SimRefusal('missing_project_root', 'missing project root for group (no active scope)', { hint })
  }
  for (const actor of group.actors) {
    actor.running = start
    actor.enabled = start
  }
  group.running = start
  const ids = group.actors.map(({ id }) => id)
  const key = start ? 'started' : 'stopped'
  const forced = start && world.dialect === 'A' ? { forced_headless: [] } : {}
  const event = world.append(group, {
    kind: start ? 'group.start' : 'group.stop',
    by: text(args, 'by') || 'user',
    data: { [key]: ids, ...forced },
  })
  return { group_id: group.id, [key]: ids, event }
}

const SETTINGS = ['default_send_to', 'min_interval_seconds', 'actor_idle_timeout_seconds', 'keepalive_delay_seconds']
const ATTENTION_SETTINGS = [...SETTINGS, 'nudge_after_seconds', 'attention_ack_nudge_after_seconds']
const MODE_SETTINGS = [...SETTINGS, 'mail_notice_after_seconds', 'reply_notice_after_seconds']

export const GROUP_OPS: Readonly<Record<string, Handler>> = {
  group_create: (args, world) => create(world, args),
  attach: (args, world) => attach(world, args),
  groups: (_, world) => ({
    groups: [...world.groups.values()].reverse().map((group) => ({
      group_id: group.id,
      title: group.title,
      topic: group.topic,
      path: `${world.home}/groups/${group.id}`,
      default_scope_key: group.activeScope,
      created_at: group.createdAt,
      updated_at: group.updatedAt,
      ...(world.dialect === 'C' ? {} : { running: group.running }),
      registry_health: 'ok',
      state: group.state,
      ...(world.dialect === 'C' ? { running: group.running } : {}),
    })),
    registry_health: { missing_group_ids: [], corrupt_group_ids: [] },
  }),
  group_show: (args, world) => ({ group: shown(world.group(args), world) }),
  group_update(args, world) {
    const group = world.group(args)
    const patch = checkPatch(args.patch, ['title', 'topic'])
    group.title = text(patch, 'title') || group.title
    group.topic = text(patch, 'topic') || group.topic
    group.updatedAt = world.now()
    const data = { patch: { title: patch.title ?? null, topic: patch.topic ?? null } }
    const event = world.append(group, { kind: 'group.update', by: text(args, 'by') || 'user', data })
    return { group_id: group.id, group: shown(group, world), event }
  },
  group_use(args, world) {
    const group = world.group(args)
    required(args, 'path')
    group.activeScope = scopeOf(group, args, 'attach scope first (cccc attach <path> --group <id>)')
    const event = world.append(group, {
      kind: 'group.set_active_scope',
      by: text(args, 'by') || 'cli',
      scope_key: group.activeScope,
      data: { path: text(args, 'path') },
    })
    return { group_id: group.id, active_scope_key: group.activeScope, event }
  },
  group_detach_scope(args, world) {
    const group = world.group(args)
    const key = text(args, 'scope_key')
    const index = group.scopes.findIndex(({ scope_key }) => scope_key === key)
    if (index < 0) throw new SimRefusal('group_detach_scope_failed', `scope not attached: ${key}`)
    group.scopes.splice(index, 1)
    const event = world.append(group, { kind: 'group.detach_scope', by: text(args, 'by') || 'user', data: { scope_key: key } })
    return { group_id: group.id, event }
  },
  group_set_state: (args, world) => setState(world, args),
  group_start: (args, world) => startStop(world, args, true),
  group_stop: (args, world) => startStop(world, args, false),
  group_delete(args, world) {
    const group = world.group(args)
    world.groups.delete(group.id)
    return { group_id: group.id }
  },
  group_settings_update(args, world) {
    const group = world.group(args)
    const patch = checkPatch(args.patch, world.dialect === 'C' ? MODE_SETTINGS : ATTENTION_SETTINGS)
    Object.assign(group.settings, patch)
    const event = world.append(group, { kind: 'group.settings_update', by: text(args, 'by') || 'user', data: { patch } })
    return { group_id: group.id, settings: { ...group.settings }, event }
  },
}
