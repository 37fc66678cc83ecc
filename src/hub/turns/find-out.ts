/** Asks a system for the outcome of a prompt, until it answers or the time is up. Never sends the prompt again. */
import { sleep } from '../../core/clock.js'
import type { HubContext } from '../context.js'
import type { EndEvent } from '../model/event.js'
import type { Resolution } from '../source.js'
import { lostTurn, neverSent, type TurnRecord } from './record.js'

const FIRST_LOOK_MS = 500
const SLOWEST_LOOK_MS = 15_000

/** `running`: the source pushes the rest. An end: the caller must write it. */
export type FoundOut = 'running' | EndEvent

export interface FindOutOptions {
  /** Why the outcome is unknown, for the error of a lost turn. */
  readonly why: string
  readonly withinMs: number
  readonly signal: AbortSignal
  /** True when the turn has ended meanwhile. */
  readonly settled: () => boolean
}

export async function findOut(context: HubContext, record: TurnRecord, options: FindOutOptions): Promise<FoundOut> {
  const { clock } = context
  const { why, withinMs, signal, settled } = options
  const until = clock.monotonic() + withinMs
  for (let wait = FIRST_LOOK_MS; ; wait = Math.min(wait * 2, SLOWEST_LOOK_MS)) {
    const outcome = conclude(await look(context, record), why)
    if (outcome) return outcome
    if (clock.monotonic() >= until) return lostTurn(`Nobody could tell what became of the prompt. ${why}`)
    await sleep(clock, wait, signal)
    if (settled()) return 'running'
  }
}

/** Undefined while the outcome is unknown. */
function conclude(resolution: Resolution, why: string): FoundOut | undefined {
  switch (resolution.outcome) {
    case 'running':
      return 'running'
    case 'ended':
      return resolution.end
    case 'not_sent':
      return neverSent(`The prompt did not reach the system. ${why}`)
    case 'lost':
      return { ...lostTurn(`The system cannot tell what became of the prompt. ${why}`), sent: resolution.sent ?? 'maybe' }
    case 'unknown':
      return undefined
  }
}

async function look(context: HubContext, record: TurnRecord): Promise<Resolution> {
  const source = context.sourceOf(record.agent)
  if (!source?.resolve) return { outcome: 'lost' }
  const { promptId, agent, session, text, by, receipt, at } = record
  const question = source.resolve({ promptId, agent, session, text, by, receipt, at })
  // A failure to ask says nothing about the prompt.
  return await context.within(question, SLOWEST_LOOK_MS).catch(() => ({ outcome: 'unknown' }))
}
