/**
 * One call as interceptors see it, and the function that runs it: deadline, interceptors, attempt, typed failure. A stream call passes
 * through once, to be opened; the open stream is its result.
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
  /** The operation, in the words of the system. */
  readonly op: string
  /** A stream call opens a stream; its result is the open stream. */
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

/** The rest of the chain: the next interceptor, or the attempt. */
export type Next = (call: Call) => Promise<unknown>

/** First in the list is outermost: it sees the call first and the result last. */
export type Interceptor = (call: Call, next: Next) => Promise<unknown>

/** Options that every call takes. */
export interface CallOptions {
  /** Ends the call. The reason becomes the `cause` of its error. */
  readonly signal?: AbortSignal
  /** For the whole call, retries included. For a stream it covers the opening; `idleMs` covers the silence after. */
  readonly timeoutMs?: number
}

/** Options that every client shares. */
export interface ClientOptions {
  /** Wrapped around every call; the first is outermost. */
  readonly interceptors?: readonly Interceptor[]
  /** The default for calls that name none. */
  readonly timeoutMs?: number
  /** The source of time. Tests give a fake one. */
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

/** A call as its attempt sees it. */
export interface AttemptedCall extends Call {
  /** The same end as `signal`, which it makes only when that is read. */
  readonly deadline: Deadline
}

/** Runs the calls of one client. */
export interface Caller {
  run<Result>(spec: CallSpec, options: CallOptions | undefined, attempt: (call: AttemptedCall) => Promise<Result>): Promise<Result>
  /** Ends every running call with this reason and resolves when all of them have settled. Refusing new calls is up to the client. */
  end(reason: unknown): Promise<void>
}

/** One function from a list of interceptors; the first is outermost. */
export function chain(interceptors: readonly Interceptor[], last: Next): Next {
  return interceptors.reduceRight<Next>((next, interceptor) => (call) => interceptor(call, next), last)
}

/** The call where no interceptor may copy it: its signal is made only when the attempt reads it. */
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
    // What is known of all attempts together, for an answer while one of them hangs.
    let flying = 0
    let worst: Sent = 'no'
    let last: { cause: unknown } | undefined
    const sentSoFar = (): Sent => (flying > 0 ? worseSent(worst, 'maybe') : worst)
    const onLate = lateOf(kind)

    /** One attempt, no longer than its own signal allows; its failures leave typed and with its number. */
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

/** A unary result may be shared, so it is left alone; a stream that opens too late belongs to nobody and is closed. */
const lateOf = (kind: 'unary' | 'stream'): ((result: unknown) => void) | undefined => (kind === 'stream' ? disposeLate : undefined)

type Facts = Readonly<Record<'system' | 'transport' | 'op', string>>

/** Codes of failures that an abort causes, because the aborted work closes its link. */
const CONSEQUENCES: readonly ErrorCode[] = ['closed', 'unreachable', 'exited']

/** Every failure as one typed error with the facts of its call. */
function typed(error: unknown, end: Deadline, facts: Facts & { attempt?: number }, sent: Sent): SignalboxError {
  if (SignalboxError.is(error)) {
    if (!end.ended || !CONSEQUENCES.includes(error.code) || end.reason === error) return withFacts(error, facts)
    return abortError(end, { ...facts, sent: error.sent, cause: error })
  }
  // A bare reason comes from raceSignal or fetch, which do not know whether anything was sent.
  if (end.ended && (error === end.reason || isNamed(error, 'AbortError'))) return abortError(end, { ...facts, sent })
  const message = `${facts.op} failed: ${error instanceof Error ? error.message : String(error)}`
  return new SignalboxError({ ...facts, code: 'protocol', message, sent, cause: error })
}
