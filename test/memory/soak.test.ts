/** Thousands of links, calls, streams and a few children: the heap is flat, nothing is held, and the process leaves by itself. */
import { expect, test } from 'vitest'
import { buildSoak } from './program.js'

test('two thousand links, five hundred calls, a hundred streams and twenty children leave no memory and no handle [memory.soak]', async () => {
  using program = await buildSoak(new URL('./soak.ts', import.meta.url))
  const left = await program.run([], 180_000)
  expect(left.outcomes).toEqual({
    link: 2000,
    answered: 300,
    deadline_exceeded: 50,
    aborted: 150,
    left: 50,
    stopped: 50,
    child: 20,
  })
  expect(left.warnings).toEqual([])
  expect(left.held).toEqual({})
  expect(left.sockets).toBeLessThanOrEqual(0)
  // Without a leak two rounds differ by up to a third of this limit. A leaked link for each opening would be four times the limit.
  expect(left.heapGrowthBytes).toBeLessThan(1_000_000)
}, 200_000)
