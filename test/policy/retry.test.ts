import { describe, expect, it, vi } from 'vitest'
import { createCaller, type Interceptor } from '../../src/core/call.js'
import { sleep } from '../../src/core/clock.js'
import { parseRetryAfter, retry, retryWithBackoff, type RetryOptions } from '../../src/core/policy/index.js'
import { SignalboxError, type ErrorFacts } from '../../src/errors.js'
import { createFakeClock, type FakeClock } from '../../src/testing/clock.js'

const failure = (facts: Partial<ErrorFacts> = {}) => new SignalboxError({ code: 'unavailable', message: 'Busy.', ...facts })
const hang = (): Promise<never> => new Promise(() => {})

/** Lets a promise settle while the clock runs on, and gives its outcome. */
async function outcome<T>(clock: FakeClock, promise: Promise<T>): Promise<{ value?: T; error?: SignalboxError }> {
  const settled = promise.then(
    (value) => ({ value }),
    (error: SignalboxError) => ({ error }),
  )
  while (await clock.advanceToNext());
  return settled
}

function setup(options: RetryOptions = {}) {
  const clock = createFakeClock()
  const policy = retry({ clock, random: () => 0.5, ...options })
  return { clock, policy }
}

describe('retry', () => {
  it('[policy.retry-sent] retries a call that was not sent, and a call that may have been sent only if the op is idempotent', async () => {
    const attemptsFor = async (sent: 'no' | 'maybe' | 'yes', idempotent: boolean, code: ErrorFacts['code'] = 'unavailable') => {
      const { clock, policy } = setup()
      const caller = createCaller({ system: 's', transport: 't', clock, interceptors: [policy] })
      const attempt = vi.fn(() => Promise.reject(failure({ sent, code })))
      await outcome(clock, caller.run({ op: 'x', idempotent }, undefined, attempt))
      return attempt.mock.calls.length
    }
    expect(await attemptsFor('no', false)).toBe(3)
    expect(await attemptsFor('maybe', false)).toBe(1)
    expect(await attemptsFor('maybe', true)).toBe(3)
    expect(await attemptsFor('yes', true)).toBe(1)
    expect(await attemptsFor('no', true, 'invalid_argument')).toBe(1)
  })

  it('[policy.retry-sent] does not retry a foreign error unless an option marks it as retryable and the op as idempotent', async () => {
    const bug = new TypeError('bug')
    const run = async (options: RetryOptions, idempotent: boolean) => {
      const { clock, policy } = setup(options)
      const work = vi.fn(() => Promise.reject(bug))
      expect(await outcome(clock, policy.run(work, { idempotent }))).toEqual({ error: bug })
      return work.mock.calls.length
    }
    expect(await run({}, true)).toBe(1)
    expect(await run({ retryable: () => true }, false)).toBe(1)
    expect(await run({ retryable: () => true }, true)).toBe(3)
  })

  it('[policy.retry-delay] waits with full jitter, doubling, and numbers its attempts', async () => {
    const delays: unknown[] = []
    const { clock, policy } = setup({
      maxAttempts: 4,
      baseMs: 100,
      maxMs: 300,
      onRetry: ({ attempt, delayMs }) => delays.push([attempt, delayMs]),
    })
    const numbers: number[] = []
    await outcome(
      clock,
      policy.run(async ({ attempt }) => {
        numbers.push(attempt)
        throw failure()
      }),
    )
    expect(numbers).toEqual([1, 2, 3, 4])
    expect(delays).toEqual([
      [1, 50],
      [2, 100],
      [3, 150],
    ])
  })

  it('[policy.retry-after] waits as long as the peer asks, up to a limit', async () => {
    const ask = async (retryAfterMs: number) => {
      const { clock, policy } = setup({ maxRetryAfterMs: 5000, maxAttempts: 2 })
      const { error } = await outcome(
        clock,
        policy.run(() => Promise.reject(failure({ code: 'rate_limited', retryAfterMs }))),
      )
      return [clock.monotonic(), error?.code]
    }
    expect(await ask(3000)).toEqual([3000, 'rate_limited'])
    expect(await ask(1)).toEqual([100, 'rate_limited'])
    expect(await ask(5001)).toEqual([0, 'rate_limited'])
  })

  it('[policy.retry-quota] uses a budget that all calls share, and refills it after success', async () => {
    const { clock, policy } = setup({ maxAttempts: 10, quota: { capacity: 10, costPerRetry: 5, refundPerSuccess: 2 } })
    const work = vi.fn(() => Promise.reject(failure()))
    await outcome(clock, policy.run(work))
    expect(work).toHaveBeenCalledTimes(3)
    expect(policy.tokens).toBe(0)
    await outcome(clock, policy.run(work))
    expect(work).toHaveBeenCalledTimes(4)
    for (let index = 0; index < 9; index += 1) await policy.run(async () => 1)
    expect(policy.tokens).toBe(10)
    // A retry that succeeds returns its cost to the quota.
    const once = vi.fn().mockRejectedValueOnce(failure()).mockResolvedValue('ok')
    expect(await outcome(clock, policy.run(once))).toEqual({ value: 'ok' })
    expect(policy.tokens).toBe(10)
    expect(setup({ quota: false }).policy.tokens).toBe(Number.POSITIVE_INFINITY)
  })

  it('[policy.retry-deadline] keeps all attempts within the deadline of the call and does not sleep past it', async () => {
    const { clock, policy } = setup({ maxAttempts: 100, baseMs: 1000 })
    const caller = createCaller({ system: 's', transport: 't', clock, interceptors: [policy] })
    const attempt = vi.fn(() => Promise.reject(failure({ retryAfterMs: 400 })))
    const { error } = await outcome(clock, caller.run({ op: 'x' }, { timeoutMs: 1000 }, attempt))
    // The real failure, at the time when another delay would be useless.
    expect(error).toMatchObject({ code: 'unavailable', attempt: 2 })
    expect(clock.monotonic()).toBeLessThan(1000)
    expect(clock.timers).toBe(0)
  })

  it('[policy.retry-deadline] gives each attempt its own deadline, also an attempt that ignores its signal', async () => {
    const { clock, policy } = setup({ attemptTimeoutMs: 100 })
    const caller = createCaller({ system: 's', transport: 't', clock, interceptors: [policy] })
    const attempt = vi.fn<() => Promise<string>>().mockImplementationOnce(hang).mockResolvedValue('second')
    expect(await outcome(clock, caller.run({ op: 'x', idempotent: true }, undefined, attempt))).toEqual({ value: 'second' })
    // The attempt hung, so it may have been sent: without idempotency there is no second attempt.
    const alone = vi.fn(hang)
    const { error } = await outcome(clock, caller.run({ op: 'x' }, undefined, alone))
    expect(error).toMatchObject({ code: 'deadline_exceeded', sent: 'maybe', attempt: 1 })
    expect(alone).toHaveBeenCalledTimes(1)
    expect(clock.timers).toBe(0)
  })

  it('[policy.retry-deadline] closes a stream that an inner policy returns after its attempt was aborted', async () => {
    const { clock, policy } = setup({ attemptTimeoutMs: 100, maxAttempts: 1 })
    const closed = vi.fn(async () => {})
    const slow: Interceptor = async (call, next) => {
      const stream = await next(call)
      await sleep(clock, 1000)
      return stream
    }
    const caller = createCaller({ system: 's', transport: 't', clock, interceptors: [policy, slow] })
    const attempt = async () => ({ [Symbol.asyncDispose]: closed })
    const { error } = await outcome(clock, caller.run({ op: 'x', kind: 'stream' }, undefined, attempt))
    expect(error).toMatchObject({ code: 'deadline_exceeded', sent: 'yes' })
    expect(closed).toHaveBeenCalledOnce()
  })

  it('[policy.retry-abort] stops at once on an abort during a delay, and starts no further attempt', async () => {
    const { clock, policy } = setup()
    const controller = new AbortController()
    const work = vi.fn(() => Promise.reject(failure()))
    const run = policy.run(work, { signal: controller.signal, op: 'mine' })
    await clock.settle()
    expect(clock.timers).toBe(1)
    controller.abort('enough')
    await expect(run).rejects.toMatchObject({ code: 'aborted', cause: 'enough', sent: 'no', op: 'mine' })
    expect(clock.timers).toBe(0)
    await expect(policy.run(work, { signal: controller.signal })).rejects.toMatchObject({ code: 'aborted', sent: 'no' })
    expect(work).toHaveBeenCalledTimes(1)
  })

  it('[policy.retry-alone] works over any function, and an observer that throws changes nothing', async () => {
    const clock = createFakeClock()
    const work = vi.fn().mockRejectedValueOnce(failure()).mockResolvedValue(7)
    const onRetry = () => {
      throw new Error('observer')
    }
    expect(await outcome(clock, retryWithBackoff(work, { clock, onRetry }))).toEqual({ value: 7 })
    const late = retryWithBackoff(hang, { clock, timeoutMs: 10 })
    expect((await outcome(clock, late)).error).toMatchObject({ code: 'deadline_exceeded', sent: 'maybe' })
  })
})

describe('parseRetryAfter', () => {
  const now = Date.UTC(1994, 10, 6, 8, 49, 7)

  it.each([
    ['120', 120_000],
    [' 0 ', 0],
    ['1.5', 1500],
    ['Sun, 06 Nov 1994 08:49:37 GMT', 30_000],
    ['sun, 06 nov 1994 08:49:37 gmt', 30_000],
    ['Sunday, 06-Nov-94 08:49:37 GMT', 30_000],
    ['Sun Nov  6 08:49:37 1994', 30_000],
    ['Sun, 06 Nov 1994 08:00:00 GMT', 0],
  ])('[policy.retry-after] reads %s', (value, ms) => expect(parseRetryAfter(value, now)).toBe(ms))

  it.each([
    null,
    undefined,
    '',
    'soon',
    '-1',
    '1e3',
    '0x10',
    'Sun, 31 Feb 1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 25:49:37 GMT',
    '2026-01-01',
    'Sun, 06 Foo 1994 08:49:37 GMT',
    '9'.repeat(100),
  ])('[policy.retry-after] gives undefined for %s', (value) => expect(parseRetryAfter(value, now)).toBeUndefined())

  it('[policy.retry-after] reads a two-digit year as the nearest century', () => {
    const at = Date.UTC(2026, 0, 1)
    expect(parseRetryAfter('Friday, 02-Jan-26 00:00:00 GMT', at)).toBe(86_400_000)
    expect(parseRetryAfter('Sunday, 06-Nov-94 08:49:37 GMT', at)).toBe(0)
  })
})
