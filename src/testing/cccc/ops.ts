/** The simulated ops by name. An op that exists and is not simulated is refused with a code that says so. */
import type { CcccDialect, Loose } from '../../cccc/shapes.js'
import { ACTOR_OPS } from './actors.js'
import { CONTEXT_OPS } from './context.js'
import { FACTS } from './dialect.js'
import { GROUP_OPS, type Handler } from './groups.js'
import { INBOX_OPS } from './inbox.js'
import { MESSAGE_OPS } from './messages.js'
import { PRESENT } from './presence.gen.js'
import { PROFILE_OPS } from './profiles.js'
import { required, SimRefusal, type World } from './world.js'

const HANDLERS: Readonly<Record<string, Handler>> = {
  ...GROUP_OPS,
  ...ACTOR_OPS,
  ...MESSAGE_OPS,
  ...INBOX_OPS,
  ...CONTEXT_OPS,
  ...PROFILE_OPS,
}

export type KnownOps = ReadonlyMap<string, string | undefined>

/** The ops of a dialect, each with its first required argument. */
export function knownOps(dialect: CcccDialect, without: readonly string[] = []): KnownOps {
  const known = new Map<string, string | undefined>()
  for (const line of PRESENT.split('\n')) {
    const [op = '', dialects = '', first] = line.split(' ')
    if (dialects.includes(dialect) && !without.includes(op)) known.set(op, first)
  }
  return known
}

export function ping(world: World, pid: number): Loose {
  const { version, capabilities, implementation } = FACTS[world.dialect]
  const who = implementation === undefined ? {} : { implementation }
  return { version, ...who, pid, ts: world.now(), ipc_v: 1, capabilities: { ...capabilities } }
}

export function perform(world: World, known: KnownOps, op: string, args: Loose): Loose {
  if (!known.has(op)) throw new SimRefusal('unknown_op', `unknown op: ${op}`)
  const handler = HANDLERS[op]
  if (handler) return handler(args, world)
  const first = known.get(op)
  if (first !== undefined) required(args, first)
  throw new SimRefusal('not_simulated', `this simulated daemon knows ${op} by name only`)
}
