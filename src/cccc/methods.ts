/** Namespaced methods, all made from the table: `client.groups.show({ groupId })` calls `group_show` with `group_id`. */
import type { CcccCallOptions, CcccCore, CcccOp, OptionalArgs } from './core.js'
import { badArgument } from './errors.js'
import { type CamelArgs, type CamelKey, wireArgs } from './names.js'
import type { CcccNamespaceOps, CcccOps, CcccTakingOver } from './ops.gen.js'
import type { Loose } from './shapes.js'
import type { OpInfo, OpTable } from './table.js'
import type { CcccChannel } from './wire.js'

export type CcccMethod<Op extends CcccOp> = (
  ...rest: OptionalArgs<CamelArgs<CcccOps[Op]['args']>, CcccCallOptions>
) => Promise<Op extends CcccTakingOver ? CcccChannel : CcccOps[Op]['result']>

type Namespace<Ops> = { readonly [Name in keyof Ops]: Ops[Name] extends CcccOp ? CcccMethod<Ops[Name]> : never }

export type CcccNamespaces = { readonly [Name in keyof CcccNamespaceOps]: Namespace<CcccNamespaceOps[Name]> }

/** Every op under its own name in camelCase: `client.ops.groupShow`. */
export type CcccFlatMethods = { readonly [Op in CcccOp as CamelKey<Op>]: CcccMethod<Op> }

/** What a published client insists on, where the daemon's own default would surprise. */
const PREPARE: Readonly<Record<string, (args: Loose) => Loose>> = {
  actor_update: (args) => ({ patch: {}, ...args }),
  actor_profile_upsert: (args) => ({ ...args, profile: wireProfile(args.profile) }),
}

/** Only this one object inside a profile is mapped, as in the published TypeScript client. */
function wireProfile(profile: unknown): unknown {
  if (typeof profile !== 'object' || profile === null || !('capabilityDefaults' in profile)) return profile
  const { capabilityDefaults, ...rest } = profile as Loose
  const mapped =
    typeof capabilityDefaults === 'object' && capabilityDefaults !== null ? wireArgs(capabilityDefaults) : capabilityDefaults
  return { ...rest, capability_defaults: mapped }
}

/** What the published clients refuse before they send anything. */
const REFUSE: Readonly<Record<string, (args: Loose) => string | undefined>> = {
  group_automation_manage: ({ actions }) =>
    Array.isArray(actions) && actions.length === 0 ? 'The list of actions is empty.' : undefined,
}

/** Wire arguments of a method call: names mapped, the principal filled in. */
export function prepareArgs(info: OpInfo, args: object, principal: string): Loose {
  const out = wireArgs(args)
  const by = info.by === 'client' ? principal : info.by === 'actor' ? (out.actor_id ?? principal) : info.by
  const refused = REFUSE[info.op]?.(out)
  if (refused !== undefined) throw badArgument(info.op, refused, 'Name at least one.')
  const withBy = by === undefined || out.by !== undefined ? out : { ...out, by }
  return PREPARE[info.op]?.(withBy) ?? withBy
}

type AnyMethod = (args?: object, options?: CcccCallOptions) => Promise<unknown>

/** One function per op, shared by both ways to name it; `own` replaces those that do more than one call. */
export function buildMethods(core: CcccCore, table: OpTable, own: ReadonlyMap<string, unknown>) {
  const spaces: Record<string, Record<string, unknown>> = {}
  const flat: Record<string, unknown> = {}
  for (const info of table.values()) {
    const { op, namespace, method } = info
    const plain: AnyMethod = async (args = {}, options = {}) => {
      const wire = prepareArgs(info, args, core.principal)
      return info.takesOver ? core.open(op, wire, options) : core.call(op, wire, options)
    }
    const made = own.get(op) ?? plain
    spaces[namespace] ??= {}
    spaces[namespace][method] = made
    flat[op.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())] = made
  }
  return { spaces: spaces as unknown as CcccNamespaces, flat: flat as unknown as CcccFlatMethods }
}
