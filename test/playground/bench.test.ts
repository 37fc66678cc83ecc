/** The bench of the dashboard: this library and a plain client under the same faults, counted against the ledgers of the simulators. */
import { createSeededRandom } from 'signalbox/testing'
import { describe, expect, test, vi } from 'vitest'
import { BENCH_SYSTEMS, DEFAULT_PLAN, formatPlan, parsePlan, type BenchPlan } from '../../playground/src/worker/lab/bench/plan.js'
import { runBench, type BenchReport, type RunOptions } from '../../playground/src/worker/lab/bench/run.js'
import { createTally } from '../../playground/src/worker/lab/bench/tally.js'

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))
const run = (plan: Partial<BenchPlan>, options: RunOptions = {}): Promise<BenchReport> =>
  runBench({ ...DEFAULT_PLAN, ...plan }, { turn, ...options })

describe('a plan', () => {
  test('can be read back from its text [lab.plan]', () => {
    const plan: BenchPlan = {
      system: 'hub',
      seed: 4_294_967_295,
      seconds: 30,
      faults: { latency: 12.5, 'half-close': 1, kill: 100 },
    }
    expect(parsePlan(new URLSearchParams(formatPlan(plan)))).toEqual({ plan, problems: [] })
    expect(parsePlan(new URLSearchParams(formatPlan({ ...plan, faults: {} })))).toEqual({
      plan: { ...plan, faults: {} },
      problems: [],
    })
  })

  test('with wrong values names each of them and uses defaults; no value is repeated [lab.plan]', () => {
    const text = 'system=toString&seed=-1&seconds=1e9&faults=latency:20,<b>:3,reset:101,stall:,kill:0'
    const { plan, problems } = parsePlan(new URLSearchParams(text))
    expect(plan).toEqual({ ...DEFAULT_PLAN, faults: { latency: 20 } })
    expect(problems).toHaveLength(6)
    expect(problems.join(' ')).not.toContain('<b>')
    expect(parsePlan(new URLSearchParams()).plan).toEqual(DEFAULT_PLAN)
  })
})

test('a tally counts lost, doubled and ambiguous messages, each by its own rule [lab.tally]', () => {
  const tally = createTally()
  for (const id of ['ok', 'twice', 'lost', 'unknown', 'open', 'gave-up', 'false-alarm']) tally.sent(id)
  for (const id of ['ok', 'twice', 'twice', 'twice', 'false-alarm']) tally.received(id)
  for (const id of ['ok', 'twice', 'lost']) tally.said(id, 'acknowledged')
  tally.said('unknown', 'ambiguous')
  tally.said('gave-up', 'failed')
  tally.said('false-alarm', 'failed')
  expect(tally.counts()).toEqual({
    sent: 7,
    working: 1,
    acknowledged: 3,
    ambiguous: 1,
    failed: 2,
    delivered: 3,
    doubled: 2,
    lost: 2,
  })
  expect(tally.examples(1)).toEqual({ lost: ['lost'], doubled: ['twice'] })
})

/** What must hold after every run, whatever the faults were. */
function expectTruth({ system }: Pick<BenchPlan, 'system'>, { ours, plain, state }: BenchReport): void {
  expect(state).toBe('done')
  expect(ours).toMatchObject({ working: 0, failed: 0, lost: 0, doubled: 0 })
  expect(ours.sent).toBe(ours.acknowledged + ours.ambiguous)
  // These systems keep nothing by which a prompt could be found again. The others leave no outcome ambiguous.
  if (!['claude', 'acp', 'cmdop'].includes(system)) expect(ours).toMatchObject({ ambiguous: 0, delivered: ours.sent })
  expect(plain.doubled + plain.lost).toBeGreaterThan(0)
}

describe('two minutes of all faults', () => {
  test.each(BENCH_SYSTEMS)('%s: nothing is lost or doubled, and the plain client loses or doubles [lab.truth]', async (system) => {
    const report = await run({ system, seconds: 120 })
    expectTruth({ system }, report)
    // A run without these faults would prove nothing.
    for (const fault of ['latency', 'split', 'reset', 'half-close'] as const) expect(report.ours.faults[fault]).toBeGreaterThan(0)
  })
})

/** Runs a plan in a process that seems slow: it stops for some milliseconds now and then, and its clock jumps. */
async function runSlowly(plan: Partial<BenchPlan>): Promise<BenchReport> {
  const random = createSeededRandom(1)
  const now = performance.now.bind(performance)
  let jumped = 0
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => {
    if (random() < 0.1) jumped += 11
    return now() + jumped
  })
  const slowTurn = (): Promise<void> => {
    if (random() < 0.02) for (const until = now() + 6; now() < until; );
    return turn()
  }
  try {
    return await run(plan, { turn: slowTurn })
  } finally {
    clock.mockRestore()
  }
}

test.each(BENCH_SYSTEMS)('%s: the same plan gives the same run, also in a slow process [lab.same]', async (system) => {
  for (const seed of [1, 5]) {
    const plan = { system, seed, seconds: 60, faults: { ...DEFAULT_PLAN.faults, kill: 2 } } as const
    const first = await run(plan)
    expect(await run(plan)).toEqual(first)
    expect(await runSlowly(plan)).toEqual(first)
    expect(await run({ ...plan, seed: 8 })).not.toEqual(first)
  }
})

test.each(BENCH_SYSTEMS)('%s without faults: both clients deliver each message once [lab.calm]', async (system) => {
  const { ours, plain } = await run({ system, seconds: 20, faults: {} })
  for (const side of [ours, plain]) {
    expect(side).toMatchObject({ working: 0, failed: 0, ambiguous: 0, lost: 0, doubled: 0, repeated: 0, faults: {} })
    expect(side.delivered).toBe(side.sent)
    expect(side.sent).toBeGreaterThan(20)
  }
})

test('a run that is stopped reports what it has counted [lab.stop]', async () => {
  const stop = new AbortController()
  const onStep = (report: () => BenchReport): void => {
    if (report().atMs >= 5_000) stop.abort()
  }
  const report = await run({ system: 'cccc' }, { onStep, signal: stop.signal })
  expect(report.state).toBe('stopped')
  expect(report.atMs).toBeLessThan(60_000)
  expect(report.ours.sent).toBeGreaterThan(0)
})

/** `1` for the pace of real time, `virtual` for as fast as the machine can. */
const tenMinutes = process.env.SIGNALBOX_TEN_MINUTES
describe.runIf(tenMinutes === '1' || tenMinutes === 'virtual')('ten minutes of all faults', () => {
  test.concurrent.each(BENCH_SYSTEMS)('%s [lab.truth]', { timeout: 1_200_000 }, async (system) => {
    const began = performance.now()
    const onStep = async (report: () => BenchReport): Promise<void> => {
      const early = report().atMs - (performance.now() - began)
      if (early > 0 && tenMinutes === '1') await new Promise((resolve) => void setTimeout(resolve, early))
    }
    const report = await run({ system, seconds: 600 }, { onStep })
    console.log(`${system}, ${Math.round((performance.now() - began) / 1000)} s: ${JSON.stringify(report)}`)
    expectTruth({ system }, report)
  })
})
