/**
 * Deterministic simulation of a hub: a seed chooses prompts, answers, cancels, restarts of agents, crashes of the hub at a write, and trims.
 * A model checks what the journal says afterwards. Everything runs on one event loop and one random source, so a seed gives the same run.
 */
import { createHub } from '../../src/hub/index.js'
import type { Hub, HubEvent } from '../../src/hub/index.js'
import { memoryStore } from '../../src/store/index.js'
import { createCrashingStore, createScriptedSystem, type CrashingStore } from '../../src/testing/hub/index.js'
import { createSeededRandom } from '../../src/testing/index.js'

const AGENTS = ['a', 'b']

/** The broken rules after a run; empty if all hold. */
export async function simulate(seed: number): Promise<string[]> {
  const random = createSeededRandom(seed)
  const below = (count: number): number => Math.floor(random() * count)
  const store = memoryStore()
  const system = createScriptedSystem({
    agents: AGENTS,
    script: async (turn) => {
      const style = Number(turn.prompt.text)
      for (let count = 0; count < style; count += 1) turn.delta('x')
      if (style % 2 === 1) await Promise.race([turn.ask({ nativeId: `q-${turn.prompt.promptId}` }), turn.whenCancelled])
      if (style % 5 === 4) await turn.whenCancelled
      turn.say('done')
      turn.end()
    },
  })
  let crashing: CrashingStore | undefined
  let hub: Hub | undefined
  const prompts: { readonly id: string; readonly agent: string; readonly text: string }[] = []
  const turnOfLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
  const quietly = (work: Promise<unknown>): void => void work.catch(() => {})

  const open = async (): Promise<void> => {
    crashing = createCrashingStore(store, random() < 0.6 ? { at: 1 + below(30), when: random() < 0.5 ? 'before' : 'after' } : {})
    const opening = createHub({
      store: crashing.store,
      sources: [system.source()],
      waitMs: 1000,
      resolveWithinMs: 0,
      limits: { maxEvents: 60 },
    })
    quietly(opening)
    hub = await Promise.race([opening, crashing.crashed.then(() => undefined)])
  }
  const steps: readonly (() => void)[] = [
    () => {
      const id = `p${prompts.length}`
      const prompt = { id, agent: `script/${AGENTS[below(AGENTS.length)]}`, text: String(below(6)) }
      prompts.push(prompt)
      if (hub) quietly(hub.prompt(prompt.agent, prompt.text, { promptId: id }).accepted())
    },
    () => {
      const again = prompts[below(prompts.length)]
      if (again && hub) quietly(hub.prompt(again.agent, again.text, { promptId: again.id }).accepted())
    },
    () => {
      for (const by of ['ann', 'bob'])
        if (hub) quietly(hub.asks().then(([ask]) => ask && hub?.answer(ask.id, { accept: true }, { by })))
    },
    () => {
      const some = prompts[below(prompts.length)]
      if (some && hub) quietly(hub.turn(some.id).cancel())
    },
    () => {
      if (random() < 0.1) system.restart(AGENTS[below(AGENTS.length)])
    },
    () => {
      if (random() < 0.15) quietly(crashing?.crash() ?? Promise.resolve())
    },
  ]

  for (let step = 0; step < 30; step += 1) {
    if (!hub || (await isDead(crashing))) await open()
    steps[below(steps.length)]?.()
    for (let rest = below(4); rest > 0; rest -= 1) await turnOfLoop()
  }
  await crashing?.crash()
  await using last = await createHub({ store, sources: [system.source()], resolveWithinMs: 0 })
  return await check(last, prompts, system)
}

async function isDead(crashing: CrashingStore | undefined): Promise<boolean> {
  return crashing === undefined || (await Promise.race([crashing.crashed.then(() => true), Promise.resolve(false)]))
}

async function check(
  hub: Hub,
  prompts: readonly { readonly id: string }[],
  system: ReturnType<typeof createScriptedSystem>,
): Promise<string[]> {
  const problems: string[] = []
  // At the end, cancel all turns that still run.
  for (const { id } of prompts) {
    const turn = hub.turn(id)
    const known = await turn.info().catch(() => undefined)
    if (!known) continue
    const end = turn.end()
    for (let round = 0; round < 50; round += 1) {
      if ((await hub.turn(id).info()).end) break
      await turn.cancel().catch(() => {})
      for (const ask of await hub.asks()) await hub.answer(ask.id, { accept: true }).catch(() => {})
      await new Promise((resolve) => setImmediate(resolve))
    }
    if (!(await hub.turn(id).info()).end) problems.push(`${id} has no end`)
    else await end
  }
  const marker = hub.prompt('script/a', '0', { promptId: 'marker' })
  await marker.end()
  const events: HubEvent[] = []
  for await (const event of hub.watch({ from: 'oldest' })) {
    events.push(event)
    if (event.kind === 'end' && event.turn === 'marker') break
  }
  const count = new Map<string, number>()
  const bump = (key: string): number => {
    count.set(key, (count.get(key) ?? 0) + 1)
    return count.get(key) ?? 0
  }
  let before = 0
  for (const event of events) {
    if (event.seq <= before) problems.push(`position ${event.seq} comes after ${before}`)
    before = event.seq
    if (event.kind === 'end' && bump(`end ${event.turn}`) > 1) problems.push(`${event.turn} ended twice`)
    if (event.kind === 'turn' && event.what === 'started' && bump(`start ${event.turn}`) > 1)
      problems.push(`${event.turn} started twice`)
    if (event.kind === 'ask' && bump(`ask ${event.ask.id}`) > 1) problems.push(`${event.ask.id} asked twice`)
    if (event.kind === 'ask_resolved' && bump(`resolved ${event.askId}`) > 1) problems.push(`${event.askId} resolved twice`)
    if (event.kind === 'message' && count.has(`end ${event.turn}`)) problems.push(`${event.turn} spoke after its end`)
  }
  const sent = new Map<string, number>()
  for (const { promptId } of system.ledger.prompts) sent.set(promptId, (sent.get(promptId) ?? 0) + 1)
  for (const [id, times] of sent) if (times > 1) problems.push(`${id} was sent ${times} times`)
  const answered = new Map<string, number>()
  for (const { nativeId, epoch } of system.ledger.answers) {
    const key = `${epoch}#${nativeId}`
    answered.set(key, (answered.get(key) ?? 0) + 1)
    if ((answered.get(key) ?? 0) > 1) problems.push(`${key} was answered twice at the agent`)
  }
  if ((await hub.asks()).some(({ status }) => status === 'answering')) problems.push('an ask is stuck in answering')
  return problems
}
