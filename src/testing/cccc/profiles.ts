/** Actor profiles: presets with a revision, and secrets that no answer returns. */
import { isRecord } from '../../core/is-record.js'
import type { Loose } from '../../cccc/shapes.js'
import { findActor, masksOf, updateSecrets } from './actors.js'
import type { Handler } from './groups.js'
import { SimRefusal, text, type SimProfile, type World } from './world.js'

function found(world: World, id: string): SimProfile {
  const profile = world.profiles.get(id)
  if (!profile) throw new SimRefusal('profile_not_found', `profile not found: ${id}`)
  return profile
}

function usage(world: World, id: string): Loose[] {
  return [...world.groups.values()].flatMap((group) =>
    group.actors
      .filter(({ profileId }) => profileId === id)
      .map((actor) => ({
        group_id: group.id,
        group_title: group.title,
        actor_id: actor.id,
        actor_title: actor.title,
        ...(world.dialect !== 'A' ? { profile_scope: 'global', profile_owner: '' } : {}),
      })),
  )
}

/** `echo 'a b'` as a shell would split it. */
function words(command: unknown): unknown {
  if (typeof command !== 'string') return command
  return [...command.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(([, single, double, bare]) => single ?? double ?? bare)
}

function upsert(world: World, args: Loose): Loose {
  const given = isRecord(args.profile) ? args.profile : {}
  const env = isRecord(given.env) ? given.env : {}
  if (world.dialect === 'B' && Object.keys(env).length > 0) {
    throw new SimRefusal('invalid_request', 'profile.env is deprecated; use actor_profile_secret_update to manage profile secrets')
  }
  const id = text(given, 'id') || `ap_${world.hex(12)}`
  const known = world.profiles.get(id)
  const revision = Number(known?.profile.revision ?? 0)
  const expected = args.expected_revision
  if (typeof expected === 'number' && expected !== revision) {
    throw new SimRefusal('profile_revision_mismatch', `profile revision mismatch (expected ${expected}, got ${revision})`)
  }
  const at = world.now()
  const scope = world.dialect === 'A' ? {} : { scope: 'global', owner_id: '' }
  const profile = {
    v: 1,
    id,
    name: text(given, 'name'),
    ...scope,
    runtime: text(given, 'runtime') || 'codex',
    runner: text(given, 'runner') || 'pty',
    command: words(given.command) ?? [],
    submit: text(given, 'submit') || 'enter',
    env: {},
    created_at: known?.profile.created_at ?? at,
    updated_at: at,
    revision: revision + 1,
  }
  const secrets = known?.secrets ?? new Map<string, string>()
  for (const [key, value] of Object.entries(env)) secrets.set(key, String(value))
  world.profiles.set(id, { profile, secrets })
  return { profile }
}

function secretsOf(world: World, args: Loose): SimProfile {
  if ((text(args, 'by') || 'user') !== 'user') throw new SimRefusal('permission_denied', 'only user can update profile secrets')
  return found(world, text(args, 'profile_id'))
}

function remove(world: World, args: Loose): Loose {
  const id = text(args, 'profile_id')
  found(world, id)
  const used = usage(world, id)
  if (used.length > 0 && args.force_detach !== true) {
    throw new SimRefusal('profile_in_use', 'profile is in use by linked actors', { profile_id: id, usage: used })
  }
  for (const group of world.groups.values()) for (const actor of group.actors) if (actor.profileId === id) actor.profileId = ''
  world.profiles.delete(id)
  return { deleted: true, profile_id: id, detached_count: used.length, detached: used }
}

/** Copies replace the whole map of the target. */
function replaceSecrets(target: SimProfile, source: ReadonlyMap<string, string>): string[] {
  const copied = [...source]
  target.secrets.clear()
  for (const [key, value] of copied) target.secrets.set(key, value)
  return [...target.secrets.keys()]
}

export const PROFILE_OPS: Readonly<Record<string, Handler>> = {
  actor_profile_list: (_, world) => ({
    profiles: [...world.profiles.values()].map(({ profile }) => ({
      ...profile,
      usage_count: usage(world, String(profile.id)).length,
    })),
  }),
  actor_profile_get(args, world) {
    const id = text(args, 'profile_id')
    return { profile: found(world, id).profile, usage: usage(world, id) }
  },
  actor_profile_upsert: (args, world) => upsert(world, args),
  actor_profile_delete: (args, world) => remove(world, args),
  actor_profile_secret_keys(args, world) {
    const { secrets } = secretsOf(world, args)
    return { profile_id: text(args, 'profile_id'), keys: [...secrets.keys()], masked_values: masksOf(secrets) }
  },
  actor_profile_secret_update(args, world) {
    const { secrets } = secretsOf(world, args)
    return { profile_id: text(args, 'profile_id'), keys: updateSecrets(secrets, args) }
  },
  actor_profile_secret_copy_from_actor(args, world) {
    const target = secretsOf(world, args)
    const actor = findActor(world.group(args), text(args, 'actor_id'))
    if (!actor) throw new SimRefusal('actor_not_found', `actor not found: ${text(args, 'actor_id')}`)
    const keys = replaceSecrets(target, actor.secrets)
    return { profile_id: text(args, 'profile_id'), group_id: text(args, 'group_id'), actor_id: actor.id, keys }
  },
  actor_profile_secret_copy_from_profile(args, world) {
    const target = secretsOf(world, args)
    const source = found(world, text(args, 'source_profile_id'))
    const keys = replaceSecrets(target, source.secrets)
    return { profile_id: text(args, 'profile_id'), source_profile_id: text(args, 'source_profile_id'), keys }
  },
}
