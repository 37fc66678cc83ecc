/** One prompt, one process: runs it to its end, background agents included, and leaves nothing behind. */
import type { Call, CallOptions } from '../../core/call.js'
import { sleep } from '../../core/clock.js'
import { deferred } from '../../core/deferred.js'
import { onAbort } from '../../core/on-abort.js'
import { createDeadline, type Deadline } from '../../core/deadline.js'
import type { StreamTransport } from '../../transport.js'
import type { Connection } from '../protocol/connection.js'
import { createRunContext, type RunContext, type ClaudeBaseOptions } from './run-context.js'
import type { Fallback } from './fallback.js'
import type { OutputSchema } from './output-schema.js'
import type { ClaudeLaunch } from '../launch/launch.js'
import type { ContentBlock } from '../messages/lines.js'
import { openConnection } from './open.js'
import { contentOf, launchOf, timeoutOf, wantsOutput, type CLIAgentOptions } from './options.js'
import { resendDelay } from './resend.js'
import { interruptedEarly, playTurn, withTurnFacts } from './play-turn.js'
import { createTurn, type Turn } from './turn.js'
import { createTurnState, type TurnState } from '../protocol/turn-state.js'

/** Options of one query. `Output` follows from `outputSchema`. */
export type QueryOptions<Output = unknown> = Omit<CLIAgentOptions, 'outputSchema'> &
  CallOptions & { readonly outputSchema?: OutputSchema<Output> }

/** How long a process may take to leave after its last result. */
const LEAVING_MS = 5_000

export interface RunPlan {
  readonly options: QueryOptions
  readonly prompt: string | readonly ContentBlock[]
  /** Takes the call when it failed before its first line, in a way that another transport can cure. */
  readonly fallback?: Fallback | undefined
}

export function runQuery(context: RunContext, plan: RunPlan): Turn {
  const { options, prompt, fallback } = plan
  const deadline = createDeadline({ signal: options.signal, clock: context.clock })
  const unfollow = onAbort(context.life, () => deadline.abort(context.life?.reason))
  let connection: Connection | undefined
  let waiting: Deadline | undefined
  const over = deferred<TurnState>()
  const state = createTurnState({
    clock: context.clock,
    wantsOutput: wantsOutput(options),
    onLine: context.observe,
    judge(end, answer) {
      const delayMs = resendDelay(end, options.resendAfterReset)
      if (delayMs !== undefined && connection) {
        connection.expectSilence(delayMs)
        void context.track(resend(connection, delayMs))
        return 'goes-on'
      }
      // Background agents will bring another turn, and the last result is the answer. Otherwise the end of the process is the end.
      if ((answer.backgroundTasks === 0 || state.interrupted) && connection) void context.track(connection.leave(LEAVING_MS))
      return 'goes-on'
    },
    onEnd: () => over.resolve(state),
    onFail: (error) => over.reject(error),
  })
  over.promise.catch(() => {})

  const resend = async (on: Connection, delayMs: number): Promise<void> => {
    waiting = createDeadline({ signal: deadline.signal, clock: context.clock })
    try {
      await sleep(context.clock, delayMs, waiting.signal)
      waiting[Symbol.dispose]()
      waiting = undefined
      await on.resend(state, contentOf(prompt, options))
    } catch {
      // Given up meanwhile: the turn ends with its process.
      await on.close()
    }
  }

  const attempt = async (call: Call, transport?: StreamTransport<ClaudeLaunch>): Promise<TurnState> => {
    const on = await openConnection(context, { transport, launch: launchOf(options), options, call, onUnsolicited: () => state })
    connection = on
    const content = contentOf(prompt, options)
    return await playTurn({ on, call, state, content, over: over.promise, giveUp: () => void context.track(stop(on)) })
  }
  const stop = async (on: Connection): Promise<void> => {
    // The CLI would go on with its turn, and spend, until the grace is over.
    on.interrupt({ timeoutMs: 1_000 }).catch(() => {})
    await on.close()
  }

  const spec = { op: 'query', args: { prompt } } as const
  const call = { signal: deadline.signal, timeoutMs: timeoutOf(options, options.timeoutMs, context.timeoutMs) }
  const run = async (): Promise<TurnState> => {
    try {
      return await context.caller.run(spec, call, attempt)
    } catch (error) {
      const reason = state.answer.lines > 0 ? undefined : fallback?.reason(error)
      if (reason === undefined) throw error
      context.onEvent({ type: 'fallback', reason, error })
      return await context.caller.run({ ...spec, op: 'query.fallback' }, call, (at) => attempt(at, fallback?.transport))
    } finally {
      unfollow()
      deadline[Symbol.dispose]()
    }
  }
  const finished = context.track(withTurnFacts(run(), state))

  return createTurn({
    state,
    finished,
    outputSchema: options.outputSchema,
    async interrupt() {
      if (state.ended) return
      state.interrupted = true
      if (!state.written) deadline.abort(interruptedEarly())
      else if (waiting) waiting.abort()
      else await connection?.interrupt()
      await finished.catch(() => {})
    },
    async abandon(reason) {
      deadline.abort(reason)
      await finished.catch(() => {})
      await connection?.close()
    },
  })
}

/** `query` without a client: give it the transport. */
export function query<Output = unknown>(
  prompt: string | readonly ContentBlock[],
  options: QueryOptions<Output> & ClaudeBaseOptions,
): Turn<Output> {
  const { transport, interceptors, clock, validate, controlTimeoutMs, limits, onEvent, ...rest } = options
  return runQuery(createRunContext(options), { prompt, options: rest as QueryOptions }) as Turn<Output>
}

/** The answer's text, or the typed failure. */
export function querySimple(prompt: string | readonly ContentBlock[], options: QueryOptions & ClaudeBaseOptions): Promise<string> {
  return query(prompt, options).text()
}
