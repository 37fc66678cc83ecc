/** Is this the daemon that the program was written for? Asked without the side effects that the published clients' probes have. */
import type { CcccCallOptions, CcccCore } from './small-client.js'
import { hasOp, ping } from './daemon.js'
import { IncompatibleDaemonError } from './errors.js'
import type { CcccPing } from './shapes.js'
import type { OpInfo, OpTable } from './table.js'

export interface CcccRequirements {
  /** The least IPC version; default 1. */
  readonly ipcV?: number
  /** Only what is wanted `true` is checked. */
  readonly capabilities?: Readonly<Record<string, boolean>>
  readonly ops?: readonly string[]
}

export interface CcccCompatibility {
  readonly ping: CcccPing
  /** How each op was found: asked itself, asked a relative because it must not be called, or known to be in every daemon. */
  readonly ops: Readonly<Record<string, 'asked' | 'inferred' | 'everywhere'>>
}

/** In every daemon that exists, and with an effect if called: group_create and attach make groups of empty arguments. */
const EVERYWHERE = /^(?:ping|shutdown|group_create|attach)$/

/** Ops that act on empty arguments, by their beginnings, each with the rest of the name of a harmless one that came with them. */
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
  const told = await ping(core, options)
  const version = Math.trunc(Number(told.ipc_v)) || 0
  if (version < ipcV) throw incompatible(`The daemon speaks IPC version ${version}; ${ipcV} is required.`)
  for (const [name, wanted] of Object.entries(capabilities)) {
    if (!wanted || told.capabilities?.[name]) continue
    const hint = name === 'events_stream' ? 'client.events() polls instead.' : undefined
    throw incompatible(`The daemon ${told.version} lacks the capability ${name}.`, hint)
  }
  const found: Record<string, 'asked' | 'inferred' | 'everywhere'> = {}
  for (const each of ops) {
    const op = each.trim()
    if (op !== '') found[op] = await find(core, table.get(op), op, options)
  }
  return { ping: told, ops: found }
}

async function find(core: CcccCore, info: OpInfo | undefined, op: string, options: CcccCallOptions | undefined) {
  const way = core.wire.has?.(op)
  if (way === false) throw incompatible(`There is no way to ${op} over ${core.wire.name}.`, 'Use the IPC socket.')
  // Over HTTP empty arguments make another request, so the route has to do.
  if (way) return 'inferred'
  if (EVERYWHERE.test(op)) return 'everywhere'
  let asked = op
  // An op that nobody described may do anything with empty arguments.
  if (!info || info.unsafeToProbe) {
    const relative = RELATIVES.find(([beginning]) => info && op.startsWith(beginning))
    if (!relative) {
      throw incompatible(
        `Only a call would tell whether the daemon has ${op}.`,
        'Leave it out of ops: where it is missing, its call is unsupported.',
      )
    }
    asked = relative.join('')
  }
  if (!(await hasOp(core, asked, options))) throw incompatible(`The daemon does not support the op ${op}.`)
  return asked === op ? 'asked' : 'inferred'
}

function incompatible(message: string, hint = 'Update the daemon, or ask for less.'): IncompatibleDaemonError {
  return new IncompatibleDaemonError({ code: 'incompatible', op: 'assertCompatible', sent: 'yes', message, hint })
}
