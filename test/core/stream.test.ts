import { describe, expect, it, vi } from 'vitest'
import { createBackoff } from '../../src/core/backoff.js'
import { sleep, systemClock } from '../../src/core/clock.js'
import { deferred } from '../../src/core/deferred.js'
import { watchIdle } from '../../src/core/idle.js'
import { reconnecting } from '../../src/core/reconnect.js'
import { createRecent, createStream } from '../../src/core/stream.js'
import { SignalboxError } from '../../src/errors.js'
import { createFakeClock, createSeededRandom } from '../../src/testing/clock.js'

interface Item {
  readonly at: number
}
const items = (...ats: number[]): Item[] => ats.map((at) => ({ at }))

function source(batches: readonly (readonly Item[])[]) {
  const left = [...batches]
  const close = vi.fn(async () => {})
  return {
    close,
    stream: createStream<Item, number>({ pull: async () => left.shift() ?? null, close, cursorOf: (item) => item.at, start: 0 }),
  }
}

describe('a stream', () => {
  it('[core.stream-cursor] points at the last delivered item, item by item', async () => {
    const { stream, close } = source([items(1, 2), [], items(3)])
    expect(stream.cursor).toBe(0)
    const seen: unknown[] = []
    for await (const item of stream) seen.push([item.at, stream.cursor])
    expect(seen).toEqual([
      [1, 1],
      [2, 2],
      [3, 3],
    ])
    expect(close).toHaveBeenCalledTimes(1)
  })

  it('[core.stream-cursor] points at the end of the last delivered batch', async () => {
    const { stream } = source([items(1, 2), items(3)])
    const seen: unknown[] = []
    for await (const batch of stream.batches()) seen.push([batch.length, stream.cursor])
    expect(seen).toEqual([
      [2, 2],
      [1, 3],
    ])
  })

  it('[core.stream-once] is read once: a second reader would take items from the first', async () => {
    const { stream } = source([items(1)])
    stream[Symbol.asyncIterator]()
    expect(() => stream.batches()).toThrow(expect.objectContaining({ code: 'invalid_argument' }))
  })

  it('[core.stream-break] closes its source on break, on a throw inside the loop, and on a close before the first read', async () => {
    const broken = source([items(1, 2)])
    for await (const item of broken.stream) {
      expect(item.at).toBe(1)
      break
    }
    expect(broken.close).toHaveBeenCalledTimes(1)
    expect(broken.stream.cursor).toBe(1)

    const thrown = source([items(1)])
    const loop = async () => {
      for await (const _ of thrown.stream) throw new Error('mine')
    }
    await expect(loop()).rejects.toThrow('mine')
    expect(thrown.close).toHaveBeenCalledTimes(1)

    const unread = source([items(1)])
    await unread.stream.close()
    await unread.stream[Symbol.asyncDispose]()
    expect(unread.close).toHaveBeenCalledTimes(1)
    for await (const _ of unread.stream) expect.unreachable()
  })

  it('[core.stream-break] closes its source when an iterator is left before its first item, or while it waits for an item', async () => {
    for (const waits of [false, true]) {
      for (const read of ['items', 'batches'] as const) {
        let closed = 0
        let end = (_: null): void => {}
        const stream = createStream<number, number>({
          pull: () => new Promise<null>((resolve) => (end = resolve)),
          async close() {
            closed += 1
            end(null)
          },
        })
        const iterator = (read === 'items' ? stream : stream.batches())[Symbol.asyncIterator]()
        const waiting = waits ? iterator.next() : undefined
        const left = iterator.return?.()
        await new Promise((resolve) => setTimeout(resolve, 20))
        expect([read, waits, closed]).toEqual([read, waits, 1])
        await left
        expect((await waiting)?.done).not.toBe(false)
      }
    }
  })

  it('[core.stream-close] ends a waiting reader; items that arrive at that moment are neither delivered nor counted', async () => {
    for (const settle of ['batch', 'error', 'end'] as const) {
      const pull = deferred<Item[] | null>()
      const stream = createStream<Item, number>({
        pull: () => pull.promise,
        async close() {
          if (settle === 'batch') pull.resolve(items(7))
          else if (settle === 'error') pull.reject(new Error('the link is closed'))
          else pull.resolve(null)
        },
        cursorOf: (item) => item.at,
        start: 3,
      })
      const reader = stream.batches()[Symbol.asyncIterator]()
      const next = reader.next()
      await stream.close()
      expect(await next).toEqual({ done: true, value: undefined })
      expect(stream.cursor).toBe(3)
    }
  })

  it('[core.stream-close] stops inside a batch: the rest is not delivered', async () => {
    const { stream } = source([items(1, 2, 3)])
    const seen: number[] = []
    for await (const item of stream) {
      seen.push(item.at)
      await stream.close()
    }
    expect(seen).toEqual([1])
    expect(stream.cursor).toBe(1)
  })

  it('[core.stream-failure] fails with its own error even if the cleanup fails too; a cleanup failure alone is reported', async () => {
    const close = () => {
      throw new Error('cannot close')
    }
    const both = createStream({ pull: () => Promise.reject(new Error('broken')), close })
    await expect(both[Symbol.asyncIterator]().next()).rejects.toThrow('broken')
    const one = createStream({ pull: async () => null, close })
    await expect(one[Symbol.asyncIterator]().next()).rejects.toThrow('cannot close')
  })
})

it('[core.recent] remembers the last ids only', () => {
  const recent = createRecent<number>(2)
  expect([1, 1, 2, 3, 3, 2, 1].map((id) => recent.seen(id))).toEqual([false, true, false, false, true, true, false])
  expect(recent.size).toBe(2)
})

describe('backoff', () => {
  it('[core.backoff] gives delays between 0 and a maximum that doubles up to its limit', () => {
    const highest = createBackoff({ baseMs: 100, maxMs: 1000, random: () => 0.999_999 })
    expect([1, 2, 3, 4, 5, 6].map(() => highest.next())).toEqual([99, 199, 399, 799, 999, 999])
    const lowest = createBackoff({ random: () => 0 })
    expect(lowest.next()).toBe(0)
    const random = createSeededRandom(7)
    const seeded = createBackoff({ baseMs: 100, maxMs: 100, random })
    for (let index = 0; index < 1000; index += 1) {
      const ms = seeded.next()
      expect(ms).toBeGreaterThanOrEqual(0)
      expect(ms).toBeLessThan(100)
    }
  })

  it('[core.backoff-health] resets only after a connection that stayed up: a peer that accepts and drops connections keeps its long delays', async () => {
    const clock = createFakeClock()
    const backoff = createBackoff({ baseMs: 100, healthyAfterMs: 1000, maxAttempts: 5, clock, random: () => 0.5 })
    expect(backoff.next()).toBe(50)
    backoff.opened()
    await clock.advance(999)
    expect(backoff.next()).toBe(100)
    backoff.opened()
    await clock.advance(1000)
    expect(backoff.next()).toBe(50)
    expect([backoff.next(), backoff.next(), backoff.next(), backoff.next(), backoff.next()]).toEqual([100, 200, 400, 800, null])
  })
})

describe('reconnecting', () => {
  const down = new SignalboxError({ code: 'closed', message: 'The link died.', sent: 'yes' })

  function run(plan: (attempt: number) => AsyncIterable<readonly string[]>, maxAttempts?: number) {
    const clock = createFakeClock()
    const controller = new AbortController()
    const backoff = createBackoff({ baseMs: 100, clock, random: () => 0.5, ...(maxAttempts === undefined ? {} : { maxAttempts }) })
    const told: unknown[] = []
    const stream = reconnecting<string>({
      open: plan,
      backoff,
      signal: controller.signal,
      clock,
      onDown(cause, delayMs) {
        told.push([cause?.code, delayMs])
        return ['gap']
      },
    })
    return { clock, controller, told, stream }
  }

  it('[core.reconnect] opens again after failures and ends, and reports a gap before each attempt', async () => {
    const { stream, clock, told } = run(async function* (attempt) {
      yield [`item ${attempt}`]
      if (attempt === 1) throw down
    })
    const seen: string[] = []
    const reading = (async () => {
      for await (const batch of stream) {
        seen.push(...batch)
        if (seen.length === 5) break
      }
    })()
    await clock.advance(10_000)
    await reading
    expect(seen).toEqual(['item 1', 'gap', 'item 2', 'gap', 'item 3'])
    expect(told).toEqual([
      ['closed', 50],
      [undefined, 100],
    ])
    expect(clock.timers).toBe(0)
  })

  it('[core.reconnect] waits as long as the peer asks, and stops at permanent failures', async () => {
    const { stream, told } = run(async function* (attempt) {
      yield []
      if (attempt === 1) throw new SignalboxError({ code: 'rate_limited', message: 'Slow down.', retryAfterMs: 9000 })
    })
    await stream.next()
    expect(await stream.next()).toMatchObject({ value: ['gap'] })
    expect(told).toEqual([['rate_limited', 9000]])
    const hopeless = run(async function* () {
      yield []
      throw new SignalboxError({ code: 'unauthenticated', message: 'Who are you?' })
    })
    await hopeless.stream.next()
    await expect(hopeless.stream.next()).rejects.toMatchObject({ code: 'unauthenticated' })
  })

  it('[core.reconnect] ends with the last failure when the attempts are used up', async () => {
    const { stream } = run(async function* () {
      yield []
      throw down
    }, 0)
    await stream.next()
    await expect(stream.next()).rejects.toBe(down)
  })

  it('[core.reconnect-abort] an abort during a delay ends it at once with the reason, and leaves no timer', async () => {
    const { stream, controller, clock } = run(async function* () {
      yield ['a']
      throw down
    })
    await stream.next()
    await stream.next()
    const next = stream.next()
    await clock.settle()
    expect(clock.timers).toBe(1)
    controller.abort('enough')
    await expect(next).rejects.toMatchObject({ code: 'aborted', cause: 'enough' })
    expect(clock.timers).toBe(0)
  })
})

describe('idle watch', () => {
  it('[core.idle] fires once after silence, measured from the last activity, with one timer', async () => {
    const clock = createFakeClock()
    const onIdle = vi.fn()
    const watch = watchIdle(100, onIdle, clock)
    await clock.advance(90)
    watch.touch()
    await clock.advance(99)
    expect(clock.timers).toBe(1)
    expect(onIdle).not.toHaveBeenCalled()
    await clock.advance(1)
    expect(onIdle).toHaveBeenCalledTimes(1)
    await clock.advance(1000)
    expect(onIdle).toHaveBeenCalledTimes(1)
    expect(clock.timers).toBe(0)
  })

  it('[core.idle] is off without a limit and ends on stop', async () => {
    const clock = createFakeClock()
    watchIdle(0, expect.unreachable, clock)
    watchIdle(Number.POSITIVE_INFINITY, expect.unreachable, clock)
    watchIdle(10, expect.unreachable, clock)[Symbol.dispose]()
    expect(clock.timers).toBe(0)
    await clock.advance(100)
  })
})

describe('clocks', () => {
  it('[core.clock] a fake clock runs timers in order at their time, also timers that a timer sets', async () => {
    const clock = createFakeClock({ now: 1000 })
    const seen: unknown[] = []
    clock.after(20, () => seen.push(['b', clock.monotonic()]))
    clock.after(10, () => {
      seen.push(['a', clock.now()])
      void Promise.resolve().then(() => clock.after(5, () => seen.push(['armed later', clock.monotonic()])))
    })
    clock.after(20, () => seen.push(['c', clock.monotonic()]))
    clock.after(15, () => seen.push('cancelled')).cancel()
    await clock.advance(20)
    expect(seen).toEqual([
      ['a', 1010],
      ['armed later', 15],
      ['b', 20],
      ['c', 20],
    ])
    expect(await clock.advanceToNext()).toBe(false)
  })

  it('[core.clock] an aborted sleep rejects with the plain reason of its signal', async () => {
    const clock = createFakeClock()
    const controller = new AbortController()
    const slept = sleep(clock, 1000, controller.signal)
    controller.abort('why')
    await expect(slept).rejects.toBe('why')
    await expect(sleep(clock, 1, controller.signal)).rejects.toBe('why')
    expect(clock.timers).toBe(0)
  })

  it('[core.clock] a timer above the maximum of the runtime does not fire at once', async () => {
    const fired = vi.fn()
    const timer = systemClock.after(2 ** 32, fired)
    await new Promise((resolve) => setTimeout(resolve, 20))
    timer.cancel()
    expect(fired).not.toHaveBeenCalled()
  })

  it('[core.clock] a seed gives the same numbers every time', () => {
    const one = createSeededRandom(42)
    const two = createSeededRandom(42)
    const numbers = Array.from({ length: 1000 }, one)
    expect(numbers).toEqual(Array.from({ length: 1000 }, two))
    expect(numbers.every((number) => number >= 0 && number < 1)).toBe(true)
    const mean = numbers.reduce((sum, number) => sum + number, 0) / 1000
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.05)
  })
})
