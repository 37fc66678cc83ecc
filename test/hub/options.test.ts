/** Options and helpers of a hub. */
import { expect, test } from 'vitest'
import { createCcc } from '../../src/ccc/index.js'
import { askAll, cccSource, createHub, hubSource, promptAny, type Agent, type HubEvent } from '../../src/hub/index.js'
import { createCccSimulator, createScriptedSystem } from '../../src/testing/index.js'

test.each([false, true])(
  'with keepRaw: %s the messages of the system are in no view and no event, or in all of them [hub.raw]',
  async (keepRaw) => {
    await using simulator = createCccSimulator({ sessions: [{ name: 'backend', running: true }], timeScale: 0.001 })
    const client = createCcc({ transport: simulator.transport })
    await using hub = await createHub({ sources: [cccSource({ client, pollMs: 20 })], keepRaw })
    await hub.prompt('ccc/backend', '[[reply done]]').end()
    const journal: HubEvent[] = []
    for await (const event of hub.watch({ from: 'oldest' })) {
      journal.push(event)
      if (event.kind === 'end') break
    }
    const agents = [
      ...(await hub.agents()),
      ...journal.flatMap((event) => (event.kind === 'agent' ? [event.agentNow as Agent] : [])),
    ]
    expect(agents.length).toBeGreaterThan(1)
    expect(agents.map((agent) => 'raw' in agent)).toEqual(agents.map(() => keepRaw))
    const { events } = await hub.history('ccc/backend')
    expect(events.length).toBeGreaterThan(0)
    expect(events.map((event) => 'raw' in event)).toEqual(events.map(() => keepRaw))
  },
)

test('a prompt for all agents goes only to those that take prompts [hub.route]', async () => {
  const able = createScriptedSystem({ name: 'able' })
  const mute = createScriptedSystem({ name: 'mute', can: {} })
  await using hub = await createHub({ sources: [able.source(), mute.source()] })
  const turns = await askAll(hub, () => true, 'hi')
  expect(turns.map(({ agent }) => agent)).toEqual(['able/a'])
  // A prompt for an agent that is named by its id is refused.
  const [named] = await askAll(hub, ['mute/a'], 'hi')
  await expect(named?.accepted()).rejects.toMatchObject({ code: 'unsupported', sent: 'no' })
})

test('a prompt for any agent goes to an agent that is offline only when no other fits [hub.route]', async () => {
  const system = createScriptedSystem({ agents: ['a', 'b'] })
  await using hub = await createHub({ sources: [system.source()] })
  const set = (agent: string, state: 'offline' | 'running'): void =>
    system.push(agent, { kind: 'state', session: 'main', state, evidence: { from: 'reported', at: '2026-01-01T00:00:00Z' } })
  set('a', 'offline')
  set('b', 'running')
  await expect.poll(async () => (await hub.agents()).map(({ sessions }) => sessions[0]?.state)).toEqual(['offline', 'running'])
  expect((await promptAny(hub, () => true, 'hi')).agent).toBe('script/b')
  expect((await promptAny(hub, ({ name }) => name === 'a', 'hi')).agent).toBe('script/a')
})

test('two prompts whose ids begin alike have different markers in the history of CCC [hub.source.marker]', async () => {
  await using simulator = createCccSimulator({ sessions: [{ name: 'backend', running: true }], timeScale: 0.001 })
  const client = createCcc({ transport: simulator.transport })
  await using hub = await createHub({ sources: [cccSource({ client, pollMs: 20 })] })
  for (const promptId of ['deploy-41', 'deploy-42']) await hub.prompt('ccc/backend', '[[reply done]]', { promptId }).end()
  const messages = await client.history({ session: 'backend' })
  const authors = messages.flatMap(({ agent, from }) => (from === 'claude' || agent === undefined ? [] : [agent]))
  expect(authors).toHaveLength(2)
  expect(new Set(authors).size).toBe(2)
})

test('a turn that was unknown is found by the same object when it exists [hub.turn.later]', async () => {
  await using hub = await createHub({ sources: [createScriptedSystem().source()] })
  const turn = hub.turn('deploy-42')
  await expect(turn.info()).rejects.toMatchObject({ code: 'not_found' })
  await hub.prompt('script/a', 'hi', { promptId: 'deploy-42' }).end()
  expect(await turn.text()).toBe('echo: hi')
})

test('a cancel of a turn of another hub names the same person there [hub.source.cancel-by]', async () => {
  const system = createScriptedSystem({
    script: async (turn) => {
      await turn.whenCancelled
      turn.end()
    },
  })
  await using inner = await createHub({ sources: [system.source()] })
  await using outer = await createHub({ sources: [hubSource({ hub: inner, name: 'laptop' })] })
  const turn = outer.prompt('laptop:script/a', 'x', { promptId: 'p' })
  await expect.poll(() => system.ledger.prompts.length).toBe(1)
  await turn.cancel({ by: 'ann' })
  await turn.end()
  const notices: string[] = []
  for await (const event of inner.turn('p')) if (event.kind === 'notice') notices.push(event.text)
  expect(notices).toEqual(['ann cancelled the turn.'])
})
