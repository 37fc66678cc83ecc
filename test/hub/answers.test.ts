/** Answers and prompts that a system cannot take: refused before anything is lost. */
import { afterEach, expect, test } from 'vitest'
import { acpSource } from '../../src/acp/index.js'
import { createCcc } from '../../src/ccc/index.js'
import { createCmdop } from '../../src/cmdop/index.js'
import { cccSource, cmdopSource, createHub, type Answer, type Hub, type HubEvent, type HubOptions } from '../../src/hub/index.js'
import {
  createAcpAgentSimulator,
  createCccSimulator,
  createCmdopCoreSimulator,
  createScriptedSystem,
} from '../../src/testing/index.js'

const closers: (() => PromiseLike<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})
async function opened(options: HubOptions): Promise<Hub> {
  const hub = await createHub(options)
  closers.push(() => hub.close())
  return hub
}
async function askOf(hub: Hub) {
  await expect.poll(async () => (await hub.asks()).length).toBe(1)
  const [ask] = await hub.asks()
  if (!ask) throw new Error('no ask is open')
  return ask
}
async function refusesAndStaysOpen(hub: Hub, answer: Answer): Promise<void> {
  const { id } = await askOf(hub)
  await expect(hub.answer(id, answer)).rejects.toMatchObject({ code: 'invalid_argument', sent: 'no' })
  expect(await hub.asks()).toMatchObject([{ id, status: 'open' }])
}

test('a question of CCC cannot be refused, and stays open for an answer [hub.ask.system-check]', async () => {
  const simulator = createCccSimulator({ sessions: [{ name: 'backend', running: true }], timeScale: 0.001 })
  closers.push(() => simulator.stop())
  const hub = await opened({ sources: [cccSource({ client: createCcc({ transport: simulator.transport }), pollMs: 10 })] })
  const options = ['red', 'blue'].map((label) => ({ label }))
  simulator.askQuestions('backend', [{ question: 'Which colour?', options, multi_select: false }])
  await refusesAndStaysOpen(hub, { accept: false })
  expect(await hub.answer((await askOf(hub)).id, { answers: { 0: '1' } }, { by: 'ann' })).toMatchObject({ delivered: 'written' })
})

const cmdopHub = async (options: Partial<HubOptions> = {}) => {
  const core = createCmdopCoreSimulator()
  const client = createCmdop({ transport: core.transport })
  closers.push(
    () => core.stop(),
    () => client.close(),
  )
  const hub = await opened({ sources: [cmdopSource({ client })], ...options })
  const [machine] = await hub.agents()
  return { hub, machine: machine?.id ?? '' }
}

test('a PIN of CMDOP cannot be refused, and stays open for the PIN [hub.ask.system-check]', async () => {
  const { hub, machine } = await cmdopHub()
  const turn = hub.prompt(machine, '[[pin 1234]][[say in]]')
  await refusesAndStaysOpen(hub, { accept: false })
  await hub.answer((await askOf(hub)).id, { secret: '1234' })
  expect(await turn.end()).toMatchObject({ outcome: 'completed' })
})

test('a policy that denies a PIN leaves it to a person [hub.ask.system-check]', async () => {
  const problems: string[] = []
  const { hub, machine } = await cmdopHub({
    policy: [{ name: 'never', rules: [{ match: {}, then: 'deny' }] }],
    onProblem: ({ what, error }) => void problems.push(`${what}: ${error.code}`),
  })
  const turn = hub.prompt(machine, '[[pin 1234]][[say in]]')
  await expect.poll(() => problems).toEqual(['answering an ask by a policy: invalid_argument'])
  await hub.answer((await askOf(hub)).id, { secret: '1234' })
  expect(await turn.end()).toMatchObject({ outcome: 'completed' })
})

const permission = (kind: string) => ({
  toolCall: { toolCallId: 't', title: 'Edit' },
  options: [{ optionId: 'only', name: 'The only one', kind }],
})

test('a yes to a permission that offers no such option is refused, and the option can still be chosen [hub.ask.system-check]', async () => {
  const { transport } = createAcpAgentSimulator({
    script: async ({ request, sessionId }) => {
      await request('session/request_permission', { sessionId, ...permission('reject_once') })
      return 'end_turn'
    },
  })
  const hub = await opened({ sources: [acpSource({ transport, cwd: '/work' })] })
  const turn = hub.prompt('acp/main', 'x')
  await refusesAndStaysOpen(hub, { accept: true })
  await hub.answer((await askOf(hub)).id, { option: 'only' })
  expect(await turn.end()).toMatchObject({ outcome: 'completed' })
})

test('the ask of an agent that dies is lost, before the end of its turn [hub.ask.lost]', async () => {
  const agent = createAcpAgentSimulator({
    script: async ({ request, sessionId }) => {
      await request('session/request_permission', { sessionId, ...permission('allow_once') })
      return 'end_turn'
    },
  })
  const hub = await opened({ sources: [acpSource({ transport: agent.transport, cwd: '/work' })] })
  const events: HubEvent[] = []
  for await (const event of hub.prompt('acp/main', 'x')) {
    events.push(event)
    if (event.kind === 'ask') agent.kill()
  }
  expect(events.map(({ kind }) => kind).slice(-2)).toEqual(['ask_resolved', 'end'])
  expect(events.at(-2)).toMatchObject({ outcome: 'lost', delivered: 'no' })
  expect(await hub.asks()).toEqual([])
})

test('an answer that is no object is refused, and the ask stays open [hub.ask.checked]', async () => {
  const system = createScriptedSystem({ script: async (turn) => void (await turn.ask({ nativeId: 'q' })) })
  const hub = await opened({ sources: [system.source()] })
  hub.prompt('script/a', 'x')
  await refusesAndStaysOpen(hub, null as unknown as Answer)
  await refusesAndStaysOpen(hub, 'yes' as unknown as Answer)
})

test('a prompt that must interrupt a turn that cannot be cancelled is refused and does not wait [hub.busy.interrupt]', async () => {
  const system = createScriptedSystem({ can: { prompt: {} }, script: () => {} })
  const hub = await opened({ sources: [system.source()] })
  await hub.prompt('script/a', 'one').accepted()
  const urgent = hub.prompt('script/a', 'two', { promptId: 'urgent', whileBusy: 'interrupt' })
  await expect(urgent.accepted()).rejects.toMatchObject({ code: 'unsupported', sent: 'no' })
  await expect(hub.turn('urgent').info()).rejects.toMatchObject({ code: 'not_found' })
})

test('a prompt with an unknown whileBusy is refused, also while the agent is idle [hub.busy]', async () => {
  const hub = await opened({ sources: [createScriptedSystem().source()] })
  const wrong = hub.prompt('script/a', 'x', { whileBusy: 'later' as 'queue' })
  await expect(wrong.accepted()).rejects.toMatchObject({ code: 'invalid_argument', sent: 'no' })
})
