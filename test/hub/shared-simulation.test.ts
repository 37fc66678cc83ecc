/** A share of the simulation; more seeds: SIGNALBOX_SEEDS=10000. */
import { expect, test } from 'vitest'
import { simulateShared } from './shared-simulation.js'

const SEEDS = Number(process.env.SIGNALBOX_SEEDS ?? 20)
const FIRST = Number(process.env.SIGNALBOX_SEED ?? 1)

test(`${SEEDS} seeds of kills, stops and partitions of three hubs leave a journal that keeps the rules [hub.shared.simulation]`, async () => {
  for (let seed = FIRST; seed < FIRST + SEEDS; seed += 1) {
    const problems = await simulateShared(seed)
    expect(problems, `seed ${seed}: run it alone with SIGNALBOX_SEED=${seed} SIGNALBOX_SEEDS=1`).toEqual([])
  }
}, 3_600_000)
