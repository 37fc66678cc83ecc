import { expect, test } from 'vitest'
import { createAcceptance } from '../../src/core/acceptance.js'
import { memoryPair } from '../../src/testing/index.js'

const pair = () => {
  const [near, far] = memoryPair()
  return { near, far }
}

test('links that a left loop did not deliver go to the next loop [core.acceptance]', async () => {
  const waiting = createAcceptance()
  const pairs = [pair(), pair(), pair()]
  for (const { far } of pairs) waiting.add(far)
  for await (const link of waiting.accept()) {
    expect(link).toBe(pairs[0]?.far)
    break
  }
  expect(waiting.size).toBe(2)
  const next = waiting.accept()[Symbol.asyncIterator]()
  expect((await next.next()).value).toBe(pairs[1]?.far)
  expect(waiting.size).toBe(1)
})

test('close closes every link that was not delivered, also links of the current batch and later ones [core.acceptance]', async () => {
  const waiting = createAcceptance()
  const pairs = [pair(), pair(), pair()]
  for (const { far } of pairs.slice(0, 2)) waiting.add(far)
  const loop = waiting.accept()[Symbol.asyncIterator]()
  expect((await loop.next()).value).toBe(pairs[0]?.far)
  await waiting.close()
  expect(await loop.next()).toEqual({ done: true, value: undefined })
  waiting.add((pairs[2] as ReturnType<typeof pair>).far)
  expect(await pairs[1]?.near.read()).toBeNull()
  expect(await pairs[2]?.near.read()).toBeNull()
  expect(waiting.ended).toBe(true)
  // A delivered link belongs to the loop that got it.
  await pairs[0]?.far.write(new Uint8Array([1]))
  expect(await pairs[0]?.near.read()).toEqual(new Uint8Array([1]))
})
