/** Timers and cores after an end, and the allowed uses of a PIN. */
import { describe, expect, it } from 'vitest'
import { Kind } from '../../src/cmdop/envelope.js'
import { createCmdop, type AskFrame } from '../../src/cmdop/index.js'
import { SignalboxError } from '../../src/index.js'
import { createCmdopCoreSimulator, createFakeClock } from '../../src/testing/index.js'
import { failure, M1, setUp, until } from './set-up.js'

describe('at the end', () => {
  it('of a call, an ask or a client no timer stays [cmdop.timers]', async () => {
    const clock = createFakeClock()
    const { simulator, client } = setUp({}, { clock, timeoutMs: 10_000, closeGraceMs: 5_000 })
    const abort = new AbortController()
    const asked = { idleMs: 60_000, signal: abort.signal }
    await client.machines.list()
    expect(await client.machines.ask(M1, 'x', asked).collect()).toBe('You said: x')
    for await (const _frame of client.machines.ask(M1, '[[say a]][[hang]]', asked)) break
    expect(clock.timers).toBe(0)
    const left = failure(client.machines.ask(M1, '[[say a]][[hang]]', asked).collect())
    await until(() => simulator.ledger.length === 4)
    abort.abort()
    expect(await left).toMatchObject({ code: 'aborted' })
    expect(clock.timers).toBe(0)

    simulator.holdAnswers(5)
    const flying = client.machines.list()
    await until(() => simulator.ledger.length === 5)
    const closing = client.close()
    await until(() => clock.timers > 1)
    await simulator.say({ id: 5, kind: Kind.RESPONSE, payload: { case: 'machineList', value: {} } })
    await flying
    await closing
    expect(clock.timers).toBe(0)
  })

  it('of a client that closes while its core starts the core has ended, also if the transport ignores its signal [cmdop.close.opening]', async () => {
    const simulator = createCmdopCoreSimulator()
    let openGate = (): void => {}
    const gate = new Promise<void>((resolve) => {
      openGate = resolve
    })
    const { transport } = simulator
    const deaf: typeof transport = {
      ...transport,
      async open() {
        await gate
        return transport.open()
      },
    }
    const client = createCmdop({ transport: deaf })
    const call = failure(client.machines.list())
    const closing = client.close()
    openGate()
    expect(await call).toMatchObject({ code: 'closed', sent: 'no' })
    await closing
    expect(simulator.starts).toBe(1)
    expect(simulator.live).toBe(0)
  })
})

describe('a close that does not wait', () => {
  it('fails running calls with sent: maybe [cmdop.close.honest]', async () => {
    const { simulator, client } = setUp({}, { closeGraceMs: 0 })
    simulator.relay.failNext('POST /api/fleets', 'silent')
    const issued = failure(client.keys.issue({ name: 'k' }))
    const asked = failure(client.machines.ask(M1, '[[hang]]').collect())
    await until(() => simulator.ledger.length === 2)
    await client.close()
    for (const error of [await issued, await asked]) {
      expect(error).toMatchObject({ name: 'ConnectionError', code: 'closed', sent: 'maybe' })
    }
    expect(await failure(client.machines.list())).toMatchObject({ code: 'closed', sent: 'no' })
  })
})

describe('a start that fails', () => {
  it('fails the call with sent: no, also when its own error has another sent [cmdop.core.start]', async () => {
    const { transport } = createCmdopCoreSimulator()
    const open = () => Promise.reject(new SignalboxError({ code: 'exited', message: 'It fell over.', sent: 'maybe' }))
    await using client = createCmdop({ transport: { ...transport, open } })
    expect(await failure(client.machines.list())).toMatchObject({ name: 'ConnectionError', code: 'exited', sent: 'no' })
  })
})

describe('a call without a result', () => {
  it('returns undefined for any answer [cmdop.calls.void]', async () => {
    const { simulator, client } = setUp()
    expect(await client.machines.disable(M1)).toBeUndefined()
    simulator.relay.failNext('DELETE', 'silent')
    const call = client.machines.disable(M1)
    await until(() => simulator.ledger.length === 2)
    await simulator.say({ id: 2, kind: Kind.RESPONSE, payload: { case: 'machineList', value: {} } })
    expect(await call).toBeUndefined()
    await client.close()
  })
})

describe('asks that were left', () => {
  it('count against the limit until the core has ended them [cmdop.limits.pending]', async () => {
    const { simulator, client } = setUp({}, { limits: { maxPending: 2 } })
    for (let count = 0; count < 2; count += 1) {
      for await (const _frame of client.machines.ask(M1, '[[say a]][[hang]]')) break
    }
    expect(await failure(client.machines.list())).toMatchObject({ code: 'rate_limited', sent: 'no' })
    await simulator.say({ id: 1, kind: Kind.DONE, payload: { case: 'done', value: {} } })
    // After that has been read, one more call is allowed.
    let items: readonly unknown[] = []
    while (items.length === 0) ({ items } = await client.machines.list().catch(() => ({ items: [] })))
    expect(items.length).toBe(3)
    await client.close()
  })
})

describe('an upfront PIN', () => {
  const question = (challengeId: string) => ({ case: 'pinRequired', value: { challengeId, label: '' } }) as const
  const denial = { case: 'pinDenied', value: { challengeId: 'c', reason: 'wrong' } } as const

  it.each([
    ['was denied before anybody asked for it: the core had passed it on', [denial, question('c1')]],
    ['was used for another question', [question('c0'), question('c1')]],
  ])('is not offered if it %s [cmdop.ask.pin-once]', async (_why, frames) => {
    const { simulator, client } = setUp()
    const stream = client.machines.ask(M1, '[[hang]]', { pin: '1234' })
    const seen: AskFrame[] = []
    const reading = failure(
      (async () => {
        for await (const frame of stream) seen.push(frame)
        throw new Error('ended')
      })(),
    )
    await until(() => simulator.ledger.length === 1)
    for (const frame of frames) {
      await simulator.say({ id: 1, kind: Kind.EVENT, payload: { case: 'askFrame', value: { frame } } })
    }
    await until(() => seen.length === 2)
    expect(seen[1]).toEqual({ type: 'pin_required', challengeId: 'c1', label: '' })
    const expected = frames.filter(({ case: kind }) => kind === 'pinRequired').length - 1
    const given = (): number => simulator.ledger.filter(({ arm }) => arm === 'pinAnswer').length
    await until(() => given() >= expected)
    await stream.close()
    await reading
    await client.close()
    expect(given()).toBe(expected)
  })
})
