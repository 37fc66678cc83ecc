/**
 * One call, as interceptors see it, and the function that runs it: deadline, interceptors, attempt, typed failure. A stream call
 * passes through the same chain once, to be opened; what it opens is its result.
 */
import { SignalboxError, withFacts } from '../errors.js'
import { systemClock, type Clock } from './clock.js'
import { abortError, createScope } from './scope.js'

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
  /** The attempt's own signal; ends with the call's. */
  readonly signal: AbortSignal
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
      const facts = { system, transport, op: spec.op }
      const scope = createScope({ signal: options?.signal, timeoutMs: options?.timeoutMs ?? owner.timeoutMs, clock })
      const last: Next = (call) => guarded(call, attempt)
      const call: Call = {
        ...facts,
        kind: spec.kind ?? 'unary',
        args: spec.args,
        idempotent: spec.idempotent ?? false,
        attempt: 1,
        signal: scope.signal,
        trace: {},
      }
      try {
        if (scope.signal.aborted) throw abortError(scope.signal, { ...facts, sent: 'no' })
        return (await chain(interceptors, last)(call)) as Result
      } catch (error) {
        throw typed(error, scope.signal, facts)
      } finally {
        scope[Symbol.dispose]()
      }
    },
  }
}

/** Runs one attempt; whatever it throws leaves typed and with its attempt number. */
async function guarded<Result>(call: Call, attempt: (call: Call) => Promise<Result>): Promise<Result> {
  try {
    return await attempt(call)
  } catch (error) {
    const { system, transport, op } = call
    throw withFacts(typed(error, call.signal, { system, transport, op }), { attempt: call.attempt })
  }
}

function typed(error: unknown, signal: AbortSignal, facts: { system: string; transport: string; op: string }): SignalboxError {
  if (SignalboxError.is(error)) return withFacts(error, facts)
  // A bare signal reason came through raceSignal: nobody below said whether anything was sent.
  if (signal.aborted && error === signal.reason) return abortError(signal, { ...facts, sent: 'maybe' })
  return new SignalboxError({
    ...facts,
    code: 'protocol',
    message: `${facts.op} failed: ${error instanceof Error ? error.message : String(error)}`,
    sent: 'maybe',
    cause: error,
  })
}
