/** The decisions of the outbox, one by one. */
import { describe, expect, test } from 'vitest'
import {
  admission,
  ambiguityReport,
  defaultPause,
  expired,
  isForgettable,
  pauseBeforeSend,
  usable,
} from '../../src/store/outbox/decisions.js'
import { bytesOf, NEW_QUEUE, settle, unsettled } from '../../src/store/outbox/queue-state.js'
import type { OutboxItem, OutboxOverflow, Verdict } from '../../src/store/outbox/types.js'

const item = (position: number, at = 0): OutboxItem => ({
  position,
  ordinal: position,
  numbered: true,
  at,
  body: new Uint8Array(10),
})

describe('when a queue sends [store.outbox-decisions]', () => {
  const timing = { waiting: 1, batchSize: 20, lingerMs: 5000, hurried: false, inheritedUpTo: 0, now: 1000 }
  test.each([
    ['a young item waits for the rest of its time', {}, 4000],
    ['a full batch is sent at once', { waiting: 20 }, 0],
    ['a flush sends at once', { hurried: true }, 0],
    ['an item of an earlier process is sent at once', { inheritedUpTo: 7 }, 0],
    ['an old item is sent at once', { now: 90_000 }, 0],
    ['a clock that went back adds no more than the whole time', { now: -90_000 }, 5000],
  ])('%s', (_, change, pause) => {
    expect(pauseBeforeSend(item(7), { ...timing, ...change })).toBe(pause)
  })

  test('an empty queue gives no time to wait', () => {
    expect(pauseBeforeSend(undefined, timing)).toBe(0)
  })
})

test('only leading items that are too old expire [store.outbox-decisions]', () => {
  const items = [item(1, 0), item(2, 50), item(3, 0)]
  expect(expired(items, 100, 60)).toEqual([items[0]])
  expect(expired(items, 100, 1000)).toEqual([])
  expect(expired(items, 10_000, 60)).toEqual(items)
})

describe('an append in a full outbox [store.outbox-decisions]', () => {
  const limits = (overflow: OutboxOverflow) => ({ maxItems: 2, maxBytes: 100, overflow })
  test.each([
    ['block', 'wait'],
    ['reject', 'reject'],
    ['drop-newest', 'drop-newest'],
    ['drop-oldest', 'drop-oldest'],
  ] as const)('%s', (overflow, action) => {
    expect(admission({ items: 1, bytes: 10 }, 10, limits(overflow))).toBe('append')
    expect(admission({ items: 2, bytes: 10 }, 10, limits(overflow))).toBe(action)
    expect(admission({ items: 1, bytes: 95 }, 10, limits(overflow))).toBe(action)
  })

  test('an item above the whole limit is rejected under every policy: it would wait for ever', () => {
    for (const overflow of ['block', 'reject', 'drop-newest', 'drop-oldest'] as const) {
      expect(admission({ items: 0, bytes: 0 }, 101, limits(overflow))).toBe('reject')
    }
  })
})

describe('verdicts', () => {
  test('a delivery of 0 items becomes a failure, after which the outbox pauses [store.outbox-empty-delivery]', () => {
    for (const count of [0, -1, Number.NaN]) {
      const verdict = usable({ kind: 'delivered', count }, 3)
      expect(verdict).toMatchObject({ kind: 'later', error: { code: 'protocol', sent: 'maybe' } })
    }
    const fine: Verdict[] = [
      { kind: 'delivered', count: 1 },
      { kind: 'wait', afterMs: 0 },
    ]
    for (const verdict of fine) expect(usable(verdict, 3)).toBe(verdict)
  })

  test('a report names the ordinals that may be duplicates [store.outbox-decisions]', () => {
    expect(ambiguityReport('q', [item(4), item(5), item(6)], 2)).toMatchObject({ queue: 'q', from: 4, to: 5, count: 2 })
  })
})

test('the pause doubles with each failure, up to 30 s [store.outbox-decisions]', () => {
  expect([1, 2, 3, 7, 50].map(defaultPause)).toEqual([500, 1000, 2000, 30_000, 30_000])
})

test('a queue that never settled anything is not deleted for its age [store.outbox-decisions]', () => {
  expect([isForgettable(0, 1000, 10), isForgettable(995, 1000, 10), isForgettable(1, 1000, 10)]).toEqual([false, false, true])
})

test('an item is counted once, however often it is settled [store.outbox-decisions]', () => {
  const items = [item(1), item(2), item(3)]
  const once = settle(NEW_QUEUE, items.slice(0, 2), { delivered: 2, memo: { a: 1 } }, 5)
  expect(once).toMatchObject({ position: 2, ordinal: 2, delivered: 2, memo: { a: 1 }, at: 5 })
  expect(unsettled(once, items)).toEqual([items[2]])
  const twice = settle(once, items, { delivered: 3 }, 6)
  expect(twice).toMatchObject({ position: 3, ordinal: 3, delivered: 3, memo: { a: 1 } })
  expect(bytesOf(items)).toBe(60)
})
