/** What a query and a session's turn have in common: the turn on a living connection, and how its end is told. */
import type { Call } from '../core/call.js'
import { onAbort } from '../core/on-abort.js'
import { SignalboxError } from '../errors.js'
import type { Connection } from './connection.js'
import { asClaudeError } from './errors.js'
import type { ContentBlock } from './lines.js'
import type { TurnState } from './turn-state.js'

export interface Playing {
  readonly on: Connection
  readonly call: Call
  readonly state: TurnState
  readonly content: string | readonly ContentBlock[]
  readonly over: Promise<TurnState>
  /** The call was given up while the turn runs. */
  readonly giveUp: () => void
}

export async function play({ on, call, state, content, over, giveUp }: Playing): Promise<TurnState> {
  const ignore = onAbort(call.signal, giveUp)
  try {
    call.signal.throwIfAborted()
    await on.begin(state, content)
    const done = await over
    if (done.lastEnd?.error) throw done.lastEnd.error
    return done
  } finally {
    ignore()
  }
}

/** The run's end, typed. A reader of the turn that has not heard of it yet, because it came without a result line, is told. */
export async function told(run: Promise<TurnState>, state: TurnState, sessionId?: string): Promise<TurnState> {
  try {
    return await run
  } catch (error) {
    const { text: partialText, sessionId: seen } = state.answer
    const typed = SignalboxError.is(error) ? asClaudeError(error, { partialText, sessionId: sessionId ?? seen }) : error
    state.fail(typed as SignalboxError)
    throw typed
  }
}
