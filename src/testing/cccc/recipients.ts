/** Finds the recipients of a message as the daemon does. */
import type { Loose } from '../../cccc/shapes.js'
import { findActor, roleOf } from './actors.js'
import { SimRefusal, type SimActor, type SimGroup, type World } from './world.js'

const GROUPS = ['@all', '@peers', '@foreman']

function canonical(group: SimGroup, token: string): string {
  const bare = token.trim()
  if (bare === 'user' || bare === '@user') return 'user'
  if (GROUPS.includes(bare)) return bare
  const id = bare.startsWith('@') ? bare.slice(1) : bare
  const titled = group.actors.filter(({ title }) => title !== '' && title.toLowerCase() === id.toLowerCase())
  const actor = findActor(group, id) ?? (titled.length === 1 ? titled[0] : undefined)
  if (!actor) throw new SimRefusal('invalid_recipient', `unknown recipient: ${bare}`)
  return actor.id
}

export function recipientsOf(group: SimGroup, args: Loose): string[] {
  const given = Array.isArray(args.to) ? args.to.map(String) : typeof args.to === 'string' && args.to !== '' ? [args.to] : []
  const canonicalised = [...new Set(given.map((token) => canonical(group, token)))]
  if (canonicalised.length > 0) return canonicalised
  const mentioned = [...String(args.text ?? '').matchAll(/@([A-Za-z][\w-]*)/g)].map(([, name]) => name ?? '')
  const known = mentioned.filter((name) => GROUPS.includes(`@${name}`) || findActor(group, name))
  if (known.length > 0) return [...new Set(known.map((name) => canonical(group, GROUPS.includes(`@${name}`) ? `@${name}` : name)))]
  return group.settings.default_send_to === 'broadcast' ? [] : ['@foreman']
}

/** The actors behind recipient tokens. An empty list is everybody. */
function actorsFor(group: SimGroup, to: readonly string[]): SimActor[] {
  return group.actors.filter(({ id }) => isFor(group, to, id))
}

export function isFor(group: SimGroup, to: readonly string[], id: string): boolean {
  if (to.length === 0 || to.includes('@all') || to.includes(id)) return id !== 'user' || to.includes('user')
  return id !== 'user' && to.includes(roleOf(group, id) === 'foreman' ? '@foreman' : '@peers')
}

/** A message needs a recipient besides its sender. Addressed actors that are disabled are enabled. */
export function checkDeliverable(world: World, group: SimGroup, to: readonly string[], by: string): void {
  if (to.includes('user')) return
  const addressed = actorsFor(group, to).filter(({ id }) => id !== by)
  for (const actor of addressed) {
    if (actor.enabled) continue
    actor.enabled = true
    actor.running = true
  }
  if (addressed.length > 0) return
  const old = `no enabled agents match recipients: ${to.join(', ')}`
  const newer = `No enabled recipients after excluding sender. Please specify 'to' explicitly, e.g. to=['user'], to=['@all'], or to=['peer-reviewer']. Current resolved recipients: ${to.join(', ')}`
  throw new SimRefusal('no_enabled_recipients', world.dialect === 'A' ? old : newer, { to: [...to] })
}
