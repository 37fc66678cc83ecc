/** Sequences may have holes, so a count of entries must not be computed from positions. */
import { expect, test } from 'vitest'
import { trimBySize } from '../../src/hub/journal/trim.js'
import { memoryStore, openOutbox, type Log, type LogPage, type Store } from '../../src/store/index.js'

const FACTOR = 1024

/** Gives every entry of a memory log 1,024 times its sequence, as a store does whose logs share a stream. */
function withHoles(store: Store): Store {
  const out = (position: number): number => position * FACTOR
  const into = (position: number): number => Math.ceil(position / FACTOR)
  const paged = (page: LogPage): LogPage => ({
    ...page,
    entries: page.entries.map(({ sequence, bytes }) => ({ sequence: out(sequence), bytes })),
    next: out(page.next - 1) + 1,
  })
  const around = (log: Log): Log => ({
    ...log,
    append: async (entries, options) => (await log.append(entries, options)).map(out),
    read: async (from, options) => paged(await log.read(into(from), options)),
    trim: (before) => log.trim(into(before)),
    async state() {
      const { first, next, ...rest } = await log.state()
      return { ...rest, first: out(first), next: out(next - 1) + 1 }
    },
  })
  return { ...store, log: async (name) => around(await store.log(name)) }
}

test('a full list of dead letters drops only as many as it must, in a store whose sequences have holes [store.holes]', async () => {
  await using store = withHoles(memoryStore())
  await using outbox = await openOutbox({
    store,
    name: 'mail',
    maxDeadLetters: 3,
    deliver: async () => ({ kind: 'dead', reason: 'refused' }),
  })
  for (let item = 1; item <= 5; item += 1) await outbox.append('alice', Uint8Array.of(item))
  await outbox.flush({ timeoutMs: 10_000 })
  expect((await outbox.deadLetters.list()).map(({ body }) => body[0])).toEqual([3, 4, 5])
})

test('a journal above its limit keeps the share that it may keep, with and without holes [store.holes]', () => {
  const limits = { maxEvents: 100, maxBytes: 1_000_000 }
  expect(trimBySize({ first: 1, next: 151, entries: 150, bytes: 0 }, limits)).toBe(51)
  expect(trimBySize({ first: FACTOR, next: 151 * FACTOR, entries: 150, bytes: 0 }, limits)).toBe(51 * FACTOR)
  expect(trimBySize({ first: FACTOR, next: 101 * FACTOR, entries: 100, bytes: 0 }, limits)).toBe(FACTOR)
})
