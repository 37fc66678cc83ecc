/** Accepts a prompt: the same id is the same turn, and a prompt for a busy agent waits. It is stored and in the journal before it is sent. */
import { SignalboxError } from '../../errors.js'
import { hubError, isoTime, type HubContext } from '../context.js'
import type { PromptOptions, WhileBusy } from '../hub.js'
import type { AgentId } from '../model/agent.js'
import type { Table } from '../table.js'
import type { Active, TurnBook } from './book.js'
import { checkPrompt } from './check-prompt.js'
import type { TurnRecord } from './record.js'
import type { Admission, Schedule } from './schedule.js'

/** The prompt options with the id that the caller or the hub made. */
export type NamedPrompt = PromptOptions & {
  readonly promptId: string
  /** After this monotonic time the prompt is neither started nor queued. Set for a prompt that came from another hub. */
  readonly startBy?: number
}

/** `existing`: a turn with this id was there already. Otherwise the new turn, and what happens to it now. */
export type Admitted =
  | { readonly existing: TurnRecord }
  | { readonly accepted: Active; readonly admission: 'start' | 'queue' | 'interrupt' }

export interface AdmitParts {
  readonly context: HubContext
  readonly table: Table<TurnRecord>
  readonly book: TurnBook
  readonly schedule: Schedule
  readonly forbid: (agent: AgentId) => void
}

const CHOICES: readonly WhileBusy[] = ['queue', 'refuse', 'interrupt']

/** The key of the queue that a prompt waits in. */
export const queueKey = (agent: AgentId, session: string | undefined): string => `${agent}\n${session ?? ''}`

export async function admit(parts: AdmitParts, agent: AgentId, text: string, options: NamedPrompt): Promise<Admitted> {
  const { context, table, book, schedule, forbid } = parts
  const { promptId, session, by = 'user', whileBusy = 'queue', startBy } = options
  const existing = await book.find(promptId)
  if (existing) return { existing }
  if (isTooLate(context, startBy)) throw hubError({ code: 'unavailable', op: 'prompt', message: TOO_LATE, retryable: true })
  const parallel = checkPrompt(context, agent, session)
  if (!CHOICES.includes(whileBusy)) {
    throw hubError({ code: 'invalid_argument', op: 'prompt', message: `whileBusy is one of ${CHOICES.join(', ')}.` })
  }
  forbid(agent)
  const line = queueKey(agent, session)
  const isBusy = schedule.running(line).length >= parallel
  if (whileBusy === 'interrupt' && isBusy && !context.agent(agent)?.can.cancel) {
    const message = `A turn of ${agent} cannot be interrupted.`
    throw hubError({ code: 'unsupported', op: 'prompt', message, hint: 'Let the prompt queue.' })
  }
  let admission = checked(agent, schedule.admit(line, promptId, whileBusy, parallel))
  const at = isoTime(context.clock)
  const { fence, writer } = context
  const record: TurnRecord = { promptId, agent, session, by, text, at, fence, from: writer.next, state: 'accepted' }
  try {
    const stored = await table.create(promptId, record)
    if (!stored) {
      schedule.release(line, promptId)
      return { existing: (await book.find(promptId)) ?? record }
    }
    const turn: Active = { stored, line, unsent: true, ...(startBy === undefined ? {} : { startBy }) }
    book.active.set(promptId, turn)
    // The turn before it may have ended while the record was written. A turn that ends later starts this prompt itself.
    if (schedule.running(line).includes(promptId)) admission = 'start'
    await book.appendTurn(record, admission === 'start' ? 'started' : 'queued')
    return { accepted: turn, admission }
  } catch (error) {
    // The record stays: the next start of the hub ends the turn as never sent.
    book.active.delete(promptId)
    schedule.release(line, promptId)
    throw notAccepted(error)
  }
}

export const TOO_LATE = 'The store was away for so long that the caller of the prompt has given up.'

/** After `startBy` the caller has an error with `sent: 'maybe'`, so the prompt must not start. */
export const isTooLate = ({ clock }: HubContext, startBy: number | undefined): boolean =>
  startBy !== undefined && clock.monotonic() >= startBy

/** The store may have the record, but the prompt goes to no system. */
function notAccepted(error: unknown): unknown {
  if (!SignalboxError.is(error) || error.sent === 'no') return error
  const { code, message, retryable } = error
  return hubError({ code, op: 'prompt', message: `The prompt was not accepted: ${message}`, retryable, cause: error })
}

function checked(agent: AgentId, admission: Admission): 'start' | 'queue' | 'interrupt' {
  const op = 'prompt'
  if (admission === 'refuse') {
    throw hubError({ code: 'conflict', op, message: `${agent} is busy.`, hint: 'Let it queue, or interrupt.', retryable: true })
  }
  if (admission === 'full') throw hubError({ code: 'rate_limited', op, message: `Too many prompts wait for ${agent}.` })
  return admission
}
