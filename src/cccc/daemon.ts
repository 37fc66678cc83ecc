/** Who answers, and which of the three dialects it speaks. Found by asking, never by its version: a C build called itself 0.4.35rc1. */
import type { CallOptions } from '../core/call.js'
import { abortError, createDeadline, raceSignal, type Deadline } from '../core/deadline.js'
import type { CcccCore } from './small-client.js'
import { isRefusal, unsupported, isApiError } from './errors.js'
import type { CcccDialect, CcccPing } from './shapes.js'

export interface CcccDaemon {
  readonly ping: CcccPing
  readonly dialect: CcccDialect
  /** A second `send` with the same `client_id` gives the first one's event. Present on the daemons that also have `tracked_send`. */
  readonly dedupesClientIds: boolean
}

/** For what a wire asks by itself. */
const WIRE_MS = 30_000

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

/** What the wire knows by itself is no call of the client's: its deadline, and its end with the client, are set here. */
async function told(core: CcccCore): Promise<CcccDialect | undefined> {
  if (!core.wire.dialect) return undefined
  const deadline = createDeadline({ timeoutMs: WIRE_MS, clock: core.clock })
  return core.hold(deadline, waitIn(deadline, core.wire.dialect(deadline.signal)))
}

/** Waits within a deadline and ends it. What the work itself reports of an abort knows more than the bare reason. */
async function waitIn<Result>(deadline: Deadline, work: Promise<Result>): Promise<Result> {
  const { signal } = deadline
  try {
    return await raceSignal(work, signal)
  } catch (error) {
    throw signal.aborted && error === signal.reason ? abortError(signal, { system: 'cccc', op: 'describe', sent: 'no' }) : error
  } finally {
    deadline[Symbol.dispose]()
  }
}

async function findDialect(core: CcccCore): Promise<CcccDialect> {
  const known = await told(core)
  if (known) return known
  if (await hasOp(core, 'inbox_list', undefined)) return (await hasOp(core, 'presence_get', undefined)) ? 'A' : 'B'
  if (await hasOp(core, 'inbox_peek', undefined)) return 'C'
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

  /** For everyone who waits: the client's own deadline and its end bound it, and no caller's. */
  const ask = async (): Promise<CcccDaemon> => {
    const answer = await ping(core, undefined)
    const dialect = await findDialect(core)
    const dedupesClientIds = dialect === 'C' || (core.wire.kind === 'socket' && (await hasOp(core, 'tracked_send', undefined)))
    pid = answer.pid
    return { ping: answer, dialect, dedupesClientIds }
  }
  const asked = (fresh = false): Promise<CcccDaemon> => {
    if (known && !fresh) return known
    const asking = ask()
    known = asking
    // A failure is not knowledge.
    asking.catch(() => {
      if (known === asking) known = undefined
    })
    return asking
  }
  const get: CcccDaemonKnowledge['get'] = async ({ signal, timeoutMs, fresh } = {}) => {
    const deadline = createDeadline({ signal, timeoutMs, clock: core.clock })
    // Whoever gave up before asks nothing.
    return waitIn(deadline, deadline.signal.aborted ? new Promise<never>(() => {}) : asked(fresh))
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
