/** The scripted people of the demo: they prompt idle agents and answer some asks, on a seeded schedule. */
import { sleep, type Clock } from '../../core/clock.js'
import type { Ask, Hub } from '../../hub/index.js'
import { createSeededRandom } from '../clock.js'
import type { DemoGroup } from './cccc.js'
import { answerInGroup } from './group.js'

const SEED = 1901
const STEP_MS = 2_500
/** Asks are left for the visitor at first. */
const ANSWER_AFTER_MS = 75_000
const MAX_OPEN_ASKS = 5

/** Prompts by the id or the name of the agent. The simulators know what each agent does with its prompts; see `answers.ts`. */
const PROMPTS: Readonly<Record<string, readonly string[]>> = {
  'claude/review': [
    'Review the date parser and fix what is wrong.',
    'Write the release notes for 2.5.0.',
    'Push the branch and deploy it to staging.',
    'Find dead code in this project.',
  ],
  'claude/refactor': [
    'Move the settings page to the new form library.',
    'Is there unused code in the settings page?',
    'Write the changelog of this week. (The provider is overloaded.)',
  ],
  'editor/orders': ['The order page is slow. Find out why and fix it.', 'Plan the time table of the build machines.'],
  'ccc/backend': ['Which tests are slow?', 'Summarise the open pull requests.'],
  'ccc/frontend': ['Is the bundle larger than last week?', 'Rename the component Box to Panel.'],
  'web-1': ['Restart nginx.', 'How full is the disk?'],
  'db-1': [
    'Show the slowest query of today. (The PIN of this demo is 2468.)',
    'Clean the build cache.',
    'Run the nightly backup now.',
  ],
  'Release train': ['Who works on what for 2.5.0?', 'Is the release ready?'],
  tester: ['Please test the settings page in a small window.'],
}
/** The agents that are prompted first, so that a visitor sees an ask at once and every system at work within seconds. */
const OPENING = [
  'claude/review',
  'editor/orders',
  'web-1',
  'ccc/backend',
  'Release train',
  'db-1',
  'claude/refactor',
  'ccc/frontend',
]
const PEOPLE = ['ann', 'mira', 'jo']

/** Options of `runPeople`. */
export interface PeopleOptions {
  readonly clock: Clock
  /** Ends the schedule. */
  readonly signal: AbortSignal
  /** While it gives true, nobody prompts or answers. */
  readonly isPaused?: () => boolean
  /** How long an ask stays open for a visitor before a colleague answers it. Default 75 s. */
  readonly answerAfterMs?: number
}

/** Prompts and answers until the signal aborts. `group` is waited for in the background. Never rejects. */
export async function runPeople(hub: Hub, group: Promise<DemoGroup>, options: PeopleOptions): Promise<void> {
  const { clock, signal, isPaused, answerAfterMs = ANSWER_AFTER_MS } = options
  const random = createSeededRandom(SEED)
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)] as Item
  const opening = [...OPENING]
  const told = new Map<string, number>()
  /** Agents whose last prompt here has no answer yet. Some systems do not say that a session runs. */
  const unanswered = new Set<string>()

  const prompt = async (wanted: string | undefined): Promise<void> => {
    const agents = await hub.agents()
    const free = agents.filter(({ sessions }) => !sessions.some(({ state }) => state === 'running' || state === 'needs_answer'))
    const known = free.filter(({ id, name }) => !unanswered.has(id) && (PROMPTS[id] ?? PROMPTS[name]))
    const agent = wanted === undefined ? pick(known) : known.find(({ id, name }) => id === wanted || name === wanted)
    if (!agent) return
    const texts = PROMPTS[agent.id] ?? PROMPTS[agent.name] ?? []
    const count = told.get(agent.id) ?? 0
    told.set(agent.id, count + 1)
    const text = texts[count % texts.length]
    if (text === undefined) return
    const turn = hub.prompt(agent.id, text, { by: pick(PEOPLE), whileBusy: 'refuse' })
    unanswered.add(agent.id)
    const answered = (): void => void unanswered.delete(agent.id)
    turn.end().then(answered, answered)
    await turn.accepted()
  }
  /** A colleague answers an ask that has been open for long. Dangerous plans are refused. Secrets and questions stay open. */
  const answerOld = async (asks: readonly Ask[]): Promise<void> => {
    const old = asks.find(
      ({ askedAt, kind }) => clock.now() - Date.parse(askedAt) > answerAfterMs && kind !== 'secret' && kind !== 'question',
    )
    if (old) await hub.answer(old.id, { accept: old.danger !== 'high' && random() < 0.7 }, { by: 'mira (phone)' })
  }
  const step = async (): Promise<void> => {
    const asks = await hub.asks()
    await answerOld(asks)
    if (opening.length > 0) await prompt(opening.shift())
    else if (asks.length < MAX_OPEN_ASKS && random() < 0.6) await prompt(undefined)
  }
  const work = async (): Promise<void> => {
    for (;;) {
      await sleep(clock, opening.length > 0 ? STEP_MS / 4 : STEP_MS, signal)
      // A refused prompt or answer is part of the demo: the next step tries something else.
      if (!isPaused?.()) await step().catch(() => {})
    }
  }
  await Promise.allSettled([work(), answerInGroup(hub, group, signal, clock)])
}
