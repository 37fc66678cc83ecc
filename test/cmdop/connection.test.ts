/** Many calls over one core, and their outcome when the core fails. */
import { getEventListeners, setMaxListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { AgentStreamError, ConnectionError, createCmdop, TimeoutError, type AskFrame } from '../../src/cmdop/index.js'
import { Kind } from '../../src/cmdop/envelope.js'
import { idAfter } from '../../src/cmdop/call-ids.js'
import { createDeadline } from '../../src/core/deadline.js'
import { createConnection } from '../../src/cmdop/connection.js'
import { WIRE_V1 } from '../../src/cmdop/envelope.js'
import { retry, SignalboxError } from '../../src/index.js'
import { createCmdopCoreSimulator, createFakeClock } from '../../src/testing/index.js'
import { failure, M1, setUp, text, until } from './set-up.js'
import { collectGarbage } from '../collect-garbage.js'
import { rounds } from '../rounds.js'

const CALLS = rounds(10_000, 3_000)

describe('calls', () => {
  it('gives fifty concurrent first calls their own answers, in reverse, with ids in call order [cmdop.calls.reverse]', async () => {
    const { simulator, client } = setUp()
    simulator.holdAnswers(50)
    const settled: number[] = []
    const calls = Array.from({ length: 50 }, async (_, index) => {
      const { window } = await client.machines.spend(M1, { window: `${index}d` })
      settled.push(index)
      return window
    })
    expect(await Promise.all(calls)).toEqual(calls.map((_, index) => `${index}d`))
    expect(settled).toEqual(calls.map((_, index) => 49 - index))
    expect(simulator.ledger.map(({ id }) => id)).toEqual(calls.map((_, index) => index + 1))
    expect(simulator.starts).toBe(1)
    await client.close()
  })

  it('drops frames for unknown ids, second answers and unknown kinds [cmdop.calls.stray]', async () => {
    const { simulator, client } = setUp()
    await client.machines.list()
    const empty = { case: 'empty', value: {} } as const
    for (const id of [0, 1, 999]) {
      for (const kind of [Kind.RESPONSE, Kind.EVENT, Kind.CALLBACK, Kind.DONE, 42 as Kind]) {
        await simulator.say({ id, kind, payload: empty })
      }
    }
    await simulator.noise(Uint8Array.of(0, 0, 0))
    expect((await client.machines.list()).items.length).toBe(3)
    expect(simulator.starts).toBe(1)
    await client.close()
  })

  it('fails only the call with a protocol error when its answer has another kind [cmdop.calls.arm]', async () => {
    const { simulator, client } = setUp()
    await client.machines.list()
    for (const [kind, payload] of [
      [Kind.RESPONSE, { case: 'fleetList', value: {} }],
      [Kind.RESPONSE, undefined],
      [Kind.DONE, { case: 'done', value: { success: true } }],
    ] as const) {
      simulator.relay.failNext('GET', 'silent')
      const asked = simulator.ledger.length
      const call = failure(client.machines.get(M1))
      await until(() => simulator.ledger.length > asked)
      const id = simulator.ledger.at(-1)?.id ?? 0
      await simulator.say({ id, kind, ...(payload ? { payload } : {}) })
      expect(await call).toMatchObject({ name: 'CmdopError', code: 'protocol', remoteCode: 'internal', sent: 'yes' })
    }
    // The call ignores EVENT and CALLBACK, and continues to wait.
    simulator.relay.failNext('GET', 'silent')
    const call = client.machines.activeSession(M1)
    await until(() => simulator.ledger.at(-1)?.arm === 'activeSessionReq')
    const id = simulator.ledger.at(-1)?.id ?? 0
    await simulator.say({ id, kind: Kind.EVENT, payload: { case: 'askFrame', value: {} } })
    await simulator.say({ id, kind: Kind.RESPONSE, payload: { case: 'activeSessionResp', value: { agentSessionId: 'a' } } })
    expect(await call).toBe('a')
    await client.close()
  })

  it('gives an error without code or body the code internal [cmdop.errors.empty]', async () => {
    const { simulator, client } = setUp()
    await client.machines.list()
    simulator.relay.failNext('GET', 'silent')
    const call = failure(client.machines.list())
    await until(() => simulator.ledger.length === 2)
    await simulator.say({ id: 2, kind: Kind.ERROR })
    expect(await call).toMatchObject({ name: 'CmdopError', remoteCode: 'internal' })
    await client.close()
  })

  it('refuses a request above the limit of a core before it is written [cmdop.limits.out]', async () => {
    const { simulator, client } = setUp({}, { limits: { maxRequestBytes: 1000 } })
    const error = await failure(client.machines.ask(M1, 'x'.repeat(1000)).collect())
    expect(error).toMatchObject({ code: 'too_large', sent: 'no' })
    expect(simulator.ledger).toEqual([])
    expect(await client.machines.ask(M1, 'short').collect()).toBe('You said: short')
    await client.close()
  })

  it('limits the number of waiting calls [cmdop.limits.pending]', async () => {
    const { simulator, client } = setUp({}, { limits: { maxPending: 2 } })
    simulator.holdAnswers(2)
    const [one, two] = [client.machines.list(), client.machines.list({ limit: 1 })]
    expect(await failure(client.machines.list())).toMatchObject({ code: 'rate_limited', sent: 'no' })
    expect([(await one).items.length, (await two).items.length]).toEqual([3, 1])
    await client.close()
  })

  it(`keeps no memory of ${CALLS} calls and of a tenth as many asks [cmdop.calls.leak]`, async () => {
    // An entry that stays after a call would count as waiting, and the limit allows only one round.
    const { simulator, client } = setUp({}, { limits: { maxPending: 110 } })
    const { signal } = new AbortController()
    setMaxListeners(0, signal)
    const round = async (count: number): Promise<void> => {
      for (let done = 0; done < count; done += 100) {
        const calls = Array.from({ length: 100 }, () => client.machines.activeSession(M1, { signal }))
        const asks = Array.from({ length: 10 }, () => client.machines.ask(M1, 'x', { signal, idleMs: 60_000 }).collect())
        await Promise.all([...calls, ...asks])
        ;(simulator.ledger as unknown[]).length = 0
        ;(simulator.relay.ledger as unknown[]).length = 0
      }
    }
    await round(2_000)
    const before = await settledHeap()
    await round(CALLS)
    expect((await settledHeap()) - before).toBeLessThan(1024 * 1024)
    expect(getEventListeners(signal, 'abort')).toEqual([])
    await client.close()
    expect(simulator.live).toBe(0)
  })
})

/** The heap after repeated collections, when it no longer shrinks. */
async function settledHeap(): Promise<number> {
  for (let turn = 0; turn < 4; turn += 1) {
    collectGarbage()
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  return process.memoryUsage().heapUsed
}

describe('deadlines', () => {
  it('ends a call without an answer, and drops its late answer [cmdop.deadline]', async () => {
    const { simulator, client } = setUp()
    await client.machines.list()
    simulator.relay.failNext('GET', 'silent')
    const ask = client.machines.ask(M1, '[[say a]][[hang]]')[Symbol.asyncIterator]()
    await ask.next()
    const error = await failure(client.machines.get(M1, { timeoutMs: 20 }))
    expect(error).toBeInstanceOf(TimeoutError)
    expect(error).toBeInstanceOf(ConnectionError)
    expect(error).toMatchObject({ code: 'deadline_exceeded', remoteCode: 'timeout', retryable: true, sent: 'maybe' })
    const { id } = simulator.ledger.find(({ arm }) => arm === 'getMachineReq') ?? { id: 0 }
    await simulator.say({ id, kind: Kind.RESPONSE, payload: { case: 'machineDetail', value: {} } })
    expect((await client.machines.list()).items.length).toBe(3)
    expect(simulator.starts).toBe(1)
    await ask.return?.(undefined)
    await client.close()
  })

  it('does not limit a whole ask; idleMs limits its silence [cmdop.ask.idle]', async () => {
    const clock = createFakeClock()
    const { client } = setUp({}, { clock, timeoutMs: 1_000, closeGraceMs: 0 })
    const stream = client.machines.ask(M1, '[[say a]][[pin 1]][[say b]][[hang]]', { idleMs: 5_000 })
    const frames = stream[Symbol.asyncIterator]()
    expect((await frames.next()).value).toMatchObject({ type: 'event' })
    const { value: question } = await frames.next()
    await clock.advance(60_000)
    expect(stream.abandoned).toBe(false)
    if (question?.type !== 'pin_required') throw new Error('no question')
    await stream.pin(question.challengeId, '1')
    expect((await frames.next()).value).toMatchObject({ payload: { delta: 'b' } })
    const silence = failure(frames.next())
    await clock.advance(60_000)
    expect(await silence).toMatchObject({ name: 'TimeoutError', remoteCode: 'timeout' })
    expect(stream.abandoned).toBe(true)
    const closing = client.close()
    await clock.advance(10_000)
    await closing
  })

  it('keeps a core that was slow with one call and answered another call in this time [cmdop.core.mute]', async () => {
    const clock = createFakeClock()
    const { simulator, client } = setUp({}, { clock, timeoutMs: 10_000, closeGraceMs: 0 })
    await client.machines.list()
    simulator.relay.failNext('GET', 'silent')
    const slow = failure(client.machines.get(M1))
    await until(() => simulator.ledger.length === 2)
    await clock.advance(1_000)
    expect((await client.machines.list()).items.length).toBe(3)
    await clock.advance(9_000)
    expect(await slow).toBeInstanceOf(TimeoutError)
    expect((await client.machines.list()).items.length).toBe(3)
    expect(simulator.starts).toBe(1)
    await client.close()
  })

  it('replaces a silent core if no other call waits for it [cmdop.core.mute]', async () => {
    const { simulator, client } = setUp()
    await client.machines.list()
    simulator.relay.failNext('GET', 'silent')
    expect(await failure(client.machines.list({ timeoutMs: 20 }))).toBeInstanceOf(TimeoutError)
    expect((await client.machines.list()).items.length).toBe(3)
    expect(simulator.starts).toBe(2)
    await client.close()
  })
})

describe('a core that dies', () => {
  it('fails all pending calls at once, with the cause, and is replaced without a replay [cmdop.core.respawn]', async () => {
    const { simulator, client } = setUp()
    await client.machines.list()
    for (let count = 0; count < 5; count += 1) simulator.relay.failNext('GET', 'silent')
    const calls = Array.from({ length: 5 }, () => failure(client.machines.list()))
    await until(() => simulator.ledger.length === 6)
    await simulator.crash()
    for (const error of await Promise.all(calls)) {
      expect(error).toBeInstanceOf(ConnectionError)
      expect(error).toMatchObject({ remoteCode: 'connection', sent: 'maybe', retryable: true, system: 'cmdop' })
    }
    const [one, two] = await Promise.all([client.machines.list(), client.machines.list()])
    expect([one.items.length, two.items.length, simulator.starts]).toEqual([3, 3, 2])
    expect(simulator.ledger.filter(({ link }) => link === 2).length).toBe(2)
    await client.close()
  })

  it('to writes is still read to its end; the next call gets a new core [cmdop.core.deaf]', async () => {
    const simulator = createCmdopCoreSimulator()
    const { transport } = simulator
    let deaf = false
    const client = createCmdop({
      closeGraceMs: 50,
      transport: {
        ...transport,
        async open(launch, given) {
          const link = await transport.open(launch, given)
          const first = simulator.starts === 1
          const write = async (bytes: Uint8Array): Promise<void> => {
            if (deaf && first) throw new Error('EPIPE')
            await link.write(bytes)
          }
          return { ...link, write }
        },
      },
    })
    const asking = client.machines.ask(M1, '[[pin 1]][[say in]]')
    const frames = asking[Symbol.asyncIterator]()
    const { value: question } = await frames.next()
    if (question?.type !== 'pin_required') throw new Error('no question')
    simulator.relay.failNext('GET', 'silent')
    const waiting = client.machines.get(M1)
    await until(() => simulator.ledger.length === 2)
    deaf = true
    expect(await failure(client.machines.list())).toMatchObject({ code: 'closed', sent: 'maybe', remoteCode: 'connection' })
    // Earlier calls are still answered.
    const detail = { case: 'machineDetail', value: { username: 'still here' } } as const
    await simulator.say({ id: 2, kind: Kind.RESPONSE, payload: detail })
    expect(await waiting).toMatchObject({ username: 'still here' })
    expect(await failure(asking.pin(question.challengeId, '1'))).toMatchObject({ code: 'closed', sent: 'no' })
    expect((await client.machines.list()).items.length).toBe(3)
    expect(simulator.starts).toBe(2)
    const again = client.machines.ask(M1, 'again')
    expect(await again.collect()).toBe('You said: again')
    await client.close()
    await until(() => simulator.live === 0)
  })

  it.each(['a call fails by it', 'its caller has left'])(
    'ends by itself when it reads nothing more and %s [cmdop.core.deaf]',
    async (how) => {
      const simulator = createCmdopCoreSimulator()
      const { transport } = simulator
      let refuse = (): void => {}
      const refused = new Promise<void>((resolve) => {
        refuse = resolve
      })
      let asked = false
      const client = createCmdop({
        transport: {
          ...transport,
          async open(launch, given) {
            const link = await transport.open(launch, given)
            const write = async (): Promise<void> => {
              asked = true
              await refused
              throw new Error('EPIPE')
            }
            return { ...link, write }
          },
        },
      })
      const abort = new AbortController()
      const call = failure(client.machines.list({ signal: abort.signal }))
      await until(() => asked)
      if (how === 'its caller has left') {
        abort.abort()
        expect(await call).toMatchObject({ code: 'aborted' })
      }
      expect(simulator.live).toBe(1)
      refuse()
      await call
      await until(() => simulator.live === 0)
      await client.close()
    },
  )

  const prompt = '[[say a]][[pin 1]][[say b]][[confirm p]][[say c]]'
  it.each([1, 2, 3, 4, 5])('after frame %i of an ask gives the frames so far, then the error [cmdop.ask.killed]', async (count) => {
    const { simulator, client } = setUp()
    simulator.crashAfter(count)
    const stream = client.machines.ask(M1, prompt)
    const seen: AskFrame[] = []
    const read = async (): Promise<void> => {
      for await (const frame of stream) {
        seen.push(frame)
        if (frame.type === 'pin_required') await stream.pin(frame.challengeId, '1').catch(() => {})
        if (frame.type === 'confirm_required') await stream.confirm(frame.token, true).catch(() => {})
      }
    }
    const error = await failure(read())
    expect(error).toBeInstanceOf(ConnectionError)
    expect(error).not.toBeInstanceOf(AgentStreamError)
    expect(seen.map(({ type }) => type)).toEqual(['event', 'pin_required', 'event', 'confirm_required', 'event'].slice(0, count))
    await client.close()
  })

  it('before the first frame of an ask, or during an answer, ends the ask with an error [cmdop.ask.killed]', async () => {
    const { simulator, client } = setUp()
    const stream = client.machines.ask(M1, '[[hang]]')
    const read = failure(stream.collect())
    await until(() => simulator.ledger.length === 1)
    await simulator.crash()
    expect(await read).toBeInstanceOf(ConnectionError)
    expect(await failure(stream.pin('c', '1'))).toMatchObject({ code: 'closed', sent: 'no' })
    expect(await client.machines.ask(M1, 'again').collect()).toBe('You said: again')
    await client.close()
  })

  it('lets retry() repeat only calls that are safe to repeat [cmdop.core.retry]', async () => {
    const { simulator, client } = setUp({}, { interceptors: [retry({ baseMs: 1 })] })
    await client.machines.list()
    for (const call of [() => client.machines.list(), () => client.keys.issue({ name: 'k' })]) {
      simulator.crashAfter(1)
      await simulator.say({ id: 4_000, kind: Kind.EVENT }).catch(() => {})
      await until(() => simulator.live === 0)
      await call()
    }
    simulator.relay.failNext('GET', 'silent')
    const listing = client.machines.list()
    await until(() => simulator.ledger.filter(({ arm }) => arm === 'listMachinesReq').length === 3)
    await simulator.crash()
    expect((await listing).items.length).toBe(3)
    simulator.relay.failNext('POST', 'silent')
    const issuing = failure(client.keys.issue({ name: 'k' }))
    await until(() => simulator.ledger.filter(({ arm }) => arm === 'issueKeyReq').length === 2)
    await simulator.crash()
    expect(await issuing).toMatchObject({ sent: 'maybe' })
    expect(simulator.ledger.filter(({ arm }) => arm === 'issueKeyReq').length).toBe(2)
    await client.close()
  })
})

describe('a connection', () => {
  it('that has ended refuses new calls with sent: no [cmdop.calls.closed]', async () => {
    const session = createConnection(await createCmdopCoreSimulator().transport.open(), WIRE_V1)
    await session.close(new SignalboxError({ code: 'closed', message: 'enough', sent: 'maybe' }), 10)
    const payload = { case: 'empty', value: {} } as const
    const deadline = createDeadline()
    const sink = { frame: () => {}, fail: () => {} }
    for (const call of [session.unary(payload, deadline), session.stream(payload, sink)]) {
      expect(await failure(call)).toMatchObject({ name: 'ConnectionError', code: 'closed', sent: 'no', message: 'enough' })
    }
  })

  it('counts call ids up to the maximum, starts again, and skips open ids [cmdop.calls.reverse]', () => {
    expect([idAfter(0, new Set()), idAfter(7, new Set([7]))]).toEqual([1, 8])
    expect(idAfter(0xffff_ffff, new Set())).toBe(1)
    expect(idAfter(0xffff_fffe, new Set([0xffff_ffff, 1, 2, 4]))).toBe(3)
  })
})

describe('lost sync', () => {
  const noise: readonly (readonly [string, Uint8Array])[] = [
    ['a line of text', text('2026/06/17 08:00:00 panic: something broke and said so at length\n')],
    ['a length above the limit', Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x7f)],
    ['a length that never ends', new Uint8Array(11).fill(0x80)],
    ['a body that is no message', Uint8Array.of(2, 0x0f, 0)],
    ['a body without a kind', Uint8Array.of(2, 0x08, 1)],
  ]
  it.each(noise)('by %s fails pending calls and replaces the core [cmdop.sync.noise]', async (_what, bytes) => {
    const { simulator, client } = setUp()
    await client.machines.list()
    simulator.relay.failNext('GET', 'silent')
    const pending = failure(client.machines.list())
    await until(() => simulator.ledger.length === 2)
    await simulator.noise(bytes)
    const error = await pending
    expect(error).toBeInstanceOf(ConnectionError)
    expect(error).toMatchObject({ code: 'protocol', sent: 'maybe' })
    expect((await client.machines.list()).items.length).toBe(3)
    expect(simulator.starts).toBe(2)
    await client.close()
  })

  it('that swallows an answer fails the call at its deadline [cmdop.sync.stalled]', async () => {
    const clock = createFakeClock()
    const { simulator, client } = setUp({}, { clock, timeoutMs: 10_000, closeGraceMs: 0 })
    await client.machines.list()
    const ask = client.machines.ask(M1, '[[say a]][[hang]]')[Symbol.asyncIterator]()
    await ask.next()
    // A frame of 127 bytes is announced, and three bytes come. The decoder would take the rest from the next answers.
    await simulator.noise(Uint8Array.of(0x7f, 8, 1, 16))

    const swallowed = failure(client.machines.activeSession(M1))
    const open = failure(ask.next())
    await until(() => simulator.ledger.at(-1)?.arm === 'activeSessionReq')
    await clock.advance(10_000)
    expect(await swallowed).toBeInstanceOf(TimeoutError)
    expect(await open).toBeInstanceOf(ConnectionError)
    expect((await client.machines.list()).items.length).toBe(3)
    expect(simulator.starts).toBe(2)
    await client.close()
  })
})
