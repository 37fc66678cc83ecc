/** One turn of a session: its state, its entry in the session's record, and the wait for the reset of a usage limit. */
import { sleep } from '../../core/clock.js'
import { createDeadline, type Deadline } from '../../core/deadline.js'
import { deferred } from '../../core/deferred.js'
import { createTurnState, type TurnState } from '../protocol/turn-state.js'
import { wantsOutput, type CLIAgentOptions } from '../run/options.js'
import { interruptedEarly } from '../run/play-turn.js'
import { resendDelay } from '../run/resend.js'
import type { RunContext } from '../run/run-context.js'
import type { SessionProcess } from './process.js'
import type { OpenTurn, SessionRecord } from './record.js'

export interface SessionTurnParts {
  readonly context: RunContext
  readonly process: SessionProcess
  readonly record: SessionRecord
  readonly options: CLIAgentOptions
  /** Ends with the session. */
  readonly life: AbortSignal
  readonly prompt: string
  /** Sends the message again after a usage limit has reset. A turn that the CLI began has no message. */
  readonly resend?: (state: TurnState) => Promise<void>
}

export interface SessionTurn {
  readonly state: TurnState
  /** Call before the message is sent. The turn is counted from then on. */
  begun(): void
  readonly finished: Promise<TurnState>
  /** Ends the wait for a usage limit. The turn then ends with the failure of the limit. */
  stopWaiting(): void
}

export function createSessionTurn(parts: SessionTurnParts): SessionTurn {
  const { context, process, record, options, life, prompt, resend } = parts
  const { clock } = context
  const isUnsolicited = resend === undefined
  const over = deferred<TurnState>()
  over.promise.catch(() => {})
  let recorded: OpenTurn | undefined
  let waiting: Deadline | undefined

  const begun = (): void => {
    recorded ??= record.turnStarted(prompt, isUnsolicited)
  }
  if (isUnsolicited) begun()

  const sendAgain = async (delayMs: number): Promise<void> => {
    const deadline = createDeadline({ signal: life, clock })
    waiting = deadline
    try {
      await sleep(clock, delayMs, deadline.signal)
      await resend?.(state)
    } catch {
      // Interrupted, or the session was closed.
      process.connection?.release(state)
      state.over(interruptedEarly)
    } finally {
      waiting = undefined
      deadline[Symbol.dispose]()
    }
  }

  const state: TurnState = createTurnState({
    clock,
    wantsOutput: wantsOutput(options),
    onLine(line, answer, spent) {
      process.known ||= answer.init !== undefined
      context.observe?.(line, answer, spent)
    },
    judge(end) {
      const delayMs = resendDelay(end, options.resendAfterReset)
      if (!resend || delayMs === undefined || state.interrupted) return 'over'
      process.connection?.expectSilence(delayMs)
      void context.track(sendAgain(delayMs))
      return 'goes-on'
    },
    onEnd(end) {
      const settle = (): void => over.resolve(state)
      // The state is complete and saved before the caller gets the result.
      if (recorded) void context.track(record.turnEnded(recorded, end)).then(settle, settle)
      else settle()
    },
    onFail(error) {
      record.turnFailed(error)
      over.reject(error)
    },
  })
  return { state, begun, finished: over.promise, stopWaiting: () => waiting?.abort() }
}
