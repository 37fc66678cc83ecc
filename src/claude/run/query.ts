/** Runs one prompt in one process, until the turn and its background agents are done. No process is left afterwards. */
import type { Call, CallOptions } from '../../core/call.js'
import { sleep } from '../../core/clock.js'
import { deferred } from '../../core/deferred.js'
import { onAbort } from '../../core/on-abort.js'
import { createDeadline, raceSignal, type Deadline } from '../../core/deadline.js'
import { ClaudeError } from '../messages/errors.js'
import { controlsOf } from './call-controls.js'
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
  /** The second backend. It takes the call when the first one failed before its first line. */
  readonly fallback?: Fallback | undefined
  /** A process that waits for the prompt. The query passes it the turn that takes its lines. */
  readonly warm?: { readonly connection: Connection; readonly adopt: (state: TurnState) => void } | undefined
}

export function runQuery(context: RunContext, plan: RunPlan): Turn {
  const { options, prompt, fallback, warm } = plan
  const deadline = createDeadline({ signal: options.signal, clock: context.clock })
  const unfollow = onAbort(context.life, () => deadline.abort(context.life?.reason))
  let connection: Connection | undefined
  let waiting: Deadline | undefined
  const connected = deferred<Connection>()
  const begun = deferred<Connection>()
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
      // With background agents another turn follows, and the last result is the answer. Without them the process can leave now.
      if ((answer.backgroundTasks === 0 || state.interrupted) && connection) void context.track(connection.leave(LEAVING_MS))
      return 'goes-on'
    },
    onEnd: () => over.resolve(state),
    onFail: (error) => over.reject(error),
  })
  over.promise.catch(() => {})
  warm?.adopt(state)

  const resend = async (on: Connection, delayMs: number): Promise<void> => {
    waiting = createDeadline({ signal: deadline.signal, clock: context.clock })
    try {
      await sleep(context.clock, delayMs, waiting.signal)
      waiting[Symbol.dispose]()
      waiting = undefined
      await on.resend(state, contentOf(prompt, options))
    } catch {
      // The caller gave the turn up during the wait. The turn ends when its process ends.
      await on.close()
    }
  }

  const attempt = async (call: Call, transport?: StreamTransport<ClaudeLaunch>): Promise<TurnState> => {
    const parts = { transport, launch: launchOf(options), options, call, onUnsolicited: () => state }
    const on = warm?.connection.alive && !transport ? warm.connection : await openConnection(context, parts)
    connection = on
    connected.resolve(on)
    const content = contentOf(prompt, options)
    const giveUp = (): void => void context.track(stop(on))
    return await playTurn({ on, call, state, content, over: over.promise, onBegun: begun.resolve, giveUp })
  }
  const stop = async (on: Connection): Promise<void> => {
    // Without this, the CLI would continue its turn, at a cost, until it is killed.
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

  const gone = finished.then(goneError, goneError).then((error) => Promise.reject(error))
  gone.catch(() => {})
  const controls = controlsOf(async (work, signal) => {
    const until = signal ?? context.life
    return context.caller.run({ op: 'query.control' }, until ? { signal: until } : {}, async (at) => {
      const on = connection ?? (await raceSignal(Promise.race([gone, connected.promise]), at.signal))
      if (!on.alive) throw goneError()
      return await work(on)
    })
  })

  return createTurn({
    state,
    finished,
    begun: begun.promise,
    controls,
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

const goneError = (): ClaudeError =>
  new ClaudeError({ code: 'closed', message: 'The process of the query is gone.', op: 'query.control', sent: 'no' })

/** Runs one prompt without a client. The options name the transport. */
export function query<Output = unknown>(
  prompt: string | readonly ContentBlock[],
  options: QueryOptions<Output> & ClaudeBaseOptions,
): Turn<Output> {
  const { transport, interceptors, clock, validate, controlTimeoutMs, limits, onEvent, ...rest } = options
  return runQuery(createRunContext(options), { prompt, options: rest as QueryOptions }) as Turn<Output>
}

/** Runs one prompt without a client and gives the text of the answer. Rejects with the typed failure. */
export function querySimple(prompt: string | readonly ContentBlock[], options: QueryOptions & ClaudeBaseOptions): Promise<string> {
  return query(prompt, options).text()
}
