/** Portions of work that share the turns of the event loop. */
import { expect, test } from 'vitest'
import { createTurnBudget } from '../../src/core/turn-budget.js'

const work = (ms: number): void => {
  const end = performance.now() + ms
  while (performance.now() < end);
}

test('[core.turn-budget] work above the budget of a turn waits, and the loop turns between', async () => {
  const budget = createTurnBudget(undefined, 5)
  let turns = 0
  let over = false
  const count = (): void => {
    turns += 1
    if (!over) setImmediate(count)
  }
  setImmediate(count)
  // Sixty milliseconds of work: without the budget the loop would not turn once.
  for (let step = 0; step < 30; step += 1) {
    const later = budget.next()
    if (later) await later
    work(2)
  }
  over = true
  expect(turns).toBeGreaterThan(3)
})

test('[core.turn-budget] workers that wait continue in the order of their requests', async () => {
  const budget = createTurnBudget(undefined, 0)
  const order: string[] = []
  const worker = async (name: string): Promise<void> => {
    for (let step = 0; step < 10; step += 1) {
      await budget.next()
      order.push(name)
    }
  }
  await Promise.all(['a', 'b', 'c'].map(worker))
  expect(order.join('')).toBe('abc'.repeat(10))
})

test('[core.turn-budget] below the budget nothing waits, and the last portion of a worker delays no other worker', async () => {
  const budget = createTurnBudget(undefined, 1_000)
  for (let count = 0; count < 1_000; count += 1) expect(budget.next()).toBeUndefined()
  const tight = createTurnBudget(undefined, 0)
  const waits = Array.from({ length: 100 }, () => tight.next())
  await Promise.all(waits)
  expect(waits.filter((wait) => wait !== undefined).length).toBeGreaterThan(90)
})
