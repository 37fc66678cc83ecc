/** Is this the daemon that the program was written for? Asked without the side effects that the published clients' probes have. */
import type { CcccCallOptions, CcccCore } from './core.js'
import { IncompatibleDaemonError, isApiError, isRefusal } from './errors.js'
import type { CcccPing } from './shapes.js'
import type { OpTable } from './table.js'

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
const EVERYWHERE = new Set(['ping', 'shutdown', 'group_create', 'attach'])

/** Ops that act on empty arguments, each with a harmless one that came with it. */
const RELATIVES: readonly (readonly [RegExp, string])[] = [
  [/^capability_allowlist_/, 'capability_allowlist_get'],
  [/^group_space_provider_/, 'group_space_provider_credential_status'],
  [/^remote_access_/, 'remote_access_state'],
  [/^branding_/, 'branding_get'],
  [/^web_model_browser_/, 'web_model_browser_info'],
  [/^im_(?:set|unset|start|stop)$/, 'im_status'],
  [/^terminal_write$/, 'terminal_status'],
]

export async function assertCompatible(
  core: CcccCore,
  table: OpTable,
  requirements: CcccRequirements = {},
  options?: CcccCallOptions,
): Promise<CcccCompatibility> {
  const { ipcV = 1, capabilities = {}, ops = [] } = requirements
  const ping = (await core.call('ping', {}, options)) as CcccPing
  const version = wholeNumber(ping.ipc_v)
  if (!(version >= ipcV)) throw incompatible(`The daemon speaks IPC version ${version}; ${ipcV} or later is required.`)
  const offered = ping.capabilities ?? {}
  for (const [name, wanted] of Object.entries(capabilities)) {
    if (wanted && !offered[name]) {
      const hint = name === 'events_stream' ? 'client.events() polls where a daemon has no stream.' : undefined
      throw incompatible(`The daemon ${ping.version} lacks the capability ${name}.`, hint)
    }
  }
  const found: Record<string, 'asked' | 'inferred' | 'everywhere'> = {}
  for (const each of ops) {
    const op = each.trim()
    if (op !== '') found[op] = await find(core, table, op, options)
  }
  return { ping, ops: found }
}

async function find(core: CcccCore, table: OpTable, op: string, options: CcccCallOptions | undefined) {
  const way = core.wire.has?.(op)
  if (way === false) throw incompatible(`There is no way to ${op} over ${core.wire.name}.`, 'Use the IPC socket.')
  // Over HTTP empty arguments make another request, so the route has to do.
  if (way === true) return 'inferred'
  if (EVERYWHERE.has(op)) return 'everywhere'
  const info = table.get(op)
  // An op that nobody described may do anything with empty arguments.
  const unsafe = info === undefined || info.unsafeToProbe
  const relative = unsafe ? RELATIVES.find(([pattern]) => pattern.test(op))?.[1] : undefined
  if (unsafe && relative === undefined) {
    throw incompatible(
      `Whether the daemon has ${op} cannot be found out without calling it.`,
      'Leave it out of ops and handle the code unsupported where it is called.',
    )
  }
  const asked = relative ?? op
  try {
    await core.call(asked, {}, { ...options, idempotent: true })
  } catch (error) {
    if (isApiError(error, 'unknown_op')) throw incompatible(`The daemon does not support the op ${op}.`)
    // Whatever else it objects to, it knows the op. A daemon that cannot be reached proves nothing.
    if (!isRefusal(error)) throw error
  }
  return relative === undefined ? 'asked' : 'inferred'
}

function wholeNumber(value: unknown): number {
  const number = typeof value === 'string' ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) ? Math.trunc(number) : 0
}

function incompatible(message: string, hint = 'Update the daemon, or ask for less.'): IncompatibleDaemonError {
  return new IncompatibleDaemonError({ code: 'incompatible', op: 'assertCompatible', sent: 'yes', message, hint })
}
