/**
 * Circuit breaker: after enough failures in a rolling window calls are refused at once, until a few probes have shown that the peer is
 * back. One breaker per peer. A result counts only in the state in which its call started, so a late result changes nothing. A probe frees
 * its slot however it ends.
 */
import { SignalboxError, type ErrorCode } from '../../errors.js'
import type { Call, Interceptor } from '../call.js'
import { systemClock, type Clock } from '../clock.js'
import { asInterceptor, notifyObserver } from './policy.js'
import { createRollingCounts, type RollingBucket } from './rolling-counts.js'

/** `half_open` lets a few calls through to probe whether the peer works again. */
export type CircuitState = 'closed' | 'open' | 'half_open'

/** `ignore` is for outcomes that say nothing about the peer's health, such as an abort. */
export type CircuitVerdict = 'failure' | 'success' | 'ignore'

/** Options of `circuitBreaker`. */
export interface CircuitBreakerOptions {
  /** Names the peer in errors. */
  readonly name?: string
  /** Failures within the window that open it. Default 5. */
  readonly failureThreshold?: number
  /** The failures must also be at least this part of the calls in the window, so that few failures of many calls do not open it. Default 0.5. */
  readonly failureRatio?: number
  /** The window in which calls are counted. Default one minute. */
  readonly windowMs?: number
  /** How long it stays open. Default 30 seconds. */
  readonly resetMs?: number
  /** Probes at once while half open. Default 1. */
  readonly maxProbes?: number
  /** Probes that must succeed before it closes. Default 2. */
  readonly successThreshold?: number
  /** Decides what an outcome counts as. Default `judgeByCode`. */
  readonly judge?: (error: unknown) => CircuitVerdict
  /** Called at each change of state. Exceptions that it throws are ignored. */
  readonly onStateChange?: (event: CircuitStateChange) => void
  /** A snapshot of an earlier breaker, from this process or another. */
  readonly snapshot?: CircuitSnapshot
  /** The source of time. */
  readonly clock?: Clock
}

/** A change of state. */
export interface CircuitStateChange {
  /** The state before. */
  readonly from: CircuitState
  /** The state now. */
  readonly to: CircuitState
  /** The failure that opened it. */
  readonly error?: unknown
}

/** The state as plain data in wall-clock time, so that another process can continue with it. */
export interface CircuitSnapshot {
  /** The version of this format. */
  readonly version: 1
  /** The state at the time of the snapshot. */
  readonly state: CircuitState
  /** When an open breaker lets probes through. */
  readonly openUntil?: number
  /** The counted calls of the window. */
  readonly buckets: readonly RollingBucket[]
}

/** An interceptor that stops calling a peer that fails. */
export type CircuitBreaker = Interceptor & {
  /** Runs any function with this policy. */
  run<Result>(work: () => Promise<Result>): Promise<Result>
  readonly state: CircuitState
  /** Closes it and forgets all counts. */
  reset(): void
  export(): CircuitSnapshot
}

/** Codes that count as failures of the peer. */
const FAILURES: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'deadline_exceeded',
  'closed',
  'unreachable',
  'unavailable',
  'exited',
  'protocol',
  'invalid_message',
])
/** Codes of errors that the peer answered with: they count as successes, because the peer works. */
const ANSWERS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'remote',
  'not_found',
  'conflict',
  'unauthenticated',
  'permission_denied',
])

/**
 * The default `judge`: failures of the link, deadlines and broken messages count against the peer; refusals count as answers; aborts count as neither.
 */
export function judgeByCode(error: unknown): CircuitVerdict {
  if (!SignalboxError.is(error)) return 'failure'
  if (FAILURES.has(error.code)) return 'failure'
  return ANSWERS.has(error.code) ? 'success' : 'ignore'
}

/**
 * Stops calling a peer that fails: after `failureThreshold` failures calls fail at once with `circuit_open`, `sent: 'no'`, until probes succeed.
 *
 * @example
 * import { circuitBreaker } from 'signalbox'
 * import { createCcc } from 'signalbox/ccc'
 * import { cccSocket } from 'signalbox/node'
 *
 * export const ccc = createCcc({ transport: cccSocket(), interceptors: [circuitBreaker({ name: 'ccc', resetMs: 10_000 })] })
 */
export function circuitBreaker(options: CircuitBreakerOptions = {}): CircuitBreaker {
  const { name, failureThreshold = 5, failureRatio = 0.5, windowMs = 60_000, resetMs = 30_000 } = options
  const { maxProbes = 1, successThreshold = 2, judge = judgeByCode, onStateChange, clock = systemClock } = options
  const counts = createRollingCounts({ windowMs, now: clock.now })
  let state: CircuitState = 'closed'
  // Monotonic time: the wall clock may be set.
  let openUntil = 0
  let generation = 0
  let probes = 0
  let probedAt = 0
  let successes = 0

  const restored = options.snapshot
  if (restored) {
    checkSnapshot(restored)
    counts.restore(restored.buckets)
    // The probes of the other process are unknown here, so half open becomes open, ready for a probe.
    state = restored.state === 'closed' ? 'closed' : 'open'
    // If the clock was set back, the breaker must not stay open for longer than `resetMs`.
    openUntil = clock.monotonic() + Math.min((restored.openUntil ?? 0) - clock.now(), resetMs)
  }

  const enter = (to: CircuitState, error?: unknown): void => {
    const from = state
    state = to
    generation += 1
    probes = 0
    successes = 0
    if (to === 'open') openUntil = clock.monotonic() + resetMs
    else if (to === 'closed') counts.clear()
    if (from !== to) notifyObserver(onStateChange, { from, to, ...(error === undefined ? {} : { error }) })
  }

  const refuse = (retryAfterMs: number, op: string | undefined): SignalboxError =>
    new SignalboxError({
      code: 'circuit_open',
      message: `The circuit breaker${name === undefined ? '' : ` of ${name}`} refuses calls after repeated failures.`,
      hint: `It lets a probe through in ${Math.ceil(retryAfterMs)} ms; see onStateChange for the failure that opened it.`,
      sent: 'no',
      retryAfterMs,
      op,
    })

  const enterCall = (op: string | undefined): void => {
    if (state === 'open') {
      const restMs = openUntil - clock.monotonic()
      if (restMs > 0) throw refuse(restMs, op)
      enter('half_open')
    }
    if (state !== 'half_open') return
    if (probes >= maxProbes) {
      const restMs = probedAt + resetMs - clock.monotonic()
      if (restMs > 0) throw refuse(Math.min(restMs, 1000), op)
      // A probe that hangs without a deadline must not block others, so it loses its slot.
      generation += 1
      probes = 0
    }
    probes += 1
    probedAt = clock.monotonic()
  }

  const record = (verdict: CircuitVerdict, error?: unknown): void => {
    if (state === 'half_open') {
      probes -= 1
      if (verdict === 'failure') return enter('open', error)
      if (verdict === 'success') successes += 1
      if (successes >= successThreshold) enter('closed')
      return
    }
    if (verdict === 'ignore') return
    counts.add(verdict === 'failure')
    if (verdict !== 'failure') return
    const { failures, total } = counts.sum()
    if (failures >= failureThreshold && failures >= total * failureRatio) enter('open', error)
  }

  const guard = async <Result>(work: () => Promise<Result>, call?: Call): Promise<Result> => {
    enterCall(call?.op)
    const started = generation
    try {
      const result = await work()
      if (started === generation) record('success')
      return result
    } catch (error) {
      if (started === generation) record(judge(error), error)
      throw error
    }
  }

  return asInterceptor((call, next) => guard(() => next(call), call), {
    run: <Result>(work: () => Promise<Result>) => guard(work),
    get state(): CircuitState {
      return state === 'open' && clock.monotonic() >= openUntil ? 'half_open' : state
    },
    reset: () => enter('closed'),
    export: (): CircuitSnapshot => ({
      version: 1,
      state,
      ...(state === 'open' ? { openUntil: clock.now() + openUntil - clock.monotonic() } : {}),
      buckets: counts.buckets(),
    }),
  })
}

function checkSnapshot(snapshot: CircuitSnapshot): void {
  const { version, state, openUntil, buckets } = snapshot
  const sound =
    version === 1 &&
    ['closed', 'open', 'half_open'].includes(state) &&
    (openUntil === undefined || Number.isFinite(openUntil)) &&
    Array.isArray(buckets) &&
    buckets.every((bucket) => [bucket.startedAt, bucket.failures, bucket.total].every(Number.isFinite))
  if (sound) return
  throw new SignalboxError({
    code: 'invalid_argument',
    message: 'The snapshot is not one that a circuit breaker of this version exported.',
    hint: 'Leave it out to start closed.',
  })
}
