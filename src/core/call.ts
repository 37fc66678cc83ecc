/**
 * One call, as interceptors see it, and the function that runs it: deadline, interceptors, attempt, typed failure. A stream call
 * passes through the same chain once, to be opened; what it opens is its result.
 */
import { SignalboxError, withFacts, worseSent, type ErrorCode, type Sent } from '../errors.js'
import { systemClock, type Clock } from './clock.js'
import { abortError, createScope, disposeLate, isNamed, within } from './scope.js'

export interface Call {
  readonly system: string
  readonly transport: string
  readonly op: string
  readonly kind: 'unary' | 'stream'
  /** The arguments as the caller gave them. May hold secrets: log them through the redactor only. */
  readonly args: unknown
  /** May the same call be made twice without a second effect? Declared by the op, never guessed. */
  readonly idempotent: boolean
  /** Counts from 1. The retry policy raises it. */
  readonly attempt: number
  /** The attempt's own signal; ends with the call's. For a stream it covers the opening: see `whileOpening`. */
  readonly signal: AbortSignal
  /** Until the call's deadline, all attempts together; Infinity, or no function at all, where there is none. */
  readonly remainingMs?: () => number
  /** Headers or environment that carry a trace. Interceptors add to it. */
  readonly trace: Readonly<Record<string, string>>
}

export type Next = (call: Call) => Promise<unknown>

/** First in the list is outermost: it sees the call first and the result last. */
export type Interceptor = (call: Call, next: Next) => Promise<unknown>

export interface CallOptions {
  readonly signal?: AbortSignal
  /** For the whole call, retries included. For a stream it covers the opening; `idleMs` covers the silence after. */
  readonly timeoutMs?: number
}

/** Options that every client shares. */
export interface ClientOptions {
  readonly interceptors?: readonly Interceptor[]
  /** The default for calls that name none. */
  readonly timeoutMs?: number
  readonly clock?: Clock
  /** `warn` (the default) reports a broken message through `onEvent` and delivers it; `strict` throws; `off` does not look. */
  readonly validate?: 'strict' | 'warn' | 'off'
}

export interface CallSpec {
  readonly op: string
  readonly kind?: 'unary' | 'stream'
  readonly args?: unknown
  readonly idempotent?: boolean
}

export interface Caller {
  run<Result>(spec: CallSpec, options: CallOptions | undefined, attempt: (call: Call) => Promise<Result>): Promise<Result>
}

export function chain(interceptors: readonly Interceptor[], last: Next): Next {
  return interceptors.reduceRight<Next>((next, interceptor) => (call) => interceptor(call, next), last)
}

export function createCaller(owner: {
  readonly system: string
  readonly transport: string
  readonly interceptors?: readonly Interceptor[] | undefined
  readonly timeoutMs?: number | undefined
  readonly clock?: Clock | undefined
}): Caller {
  const { system, transport, interceptors = [], clock = systemClock } = owner

  return {
    async run<Result>(spec: CallSpec, options: CallOptions | undefined, attempt: (call: Call) => Promise<Result>) {
      const facts: Facts = { system, transport, op: spec.op }
      const scope = createScope({ signal: options?.signal, timeoutMs: options?.timeoutMs ?? owner.timeoutMs, clock })
      const { signal, remainingMs } = scope
      const kind = spec.kind ?? 'unary'
      const idempotent = spec.idempotent ?? false
      const call: Call = { ...facts, kind, args: spec.args, idempotent, attempt: 1, signal, remainingMs, trace: {} }
      const progress = createProgress()
      // A unary result may be shared, so it is let go; a stream that opens too late belongs to nobody and is closed.
      const onLate = kind === 'stream' ? disposeLate : undefined
      const last: Next = (at) => progress.follow(() => oneAttempt(at, attempt, onLate))
      const giveUp = (): SignalboxError => abortError(signal, { ...facts, ...progress.cause(), sent: progress.sent() })
      try {
        if (signal.aborted) throw giveUp()
        return (await within(chain(interceptors, last)(call), signal, { giveUp, onLate })) as Result
      } catch (error) {
        const failure = typed(error, signal, facts, progress.sent())
        throw withFacts(failure, {}, { sent: worseSent(progress.sent(), failure.sent) })
      } finally {
        scope[Symbol.dispose]()
      }
    },
  }
}

type Facts = Readonly<Record<'system' | 'transport' | 'op', string>>

/** What became of all attempts of one call together, for whoever must answer while one of them hangs. */
function createProgress() {
  let flying = 0
  let worst: Sent = 'no'
  let lastError: { cause: unknown } | undefined
  return {
    sent: (): Sent => (flying > 0 ? worseSent(worst, 'maybe') : worst),
    cause: () => lastError,
    async follow<Result>(run: () => Promise<Result>): Promise<Result> {
      flying += 1
      try {
        const result = await run()
        worst = 'yes'
        return result
      } catch (error) {
        lastError = { cause: error }
        worst = worseSent(worst, SignalboxError.is(error) ? error.sent : 'maybe')
        throw error
      } finally {
        flying -= 1
      }
    },
  }
}

/** Runs one attempt, no longer than its own signal allows; whatever it throws leaves typed and with its number. */
async function oneAttempt<Result>(
  call: Call,
  attempt: (call: Call) => Promise<Result>,
  onLate: ((result: Result) => void) | undefined,
): Promise<Result> {
  const { system, transport, op, signal } = call
  const facts = { system, transport, op, attempt: call.attempt }
  try {
    const giveUp = (): SignalboxError => abortError(signal, { ...facts, sent: 'maybe' })
    return await within(attempt(call), signal, { giveUp, onLate })
  } catch (error) {
    throw typed(error, signal, facts, 'maybe')
  }
}

/** Failures that an abort brings about by itself, when the work closes what it holds. */
const CONSEQUENCES: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['closed', 'unreachable', 'exited'])

function typed(error: unknown, signal: AbortSignal, facts: Facts & { attempt?: number }, sent: Sent): SignalboxError {
  if (SignalboxError.is(error)) {
    if (!signal.aborted || !CONSEQUENCES.has(error.code) || signal.reason === error) return withFacts(error, facts)
    return abortError(signal, { ...facts, sent: error.sent, cause: error })
  }
  // A bare reason came through raceSignal or fetch: nobody below said whether anything was sent.
  if (signal.aborted && (error === signal.reason || isNamed(error, 'AbortError'))) return abortError(signal, { ...facts, sent })
  return new SignalboxError({
    ...facts,
    code: 'protocol',
    message: `${facts.op} failed: ${error instanceof Error ? error.message : String(error)}`,
    sent,
    cause: error,
  })
}
