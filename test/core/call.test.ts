import { describe, expect, it, vi } from 'vitest'
import { createCaller, type Call, type Interceptor } from '../../src/core/call.js'
import { retry } from '../../src/core/policy/index.js'
import { raceSignal, whileOpening, createDeadline } from '../../src/core/deadline.js'
import { SignalboxError, type Sent } from '../../src/errors.js'
import { createFakeClock } from '../../src/testing/clock.js'

const hang = (): Promise<never> => new Promise(() => {})
const unreachable = (sent: Sent = 'no') => new SignalboxError({ code: 'unreachable', message: 'Nobody there.', sent })

function setup(interceptors: readonly Interceptor[] = [], timeoutMs?: number) {
  const clock = createFakeClock()
  const caller = createCaller({ system: 'ccc', transport: 'memory', interceptors, clock, timeoutMs })
  return { clock, caller }
}

describe('a call', () => {
  it('[core.interceptor-order] passes its interceptors in the order of the list: the first is outermost', async () => {
    const seen: string[] = []
    const named =
      (name: string): Interceptor =>
      async (call, next) => {
        seen.push(`${name} in`)
        const result = await next(call)
        seen.push(`${name} out`)
        return result
      }
    const { caller } = setup([named('first'), named('second')])
    await caller.run({ op: 'ping' }, undefined, async () => seen.push('attempt'))
    expect(seen).toEqual(['first in', 'second in', 'attempt', 'second out', 'first out'])
  })

  it('[core.interceptor-order] lets an interceptor change the call and the result, or answer without a call of next', async () => {
    const { caller } = setup([
      async (call, next) => `${await next({ ...call, trace: { a: 'b' } })}!`,
      async (call, next) => (call.op === 'cached' ? 'from cache' : next(call)),
    ])
    const attempt = vi.fn(async (call: Call) => call.trace.a)
    expect(await caller.run({ op: 'x' }, undefined, attempt)).toBe('b!')
    expect(await caller.run({ op: 'cached' }, undefined, attempt)).toBe('from cache!')
    expect(attempt).toHaveBeenCalledTimes(1)
  })

  it('[core.deadline] uses the deadline of the call, else that of the client, else none; and leaves no timer', async () => {
    const { caller, clock } = setup([], 1000)
    expect(await caller.run({ op: 'x' }, undefined, async (call) => call.remainingMs?.())).toBe(1000)
    expect(await caller.run({ op: 'x' }, { timeoutMs: 5 }, async (call) => call.remainingMs?.())).toBe(5)
    expect(await caller.run({ op: 'x' }, { timeoutMs: 0 }, async (call) => call.remainingMs?.())).toBe(Number.POSITIVE_INFINITY)
    expect(clock.timers).toBe(0)
  })

  it('[core.deadline] treats a negative timeout as expired, because the rest of a deadline can be negative', async () => {
    const clock = createFakeClock()
    const caller = createCaller({ system: 's', transport: 't', clock })
    const call = caller.run({ op: 'x' }, { timeoutMs: -5 }, () => new Promise<never>(() => {}))
    const verdict = expect(call).rejects.toMatchObject({ code: 'deadline_exceeded' })
    await clock.advance(1)
    expect(clock.timers).toBe(0)
    const settled = await Promise.race([call.catch(() => 'settled'), clock.settle().then(() => clock.settle())])
    expect(settled).toBe('settled')
    await verdict
  })

  it('[core.timeout-number] refuses a timeoutMs that is not a number before anything is sent', async () => {
    const { caller } = setup()
    const attempt = vi.fn()
    for (const timeoutMs of [Number.NaN, '5' as unknown as number]) {
      await expect(caller.run({ op: 'x' }, { timeoutMs }, attempt)).rejects.toMatchObject({ code: 'invalid_argument', sent: 'no' })
    }
    expect(attempt).not.toHaveBeenCalled()
  })

  it('[core.deadline] gives an attempt a signal that aborts with the call, even if the signal is read late', async () => {
    const { caller, clock } = setup()
    const controller = new AbortController()
    const early = caller.run({ op: 'x' }, { timeoutMs: 5, signal: controller.signal }, (call) => raceSignal(hang(), call.signal))
    const late = caller.run({ op: 'x' }, { timeoutMs: 5 }, async (call) => {
      await call.deadline.race(hang()).catch(() => {})
      expect(call.signal.aborted).toBe(true)
      throw call.signal.reason
    })
    const failed = Promise.all([early, late].map((call) => expect(call).rejects.toMatchObject({ code: 'deadline_exceeded' })))
    await clock.advance(5)
    await failed
    expect(clock.timers).toBe(0)
  })

  it('[core.deadline] ends every running call with the reason that the client gives, and waits for them', async () => {
    const { caller } = setup()
    const reason = new SignalboxError({ code: 'closed', message: 'The client was closed.' })
    const settled: string[] = []
    const calls = ['a', 'b'].map((op) =>
      caller.run({ op }, undefined, hang).catch((error: SignalboxError) => settled.push(`${error.op} ${error.code}`)),
    )
    await caller.end(reason)
    expect(settled).toEqual(['a closed', 'b closed'])
    await Promise.all(calls)
  })

  it('[core.abort-hung] settles at its deadline with sent: maybe, even if the attempt ignores its signal', async () => {
    const { caller, clock } = setup()
    const failed = expect(caller.run({ op: 'ask' }, { timeoutMs: 50 }, hang)).rejects.toMatchObject({
      code: 'deadline_exceeded',
      sent: 'maybe',
      system: 'ccc',
      transport: 'memory',
      op: 'ask',
      attempt: 1,
    })
    await clock.advance(50)
    await failed
    expect(clock.timers).toBe(0)
  })

  it('[core.abort-hung] settles at an abort with sent: no, even if a policy hangs before the attempt', async () => {
    const { caller } = setup([hang])
    const controller = new AbortController()
    const attempt = vi.fn(hang)
    const call = caller.run({ op: 'ask' }, { signal: controller.signal }, attempt)
    const reason = new Error('the user left')
    controller.abort(reason)
    await expect(call).rejects.toMatchObject({ code: 'aborted', sent: 'no', op: 'ask', cause: reason })
    expect(attempt).not.toHaveBeenCalled()
  })

  it('[core.abort-hung] settles with sent: yes if a policy hangs after the answer', async () => {
    const { caller, clock } = setup([async (call, next) => next(call).then(hang)])
    const failed = expect(caller.run({ op: 'ask' }, { timeoutMs: 5 }, async () => 1)).rejects.toMatchObject({
      code: 'deadline_exceeded',
      sent: 'yes',
    })
    await clock.advance(5)
    await failed
  })

  it('[core.abort-reason] keeps the reason as cause, and an attempt that obeys its signal sets the outcome of the request', async () => {
    const { caller } = setup()
    const controller = new AbortController()
    const call = caller.run({ op: 'ask' }, { signal: controller.signal }, async ({ signal }) => {
      await raceSignal(hang(), signal).catch((reason) => {
        throw new SignalboxError({ code: 'aborted', message: 'Before the write.', sent: 'no', cause: reason })
      })
    })
    controller.abort('enough')
    await expect(call).rejects.toMatchObject({ code: 'aborted', sent: 'no', cause: 'enough', attempt: 1 })
  })

  it('[core.abort-reason] does not start if the signal is already aborted', async () => {
    const { caller } = setup([vi.fn()])
    const attempt = vi.fn()
    await expect(caller.run({ op: 'x' }, { signal: AbortSignal.abort('why') }, attempt)).rejects.toMatchObject({
      code: 'aborted',
      sent: 'no',
      cause: 'why',
    })
    expect(attempt).not.toHaveBeenCalled()
  })

  it('[core.abort-reason] treats AbortSignal.timeout as a deadline', async () => {
    const { caller } = setup()
    const failure = caller.run({ op: 'x' }, { signal: AbortSignal.timeout(1) }, hang)
    await expect(failure).rejects.toMatchObject({ code: 'deadline_exceeded', cause: { name: 'TimeoutError' } })
  })

  it('[core.abort-reason] reports the abort, not the errors that the abort caused', async () => {
    const { caller } = setup()
    const controller = new AbortController()
    const call = caller.run({ op: 'x' }, { signal: controller.signal }, async ({ signal }) => {
      await raceSignal(hang(), signal).catch(() => {
        throw new SignalboxError({ code: 'closed', message: 'The link is closed.', sent: 'maybe' })
      })
    })
    controller.abort('enough')
    await expect(call).rejects.toMatchObject({ code: 'aborted', cause: 'enough', sent: 'maybe' })
  })

  it('[core.sent] counts all attempts: a last attempt with "no" does not undo an earlier "maybe"', async () => {
    const { caller, clock } = setup()
    const outcomes: Sent[] = ['maybe', 'no', 'no']
    const failing = createCaller({ system: 's', transport: 't', clock, interceptors: [retry({ clock })] })
    const failed = expect(
      failing.run({ op: 'x', idempotent: true }, undefined, async () => {
        throw unreachable(outcomes.shift())
      }),
    ).rejects.toMatchObject({ code: 'unreachable', sent: 'maybe', attempt: 3 })
    await clock.advance(60_000)
    await failed
    await expect(caller.run({ op: 'x' }, undefined, () => Promise.reject(unreachable()))).rejects.toMatchObject({ sent: 'no' })
  })

  it('[core.sent] counts the attempts of every interceptor, also a running attempt with its own signal', async () => {
    const again: Interceptor = (call, next) => next(call).catch(() => next({ ...call, attempt: 2 }))
    const outcomes: Sent[] = ['maybe', 'no']
    const twice = setup([again]).caller.run({ op: 'x' }, undefined, async () => {
      throw unreachable(outcomes.shift())
    })
    await expect(twice).rejects.toMatchObject({ attempt: 2, sent: 'maybe' })
    const { caller, clock } = setup([(call, next) => next({ ...call, signal: new AbortController().signal })])
    const failed = expect(caller.run({ op: 'x' }, { timeoutMs: 5 }, hang)).rejects.toMatchObject({
      code: 'deadline_exceeded',
      sent: 'maybe',
    })
    await clock.advance(5)
    await failed
  })

  it('[core.foreign-errors] wraps a foreign error, keeps it as cause, and says whether an attempt had started', async () => {
    const bug = new TypeError('x is not a function')
    const { caller } = setup()
    await expect(caller.run({ op: 'x' }, undefined, () => Promise.reject(bug))).rejects.toMatchObject({
      code: 'protocol',
      sent: 'maybe',
      cause: bug,
      message: 'x failed: x is not a function',
    })
    const early = setup([
      () => {
        throw bug
      },
    ])
    await expect(early.caller.run({ op: 'x' }, undefined, hang)).rejects.toMatchObject({ code: 'protocol', sent: 'no', cause: bug })
    await expect(caller.run({ op: 'x' }, undefined, () => Promise.reject('a string'))).rejects.toMatchObject({ cause: 'a string' })
  })

  it('[core.errors-copied] does not change an error that is the result of many calls', async () => {
    const shared = Object.freeze(unreachable())
    const { caller } = setup()
    const results = await Promise.allSettled(['a', 'b'].map((op) => caller.run({ op }, undefined, () => Promise.reject(shared))))
    expect(results.map((result) => result.status === 'rejected' && result.reason.op)).toEqual(['a', 'b'])
    expect(shared.op).toBeUndefined()
  })

  it('[core.late-stream] closes a stream that opens after its call was aborted, and does not touch unary results', async () => {
    for (const kind of ['stream', 'unary'] as const) {
      const { caller, clock } = setup()
      const dispose = vi.fn(async () => {})
      let open: (stream: AsyncDisposable) => void = () => {}
      const opening = new Promise<AsyncDisposable>((resolve) => {
        open = resolve
      })
      const failed = expect(caller.run({ op: 'watch', kind }, { timeoutMs: 5 }, () => opening)).rejects.toMatchObject({
        code: 'deadline_exceeded',
      })
      await clock.advance(5)
      await failed
      open({ [Symbol.asyncDispose]: dispose })
      await clock.settle()
      expect(dispose).toHaveBeenCalledTimes(kind === 'stream' ? 1 : 0)
    }
  })
})

describe('whileOpening', () => {
  it('aborts a stream with its opening signal only until the stream is open', async () => {
    const opening = new AbortController()
    const life = createDeadline()
    await whileOpening(life, opening.signal, async () => 'open')
    opening.abort()
    expect(life.signal.aborted).toBe(false)

    const second = new AbortController()
    const failed = whileOpening(life, second.signal, (signal) => raceSignal(hang(), signal))
    second.abort('late')
    await expect(failed).rejects.toBe('late')
    expect(life.signal.reason).toBe('late')
  })
})
