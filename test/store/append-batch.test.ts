/** How the drivers of a log decide on appends that share a write. */
import { expect, test } from 'vitest'
import { createAppendQueue, ENTRY_OVERHEAD, planAppends, type LogTotals } from '../../src/store/append-batch.js'

const EMPTY: LogTotals = { first: 1, next: 1, entries: 0, bytes: 0, fences: new Map() }
const append = (sizes: readonly number[], token?: number, key = 'lease') => ({
  entries: sizes.map((size) => new Uint8Array(size)),
  fence: token === undefined ? undefined : { key, token },
})

test('appends get rising sequences in their order [store.append-batch]', () => {
  const { accepted, refused, totals } = planAppends([append([1, 2]), append([3])], EMPTY, 1000, 'The log')
  expect(accepted.map(({ sequences }) => sequences)).toEqual([[1, 2], [3]])
  expect(refused).toEqual([])
  expect(totals).toEqual({ first: 1, next: 4, entries: 3, bytes: 6, fences: new Map() })
})

test('an append with a lower token of the same lease than one before it is refused, also within a batch [store.append-batch]', () => {
  const { accepted, refused, totals } = planAppends(
    [append([], 5), append([1], 4), append([1], 5), append([1]), append([1], 4, 'other')],
    EMPTY,
    1000,
    'The log',
  )
  expect(accepted.map(({ sequences }) => sequences)).toEqual([[], [1], [2], [3]])
  expect(refused).toMatchObject([{ error: { code: 'conflict' } }])
  expect(totals).toMatchObject({
    fences: new Map([
      ['lease', 5],
      ['other', 4],
    ]),
    entries: 3,
  })
})

test('an append above the bound is refused, and a smaller one behind it is stored [store.append-batch]', () => {
  const bound = 2 * ENTRY_OVERHEAD + 20
  const { accepted, refused } = planAppends([append([10]), append([50]), append([10]), append([])], EMPTY, bound, 'The log')
  expect(accepted.map(({ sequences }) => sequences)).toEqual([[1], [2], []])
  expect(refused).toMatchObject([{ error: { code: 'unavailable' } }])
})

test('appends of one turn are committed together, those during a commit in the next one [store.append-batch]', async () => {
  const sizes: number[] = []
  const queue = createAppendQueue(
    async (batch) => {
      sizes.push(batch.length)
      await new Promise((resolve) => setImmediate(resolve))
      for (const { resolve } of batch) resolve([])
    },
    () => Promise.resolve(),
  )
  const bytes = Uint8Array.of(1)
  const first = [queue.add([bytes], undefined), queue.add([bytes], undefined)]
  await Promise.resolve()
  await Promise.resolve()
  const second = queue.add([bytes], undefined)
  await Promise.all([...first, second])
  await queue.idle()
  expect(sizes).toEqual([2, 1])
})
