/**
 * A call as interceptors see it, and the function that runs it: deadline, interceptors, attempt, typed failure. A stream call passes the
 * interceptors once, while it is opened; its result is the open stream.
 */
import { SignalboxError, withFacts, worseSent, type ErrorCode, type Sent } from '../errors.js'
import type { Clock } from './clock.js'
import { abortError, createDeadline, disposeLate, isNamed, within, type Deadline } from './deadline.js'

/** One call, as interceptors see it. To change a call, pass a copy of it to `next`. */
export interface Call {
  /** The system that is called, such as `ccc`. */
  readonly system: string
  /** The name of the transport. */
  readonly transport: string
  /** The name of the operation in the system. */
  readonly op: string
  /** A stream call opens a stream; its result is the open stream. */
  readonly kind: 'unary' | 'stream'
  /** The arguments as the caller gave them. May hold secrets: log them through the redactor only. */
  readonly args: unknown
  /** True if a repeated call has no second effect. The op declares it. */
  readonly idempotent: boolean
  /** Counts from 1. The retry policy raises it. */
  readonly attempt: number
  /** The attempt's own signal; ends with the call's. For a stream it covers the opening: see `whileOpening`. */
  readonly signal: AbortSignal
  /** Milliseconds until the deadline of the call, over all attempts. Infinity, or no function, without a deadline. */
  readonly remainingMs?: () => number
  /** Headers or environment that carry a trace. Interceptors add to it. */
  readonly trace: Readonly<Record<string, string>>
}

/** The rest of the chain: the next interceptor, or the attempt. */
export type Next = (call: Call) => Promise<unknown>

/** Wraps calls. The first interceptor of a list is outermost: it sees the call first and the result last. */
export type Interceptor = (call: Call, next: Next) => Promise<unknown>

/** Options that every call takes. */
export interface CallOptions {
  /** Ends the call. The reason becomes the `cause` of its error. */
  readonly signal?: AbortSignal
  /** For the whole call, retries included. For a stream it covers the opening; `idleMs` limits the silence after it. */
  readonly timeoutMs?: number
}

/** Options that every client shares. */
export interface ClientOptions {
  /** Wrapped around every call; the first is outermost. */
  readonly interceptors?: readonly Interceptor[]
  /** The default `timeoutMs` of calls. */
  readonly timeoutMs?: number
  /** The source of time. Tests give a fake one. */
  readonly clock?: Clock
  /** `warn` (the default) reports an invalid message through `onEvent` and delivers it; `strict` throws; `off` does not check. */
  readonly validate?: 'strict' | 'warn' | 'off'
}

export interface CallSpec {
  readonly op: string
  readonly kind?: 'unary' | 'stream'
  readonly args?: unknown
  readonly idempotent?: boolean
}

/** A call as its attempt sees it. */
export interface AttemptedCall extends Call {
  /** The deadline behind `signal`. The signal is made when it is first read. */
  readonly deadline: Deadline
}

/** Runs the calls of one client. */
export interface Caller {
  run<Result>(spec: CallSpec, options: CallOptions | undefined, attempt: (call: AttemptedCall) => Promise<Result>): Promise<Result>
  /** Ends every running call with this reason and resolves when all have settled. The client itself must refuse new calls. */
  end(reason: unknown): Promise<void>
}

/** One function from a list of interceptors; the first is outermost. */
export function chain(interceptors: readonly Interceptor[], last: Next): Next {
  return interceptors.reduceRight<Next>((next, interceptor) => (call) => interceptor(call, next), last)
}

/** The call without interceptors, which could copy it: its signal is made only when the attempt reads it. */
class PlainCall implements AttemptedCall {
  readonly attempt = 1
  readonly trace = {}

  constructor(
    readonly system: string,
    readonly transport: string,
    readonly op: string,
    readonly kind: 'unary' | 'stream',
    readonly args: unknown,
    readonly idempotent: boolean,
    readonly deadline: Deadline,
  ) {}

  get signal(): AbortSignal {
    return this.deadline.signal
  }

  remainingMs(): number {
    return this.deadline.remainingMs()
  }
}

export function createCaller(owner: {
  readonly system: string
  readonly transport: string
  readonly interceptors?: readonly Interceptor[] | undefined
  readonly timeoutMs?: number | undefined
  readonly clock?: Clock | undefined
}): Caller {
  const { system, transport, interceptors = [], clock } = owner
  const running = new Map<Deadline, Promise<unknown>>()

  /** Without interceptors there is one attempt, and the deadline of the call is its own. */
  const runPlain = async <Result>(
    spec: CallSpec,
    deadline: Deadline,
    attempt: (call: AttemptedCall) => Promise<Result>,
  ): Promise<Result> => {
    const { op, args, kind = 'unary', idempotent = false } = spec
    const call = new PlainCall(system, transport, op, kind, args, idempotent, deadline)
    const giveUp = (): SignalboxError => abortError(deadline, { system, transport, op, attempt: 1, sent: 'maybe' })
    try {
      return await within(attempt(call), deadline, { giveUp, onLate: lateOf(kind) })
    } catch (error) {
      throw typed(error, deadline, { system, transport, op, attempt: 1 }, 'maybe')
    }
  }

  const runChain = async <Result>(
    spec: CallSpec,
    deadline: Deadline,
    attempt: (call: AttemptedCall) => Promise<Result>,
  ): Promise<Result> => {
    const { op, args, kind = 'unary', idempotent = false } = spec
    const facts: Facts = { system, transport, op }
    const { signal } = deadline
    // `sent` of all attempts so far, for a call that ends while an attempt hangs.
    let flying = 0
    let worst: Sent = 'no'
    let last: { cause: unknown } | undefined
    const sentSoFar = (): Sent => (flying > 0 ? worseSent(worst, 'maybe') : worst)
    const onLate = lateOf(kind)

    /** One attempt, until its own signal aborts. Its failures are typed and have its number. */
    const attemptOnce: Next = async (at) => {
      const known = { system: at.system, transport: at.transport, op: at.op, attempt: at.attempt }
      const own = at.signal === signal ? deadline : createDeadline({ signal: at.signal, clock })
      flying += 1
      try {
        const giveUp = (): SignalboxError => abortError(own, { ...known, sent: 'maybe' })
        const result = await within(attempt({ ...at, deadline: own }), own, { giveUp, onLate })
        worst = 'yes'
        return result
      } catch (error) {
        const failure = typed(error, own, known, 'maybe')
        last = { cause: failure }
        worst = worseSent(worst, failure.sent)
        throw failure
      } finally {
        flying -= 1
        if (own !== deadline) own[Symbol.dispose]()
      }
    }
    const giveUp = (): SignalboxError => abortError(deadline, { ...facts, ...last, sent: sentSoFar() })
    try {
      const remainingMs = (): number => deadline.remainingMs()
      const call: Call = { ...facts, kind, args, idempotent, attempt: 1, signal, remainingMs, trace: {} }
      return (await within(chain(interceptors, attemptOnce)(call), deadline, { giveUp, onLate })) as Result
    } catch (error) {
      const failure = typed(error, deadline, facts, sentSoFar())
      throw withFacts(failure, {}, { sent: worseSent(sentSoFar(), failure.sent) })
    }
  }

  const runCall = interceptors.length === 0 ? runPlain : runChain
  return {
    async run(spec, options, attempt) {
      const deadline = createDeadline({ signal: options?.signal, timeoutMs: options?.timeoutMs ?? owner.timeoutMs, clock })
      if (deadline.ended) throw abortError(deadline, { system, transport, op: spec.op, sent: 'no' })
      const work = runCall(spec, deadline, attempt)
      running.set(deadline, work)
      try {
        return await work
      } finally {
        running.delete(deadline)
        deadline[Symbol.dispose]()
      }
    },
    async end(reason) {
      const ending = [...running]
      for (const [deadline] of ending) deadline.abort(reason)
      await Promise.allSettled(ending.map(([, work]) => work))
    },
  }
}

/** A late result of a unary call is ignored, because it may be shared. A stream that opens too late is closed. */
const lateOf = (kind: 'unary' | 'stream'): ((result: unknown) => void) | undefined => (kind === 'stream' ? disposeLate : undefined)

type Facts = Readonly<Record<'system' | 'transport' | 'op', string>>

/** Codes of failures that an abort causes, because the aborted work closes its link. */
const CONSEQUENCES: readonly ErrorCode[] = ['closed', 'unreachable', 'exited']

/** Turns any failure into a typed error with the facts of its call. */
function typed(error: unknown, end: Deadline, facts: Facts & { attempt?: number }, sent: Sent): SignalboxError {
  if (SignalboxError.is(error)) {
    if (!end.ended || !CONSEQUENCES.includes(error.code) || end.reason === error) return withFacts(error, facts)
    return abortError(end, { ...facts, sent: error.sent, cause: error })
  }
  // An abort reason comes from raceSignal or fetch, which do not know whether anything was sent.
  if (end.ended && (error === end.reason || isNamed(error, 'AbortError'))) return abortError(end, { ...facts, sent })
  const message = `${facts.op} failed: ${error instanceof Error ? error.message : String(error)}`
  return new SignalboxError({ ...facts, code: 'protocol', message, sent, cause: error })
}
