/**
 * A fault at every store operation of a run of three hubs. By default each operation with each fate, and one of the larger faults. All of them:
 * SIGNALBOX_ALL_FAULTS=1. One alone: SIGNALBOX_FAULT='17/refuse/nothing'.
 */
import { expect, test } from 'vitest'
import { createSeededRandom } from '../../src/testing/index.js'
import { FATES, nameOf, runWithFaults, THENS, type Fault } from './shared-faults.js'

const SEED = Number(process.env.SIGNALBOX_SEED ?? 1)
const PAIRS = Number(process.env.SIGNALBOX_PAIRS ?? 40)
/** The hub of the viewer. */
const VIAS = ['caller', 'driver'] as const
const ALL = process.env.SIGNALBOX_ALL_FAULTS === '1'

/** The broken rules of every run, with the fault and its operation. */
async function tellAll(stories: readonly (readonly Fault[])[], via: (typeof VIAS)[number]): Promise<string[]> {
  const broken: string[] = []
  for (const faults of stories) {
    const { problems, operations } = await runWithFaults(faults, via)
    const names = faults.map((fault) => `${nameOf(fault)} (${operations[fault.at - 1] ?? 'not reached'})`).join(' and ')
    for (const problem of problems) broken.push(`via ${via}, ${names}: ${problem}`)
  }
  return broken
}

const some = <Value>(random: () => number, list: readonly Value[]): Value => list[Math.floor(random() * list.length)] as Value
const one = process.env.SIGNALBOX_FAULT
const parse = (name: string): Fault => {
  const [at = '', fate, then] = name.split('/')
  return { at: Number(at), fate, then } as Fault
}

test('a run without a fault keeps the rules, and always has the same operations [hub.shared.faults]', async () => {
  const first = await runWithFaults([])
  expect(first.problems).toEqual([])
  expect(first.operations.length).toBeGreaterThan(50)
  expect((await runWithFaults([])).operations).toEqual(first.operations)
})

test.each(VIAS)(
  'with a fault at any store operation a call at the %s that failed with sent: no is never carried out [hub.shared.faults]',
  async (via) => {
    if (one !== undefined) {
      for (const via of VIAS) expect(await tellAll([one.split(' ').map(parse)], via)).toEqual([])
      return
    }
    const { operations } = await runWithFaults([], via)
    const random = createSeededRandom(SEED)
    const stories: Fault[][] = []
    for (let at = 1; at <= operations.length; at += 1) {
      for (const fate of FATES) for (const then of ALL ? THENS : THENS.slice(0, 1)) stories.push([{ at, fate, then }])
      if (!ALL) stories.push([{ at, fate: some(random, FATES), then: some(random, THENS.slice(1)) }])
    }
    expect(await tellAll(stories, via)).toEqual([])
  },
  3_600_000,
)

test.each(VIAS)(
  `with ${PAIRS} pairs of faults the rules hold for calls at the %s too [hub.shared.faults]`,
  async (via) => {
    const { operations } = await runWithFaults([], via)
    const random = createSeededRandom(SEED)
    const fault = (): Fault => ({
      at: 1 + Math.floor(random() * operations.length),
      fate: some(random, FATES),
      then: some(random, THENS),
    })
    expect(
      await tellAll(
        Array.from({ length: PAIRS }, () => [fault(), fault()]),
        via,
      ),
    ).toEqual([])
  },
  3_600_000,
)
