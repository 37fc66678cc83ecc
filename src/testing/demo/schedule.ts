/** The work of the demo: prompts on a schedule, and a colleague who answers questions that nobody else has answered. */
import { onAbort } from '../../core/on-abort.js'
import { sleep, systemClock, type Clock } from '../../core/clock.js'
import type { Answer, Ask, Hub } from '../../hub/index.js'
import { simulatedId } from '../cmdop/world.js'
import { DEMO_PROMPTS } from './scripts.js'

/** Options of `runDemo`. */
export interface DemoScheduleOptions {
  /** Ends the schedule. */
  readonly signal: AbortSignal
  /** The clock of the pauses. Default: the system's clock. */
  readonly clock?: Clock
  /** How long a question stays open for a visitor before the colleague answers it. Default 45 s. */
  readonly answerAfterMs?: number
}

interface Job {
  readonly agent: string
  readonly text: string
  readonly by: string
  /** Milliseconds before the first prompt. */
  readonly firstAfter: number
  /** Milliseconds from the end of a turn to the next prompt. */
  readonly pause: number
}

const JOBS: readonly Job[] = [
  { agent: 'claude/main', text: DEMO_PROMPTS.migration, by: 'ann', firstAfter: 500, pause: 25_000 },
  { agent: 'editor/parser', text: DEMO_PROMPTS.refactor, by: 'bea', firstAfter: 2_000, pause: 40_000 },
  { agent: 'ccc/backend', text: DEMO_PROMPTS.backend, by: 'ann', firstAfter: 1_000, pause: 20_000 },
  { agent: 'ccc/frontend', text: DEMO_PROMPTS.frontend, by: 'bea', firstAfter: 12_000, pause: 35_000 },
  { agent: 'claude/review', text: DEMO_PROMPTS.review, by: 'ci', firstAfter: 6_000, pause: 30_000 },
  { agent: `cmdop/${simulatedId(1, 1)}`, text: DEMO_PROMPTS.machine, by: 'ann', firstAfter: 15_000, pause: 60_000 },
  { agent: `cmdop/${simulatedId(1, 3)}`, text: DEMO_PROMPTS.disk, by: 'ci', firstAfter: 9_000, pause: 50_000 },
  { agent: 'cccc/', text: DEMO_PROMPTS.group, by: 'ann', firstAfter: 4_000, pause: 45_000 },
]

/** Works until the signal aborts. Never rejects: a turn that fails is a sight of its own, and its agent is prompted again later. */
export async function runDemo(hub: Hub, options: DemoScheduleOptions): Promise<void> {
  const { signal, clock = systemClock, answerAfterMs = 45_000 } = options
  const parts: AbortController[] = []
  onAbort(signal, () => {
    for (const part of parts) part.abort()
  })
  /** A signal for each part, because every pause listens to its own. */
  const part = (): AbortSignal => {
    const controller = new AbortController()
    parts.push(controller)
    if (signal.aborted) controller.abort()
    return controller.signal
  }
  const work = async ({ agent, text, by, firstAfter, pause }: Job, signal: AbortSignal): Promise<void> => {
    await sleep(clock, firstAfter, signal)
    for (;;) {
      try {
        const found = (await hub.agents()).find(({ id }) => id === agent || (agent.endsWith('/') && id.startsWith(agent)))
        if (found) await hub.prompt(found.id, text, { by, whileBusy: 'refuse' }).end()
      } catch {
        // The agent is busy with a visitor's prompt, or the hub closes.
      }
      await sleep(clock, pause, signal)
    }
  }
  const answer = async (signal: AbortSignal): Promise<void> => {
    for (;;) {
      await sleep(clock, Math.min(1_000, answerAfterMs), signal)
      try {
        for (const ask of await hub.asks()) {
          const fitting = answerOf(ask)
          if (fitting && clock.now() - Date.parse(ask.askedAt) >= answerAfterMs) await hub.answer(ask.id, fitting, { by: 'cleo' })
        }
      } catch {
        // A visitor was first, or the hub closes.
      }
    }
  }
  await Promise.allSettled([...JOBS.map((job) => work(job, part())), answer(part())])
}

/** Dangerous plans are refused. A secret stays open. */
function answerOf({ kind, danger, options }: Ask): Answer | undefined {
  if (kind === 'secret' || kind === 'question') return undefined
  const wanted = danger === 'high' ? 'reject_once' : 'allow_once'
  const option = options?.find((each) => each.kind === wanted)
  return option ? { option: option.id } : { accept: danger !== 'high' }
}
