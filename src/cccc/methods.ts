/** Makes the methods of all ops from the table: `client.groups.show({ groupId })` calls `group_show` with `group_id`. */
import type { CcccCallOptions, CcccCore, CcccOp, OptionalArgs } from './small-client.js'
import { badArgument } from './errors.js'
import { camelName } from '../core/names.js'
import { wireArgs, type CamelArgs, type CamelKey } from './names.js'
import type { CcccNamespaceOps, CcccOps, CcccTakingOver } from './ops.gen.js'
import { isRecord } from '../core/is-record.js'
import type { Loose } from './shapes.js'
import type { OpTable } from './table.js'
import type { CcccChannel } from './wire.js'

/** The method of an op: its arguments in camelCase. Ops that take over their connection return a channel. */
export type CcccMethod<Op extends CcccOp> = (
  ...rest: OptionalArgs<CamelArgs<CcccOps[Op]['args']>, CcccCallOptions>
) => Promise<Op extends CcccTakingOver ? CcccChannel : CcccOps[Op]['result']>

type Namespace<Ops> = { readonly [Name in keyof Ops]: Ops[Name] extends CcccOp ? CcccMethod<Ops[Name]> : never }

/** The methods of all ops, by namespace. */
export type CcccNamespaces = { readonly [Name in keyof CcccNamespaceOps]: Namespace<CcccNamespaceOps[Name]> }

/** Every op under its own name in camelCase: `client.ops.groupShow`. */
export type CcccFlatMethods = { readonly [Op in CcccOp as CamelKey<Op>]: CcccMethod<Op> }

/** Calls an op with arguments in camelCase, and fills in `by` where the op takes it. */
export type MethodCall = (op: string, args?: object, options?: CcccCallOptions) => Promise<Loose>

/** Changes to the arguments of some ops, as the published clients make them. */
const PREPARE: Readonly<Record<string, (args: Loose) => Loose>> = {
  actor_update: (args) => ({ patch: {}, ...args }),
  // The daemon reads a comma-separated string here and ignores a list.
  task_list: ({ task_ids: ids, statuses, ...rest }) => ({ ...rest, ...joined('task_ids', ids), ...joined('statuses', statuses) }),
  // The published TypeScript client maps the keys of this one object inside a profile.
  actor_profile_upsert(args) {
    if (!isRecord(args.profile) || !('capabilityDefaults' in args.profile)) return args
    const { capabilityDefaults: given, ...profile } = args.profile
    return { ...args, profile: { ...profile, capability_defaults: isRecord(given) ? wireArgs(given) : given } }
  },
  group_automation_manage(args) {
    if (!Array.isArray(args.actions) || args.actions.length > 0) return args
    throw badArgument('group_automation_manage', 'The list of actions is empty.', 'Name at least one.')
  },
}

function joined(name: string, value: unknown): Loose {
  if (value === undefined) return {}
  return { [name]: Array.isArray(value) ? value.join(',') : value }
}

export function createMethodCall(core: CcccCore, table: OpTable): MethodCall {
  return async (op, args = {}, options = {}) => {
    const info = table.get(op)
    const snakeArgs = wireArgs(args)
    const by = info?.by === 'client' ? core.principal : info?.by === 'actor' ? (snakeArgs.actor_id ?? core.principal) : info?.by
    const wire = { ...(by && { by }), ...snakeArgs }
    const ready = PREPARE[op]?.(wire) ?? wire
    return info?.takesOver ? ((await core.open(op, ready, options)) as unknown as Loose) : core.call(op, ready, options)
  }
}

/** One function for each op, under both of its names. `own` replaces those that do more than one call. */
export function buildMethods(call: MethodCall, table: OpTable, own: Readonly<Record<string, unknown>>) {
  const spaces: Record<string, Record<string, unknown>> = {}
  const flat: Record<string, unknown> = {}
  for (const { op, namespace, method } of table.values()) {
    const made = own[op] ?? ((args?: object, options?: CcccCallOptions) => call(op, args, options))
    spaces[namespace] ??= {}
    spaces[namespace][method] = made
    flat[camelName(op)] = made
  }
  return { spaces, flat }
}
