/** Who answers, and which of the three dialects it speaks. Found by asking, never by its version: a C build called itself 0.4.35rc1. */
import type { CallOptions } from '../core/call.js'
import type { CcccCore } from './core.js'
import { isRefusal, unsupported, isApiError } from './errors.js'
import type { CcccDialect, CcccPing } from './shapes.js'

export interface CcccDaemon {
  readonly ping: CcccPing
  readonly dialect: CcccDialect
  /** A second `send` with the same `client_id` gives the first one's event. Present on the daemons that also have `tracked_send`. */
  readonly dedupesClientIds: boolean
}

export interface CcccDaemonKnowledge {
  /** Asked once per daemon process; `fresh` asks again. */
  get(options?: CallOptions & { readonly fresh?: boolean }): Promise<CcccDaemon>
  dialect(options?: CallOptions): Promise<CcccDialect>
  /** What a stream learns on its way: another process means that everything must be asked again. */
  seen(ping: CcccPing): void
  /** `unsupported` where messages carry modes, for what has no meaning there. */
  refuseOnC(op: string, hint: string, options: CallOptions | undefined): Promise<void>
}

/**
 * Calls it with empty arguments: for ops that do nothing then. Whatever else the daemon objects to, it knows the op; one that cannot be
 * reached proves nothing.
 */
export async function hasOp(core: CcccCore, op: string, options: CallOptions | undefined): Promise<boolean> {
  try {
    await core.call(op, {}, { ...options, idempotent: true })
    return true
  } catch (error) {
    if (isApiError(error, 'unknown_op')) return false
    if (isRefusal(error)) return true
    throw error
  }
}

async function findDialect(core: CcccCore, options: CallOptions | undefined): Promise<CcccDialect> {
  const told = await core.wire.dialect?.(options?.signal)
  if (told) return told
  if (await hasOp(core, 'inbox_list', options)) return (await hasOp(core, 'presence_get', options)) ? 'A' : 'B'
  if (await hasOp(core, 'inbox_peek', options)) return 'C'
  throw unsupported(
    'dialect',
    'The daemon has neither inbox_list nor inbox_peek: its dialect is unknown.',
    'Use client.call(op, args), which needs none.',
  )
}

/** Reads, so the table lets it be repeated. */
export async function ping(core: CcccCore, options: CallOptions | undefined): Promise<CcccPing> {
  return (await core.call('ping', {}, options)) as CcccPing
}

export function createDaemonKnowledge(core: CcccCore): CcccDaemonKnowledge {
  let known: Promise<CcccDaemon> | undefined
  let pid: number | undefined

  const ask = async (options: CallOptions | undefined): Promise<CcccDaemon> => {
    const told = await ping(core, options)
    const dialect = await findDialect(core, options)
    const dedupesClientIds = dialect === 'C' || (core.wire.kind === 'socket' && (await hasOp(core, 'tracked_send', options)))
    pid = told.pid
    return { ping: told, dialect, dedupesClientIds }
  }
  const get: CcccDaemonKnowledge['get'] = (options) => {
    if (known && !options?.fresh) return known
    const asking = ask(options)
    known = asking
    // A failure is not knowledge, and an abort belongs to one caller only.
    asking.catch(() => {
      if (known === asking) known = undefined
    })
    return asking
  }
  const dialect: CcccDaemonKnowledge['dialect'] = async (options) => (await get(options)).dialect
  return {
    get,
    dialect,
    seen({ pid: now, version }) {
      if (pid !== undefined && now !== pid) {
        known = undefined
        core.notify({ type: 'daemon', pid: now, version })
      }
      pid = now
    },
    async refuseOnC(op, hint, options) {
      if ((await dialect(options)) === 'C') throw unsupported(op, `This daemon's messages carry modes: it has no ${op}.`, hint)
    },
  }
}
