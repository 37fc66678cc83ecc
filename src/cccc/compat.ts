/** The compatibility check. Unlike the probes of the published clients, it has no side effect. */
import type { CcccCallOptions, CcccCore } from './small-client.js'
import { hasOp, ping } from './daemon.js'
import { IncompatibleDaemonError } from './errors.js'
import type { CcccPing } from './shapes.js'
import type { OpInfo, OpTable } from './table.js'

/** The requirements of a program to the daemon. */
export interface CcccRequirements {
  /** The lowest IPC version; default 1. */
  readonly ipcV?: number
  /** Capabilities; only those with the value `true` are checked. */
  readonly capabilities?: Readonly<Record<string, boolean>>
  /** Wire names of ops. */
  readonly ops?: readonly string[]
}

/** The result of the check. */
export interface CcccCompatibility {
  /** The daemon's answer to `ping`. */
  readonly ping: CcccPing
  /** How each op was found: by calling it, by calling an op that came with it, or because every daemon has it. */
  readonly ops: Readonly<Record<string, 'asked' | 'inferred' | 'everywhere'>>
}

/** Every daemon has these ops. They must not be called to find out: group_create and attach make groups of empty arguments. */
const EVERYWHERE = /^(?:ping|shutdown|group_create|attach)$/

/** Ops that act on empty arguments, by a prefix of their names, each with a harmless op that appeared in the same version, by its suffix. */
const RELATIVES = [
  ['capability_allowlist_', 'get'],
  ['group_space_provider_', 'credential_status'],
  ['remote_access_', 'state'],
  ['branding_', 'get'],
  ['web_model_browser_', 'info'],
  ['im_', 'status'],
  ['terminal_', 'status'],
] as const

export async function assertCompatible(
  core: CcccCore,
  table: OpTable,
  requirements: CcccRequirements = {},
  options?: CcccCallOptions,
): Promise<CcccCompatibility> {
  const { ipcV = 1, capabilities = {}, ops = [] } = requirements
  const pong = await ping(core, options)
  const version = Math.trunc(Number(pong.ipc_v)) || 0
  if (version < ipcV) throw incompatible(`The daemon speaks IPC version ${version}; ${ipcV} is required.`)
  for (const [name, wanted] of Object.entries(capabilities)) {
    if (!wanted || pong.capabilities?.[name]) continue
    const hint = name === 'events_stream' ? 'client.events() polls instead.' : undefined
    throw incompatible(`The daemon ${pong.version} lacks the capability ${name}.`, hint)
  }
  const found: Record<string, 'asked' | 'inferred' | 'everywhere'> = {}
  for (const each of ops) {
    const op = each.trim()
    if (op !== '') found[op] = await find(core, table.get(op), op, options)
  }
  return { ping: pong, ops: found }
}

async function find(core: CcccCore, info: OpInfo | undefined, op: string, options: CcccCallOptions | undefined) {
  const isServed = core.wire.has?.(op)
  if (isServed === false) throw incompatible(`${op} cannot be called over ${core.wire.name}.`, 'Use the IPC socket.')
  // Over HTTP an op without arguments would be another request, so the route is the answer.
  if (isServed) return 'inferred'
  if (EVERYWHERE.test(op)) return 'everywhere'
  let probedOp = op
  // An op that the table lacks may do anything with empty arguments.
  if (!info || info.unsafeToProbe) {
    const relative = RELATIVES.find(([beginning]) => info && op.startsWith(beginning))
    if (!relative) {
      throw incompatible(
        `Only a call would show whether the daemon has ${op}.`,
        'Leave it out of ops: a daemon without it refuses its call as unsupported.',
      )
    }
    probedOp = relative.join('')
  }
  if (!(await hasOp(core, probedOp, options))) throw incompatible(`The daemon does not support the op ${op}.`)
  return probedOp === op ? 'asked' : 'inferred'
}

function incompatible(message: string, hint = 'Update the daemon, or ask for less.'): IncompatibleDaemonError {
  return new IncompatibleDaemonError({ code: 'incompatible', op: 'assertCompatible', sent: 'yes', message, hint })
}
