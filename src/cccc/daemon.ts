/**
 * Which process answers and which of the three dialects it speaks. Found by asking, never by the version: a build of dialect C called
 * itself 0.4.35rc1. What was found is kept until another process answers or an answer contradicts it.
 */
import type { CallOptions } from '../core/call.js'
import { abortError, createDeadline, raceSignal, type Deadline } from '../core/deadline.js'
import { SignalboxError } from '../errors.js'
import { isApiError, isRefusal, unsupported } from './errors.js'
import type { CcccDialect, CcccPing } from './shapes.js'
import type { CcccCore } from './small-client.js'

/** The known facts about the daemon. */
export interface CcccDaemon {
  /** Its answer to `ping`. */
  readonly ping: CcccPing
  /** Which meaning its ops have. */
  readonly dialect: CcccDialect
  /** A second `send` with the same `client_id` returns the event of the first. True for the daemons that also have `tracked_send`. */
  readonly dedupesClientIds: boolean
}

/** For the requests that a wire makes for its own use. */
const WIRE_MS = 30_000

export interface CcccDaemonKnowledge {
  /** Asked once per daemon process; `fresh` asks again. */
  get(options?: CallOptions & { readonly fresh?: boolean }): Promise<CcccDaemon>
  dialect(options?: CallOptions): Promise<CcccDialect>
  /**
   * The dialect, after a ping that shows that the process is still the same. For calls that a daemon of another dialect would accept and
   * misunderstand. `only`: pings only when this is the known dialect.
   */
  verified(options: CallOptions | undefined, only?: CcccDialect): Promise<CcccDialect>
  /**
   * Runs a call in the daemon's dialect. When its failure contradicts the dialect, the daemon is asked again, and the call is repeated
   * once in the new dialect. Such a failure had no effect on the daemon.
   */
  speak<Result>(options: CallOptions | undefined, call: (dialect: CcccDialect) => Promise<Result>): Promise<Result>
  /** `speak` for a call that dialect C lacks: it is `unsupported` there. */
  withoutModes<Result>(op: string, hint: string, options: CallOptions | undefined, call: () => Promise<Result>): Promise<Result>
  /** The new dialect, when this failure contradicts the known one and asking again gives another; else undefined. */
  contradicted(error: unknown, previous: CcccDialect, options: CallOptions | undefined): Promise<CcccDialect | undefined>
  /** Records a ping. With another process id, everything that was known about the daemon must be asked again. */
  seen(ping: CcccPing): void
}

/**
 * Calls an op with empty arguments, to learn whether the daemon has it. Only for ops that do nothing then. Any refusal but `unknown_op`
 * shows that the op exists. A daemon that cannot be reached shows nothing: the failure is thrown.
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

/** The dialect as the wire finds it. That is no call of the client, so its deadline and its end with the client are set here. */
async function dialectOfWire(core: CcccCore): Promise<CcccDialect | undefined> {
  if (!core.wire.dialect) return undefined
  const deadline = createDeadline({ timeoutMs: WIRE_MS, clock: core.clock })
  return core.hold(deadline, waitIn(deadline, core.wire.dialect(deadline.signal)))
}

/** Waits until the deadline and disposes of it. An error that the work itself gives says more than the bare reason of the abort. */
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
  const dialect = await dialectOfWire(core)
  if (dialect) return dialect
  if (await hasOp(core, 'inbox_list', undefined)) return (await hasOp(core, 'presence_get', undefined)) ? 'A' : 'B'
  if (await hasOp(core, 'inbox_peek', undefined)) return 'C'
  throw unsupported(
    'dialect',
    'The daemon has neither inbox_list nor inbox_peek, so its dialect is unknown.',
    'Use client.call(op, args), which needs none.',
  )
}

export async function ping(core: CcccCore, options: CallOptions | undefined): Promise<CcccPing> {
  return (await core.call('ping', {}, options)) as CcccPing
}

/** Refusals of a daemon that speaks another dialect than the call. They come before any effect. */
const CONTRADICTIONS = ['unknown_op', 'unsupported_message_field', 'unsupported_message_fields', 'invalid_message_mode']

export function createDaemonKnowledge(core: CcccCore): CcccDaemonKnowledge {
  let daemon: Promise<CcccDaemon> | undefined
  let pid: number | undefined

  /** One question for all callers who wait: the client's own deadline and its end bound it, and no caller's signal. */
  const ask = async (): Promise<CcccDaemon> => {
    const answer = await ping(core, undefined)
    const dialect = await findDialect(core)
    const dedupesClientIds = dialect === 'C' || (core.wire.kind === 'socket' && (await hasOp(core, 'tracked_send', undefined)))
    pid = answer.pid
    return { ping: answer, dialect, dedupesClientIds }
  }
  const askOnce = (fresh = false): Promise<CcccDaemon> => {
    if (daemon && !fresh) return daemon
    const asking = ask()
    daemon = asking
    // A failure is not kept.
    asking.catch(() => {
      if (daemon === asking) daemon = undefined
    })
    return asking
  }
  const get: CcccDaemonKnowledge['get'] = async ({ signal, timeoutMs, fresh } = {}) => {
    const deadline = createDeadline({ signal, timeoutMs, clock: core.clock })
    // A caller who gave up before asks nothing.
    return waitIn(deadline, deadline.signal.aborted ? new Promise<never>(() => {}) : askOnce(fresh))
  }
  const dialect: CcccDaemonKnowledge['dialect'] = async (options) => (await get(options)).dialect
  const seen: CcccDaemonKnowledge['seen'] = ({ pid: now, version }) => {
    if (pid !== undefined && now !== pid) {
      daemon = undefined
      core.notify({ type: 'daemon', pid: now, version })
    }
    pid = now
  }
  const verified: CcccDaemonKnowledge['verified'] = async (options, only) => {
    const isOld = daemon !== undefined
    const before = await dialect(options)
    if (!isOld || (only !== undefined && before !== only)) return before
    seen(await ping(core, options))
    return dialect(options)
  }
  const contradicted: CcccDaemonKnowledge['contradicted'] = async (error, before, options) => {
    let now = before
    if (isApiError(error, ...CONTRADICTIONS)) now = (await get({ ...options, fresh: true })).dialect
    // This client refused by what it knows about the daemon, which may be out of date.
    else if (SignalboxError.is(error, 'unsupported') && !isRefusal(error)) now = await verified(options)
    return now === before ? undefined : now
  }
  const speak: CcccDaemonKnowledge['speak'] = async (options, call) => {
    const before = await dialect(options)
    try {
      return await call(before)
    } catch (error) {
      const now = await contradicted(error, before, options)
      if (now === undefined) throw error
      return call(now)
    }
  }
  return {
    get,
    dialect,
    verified,
    speak,
    contradicted,
    seen,
    withoutModes: (op, hint, options, call) =>
      speak(options, async (spoken) => {
        if (spoken === 'C') throw unsupported(op, `This daemon's messages carry modes: it has no ${op}.`, hint)
        return call()
      }),
  }
}
