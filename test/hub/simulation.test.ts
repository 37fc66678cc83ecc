/** A share of the simulation; all 10,000 seeds: SIGNALBOX_SEEDS=10000. */
import { expect, test } from 'vitest'
import { simulate } from './simulation.js'

const SEEDS = Number(process.env.SIGNALBOX_SEEDS ?? 150)
const FIRST = Number(process.env.SIGNALBOX_SEED ?? 1)

test(`${SEEDS} seeds of prompts, answers, crashes and restarts leave a journal that keeps the rules [hub.simulation]`, async () => {
  for (let seed = FIRST; seed < FIRST + SEEDS; seed += 1) {
    const problems = await simulate(seed)
    expect(problems, `seed ${seed}: run it alone with SIGNALBOX_SEED=${seed} SIGNALBOX_SEEDS=1`).toEqual([])
  }
}, 3_600_000)
