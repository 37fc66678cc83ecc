/** Parts of a client that are loaded when they are first needed. */
import { describe, expect, test } from 'vitest'
import { lazily } from '../../src/core/lazily.js'
import { createFakeClock } from '../../src/testing/index.js'

const clock = createFakeClock()

/** A part whose loading ends when it is told to. */
function part() {
  const loads: { done(): void; fail(): void }[] = []
  const use = lazily(
    'ccc',
    clock,
    () =>
      new Promise<{ name: string }>((resolve, reject) => {
        loads.push({ done: () => resolve({ name: 'part' }), fail: () => reject(new TypeError('Failed to fetch')) })
      }),
  )
  return { loads, use }
}

describe('a part', () => {
  test('[core.lazily] is loaded by the first use and never before, once for all, and serves them in their order', async () => {
    const { loads, use } = part()
    expect(loads).toHaveLength(0)
    const order: number[] = []
    const uses = [1, 2, 3].map((n) => use('ask', {}, async ({ name }) => `${name} ${order.push(n)}`))
    expect(loads).toHaveLength(1)
    loads[0]?.done()
    expect(await Promise.all(uses)).toEqual(['part 1', 'part 2', 'part 3'])
    expect(order).toEqual([1, 2, 3])
    expect(await use('ask', {}, async ({ name }) => name)).toBe('part')
    expect(loads).toHaveLength(1)
  })

  test('[core.lazily] that does not load has sent nothing, and is loaded anew by the next use', async () => {
    const { loads, use } = part()
    const both = [use('ask', {}, async () => 'never'), use('send', {}, async () => 'never')]
    loads[0]?.fail()
    const [one, other] = await Promise.all(both.map((each) => each.catch((error: unknown) => error)))
    expect(one).toMatchObject({ code: 'unavailable', system: 'ccc', op: 'ask', sent: 'no', cause: expect.any(TypeError) })
    expect(other).toMatchObject({ code: 'unavailable', op: 'send', sent: 'no' })
    const again = use('ask', {}, async ({ name }) => name)
    expect(loads).toHaveLength(2)
    loads[1]?.done()
    expect(await again).toBe('part')
  })

  test('[core.lazily] is waited for no longer than the signal and the deadline of the call allow', async () => {
    const { loads, use } = part()
    const controller = new AbortController()
    const aborted = use('ask', { signal: controller.signal }, async () => 'never').catch((error: unknown) => error)
    const late = use('ask', { timeoutMs: 1_000 }, async () => 'never').catch((error: unknown) => error)
    controller.abort(new Error('enough'))
    expect(await aborted).toMatchObject({ code: 'aborted', sent: 'no', cause: expect.objectContaining({ message: 'enough' }) })
    await clock.advance(1_000)
    expect(await late).toMatchObject({ code: 'deadline_exceeded', op: 'ask', sent: 'no' })
    // Whoever gave up spoils nothing for the others, and a failure that nobody waits for is nobody's.
    loads[0]?.fail()
    await clock.settle()
    const again = use('ask', {}, async ({ name }) => name)
    expect(loads).toHaveLength(2)
    loads[1]?.done()
    expect(await again).toBe('part')
    expect(clock.timers).toBe(0)
  })

  test('[core.lazily] takes its time off the time of the call', async () => {
    const { loads, use } = part()
    const limited = use('ask', { timeoutMs: 1_000 }, async (_, { timeoutMs }) => timeoutMs)
    const open = use('ask', {}, async (_, given: { timeoutMs?: number }) => given.timeoutMs)
    const never = use('ask', { timeoutMs: 0 }, async (_, { timeoutMs }) => timeoutMs)
    await clock.advance(400)
    loads[0]?.done()
    expect(await Promise.all([limited, open, never])).toEqual([600, undefined, 0])
    expect(clock.timers).toBe(0)
  })
})
