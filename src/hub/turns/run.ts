/** Sends prompts and ends turns: each step is stored before the next one is taken. */
import { asHubError, hubError, untilAllowed, type HubContext } from '../context.js'
import type { AgentId } from '../model/agent.js'
import type { EndEvent } from '../model/event.js'
import type { SourcePrompt } from '../source.js'
import { isTooLate, TOO_LATE } from './admit.js'
import type { Active, TurnBook } from './book.js'
import { findOut } from './find-out.js'
import { neverSent } from './record.js'
import type { Schedule } from './schedule.js'

export interface RunnerOptions {
  /** How long a system is asked about a turn of unknown outcome before the turn is lost. */
  readonly resolveWithinMs: number
  /** Refuses a prompt, such as for a budget. */
  readonly forbid: (agent: AgentId) => void
  /** Runs before the end of a turn is written. */
  readonly beforeEnd: (promptId: string) => Promise<void>
  readonly signal: AbortSignal
}

export interface Runner {
  send(turn: Active): Promise<void>
  /** Writes the one end: decided in the store first, then in the journal, then marked. A later call changes nothing. */
  finish(turn: Active, end: EndEvent): Promise<void>
  /** Called when the end is in the journal: the next prompt of the session may start. */
  leave(turn: Active): void
  /** Finds out the outcome of a turn and ends it, unless it still runs. */
  resolve(turn: Active, why: string): Promise<void>
}

export function createRunner(context: HubContext, book: TurnBook, schedule: Schedule, options: RunnerOptions): Runner {
  const { forbid, beforeEnd, signal } = options

  const finish: Runner['finish'] = (turn, end) => {
    turn.ending ??= (async () => {
      await beforeEnd(turn.stored.record.promptId)
      if (await book.step(turn, { to: 'ending', end, endFrom: context.writer.next })) await book.appendEnd(turn)
      leave(turn)
    })()
    return turn.ending
  }
  const leave: Runner['leave'] = (turn) => {
    const { promptId } = turn.stored.record
    book.active.delete(promptId)
    book.remember(turn.stored.record)
    for (const next of schedule.release(turn.line, promptId)) {
      const waiting = book.active.get(next)
      if (waiting) startQueued(waiting).catch((error) => context.report('starting a queued prompt', error))
    }
  }
  const startQueued = async (turn: Active): Promise<void> => {
    // A budget may have been passed while the prompt waited.
    try {
      forbid(turn.stored.record.agent)
    } catch (error) {
      return finish(turn, failed(error))
    }
    await book.appendTurn(turn.stored.record, 'started')
    await send(turn)
  }
  const send: Runner['send'] = async (turn) => {
    const { agent, session, promptId, text, by } = turn.stored.record
    const source = context.sourceOf(agent)
    const prompt: SourcePrompt = { promptId, agent, session, text, by }
    try {
      if (!source?.prompt) throw hubError({ code: 'unavailable', op: 'prompt', message: `The agent ${agent} is gone.` })
      const receipt = source.receiptFor?.(prompt)
      const stored = await book.step(turn, { to: 'sending', ...(receipt === undefined ? {} : { receipt }) })
      // The step comes too late when the turn was cancelled meanwhile.
      if (!stored || turn.ending) return
      await untilAllowed(context)
      if (turn.cancelled !== undefined) return await finish(turn, { kind: 'end', outcome: 'cancelled', sent: 'no' })
      if (isTooLate(context, turn.startBy)) return await finish(turn, neverSent(TOO_LATE))
      await source.prompt({ ...prompt, receipt })
      delete turn.unsent
      // From now on a new epoch of the session means that the turn may be lost.
      turn.epoch = context.epochOf(agent, session)
      if (turn.cancelled !== undefined) {
        const request = { agent, session, turn: promptId, by: turn.cancelled }
        await source.cancel?.(request).catch((error) => context.report('cancelling a turn', error))
      }
    } catch (error) {
      delete turn.unsent
      const failure = asHubError(error, 'prompt')
      if (failure.sent === 'maybe' && turn.stored.record.state !== 'accepted') await resolve(turn, failure.message)
      else await finish(turn, failed(failure))
    }
  }
  const resolve: Runner['resolve'] = async (turn, why) => {
    if (turn.resolving || turn.ending) return
    turn.resolving = true
    const { record } = turn.stored
    await book.step(turn, { to: 'resolving' })
    const settled = (): boolean => turn.ending !== undefined
    const outcome = await findOut(context, record, { why, withinMs: options.resolveWithinMs, signal, settled })
    if (outcome !== 'running') return finish(turn, outcome)
    delete turn.resolving
    turn.epoch = context.epochOf(record.agent, record.session)
  }
  return { send, finish, leave, resolve }
}

/** The end of a turn that its source refused or could not run. */
function failed(error: unknown): EndEvent {
  const { code, message, remoteCode, sent } = asHubError(error, 'prompt')
  // A prompt that was interrupted before it was sent counts as cancelled.
  const outcome = code === 'aborted' ? 'cancelled' : 'failed'
  return { kind: 'end', outcome, sent, error: { code, message, ...(remoteCode === undefined ? {} : { remoteCode }) } }
}
