/**
 * The script that every system plays through a hub: list, prompt, follow, watch from a cursor, answer, cancel, history, record. Portable: it
 * runs beside the hub, behind a link, and in a page that has only a gateway.
 */
import { catsyphonOutbox, createCatsyphon } from '../../src/catsyphon/index.js'
import { recordHub, type AgentId, type Answer, type Hub, type HubCursor, type HubEvent } from '../../src/hub/index.js'
import { memoryStore } from '../../src/store/index.js'
import { check, checkEqual, checkRejects, createCatsyphonSimulator } from '../../src/testing/index.js'
import { until } from './kit.js'

/** The steps of the script, in order. */
const STEPS = ['list', 'prompt', 'follow', 'watch', 'answer', 'cancel', 'history', 'record'] as const
export type Step = (typeof STEPS)[number]

/** The facts about one agent that the script needs. Plain data, because a page gets them too. */
export interface ScriptFacts {
  readonly agent: AgentId
  /** A prompt, and a part of its answer. */
  readonly prompt: { readonly text: string; readonly answer: string }
  /** A prompt that makes the agent ask, and the answer to the ask. */
  readonly asking?: { readonly text: string; readonly answer: Answer }
  /** A prompt whose turn lasts until it is cancelled. */
  readonly lasting?: string
  /** The steps that the system cannot do. The script checks that the hub refuses them, and that every other step works. */
  readonly cannot: readonly Step[]
}

/** The title of a test: it names the steps that are left out. */
export function scriptTitle(system: string, cannot: readonly Step[]): string {
  const steps = STEPS.filter((step) => !cannot.includes(step))
  return `${system}: ${steps.join(', ')}${cannot.length === 0 ? '' : `; cannot ${cannot.join(', ')}`}`
}

/** Plays the whole script through one viewer. Throws at the first step that fails. */
export async function playScript(facts: ScriptFacts, viewer: Hub): Promise<void> {
  const { agent, cannot } = facts
  await until(async () => (await viewer.agents()).some(({ id }) => id === agent), `${agent} in the list of agents`)
  await promptAndFollow(facts, viewer)
  await (cannot.includes('answer') ? neverAsks(viewer) : answerAsk(facts, viewer))
  await (cannot.includes('cancel') ? refusesCancel(facts, viewer) : cancelTurn(facts, viewer))
  if (cannot.includes('history')) checkEqual((await checkRejects(viewer.history(agent), 'unsupported')).sent, 'no')
  else await readHistory(facts, viewer)
  await record(facts, viewer)
}

async function promptAndFollow({ agent, prompt }: ScriptFacts, viewer: Hub): Promise<void> {
  const turn = viewer.prompt(agent, prompt.text, { by: 'ann', promptId: `script-${crypto.randomUUID()}` })
  const events: HubEvent[] = []
  for await (const event of turn) events.push(event)
  checkEqual([events[0]?.kind, events.at(-1)?.kind], ['turn', 'end'], 'a turn is followed from its start to its end')
  const text = await turn.text()
  check(text.includes(prompt.answer), `the answer holds ${JSON.stringify(prompt.answer)}: ${JSON.stringify(text)}`)

  const { from } = await turn.info()
  const again: number[] = []
  for await (const event of viewer.watch({ from: from as HubCursor, turns: [turn.promptId] })) {
    again.push(event.seq)
    if (event.kind === 'end') break
  }
  checkEqual(
    again,
    events.map(({ seq }) => seq),
    'a watch from a cursor gives the same events',
  )
}

async function answerAsk({ agent, asking }: ScriptFacts, viewer: Hub): Promise<void> {
  check(asking !== undefined, 'an agent that asks has a prompt for it')
  const can = (await viewer.agents()).find(({ id }) => id === agent)?.can
  checkEqual(can?.asks?.answerable, true, 'an agent that asks claims it')
  const waiting = viewer.prompt(agent, asking.text, { by: 'ann' })
  const ask = await until(async () => (await viewer.asks()).find((one) => one.agent === agent), 'an ask')
  check(ask, 'an ask is open')
  check(can?.asks?.kinds.includes(ask.kind) === true, `the capability names the kind ${ask.kind}`)
  // A gateway names the credential in place of what its client says.
  const { by } = await viewer.answer(ask.id, asking.answer, { by: 'bob' })
  check(by === 'bob' || by.startsWith('credential '), `the answer names who gave it: ${by}`)
  const late = await checkRejects(viewer.answer(ask.id, asking.answer, { by: 'eve' }), 'conflict')
  checkEqual(late.remoteCode, by, 'a second answer is told who was first')
  checkEqual((await waiting.end()).outcome, 'completed')
  checkEqual((await viewer.asks()).length, 0)
}

async function neverAsks(viewer: Hub): Promise<void> {
  checkEqual((await viewer.asks()).length, 0)
  checkEqual((await checkRejects(viewer.answer('no#such#ask', { accept: true }), 'not_found')).sent, 'no')
}

async function cancelTurn({ agent, lasting }: ScriptFacts, viewer: Hub): Promise<void> {
  check(lasting !== undefined, 'an agent whose turns can be cancelled has a long prompt')
  check((await viewer.agents()).find(({ id }) => id === agent)?.can.cancel !== undefined, 'the capability is claimed')
  const stopped = viewer.prompt(agent, lasting, { by: 'ann' })
  await stopped.accepted()
  await until(async () => (await stopped.info()).state === 'running', 'a running turn')
  await stopped.cancel({ by: 'bob' })
  checkEqual((await stopped.end()).outcome, 'cancelled')
}

/** A turn that is over cannot be cancelled, and that is no error. */
async function refusesCancel({ agent }: ScriptFacts, viewer: Hub): Promise<void> {
  const turn = viewer.prompt(agent, 'A turn that nobody can stop.', { by: 'ann' })
  await turn.accepted()
  const code = await turn.cancel({ by: 'bob' }).then(
    () => undefined,
    (error: unknown) => (error as { readonly code?: string }).code,
  )
  const over = code === undefined && (await turn.info()).state === 'ended'
  check(code === 'unsupported' || over, `a turn that cannot be stopped is refused as unsupported: ${code}`)
}

async function readHistory({ agent }: ScriptFacts, viewer: Hub): Promise<void> {
  const { events } = await viewer.history(agent)
  check(events.length > 0, 'there is a history')
  check(
    events.every(({ origin, agent: of }) => origin === 'replay' && of === agent),
    'the past is a replay of this agent',
  )
}

/** Records everything, and checks that the server has the prompt and the answer once. */
async function record({ agent, prompt }: ScriptFacts, viewer: Hub): Promise<void> {
  const store = memoryStore()
  const simulator = createCatsyphonSimulator()
  const { id: collectorId, key: apiKey } = simulator.register()
  const outbox = catsyphonOutbox({ store })
  const catsyphon = await createCatsyphon({ transport: simulator.transport, collectorId, apiKey, outbox, flushIntervalMs: 5 })
  const recorder = await recordHub(viewer, { catsyphon, store, agents: [agent] })
  try {
    const texts = (): string[] =>
      [...simulator.ledger.sessions.keys()].flatMap((id) => simulator.ledger.rows(id).map(({ data }) => String(data.content ?? '')))
    await until(() => texts().includes(prompt.text) && texts().some((text) => text.includes(prompt.answer)), 'the recorded turn')
    checkEqual(texts().filter((text) => text === prompt.text).length, 1, 'the prompt is recorded once')
  } finally {
    await recorder.close()
    await catsyphon.close()
    await store[Symbol.asyncDispose]()
  }
}
