/** The examples of the hub, run over a scripted system. */
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createHub } from '../../src/hub/index.js'
import { createScriptedSystem } from '../../src/testing/hub/index.js'

type Examples = typeof import('../../playground/examples/hub/approve.js') &
  typeof import('../../playground/examples/hub/budget-guard.js') &
  typeof import('../../playground/examples/hub/feed.js') &
  typeof import('../../playground/examples/hub/orchestrator.js')

const root = fileURLToPath(new URL('../../', import.meta.url))
const NAMES = ['approve', 'budget-guard', 'feed', 'orchestrator']
let out: string
let approve: Examples['approve']
let bot: Examples['bot']
let describeSpent: Examples['describeSpent']
let guarded: Examples['guarded']
let feed: Examples['feed']
let orchestrate: Examples['orchestrate']

beforeAll(async () => {
  // Inside the project, so that the packages that are not bundled are found.
  out = await mkdtemp(join(root, 'node_modules', '.hub-examples-'))
  await build({
    entryPoints: NAMES.map((name) => join(root, 'playground/examples/hub', `${name}.ts`)),
    outdir: out,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    format: 'esm',
    target: 'node20',
    packages: 'external',
    alias: { signalbox: join(root, 'src/index.ts'), 'signalbox/hub': join(root, 'src/hub/index.ts') },
    logLevel: 'error',
  })
  const load = (name: string): Promise<Examples> => import(pathToFileURL(join(out, `${name}.mjs`)).href) as Promise<Examples>
  ;({ approve, bot } = await load('approve'))
  ;({ describeSpent, guarded } = await load('budget-guard'))
  ;({ feed } = await load('feed'))
  ;({ orchestrate } = await load('orchestrator'))
})
afterAll(() => rm(out, { recursive: true, force: true }))

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
