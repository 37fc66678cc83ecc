import { describe, expect, it } from 'vitest'
import { createCaller } from '../../src/core/call.js'
import { combined, concurrency, slidingWindow, tokenBucket, type Limiter, type Permit } from '../../src/core/policy/index.js'
import { SignalboxError } from '../../src/errors.js'
import { createFakeClock, type FakeClock } from '../../src/testing/clock.js'

/** When each of many acquisitions passed, in order of passing. */
async function passes(clock: FakeClock, limiter: Limiter, count: number, release = true): Promise<number[]> {
  const times: number[] = []
  const all = Array.from({ length: count }, () =>
    limiter.acquire().then((permit) => {
      times.push(clock.monotonic())
      if (release) permit.release()
    }),
  )
  while (await clock.advanceToNext());
  await Promise.all(all)
  return times
}

describe('token bucket', () => {
  it('[policy.bucket-rate] lets a burst pass and then keeps its rate with fifty waiting calls', async () => {
    const clock = createFakeClock()
    const limiter = tokenBucket({ ratePerSecond: 10, burst: 5, clock })
    const times = await passes(clock, limiter, 50)
    expect(times.slice(0, 5)).toEqual([0, 0, 0, 0, 0])
    expect(times.at(-1)).toBe(4500)
    for (let index = 5; index < 50; index += 1) expect((times[index] ?? 0) - (times[index - 1] ?? 0)).toBeGreaterThanOrEqual(99)
    expect(limiter.stats).toMatchObject({ acquired: 50, queued: 0, refused: 0 })
    expect(clock.timers).toBe(0)
  })

  it('[policy.bucket-rate] never saves more tokens than its burst, and accepts rates below one', async () => {
    const clock = createFakeClock()
    const limiter = tokenBucket({ ratePerSecond: 0.5, clock })
    await clock.advance(3_600_000)
    const start = clock.monotonic()
    expect((await passes(clock, limiter, 3)).map((at) => at - start)).toEqual([0, 2000, 4000])
  })

  it('[policy.limit-weights] charges weights and refuses a weight above the limit', async () => {
    const clock = createFakeClock()
    const limiter = tokenBucket({ ratePerSecond: 1, burst: 4, clock })
    expect(limiter.tryAcquire({ weight: 3 })).toBeDefined()
    expect(limiter.tryAcquire({ weight: 2 })).toBeUndefined()
    const heavy = limiter.acquire({ weight: 4 })
    await clock.advance(3000)
    expect((await heavy).waitedMs).toBe(3000)
    for (const weight of [5, 0, -1, Number.NaN]) {
      await expect(limiter.acquire({ weight })).rejects.toMatchObject({ code: 'invalid_argument' })
    }
  })
})

describe('fractional weights', () => {
  it('[policy.limit-weights] fill a limit exactly, and release all of it', async () => {
    const clock = createFakeClock()
    const window = slidingWindow({ limit: 0.3, windowMs: 1000, clock })
    const slots = concurrency({ maxConcurrent: 0.3, clock })
    for (const limiter of [window, slots]) {
      const held = [0.1, 0.2].map((weight) => limiter.tryAcquire({ weight }))
      expect(held.every((permit) => permit !== undefined)).toBe(true)
      for (const permit of held) permit?.release()
    }
    await clock.advance(1000)
    const many = concurrency({ maxConcurrent: 1, clock })
    for (let round = 0; round < 1000; round += 1) {
      const held = [0.7, 0.1, 0.2].map((weight) => many.tryAcquire({ weight }))
      for (const permit of held) permit?.release()
    }
    expect(many.tryAcquire({ weight: 1 })).toBeDefined()
    expect(window.tryAcquire({ weight: 0.3 })).toBeDefined()
  })

  it('[policy.limit-weights] cannot be negative, because a negative weight would raise the limit', () => {
    const clock = createFakeClock()
    for (const limiter of [
      tokenBucket({ ratePerSecond: 1, burst: 2, clock }),
      concurrency({ maxConcurrent: 2, clock }),
      slidingWindow({ limit: 2, windowMs: 1000, clock }),
    ]) {
      for (const weight of [-5, 0, Number.NaN]) expect(limiter.tryAcquire({ weight })).toBeUndefined()
      expect([1, 2, 3].map(() => limiter.tryAcquire() !== undefined)).toEqual([true, true, false])
    }
  })
})

describe('sliding window', () => {
  it('[policy.window-limit] never lets more than its limit pass in any window', async () => {
    const clock = createFakeClock()
    const limiter = slidingWindow({ limit: 3, windowMs: 1000, clock })
    await clock.advance(990)
    const times = await passes(clock, limiter, 10)
    for (let index = 3; index < times.length; index += 1)
      expect((times[index] ?? 0) - (times[index - 3] ?? 0)).toBeGreaterThanOrEqual(1000)
    expect(times.at(-1)).toBe(3990)
  })
})

describe('concurrency', () => {
  it('[policy.limit-fifo] keeps its limit and serves calls in the order of arrival; a new call does not overtake waiting ones', async () => {
    const limiter = concurrency({ maxConcurrent: 2 })
    const first = await limiter.acquire()
    await limiter.acquire()
    const order: number[] = []
    const permits: Permit[] = []
    const waiting = [1, 2, 3].map((id) =>
      limiter.acquire().then((permit) => {
        order.push(id)
        permits.push(permit)
      }),
    )
    expect(limiter.tryAcquire()).toBeUndefined()
    expect(limiter.stats.queued).toBe(3)
    first.release()
    first.release()
    first[Symbol.dispose]()
    expect(limiter.tryAcquire()).toBeUndefined()
    await waiting[0]
    expect(order).toEqual([1])
    permits[0]?.release()
    await waiting[1]
    permits[1]?.release()
    await Promise.all(waiting)
    expect(order).toEqual([1, 2, 3])
  })

  it('[policy.limit-abort] removes an aborted waiting call, and the calls behind it move up', async () => {
    const clock = createFakeClock()
    const limiter = concurrency({ maxConcurrent: 2, clock })
    const one = await limiter.acquire({ weight: 1 })
    const controller = new AbortController()
    const heavy = limiter.acquire({ weight: 2, signal: controller.signal })
    const light = limiter.acquire({ weight: 1 })
    await Promise.resolve()
    // The limit allows a light call, but the heavy call came first.
    expect(limiter.stats.queued).toBe(2)
    expect(limiter.tryAcquire({ weight: 1 })).toBeUndefined()
    controller.abort('enough')
    await expect(heavy).rejects.toMatchObject({ code: 'aborted', sent: 'no', cause: 'enough' })
    // The light call only waited behind the heavy call.
    const permit = await light
    expect(limiter.stats.queued).toBe(0)
    one.release()
    permit.release()
    expect(limiter.tryAcquire({ weight: 2 })).toBeDefined()
    await expect(limiter.acquire({ signal: controller.signal })).rejects.toMatchObject({ code: 'aborted' })
  })

  it('[policy.limit-bounds] refuses a call above its queue limit or after its maximum wait, typed, with sent: no', async () => {
    const clock = createFakeClock()
    const limiter = concurrency({ maxConcurrent: 1, maxQueued: 1, maxWaitMs: 100, clock })
    await limiter.acquire()
    const waiting = limiter.acquire()
    await expect(limiter.acquire()).rejects.toMatchObject({ code: 'rate_limited', sent: 'no' })
    const late = expect(waiting).rejects.toMatchObject({ code: 'rate_limited', sent: 'no', retryable: true })
    await clock.advance(100)
    await late
    expect(limiter.stats).toMatchObject({ queued: 0, refused: 2 })
    expect(clock.timers).toBe(0)
    const bucket = tokenBucket({ ratePerSecond: 1, maxQueued: 0, clock })
    await bucket.acquire()
    await expect(bucket.acquire()).rejects.toMatchObject({ code: 'rate_limited', retryAfterMs: 1000 })
  })

  it('[policy.limit-bounds] refuses an invalid limit and names it', () => {
    expect(() => concurrency({ maxConcurrent: 0 })).toThrow(/maxConcurrent is 0/)
    expect(() => tokenBucket({ ratePerSecond: Number.NaN })).toThrow(/ratePerSecond/)
    expect(() => slidingWindow({ limit: 1, windowMs: -1 })).toThrow(/windowMs/)
    expect(() => combined([])).toThrow(/at least one/)
  })
})

describe('combined', () => {
  it('[policy.combined] charges nothing until all limits let the call pass: no token is used up during the wait for a slot', async () => {
    const clock = createFakeClock()
    const rate = tokenBucket({ ratePerSecond: 1, burst: 2, clock })
    const slots = concurrency({ maxConcurrent: 1, clock })
    const both = combined([rate, slots], { clock })
    const held = await both.acquire()
    const controller = new AbortController()
    const waiting = both.acquire({ signal: controller.signal })
    controller.abort()
    await expect(waiting).rejects.toMatchObject({ code: 'aborted' })
    // One of two tokens is left, because the wait used none.
    expect(rate.tryAcquire()).toBeDefined()
    expect(rate.tryAcquire()).toBeUndefined()
    held.release()
    const next = both.acquire()
    await clock.advance(1000)
    expect((await next).waitedMs).toBe(1000)
  })

  it('[policy.combined] continues when another user of a shared limiter frees a slot', async () => {
    const slots = concurrency({ maxConcurrent: 1 })
    const one = combined([slots])
    const two = combined([slots])
    const direct = await slots.acquire()
    const first = one.acquire()
    direct.release()
    const permit = await first
    const second = two.acquire()
    permit.release()
    ;(await second).release()
    expect(slots.tryAcquire()).toBeDefined()
  })
})

describe('as interceptors', () => {
  it('[policy.limit-release] returns its permit however the call ends, also after an attempt that hangs', async () => {
    const clock = createFakeClock()
    const limiter = concurrency({ maxConcurrent: 1, clock })
    const caller = createCaller({ system: 's', transport: 't', clock, interceptors: [limiter] })
    expect(await caller.run({ op: 'x' }, undefined, async () => 1)).toBe(1)
    await expect(caller.run({ op: 'x' }, undefined, () => Promise.reject(new Error('x')))).rejects.toMatchObject({
      code: 'protocol',
    })
    const hung = expect(caller.run({ op: 'x' }, { timeoutMs: 10 }, () => new Promise(() => {}))).rejects.toMatchObject({
      code: 'deadline_exceeded',
    })
    const queued = caller.run({ op: 'x' }, undefined, async () => 2)
    await clock.advance(10)
    await hung
    expect(await queued).toBe(2)
    const waiting = await limiter.acquire()
    const refused = expect(caller.run({ op: 'x' }, { timeoutMs: 10 }, async () => 3)).rejects.toMatchObject({ sent: 'no' })
    await clock.advance(10)
    await refused
    waiting.release()
    expect(clock.timers).toBe(0)
  })

  it('[policy.limit-pause] pauses all calls for as long as the peer asks, up to its own limit', async () => {
    const clock = createFakeClock()
    const limiter = concurrency({ maxConcurrent: 5, maxPauseMs: 3000, clock })
    const caller = createCaller({ system: 's', transport: 't', clock, interceptors: [limiter] })
    const limited = (retryAfterMs: number) => () =>
      Promise.reject(new SignalboxError({ code: 'rate_limited', message: 'Slow down.', retryAfterMs }))
    await caller.run({ op: 'x' }, undefined, limited(2000)).catch(() => {})
    expect(await passes(clock, limiter, 2)).toEqual([2000, 2000])
    await caller.run({ op: 'x' }, undefined, limited(1_000_000)).catch(() => {})
    expect(await passes(clock, limiter, 1)).toEqual([5000])
    limiter.pause(100)
    limiter.pause(50)
    expect(await passes(clock, limiter, 1)).toEqual([5100])
  })
})
