/**
 * What the CLI counts over a process is counted once here: over turns, resumes, background agents, and several sessions at once.
 */
import { describe, expect, test } from 'vitest'
import {
  type ClaudeMessage,
  createClaude,
  createDeriver,
  createMetrics,
  createObserver,
  extractUsageFromEvents,
  isResult,
} from '../../src/claude/index.js'
import type { ClaudeLine, ResultLine } from '../../src/claude/messages/lines.js'
import { createMeter } from '../../src/claude/messages/meter.js'
import { createClaudeSimulator } from '../../src/testing/claude/simulator.js'
import { GENERATIONS, indexOf, stdoutOf } from './recordings.js'
import { scripted, type Line } from './scripted.js'

const COUNTS = ['inputTokens', 'outputTokens', 'cacheReadInputTokens', 'cacheCreationInputTokens', 'costUSD'] as const
const sum = (all: readonly number[]): number => all.reduce((total, one) => total + one, 0)

/** An observer, and the calls of each of its callbacks. */
function watching() {
  const observer = createObserver({ metrics: createMetrics() })
  const costs: number[] = []
  observer.events.on('cost.incurred', ({ amountUsd }) => void costs.push(amountUsd))
  const inMetrics = (name: string): number =>
    sum(
      [...(observer.metrics?.text() ?? '').matchAll(new RegExp(`^ccflow_${name}\\{.*\\} (.*)$`, 'gm'))].map(([, value]) =>
        Number(value),
      ),
    )
  const expectCost = (usd: number): void => {
    expect(sum(costs)).toBeCloseTo(usd, 9)
    expect(observer.usage.totalCostUsd).toBeCloseTo(usd, 9)
    expect(inMetrics('cost_usd_total')).toBeCloseTo(usd, 9)
  }
  return { observer, inMetrics, expectCost }
}

describe.each(GENERATIONS)('on %s', (version) => {
  test('[claude.usage-once] three turns on one process, a resume, a fork and another session', async () => {
    const { observer, inMetrics, expectCost } = watching()
    const simulated = createClaudeSimulator({ version })
    const claude = createClaude({ transport: simulated.transport, observer })
    const session = claude.createSession()
    const results = []
    for (const word of ['one', 'two', 'three']) results.push(await session.sendMessage(`FAKE:echo:${word}`).result())
    const unit = results[0]?.costUsd ?? 0
    expect(unit).toBeGreaterThan(0)
    expect(results.map(({ costUsd }) => costUsd / unit)).toEqual([1, 1, 1].map((one) => expect.closeTo(one, 6)))
    expect((results[2]?.totalCostUsd ?? 0) / unit).toBeCloseTo(3, 6)
    const other = claude.createSession()
    const fork = session.fork()
    await Promise.all([other.sendMessage('FAKE:echo:other').result(), fork.sendMessage('FAKE:echo:fork').result()])
    expect((await session.close()).totalCostUsd / unit).toBeCloseTo(3, 6)
    const resumed = claude.resumeSession(session.sessionId)
    await resumed.sendMessage('FAKE:echo:four').result()
    expect(resumed.totalCostUsd / unit).toBeCloseTo(1, 6)
    expectCost(6 * unit)
    expect(observer.usage).toMatchObject({ inputTokens: 6 * 120, outputTokens: 6 * 25, cacheReadTokens: 6 * 20, requestCount: 6 })
    expect(inMetrics('tokens_input_total')).toBe(6 * 120)
    await claude.close()
  })

  test('[claude.usage-once] the differences of every recording add up to its last totals', () => {
    let several = 0
    for (const [name, { args }] of Object.entries(indexOf(version))) {
      const results = (stdoutOf(version, name) as ClaudeLine[]).filter(isResult)
      const [first, last] = [results[0], results.at(-1)]
      if (!first || !last) continue
      const meter = createMeter()
      const spent = results.map(meter)
      // In the newest CLI, the totals of a resumed session include its earlier processes.
      const goesOn = version === '2.1.329' && /--(?:resume|continue)/.test(args.join(' '))
      const own = (line: ResultLine): number =>
        sum(Object.values(line.model_usage_since_last_result ?? {}).map(({ costUSD }) => costUSD))
      const carried = goesOn ? (first.total_cost_usd ?? 0) - own(first) : 0
      expect([name, sum(spent.map(({ costUsd }) => costUsd)) + carried]).toEqual([
        name,
        expect.closeTo(last.total_cost_usd ?? 0, 9),
      ])
      if (goesOn) continue
      several += results.length > 1 ? 1 : 0
      for (const [model, totals] of Object.entries(last.modelUsage ?? {})) {
        for (const count of COUNTS) {
          const counted = sum(spent.map(({ models }) => models[model]?.[count] ?? 0))
          expect([name, model, count, counted]).toEqual([name, model, count, expect.closeTo(totals[count], 9)])
        }
      }
    }
    expect(several).toBeGreaterThan(4)
  })

  test('[claude.usage-once] lines of a recording are read with the cost of each turn', () => {
    const lines = stdoutOf(version, 'multi-turn') as ClaudeLine[]
    const deriver = createDeriver()
    const out: ClaudeMessage[] = []
    for (const line of lines) deriver.line(line, out)
    const costs = out.flatMap((message) => (message.type === 'result' ? [message.costUsd] : []))
    const total = lines.filter(isResult).at(-1)?.total_cost_usd ?? 0
    expect(costs.length).toBe(3)
    expect(sum(costs)).toBeCloseTo(total, 9)
    expect(extractUsageFromEvents(lines).totalCostUsd).toBeCloseTo(total, 9)
  })
})

const MODEL = 'claude-x'
const INIT = { type: 'system', subtype: 'init', session_id: 's', model: MODEL }
const usageOf = (costUSD: number) => ({
  [MODEL]: { inputTokens: costUSD * 1000, outputTokens: 0, cacheReadInputTokens: 0, cacheCreationInputTokens: 0, costUSD },
})
const resultOf = (total: number, more: Line = {}): Line => ({
  type: 'result',
  subtype: 'success',
  is_error: false,
  result: 'fine',
  session_id: 's',
  total_cost_usd: total,
  modelUsage: total === 0 ? {} : usageOf(total),
  ...more,
})

test('[claude.usage-once] a turn with a background agent has two results and counts each for itself', async () => {
  const { observer, expectCost } = watching()
  const agents = (...tasks: Line[]): Line => ({ type: 'system', subtype: 'background_tasks_changed', tasks })
  const transport = scripted(() => [INIT, agents({ task_type: 'local_agent' }), resultOf(5), agents(), resultOf(7)])
  const claude = createClaude({ transport, observer })
  expect(await claude.query('x').result()).toMatchObject({ costUsd: 7, totalCostUsd: 7 })
  expectCost(7)
  expect(observer.usage).toMatchObject({ inputTokens: 7_000, requestCount: 2 })
  await claude.close()
})

test('[claude.usage-once] after a result without counts, the next result does not count everything again', async () => {
  const { observer, expectCost } = watching()
  const totals = [2, 0, 3, 3]
  const claude = createClaude({ transport: scripted(() => [INIT, resultOf(totals.shift() ?? 0)]), observer })
  const session = claude.createSession()
  const costs = []
  for (const prompt of ['a', 'b', 'c', 'd']) costs.push((await session.sendMessage(prompt).result()).costUsd)
  expect(costs).toEqual([2, 0, 1, 0])
  expect(session.totalCostUsd).toBe(3)
  expectCost(3)
  expect(observer.usage).toMatchObject({ inputTokens: 3_000, requestCount: 2 })
  await claude.close()
})

test('[claude.usage-once] totals that go on from a resumed session are not the cost of its next turn', async () => {
  const { observer, expectCost } = watching()
  const own = [resultOf(9, { model_usage_since_last_result: usageOf(1) }), resultOf(11)]
  const claude = createClaude({ transport: scripted(() => [INIT, own.shift() ?? resultOf(0)]), observer })
  const session = claude.resumeSession(crypto.randomUUID())
  expect((await session.sendMessage('a').result()).costUsd).toBe(1)
  // Also if a later result does not give its own share.
  expect((await session.sendMessage('b').result()).costUsd).toBe(2)
  expectCost(3)
  await claude.close()
})

test('[claude.usage-once] a count that is not a number is ignored, and the session continues', async () => {
  const { observer, expectCost } = watching()
  const strange: Line[] = [
    { total_cost_usd: 'much', modelUsage: null },
    { modelUsage: { [MODEL]: null }, model_usage_since_last_result: { [MODEL]: null } },
    { total_cost_usd: 2, modelUsage: { constructor: usageOf(1)[MODEL] } },
  ]
  const claude = createClaude({ transport: scripted(() => [INIT, resultOf(1, strange.shift())]), observer })
  const session = claude.createSession()
  for (const prompt of ['a', 'b', 'c']) expect(await session.sendMessage(prompt).text()).toBe('fine')
  expect(observer.usage.modelUsage.constructor).toMatchObject({ inputTokens: 1_000 })
  expect(session.totalCostUsd).toBe(1)
  expectCost(1)
  await claude.close()
})
