import { describe, expect, it, vi } from 'vitest'
import { createCaller } from '../../src/core/call.js'
import { circuitBreaker, type CircuitBreakerOptions, type CircuitSnapshot } from '../../src/core/policy/index.js'
import { deferred } from '../../src/core/deferred.js'
import { SignalboxError, type ErrorCode } from '../../src/errors.js'
import { createFakeClock } from '../../src/testing/clock.js'

const broken =
  (code: ErrorCode = 'unreachable') =>
  () =>
    Promise.reject(new SignalboxError({ code, message: 'x' }))
const fine = async () => 'ok'

function setup(options: CircuitBreakerOptions = {}) {
  const clock = createFakeClock()
  const changes: string[] = []
  const breaker = circuitBreaker({ clock, onStateChange: ({ from, to }) => changes.push(`${from} > ${to}`), ...options })
  const fail = async (times: number, code?: ErrorCode) => {
    for (let index = 0; index < times; index += 1) await breaker.run(broken(code)).catch(() => {})
  }
  return { clock, breaker, changes, fail }
}

describe('circuit breaker', () => {
  it('[policy.breaker-opens] opens after five failures, refuses at once, and gives the time until the next try', async () => {
    const { breaker, fail, clock, changes } = setup({ name: 'ccc at /run/ccc.sock' })
    await fail(4)
    expect(breaker.state).toBe('closed')
    await fail(1)
    expect(breaker.state).toBe('open')
    expect(changes).toEqual(['closed > open'])
    await clock.advance(10_000)
    const work = vi.fn(fine)
    await expect(breaker.run(work)).rejects.toMatchObject({
      code: 'circuit_open',
      sent: 'no',
      retryAfterMs: 20_000,
      retryable: true,
    })
    expect(work).not.toHaveBeenCalled()
  })

  it('[policy.breaker-counts] counts only failures of the peer, not mistakes of callers and not answers of the peer', async () => {
    const { breaker, fail } = setup()
    const innocent: ErrorCode[] = [
      'aborted',
      'invalid_argument',
      'not_found',
      'conflict',
      'remote',
      'unauthenticated',
      'permission_denied',
      'unsupported',
      'too_large',
      'rate_limited',
      'circuit_open',
      'slow_consumer',
      'resume_gap',
    ]
    for (const code of innocent) await fail(20, code)
    expect(breaker.state).toBe('closed')
    for (const code of ['deadline_exceeded', 'closed', 'unavailable', 'exited', 'protocol'] satisfies ErrorCode[]) {
      const one = setup()
      await one.fail(5, code)
      expect(one.breaker.state, code).toBe('open')
    }
    const own = setup({ judge: () => 'ignore' })
    await own.fail(50)
    expect(own.breaker.state).toBe('closed')
  })

  it('[policy.breaker-window] forgets failures that are older than its window, and tolerates some failures of a busy peer', async () => {
    const { breaker, fail, clock } = setup({ windowMs: 10_000 })
    await fail(4)
    await clock.advance(11_000)
    await fail(4)
    expect(breaker.state).toBe('closed')
    await fail(1)
    expect(breaker.state).toBe('open')
    const busy = setup()
    for (let index = 0; index < 100; index += 1) await busy.breaker.run(fine)
    await busy.fail(50)
    expect(busy.breaker.state).toBe('closed')
  })

  it('[policy.breaker-half-open] lets one probe through at a time and closes after two successful probes', async () => {
    const { breaker, fail, clock, changes } = setup()
    await fail(5)
    await clock.advance(30_000)
    expect(breaker.state).toBe('half_open')
    const answer = deferred<string>()
    const probe = breaker.run(() => answer.promise)
    await expect(breaker.run(fine)).rejects.toMatchObject({ code: 'circuit_open' })
    answer.resolve('ok')
    await probe
    expect(breaker.state).toBe('half_open')
    await breaker.run(fine)
    expect(breaker.state).toBe('closed')
    expect(changes).toEqual(['closed > open', 'open > half_open', 'half_open > closed'])
    await fail(4)
    expect(breaker.state).toBe('closed')
  })

  it('[policy.breaker-half-open] opens again for its whole time when a probe fails', async () => {
    const { breaker, fail, clock } = setup()
    await fail(5)
    await clock.advance(30_000)
    await fail(1)
    expect(breaker.state).toBe('open')
    await clock.advance(29_999)
    await expect(breaker.run(fine)).rejects.toMatchObject({ code: 'circuit_open', retryAfterMs: 1 })
  })

  it('[policy.breaker-slot] frees the slot of a probe that was aborted, and of one that hangs without a deadline', async () => {
    const { breaker, fail, clock } = setup()
    await fail(5)
    await clock.advance(30_000)
    await fail(3, 'aborted')
    const caller = createCaller({ system: 's', transport: 't', clock, interceptors: [breaker] })
    const controller = new AbortController()
    const hung = caller.run({ op: 'x' }, { signal: controller.signal }, () => new Promise(() => {}))
    controller.abort()
    await expect(hung).rejects.toMatchObject({ code: 'aborted' })
    void breaker.run(() => new Promise(() => {}))
    await expect(breaker.run(fine)).rejects.toMatchObject({ code: 'circuit_open' })
    await clock.advance(30_000)
    await breaker.run(fine)
    await breaker.run(fine)
    expect(breaker.state).toBe('closed')
  })

  it('[policy.breaker-generation] ignores the late result of a call that started in an earlier state', async () => {
    const { breaker, fail, clock } = setup({ maxProbes: 3 })
    const early = [deferred<string>(), deferred<string>()]
    const [one, two] = early.map((answer) => breaker.run(() => answer.promise))
    await fail(5)
    early[0]?.reject(new SignalboxError({ code: 'closed', message: 'late' }))
    await one?.catch(() => {})
    await clock.advance(30_000)
    await breaker.run(fine)
    early[1]?.resolve('late')
    await two
    expect(breaker.state).toBe('half_open')
    await breaker.run(fine)
    expect(breaker.state).toBe('closed')
  })

  it('[policy.breaker-opens] stays open for its time, even if the wall clock is changed', async () => {
    for (const shiftMs of [-3_600_000, 3_600_000]) {
      const fake = createFakeClock()
      let shift = 0
      const breaker = circuitBreaker({ clock: { ...fake, now: () => fake.now() + shift } })
      for (let index = 0; index < 5; index += 1) await breaker.run(broken()).catch(() => {})
      shift = shiftMs
      await fake.advance(29_000)
      expect([shiftMs, breaker.state]).toEqual([shiftMs, 'open'])
      await expect(breaker.run(fine)).rejects.toMatchObject({ retryAfterMs: 1000 })
      expect(breaker.export().openUntil).toBe(fake.now() + shift + 1000)
      await fake.advance(1000)
      expect([shiftMs, breaker.state]).toEqual([shiftMs, 'half_open'])
      expect(await breaker.run(fine)).toBe('ok')
    }
  })

  it('[policy.breaker-snapshot] continues from the exported data of another breaker', async () => {
    const first = setup()
    await first.fail(5)
    await first.clock.advance(10_000)
    const snapshot: CircuitSnapshot = JSON.parse(JSON.stringify(first.breaker.export()))
    const clock = createFakeClock({ now: first.clock.now() })
    const second = circuitBreaker({ clock, snapshot })
    await expect(second.run(fine)).rejects.toMatchObject({ retryAfterMs: 20_000 })
    await clock.advance(20_000)
    expect(await second.run(fine)).toBe('ok')

    const counting = setup()
    await counting.fail(4)
    const third = circuitBreaker({ clock: counting.clock, snapshot: counting.breaker.export() })
    await third.run(broken()).catch(() => {})
    expect(third.state).toBe('open')
    third.reset()
    expect(third.state).toBe('closed')
    expect(await third.run(fine)).toBe('ok')

    // A clock that was set back must not keep the breaker open longer than its own time.
    const past = createFakeClock({ now: 0 })
    const fourth = circuitBreaker({ clock: past, snapshot })
    await past.advance(30_000)
    expect(await fourth.run(fine)).toBe('ok')
  })

  it.each([
    {},
    { version: 2, state: 'closed', buckets: [] },
    { version: 1, state: 'ajar', buckets: [] },
    { version: 1, state: 'open', buckets: [{}] },
  ])('[policy.breaker-snapshot] refuses %j', (snapshot) => {
    expect(() => circuitBreaker({ snapshot: snapshot as CircuitSnapshot })).toThrow(
      expect.objectContaining({ code: 'invalid_argument' }),
    )
  })
})
