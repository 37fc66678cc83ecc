import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createHub } from '../../src/hub/index.js'
import { createCcc } from '../../src/ccc/index.js'
import { memoryStore } from '../../src/store/index.js'
import { createScriptedSystem } from '../../src/testing/hub/index.js'
import { createCatsyphonSimulator, createCccSimulator, memoryPair } from '../../src/testing/index.js'
import { buildExamples, removeExamples } from '../build-examples.js'

type Examples = typeof import('../../playground/examples/hub/approve.js') &
  typeof import('../../playground/examples/hub/budget-guard.js') &
  typeof import('../../playground/examples/hub/editor.js') &
  typeof import('../../playground/examples/hub/feed.js') &
  typeof import('../../playground/examples/hub/orchestrator.js') &
  typeof import('../../playground/examples/hub/recorder.js')

const NAMES = ['approve', 'budget-guard', 'editor', 'feed', 'orchestrator', 'recorder']
let out: string
let approve: Examples['approve']
let bot: Examples['bot']
let describeSpent: Examples['describeSpent']
let guarded: Examples['guarded']
let feed: Examples['feed']
let orchestrate: Examples['orchestrate']
let record: Examples['record']
let serve: Examples['serve']
let editor: Examples['editor']

beforeAll(async () => {
  out = await buildExamples(
    'hub',
    NAMES.map((name) => `${name}.ts`),
  )
  const load = (name: string): Promise<Examples> => import(pathToFileURL(join(out, `${name}.mjs`)).href) as Promise<Examples>
  ;({ approve, bot } = await load('approve'))
  ;({ describeSpent, guarded } = await load('budget-guard'))
  ;({ feed } = await load('feed'))
  ;({ orchestrate } = await load('orchestrator'))
  ;({ record } = await load('recorder'))
  ;({ serve, editor } = await load('editor'))
})
afterAll(() => removeExamples(out))

test('a feed shows the events and continues at its cursor [hub.example.feed]', async () => {
  await using hub = await createHub({ sources: [createScriptedSystem().source()] })
  const lines: string[] = []
  await hub.prompt('script/a', 'one', { by: 'ann' }).end()
  const cursor = await feed(
    hub,
    (line) => lines.push(line),
    () => true,
  )
  await hub.prompt('script/a', 'two', { by: 'ann' }).end()
  await feed(
    hub,
    (line) => lines.push(line),
    ({ kind }) => kind === 'end',
    cursor,
  )
  expect(lines).toEqual(['script/a present', 'script/a ann: two', 'script/a echo: two', 'script/a completed'])
})

test('a person approves while a bot waits [hub.example.approve]', async () => {
  const system = createScriptedSystem({
    script: async (turn) => {
      await turn.ask({ nativeId: 'q' })
      turn.say('done')
      turn.end()
    },
  })
  await using hub = await createHub({ sources: [system.source()] })
  const leaving = new AbortController()
  const people = ['ann', 'bob'].map((by) => approve(hub, by, () => true, leaving.signal))
  expect(await bot(hub, 'script/a', 'deploy')).toBe('done')
  leaving.abort()
  const counts = await Promise.all(people)
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(1)
})

test('an orchestrator asks all agents and sums up their answers [hub.example.orchestrator]', async () => {
  await using hub = await createHub({ sources: [createScriptedSystem({ agents: ['a', 'b'] }).source()] })
  expect(await orchestrate(hub, () => true, 'hi')).toBe('echo: Sum up:\nscript/a: echo: hi\nscript/b: echo: hi')
})

test('a budget guard stops the agents and reports the cost [hub.example.budget]', async () => {
  const system = createScriptedSystem({
    script: (turn) => {
      turn.event({ kind: 'usage', scope: 'turn', basis: 'reported', costUsd: 3 })
      turn.end()
    },
  })
  await using hub = await guarded([system.source()], 2)
  await hub.prompt('script/a', 'x').end()
  await expect(hub.prompt('script/a', 'y').accepted()).rejects.toMatchObject({ code: 'permission_denied' })
  expect(describeSpent(await hub.spent())).toBe('3.00 USD (reported) by script/a')
})

test('a recorder gives the work of the agents to the server [hub.example.recorder]', async () => {
  await using hub = await createHub({ sources: [createScriptedSystem().source()] })
  await using store = memoryStore()
  const simulator = createCatsyphonSimulator()
  const { id, key } = simulator.register()
  const server = { transport: simulator.transport, collectorId: id, apiKey: key }
  await hub.prompt('script/a', 'hi').end()
  const leaving = new AbortController()
  const recording = record(hub, store, server, ['script/a'], leaving.signal)
  await expect.poll(() => simulator.ledger.sessions.size, { timeout: 30_000 }).toBe(1)
  leaving.abort()
  expect(await recording).toEqual({ recorded: 4, pending: 0 })
  const [session = ''] = simulator.ledger.sessions.keys()
  expect(simulator.ledger.rows(session).map(({ data }) => data.content)).toEqual(['hi', 'echo: hi', 'The turn is completed.'])
})

test('an editor drives a CCC session [hub.example.editor]', async () => {
  await using simulator = createCccSimulator({ sessions: [{ name: 'backend', running: true }], timeScale: 0.001 })
  await using ccc = createCcc({ transport: simulator.transport })
  const [near, far] = memoryPair()
  const serving = serve(ccc, 'backend', far)
  expect(await editor(near, '[[reply the tests pass]]')).toEqual({ text: 'the tests pass', stopReason: 'end_turn' })
  await near.close()
  await serving
})
