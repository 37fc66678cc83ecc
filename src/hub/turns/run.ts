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
  send(one: Active): Promise<void>
  /** Writes the one end: decided in the store first, then in the journal, then marked. A later call changes nothing. */
  finish(one: Active, end: EndEvent): Promise<void>
  /** Called when the end is in the journal: the next prompt of the session may start. */
  leave(one: Active): void
  /** Finds out what became of a turn and ends it, unless it runs. */
  resolve(one: Active, why: string): Promise<void>
}

export function createRunner(context: HubContext, book: TurnBook, schedule: Schedule, options: RunnerOptions): Runner {
  const { forbid, beforeEnd, signal } = options

  const finish: Runner['finish'] = (one, end) => {
    one.ending ??= (async () => {
      await beforeEnd(one.stored.record.promptId)
      if (await book.step(one, { to: 'ending', end, endFrom: context.writer.next })) await book.appendEnd(one)
      leave(one)
    })()
    return one.ending
  }
  const leave: Runner['leave'] = (one) => {
    const { promptId } = one.stored.record
    book.active.delete(promptId)
    book.remember(one.stored.record)
    for (const next of schedule.release(one.line, promptId)) {
      const waiting = book.active.get(next)
      if (waiting) startQueued(waiting).catch((error) => context.report('starting a queued prompt', error))
    }
  }
  const startQueued = async (one: Active): Promise<void> => {
    // A budget may have been passed while the prompt waited.
    try {
      forbid(one.stored.record.agent)
    } catch (error) {
      return finish(one, failed(error))
    }
    await book.appendTurn(one.stored.record, 'started')
    await send(one)
  }
  const send: Runner['send'] = async (one) => {
    const { agent, session, promptId, text, by } = one.stored.record
    const source = context.sourceOf(agent)
    const prompt: SourcePrompt = { promptId, agent, session, text, by }
    try {
      if (!source?.prompt) throw hubError({ code: 'unavailable', op: 'prompt', message: `The agent ${agent} is gone.` })
      const receipt = source.receiptFor?.(prompt)
      const stored = await book.step(one, { to: 'sending', ...(receipt === undefined ? {} : { receipt }) })
      // The step comes too late when the turn was cancelled meanwhile.
      if (!stored || one.ending) return
      await untilAllowed(context)
      if (one.cancelled !== undefined) return await finish(one, { kind: 'end', outcome: 'cancelled', sent: 'no' })
      if (isTooLate(context, one.startBy)) return await finish(one, neverSent(TOO_LATE))
      await source.prompt({ ...prompt, receipt })
      delete one.unsent
      // From now on a new epoch of the session means that the turn may be lost.
      one.epoch = context.epochOf(agent, session)
      if (one.cancelled !== undefined) {
        const turn = { agent, session, turn: promptId, by: one.cancelled }
        await source.cancel?.(turn).catch((error) => context.report('cancelling a turn', error))
      }
    } catch (error) {
      delete one.unsent
      const failure = asHubError(error, 'prompt')
      if (failure.sent === 'maybe' && one.stored.record.state !== 'accepted') await resolve(one, failure.message)
      else await finish(one, failed(failure))
    }
  }
  const resolve: Runner['resolve'] = async (one, why) => {
    if (one.resolving || one.ending) return
    one.resolving = true
    const { record } = one.stored
    await book.step(one, { to: 'resolving' })
    const settled = (): boolean => one.ending !== undefined
    const found = await findOut(context, record, { why, withinMs: options.resolveWithinMs, signal, settled })
    if (found !== 'running') return finish(one, found)
    delete one.resolving
    one.epoch = context.epochOf(record.agent, record.session)
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
