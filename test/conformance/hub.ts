/**
 * The same script over every system: list, prompt, follow, answer, cancel, history, watch from a cursor, record. What a system cannot do must
 * fail as its capabilities say. Needs no runtime: it runs in Node, Bun, Deno, workerd and in a page.
 */
import { acpSource } from '../../src/acp/index.js'
import { createCcc } from '../../src/ccc/index.js'
import { createCccc } from '../../src/cccc/index.js'
import { catsyphonOutbox, createCatsyphon } from '../../src/catsyphon/index.js'
import { createClaude } from '../../src/claude/index.js'
import { createCmdop } from '../../src/cmdop/index.js'
import {
  cccSource,
  ccccSource,
  claudeSource,
  cmdopSource,
  createHub,
  recordHub,
  type Answer,
  type Capabilities,
  type Hub,
  type HubCursor,
  type HubEvent,
  type Source,
} from '../../src/hub/index.js'
import { memoryStore, type Store } from '../../src/store/index.js'
import {
  check,
  checkEqual,
  checkRejects,
  createAcpAgentSimulator,
  createCatsyphonSimulator,
  createCccSimulator,
  createCcccSimulator,
  createClaudeSimulator,
  createCmdopCoreSimulator,
  type Case,
} from '../../src/testing/index.js'

/** How the script reaches the hub. */
export interface HubScriptContext {
  /** Opens the store of the hub. Left out: memory. */
  openStore?(): Store | Promise<Store>
  /** A viewer of the hub, such as a client behind a link. Left out: the hub itself. */
  connect?(hub: Hub): Promise<{ readonly viewer: Hub; close(): Promise<void> }>
}

/** One system with one agent. */
interface ScriptedAgent {
  readonly source: Source
  readonly agent: string
  readonly prompt: { readonly text: string; readonly answer: string }
  readonly asking?: { readonly text: string; readonly answer: Answer }
  readonly lasting?: string
  close(): PromiseLike<void>
}

const SYSTEMS: Readonly<Record<string, () => Promise<ScriptedAgent>>> = {
  async ccc() {
    const simulator = createCccSimulator({ sessions: [{ name: 'backend', running: true }], timeScale: 0.001 })
    const client = createCcc({ transport: simulator.transport })
    return {
      source: cccSource({ client, pollMs: 20, sessionsEveryMs: 200 }),
      agent: 'ccc/backend',
      prompt: { text: '[[reply the tests pass]]', answer: 'the tests pass' },
      lasting: '[[quiet 100000]] think for a long time',
      close: () => simulator[Symbol.asyncDispose](),
    }
  },
  async cccc() {
    const daemon = createCcccSimulator({ dialect: 'C' })
    const client = createCccc({ transport: daemon.transport })
    const { group_id: groupId = '' } = await client.groups.create({ title: 'team' })
    await client.actors.add({ groupId, actorId: 'lead', runtime: 'custom', runner: 'headless' })
    const said = await client.events({ groupId, kinds: ['chat.message'] })
    const answering = (async () => {
      for await (const item of said) {
        if (item.type !== 'event' || item.event.by === 'lead') continue
        const text = `lead says: ${String(item.event.data.text)}`
        await client.messages.reply({ groupId, replyTo: item.event.id, by: 'lead', text })
      }
    })()
    return {
      source: ccccSource({ client, groupsEveryMs: 100 }),
      agent: `cccc/${groupId}:lead`,
      prompt: { text: 'are you there?', answer: 'lead says: are you there?' },
      async close() {
        await said.close()
        await answering.catch(() => {})
        await client.close()
      },
    }
  },
  async claude() {
    const client = createClaude({ transport: createClaudeSimulator().transport })
    return {
      source: claudeSource({ client, agents: [{ name: 'review' }] }),
      agent: 'claude/review',
      prompt: { text: 'FAKE:multi:', answer: 'First block. Second block.' },
      asking: { text: 'FAKE:write:/work/out.txt', answer: { option: 'allow' } },
      lasting: 'FAKE:sleep:600',
      close: () => client.close(),
    }
  },
  async cmdop() {
    const core = createCmdopCoreSimulator()
    const client = createCmdop({ transport: core.transport })
    const { items } = await client.machines.list()
    return {
      source: cmdopSource({ client }),
      agent: `cmdop/${items[0]?.id ?? ''}`,
      prompt: { text: '[[say one ]][[say two]]', answer: 'one two' },
      asking: { text: '[[confirm wipe the disk]][[say done]]', answer: { accept: true } },
      async close() {
        await client.close()
        await core[Symbol.asyncDispose]()
      },
    }
  },
  async acp() {
    const simulated = createAcpAgentSimulator({
      script: async ({ text, update, request, signal, sessionId }) => {
        const options = [{ optionId: 'yes', name: 'Allow', kind: 'allow_once' }]
        const toolCall = { toolCallId: 't', title: 'Edit' }
        if (text === 'ask') await request('session/request_permission', { sessionId, toolCall, options })
        if (text === 'last') {
          await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
          return 'cancelled'
        }
        await update({ sessionUpdate: 'agent_message_chunk', content: { type: 'text', text: `echo: ${text}` } })
        return 'end_turn'
      },
    })
    return {
      source: acpSource({ transport: simulated.transport, cwd: '/work' }),
      agent: 'acp/main',
      prompt: { text: 'hi', answer: 'echo: hi' },
      asking: { text: 'ask', answer: { option: 'yes' } },
      lasting: 'last',
      async close() {},
    }
  },
}

const until = async (condition: () => Promise<boolean> | boolean, what: string): Promise<void> => {
  for (let count = 0; count < 400; count += 1) {
    if (await condition()) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  check(false, what)
}

async function script({ agent, prompt, asking, lasting }: ScriptedAgent, viewer: Hub): Promise<void> {
  await until(async () => (await viewer.agents()).some(({ id }) => id === agent), 'the agent is listed')
  const can: Capabilities = (await viewer.agents()).find(({ id }) => id === agent)?.can ?? {}

  const turn = viewer.prompt(agent, prompt.text, { by: 'ann', promptId: `script-${crypto.randomUUID()}` })
  const events: HubEvent[] = []
  for await (const event of turn) events.push(event)
  checkEqual([events[0]?.kind, events.at(-1)?.kind], ['turn', 'end'], 'a turn is followed from its start to its end')
  check((await turn.text()).includes(prompt.answer), 'the answer is complete')

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

  checkEqual(asking !== undefined && can.asks?.answerable === true, asking !== undefined, 'an agent that asks claims it')
  if (asking) {
    const waiting = viewer.prompt(agent, asking.text, { by: 'ann' })
    await until(async () => (await viewer.asks()).length === 1, 'the agent asks')
    const [ask] = await viewer.asks()
    checkEqual((await viewer.answer(ask?.id ?? '', asking.answer, { by: 'bob' })).by, 'bob')
    checkEqual((await waiting.end()).outcome, 'completed')
    checkEqual((await viewer.asks()).length, 0)
  }
  checkEqual(lasting !== undefined, can.cancel !== undefined, 'an agent whose turns can be cancelled claims it')
  if (lasting !== undefined) {
    const stopped = viewer.prompt(agent, lasting, { by: 'ann' })
    await stopped.accepted()
    await until(async () => (await stopped.info()).state === 'running', 'the turn runs')
    await stopped.cancel({ by: 'bob' })
    checkEqual((await stopped.end()).outcome, 'cancelled')
  }
  if (can.history)
    check(
      (await viewer.history(agent)).events.every(({ origin }) => origin === 'replay'),
      'the past is a replay',
    )
  else checkEqual((await checkRejects(viewer.history(agent), 'unsupported')).sent, 'no')
}

/** Records everything, and checks that the server has the prompt and the answer once. */
async function record({ agent, prompt }: ScriptedAgent, viewer: Hub): Promise<void> {
  const store = memoryStore()
  const simulator = createCatsyphonSimulator()
  const { id: collectorId, key: apiKey } = simulator.register()
  const outbox = catsyphonOutbox({ store })
  const catsyphon = await createCatsyphon({ transport: simulator.transport, collectorId, apiKey, outbox, flushIntervalMs: 5 })
  const recorder = await recordHub(viewer, { catsyphon, store, agents: [agent] })
  try {
    const texts = (): string[] =>
      [...simulator.ledger.sessions.keys()].flatMap((id) => simulator.ledger.rows(id).map(({ data }) => String(data.content ?? '')))
    await until(() => texts().includes(prompt.text) && texts().some((text) => text.includes(prompt.answer)), 'the turn is recorded')
    checkEqual(texts().filter((text) => text === prompt.text).length, 1, 'the prompt is recorded once')
  } finally {
    await recorder.close()
    await catsyphon.close()
    await store[Symbol.asyncDispose]()
  }
}

/** One case for each system. */
export const hubScript: readonly Case<HubScriptContext>[] = Object.entries(SYSTEMS).map(([name, open]) => ({
  id: `hub.script.${name}`,
  title: `list, prompt, follow, answer, cancel, history, watch and record over ${name}`,
  async run({ openStore, connect }) {
    const system = await open()
    const store = await openStore?.()
    const hub = await createHub({ sources: [system.source], ...(store ? { store } : {}) })
    const connected = await connect?.(hub)
    const viewer = connected?.viewer ?? hub
    try {
      await script(system, viewer)
      await record(system, viewer)
    } finally {
      await connected?.close()
      await hub.close()
      await system.close()
      await store?.[Symbol.asyncDispose]()
    }
  },
}))
