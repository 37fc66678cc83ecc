/** The scripted people of the demo: they prompt idle agents and answer some asks, on a seeded schedule. */
import type { Ask, Hub } from 'signalbox/hub'
import { createSeededRandom } from 'signalbox/testing'
import type { Systems } from '../systems.js'
import { followGroup } from './group.js'

const SEED = 1901
const STEP_MS = 2_500
/** The first asks are left for the person who looks at the page. */
const MIRA_WAITS_MS = 75_000
const MAX_OPEN_ASKS = 5

/** Prompts by the name of the agent. The marks in brackets steer the simulators; see `docs/testing.md`. */
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
  'acp/rail': ['The order page is slow. Find out why and fix it.', 'Plan the time table of the build machines.'],
  'ccc/backend': [
    'Which tests are slow? [[sleep 6]] [[reply The three import tests take 41 of 58 seconds: they start a server each.]]',
    'Summarise the open pull requests. [[sleep 4]] [[reply Two are open: the date parser and the order index. Both wait for a review.]]',
  ],
  'ccc/frontend': [
    'Is the bundle larger than last week? [[sleep 5]] [[reply Yes, by 3.2 KB gzip: a second copy of the icons.]]',
    'Rename the component Box to Panel. [[sleep 9]] [[reply Renamed in 14 files. Nothing else changed.]]',
  ],
  'web-1': [
    'Restart nginx. [[say I check the configuration first. It is valid.]][[confirm systemctl restart nginx]][[say nginx runs again; no request failed.]]',
    'How full is the disk? [[say 71 % of 200 GB are used. The logs grew by 2 GB today.]]',
  ],
  'db-1': [
    'Show the slowest query of today. (The PIN of this demo is 2468.) [[pin 2468]][[say The order page: 812 ms, 4,182,113 rows read.]]',
    'Clean the build cache. [[danger rm -rf /var/cache/build]][[say 38 GB are free again.]]',
    'Run the nightly backup now. [[fail The disk of the backup is full.]]',
  ],
  'Release train': ['Who works on what for 2.5.0?', 'Is the release ready?'],
  tester: ['Please test the settings page in a small window.'],
}
/** Who goes first, so that a newcomer sees an ask at once and something of every system within seconds. */
const OPENING = ['claude/review', 'acp/rail', 'web-1', 'ccc/backend', 'Release train', 'db-1', 'claude/refactor', 'ccc/frontend']
const PEOPLE = ['ann', 'mira', 'jo']

/** Starts the schedule. The returned function pauses it or lets it go on. */
export function direct(hub: Hub, systems: Systems): (running: boolean) => void {
  const random = createSeededRandom(SEED)
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)] as Item
  const opening = [...OPENING]
  const told = new Map<string, number>()
  let running = true

  const prompt = async (wanted: string | undefined): Promise<void> => {
    const agents = await hub.agents()
    const free = agents.filter(({ sessions }) => !sessions.some(({ state }) => state === 'running' || state === 'needs_answer'))
    const known = free.filter(({ id, name }) => PROMPTS[id] ?? PROMPTS[name])
    const agent = wanted === undefined ? pick(known) : known.find(({ id, name }) => id === wanted || name === wanted)
    if (!agent) return
    const texts = PROMPTS[agent.id] ?? PROMPTS[agent.name] ?? []
    const count = told.get(agent.id) ?? 0
    told.set(agent.id, count + 1)
    const text = texts[count % texts.length]
    if (text === undefined) return
    await hub.prompt(agent.id, text, { by: pick(PEOPLE), whileBusy: 'refuse' }).accepted()
  }
  /** A colleague answers what nobody answered for a while, as on a real team. */
  const answerOld = async (asks: readonly Ask[]): Promise<void> => {
    const old = asks.find(
      ({ askedAt, kind }) => Date.now() - Date.parse(askedAt) > MIRA_WAITS_MS && kind !== 'secret' && kind !== 'question',
    )
    if (old) await hub.answer(old.id, { accept: random() < 0.7 }, { by: 'mira (phone)' })
  }
  const step = async (): Promise<void> => {
    if (!running) return
    const asks = await hub.asks()
    await answerOld(asks)
    if (opening.length > 0) await prompt(opening.shift())
    else if (asks.length < MAX_OPEN_ASKS && random() < 0.6) await prompt(undefined)
  }
  const tick = (): void => {
    // A refused prompt or answer is part of the demo: the next step tries something else.
    void step()
      .catch(() => {})
      .then(() => setTimeout(tick, opening.length > 0 ? STEP_MS / 4 : STEP_MS))
  }
  followGroup(hub, systems)
  tick()
  return (go) => {
    running = go
  }
}
