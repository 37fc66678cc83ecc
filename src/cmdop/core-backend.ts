/** Cores behind links: opened at the first call, shared by all calls, replaced after their death, drained on close. */
import type { AttemptedCall } from '../core/call.js'
import { systemClock } from '../core/clock.js'
import { abortError, createDeadline } from '../core/deadline.js'
import { withinTime } from '../core/within-time.js'
import { SignalboxError, withFacts } from '../errors.js'
import type { Link, OpenOptions } from '../transport.js'
import { CLOSE_GRACE_MS, LEAVE_MS, type Backend, type BackendOptions } from './backend.js'
import { LEAVING_MS, type ConnectionLimits } from './connection.js'
import type { Core, OpenCore } from './core-protocol.js'
import { openCoreV1 } from './core-v1.js'
import { AuthError, clientClosed, ConnectionError } from './errors.js'
import { planeOf, type Plane } from './ops.js'
import type { Complaint } from './plain.js'
import { openCoreV2 } from './v2/core.js'
import type { Generation } from './wire.js'

/** A link, and which protocol the core behind it speaks. */
export interface OpenedCore {
  readonly link: Link
  readonly generation: Generation
}

export interface Credentials extends Readonly<Record<Plane, boolean>> {
  /** A relay elsewhere was named: without a token a core 2.0 exits. */
  readonly remoteRelay: boolean
}

export interface CoreBackendOptions extends BackendOptions {
  readonly transport: string
  readonly open: (options: OpenOptions) => Promise<OpenedCore>
  /** Which credentials the core was given; null if it has its own, about which nothing is known here. */
  readonly credentials: Credentials | null
  readonly limits?: ConnectionLimits | undefined
  /** Told the generation of each core that was opened. */
  readonly onGeneration?: ((generation: Generation) => void) | undefined
}

const OPEN: Readonly<Record<Generation, OpenCore>> = { 1: openCoreV1, 2: openCoreV2 }

/** With `validate: 'off'` an integer that a number cannot hold is rounded without a report. */
const noComplaint: Complaint = () => {}

export function createCoreBackend(options: CoreBackendOptions): Backend {
  const { transport, credentials, complain } = options
  const cores = createCores(options)
  const factsOf = (op: string) => ({ system: 'cmdop', transport, op }) as const

  const check = (core: LiveCore, plane: Plane, op: string): void => {
    if (!credentials || credentials[plane]) return
    // A core 2.0 finds the relay of this machine and its credential by itself.
    if (core.generation === 1 || credentials.remoteRelay) throw noCredential(plane, factsOf(op))
  }
  return {
    async unary(name, request, call) {
      const core = cores.ready() ?? (await cores.acquire(call))
      check(core, planeOf(name), name)
      return core.unary(name, request, call.deadline, factsOf(name), complain?.(name) ?? noComplaint)
    },
    async ask(request, sink, call) {
      const core = cores.ready() ?? (await cores.acquire(call))
      check(core, 'relay', 'machines.ask')
      return core.ask(request, sink, factsOf('machines.ask'))
    },
    close: () => cores.close(),
  }
}

interface LiveCore extends Core {
  readonly generation: Generation
}

interface Cores {
  /** The running core, if there is one. */
  ready(): LiveCore | undefined
  /** The running core, or a new one. A caller who gives up waiting does not stop the start for other callers. */
  acquire(call: AttemptedCall): Promise<LiveCore>
  close(): Promise<void>
}

function createCores(options: CoreBackendOptions): Cores {
  const { transport, limits, clock = systemClock, closeGraceMs = CLOSE_GRACE_MS } = options
  const facts = { system: 'cmdop', transport }
  const lifetime = createDeadline({ clock })
  let opening: Promise<LiveCore> | undefined
  let current: LiveCore | undefined
  /** Cores that were replaced and have not ended: they take no more requests, but may still give answers. */
  let replaced: LiveCore[] = []
  let closing: Promise<void> | undefined

  const start = async (trace: Readonly<Record<string, string>>): Promise<LiveCore> => {
    try {
      const { link, generation } = await options.open({ signal: lifetime.signal, trace })
      if (lifetime.signal.aborted) {
        await link.close({ graceMs: LEAVING_MS })
        throw clientClosed(facts)
      }
      options.onGeneration?.(generation)
      replaced = [...replaced, ...(current ? [current] : [])].filter(({ connection }) => !connection.over)
      current = { ...OPEN[generation](link, limits, clock), generation }
      return current
    } finally {
      opening = undefined
    }
  }

  const leave = async ({ connection }: LiveCore): Promise<void> => {
    await withinTime(connection.idle(), closeGraceMs, clock)
    // Measured: with an open ask, a core exits neither at the end of its stdin nor at TERM. So the short time limit is used then.
    await connection.close(clientClosed(facts, 'maybe'), connection.failure || connection.owed > 0 ? LEAVING_MS : LEAVE_MS)
  }

  const shutDown = async (): Promise<void> => {
    lifetime.abort(clientClosed(facts))
    await opening?.catch(() => {})
    lifetime[Symbol.dispose]()
    await Promise.all([...replaced, ...(current ? [current] : [])].map(leave))
  }

  return {
    ready: () => (closing || current?.connection.failure ? undefined : current),
    async acquire({ deadline, trace }) {
      if (closing) throw clientClosed(facts)
      opening ??= start(trace)
      opening.catch(() => {})
      try {
        return await deadline.race(opening)
      } catch (error) {
        if (deadline.ended) throw abortError(deadline, { ...facts, sent: 'no' })
        throw notOpened(error, facts)
      }
    },
    close() {
      closing ??= shutDown()
      return closing
    },
  }
}

function noCredential(plane: Plane, facts: { readonly op: string }): AuthError {
  const isRelay = plane === 'relay'
  const message = `${facts.op} needs ${isRelay ? 'a token' : 'an API key'} for the ${plane}, and there is none.`
  const hint = isRelay ? 'Pass `token` to createCmdop, or set CMDOP_TOKEN.' : 'Pass `apiKey` to createCmdop, or set CMDOP_API_KEY.'
  return new AuthError({ ...facts, code: 'unauthenticated', message, hint, sent: 'no' })
}

function notOpened(error: unknown, facts: { transport: string }): unknown {
  if (!SignalboxError.is(error)) return error
  // Nothing was written to a core that did not start. So `sent` is `no`, even if the failure says `maybe`.
  if (error.code !== 'not_found') return withFacts(error, facts, { sent: 'no' })
  // The executable is missing. `not_found` would read as a missing machine or fleet.
  const { message, transport } = error
  return new ConnectionError({ code: 'unreachable', message, transport, sent: 'no', cause: error })
}
