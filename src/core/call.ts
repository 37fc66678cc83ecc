/**
 * One call, as interceptors see it, and the function that runs it: deadline, interceptors, attempt, typed failure. A stream call
 * passes through the same chain once, to be opened; what it opens is its result.
 */
import { SignalboxError, withFacts, worseSent, type ErrorCode, type Sent } from '../errors.js'
import type { Clock } from './clock.js'
import { abortError, createDeadline, disposeLate, isNamed, within } from './deadline.js'

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
  const { system, transport, interceptors = [], clock } = owner

  return {
    async run<Result>(spec: CallSpec, options: CallOptions | undefined, attempt: (call: Call) => Promise<Result>) {
      const { op, args, kind = 'unary', idempotent = false } = spec
      const facts: Facts = { system, transport, op }
      const deadline = createDeadline({ signal: options?.signal, timeoutMs: options?.timeoutMs ?? owner.timeoutMs, clock })
      const { signal, remainingMs } = deadline
      // What became of all attempts together, for whoever must answer while one of them hangs.
      let flying = 0
      let worst: Sent = 'no'
      let last: { cause: unknown } | undefined
      const sentSoFar = (): Sent => (flying > 0 ? worseSent(worst, 'maybe') : worst)
      // A unary result may be shared, so it is let go; a stream that opens too late belongs to nobody and is closed.
      const onLate = kind === 'stream' ? disposeLate : undefined

      /** One attempt, no longer than its own signal allows; whatever it throws leaves typed and with its number. */
      const attemptOnce: Next = async (at) => {
        const known = { system: at.system, transport: at.transport, op: at.op, attempt: at.attempt }
        flying += 1
        try {
          const giveUp = (): SignalboxError => abortError(at.signal, { ...known, sent: 'maybe' })
          const result = await within(attempt(at), at.signal, { giveUp, onLate })
          worst = 'yes'
          return result
        } catch (error) {
          const failure = typed(error, at.signal, known, 'maybe')
          last = { cause: failure }
          worst = worseSent(worst, failure.sent)
          throw failure
        } finally {
          flying -= 1
        }
      }
      const giveUp = (): SignalboxError => abortError(signal, { ...facts, ...last, sent: sentSoFar() })
      try {
        if (signal.aborted) throw giveUp()
        const call: Call = { ...facts, kind, args, idempotent, attempt: 1, signal, remainingMs, trace: {} }
        return (await within(chain(interceptors, attemptOnce)(call), signal, { giveUp, onLate })) as Result
      } catch (error) {
        const failure = typed(error, signal, facts, sentSoFar())
        throw withFacts(failure, {}, { sent: worseSent(sentSoFar(), failure.sent) })
      } finally {
        deadline[Symbol.dispose]()
      }
    },
  }
}

type Facts = Readonly<Record<'system' | 'transport' | 'op', string>>

/** Failures that an abort brings about by itself, when the work closes what it holds. */
const CONSEQUENCES: readonly ErrorCode[] = ['closed', 'unreachable', 'exited']

function typed(error: unknown, signal: AbortSignal, facts: Facts & { attempt?: number }, sent: Sent): SignalboxError {
  if (SignalboxError.is(error)) {
    if (!signal.aborted || !CONSEQUENCES.includes(error.code) || signal.reason === error) return withFacts(error, facts)
    return abortError(signal, { ...facts, sent: error.sent, cause: error })
  }
  // A bare reason came through raceSignal or fetch: nobody below said whether anything was sent.
  if (signal.aborted && (error === signal.reason || isNamed(error, 'AbortError'))) return abortError(signal, { ...facts, sent })
  const message = `${facts.op} failed: ${error instanceof Error ? error.message : String(error)}`
  return new SignalboxError({ ...facts, code: 'protocol', message, sent, cause: error })
}
