/** Many calls over one core, and what becomes of them when it misbehaves. */
import { describe, expect, it } from 'vitest'
import {
  AgentStreamError,
  ConnectionError,
  createCmdop,
  TimeoutError,
  ValidationError,
  type AskFrame,
  type CmdopOptions,
} from '../../src/cmdop/index.js'
import { Kind } from '../../src/cmdop/envelope.js'
import { retry } from '../../src/index.js'
import { createCmdopCore, createFakeClock, simulatedId, type CmdopCoreOptions } from '../../src/testing/index.js'

const M1 = simulatedId(1, 1)

function setUp(core: CmdopCoreOptions = {}, options: Partial<CmdopOptions> = {}) {
  const simulator = createCmdopCore(core)
  const client = createCmdop({ transport: simulator.transport, closeGraceMs: 50, fleetId: simulatedId(2, 1), ...options })
  return { simulator, client }
}
const failure = async (promise: Promise<unknown>): Promise<Record<string, unknown>> =>
  promise.then(
    (value) => {
      throw new Error(`expected a failure, got ${JSON.stringify(value)}`)
    },
    (error: unknown) => error as Record<string, unknown>,
  )
const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1))
}
const text = (value: string): Uint8Array => new TextEncoder().encode(value)

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

  it('drops frames for ids that nobody waits for, second answers and kinds it does not know [cmdop.calls.stray]', async () => {
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

  it('takes an answer of another kind for a protocol error of that call alone [cmdop.calls.arm]', async () => {
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
    // EVENT and CALLBACK mean nothing to it: it goes on waiting.
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

  it('bounds the calls that wait [cmdop.limits.pending]', async () => {
    const { simulator, client } = setUp({}, { limits: { maxPending: 2 } })
    simulator.holdAnswers(2)
    const [one, two] = [client.machines.list(), client.machines.list({ limit: 1 })]
    expect(await failure(client.machines.list())).toMatchObject({ code: 'rate_limited', sent: 'no' })
    expect([(await one).items.length, (await two).items.length]).toEqual([3, 1])
    await client.close()
  })

  it('makes ten thousand calls without keeping anything of them [cmdop.calls.leak]', async () => {
    const { simulator, client } = setUp()
    const round = async (count: number): Promise<void> => {
      for (let done = 0; done < count; done += 100) {
        await Promise.all(Array.from({ length: 100 }, () => client.machines.activeSession(M1)))
        ;(simulator.ledger as unknown[]).length = 0
        ;(simulator.relay.ledger as unknown[]).length = 0
      }
    }
    await round(2_000)
    const before = await settledHeap()
    await round(10_000)
    expect((await settledHeap()) - before).toBeLessThan(4 * 1024 * 1024)
    await client.close()
    expect(simulator.live).toBe(0)
  })
})

/** What is left after collections that found nothing more. */
async function settledHeap(): Promise<number> {
  const { setFlagsFromString } = await import('node:v8')
  const { runInNewContext } = await import('node:vm')
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  for (let turn = 0; turn < 4; turn += 1) {
    collect()
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  return process.memoryUsage().heapUsed
}

describe('deadlines', () => {
  it('ends a call that nobody answers, and drops its late answer [cmdop.deadline]', async () => {
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

  it('is not a limit for a whole ask, but idleMs is one for its silence [cmdop.ask.idle]', async () => {
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

  it('gives a core that stays silent up for a fresh one when nothing else waits for it [cmdop.core.mute]', async () => {
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
      expect(error).toMatchObject({ remoteCode: 'connection', sent: 'maybe', retryable: false, system: 'cmdop' })
    }
    const [one, two] = await Promise.all([client.machines.list(), client.machines.list()])
    expect([one.items.length, two.items.length, simulator.starts]).toEqual([3, 3, 2])
    expect(simulator.ledger.filter(({ link }) => link === 2).length).toBe(2)
    await client.close()
  })

  const prompt = '[[say a]][[pin 1]][[say b]][[confirm p]][[say c]]'
  it.each([1, 2, 3, 4, 5])('after frame %i of an ask leaves what came, then says so [cmdop.ask.killed]', async (count) => {
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

  it('before the first frame of an ask, and while it is answered [cmdop.ask.killed]', async () => {
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

  it('lets a retry repeat what may be repeated, and nothing else [cmdop.core.retry]', async () => {
    const { simulator, client } = setUp({}, { interceptors: [retry({ baseMs: 1, retryable: () => true })] })
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

describe('lost sync', () => {
  const noise: readonly (readonly [string, Uint8Array])[] = [
    ['a line of text', text('2026/06/17 08:00:00 panic: something broke and said so at length\n')],
    ['a length above the limit', Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x7f)],
    ['a length that never ends', new Uint8Array(11).fill(0x80)],
    ['a body that is no message', Uint8Array.of(2, 0x0f, 0)],
    ['a body without a kind', Uint8Array.of(2, 0x08, 1)],
  ]
  it.each(noise)('by %s fails what is pending and brings a fresh core [cmdop.sync.noise]', async (_what, bytes) => {
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

  it('that swallows an answer is found by the deadline of the call [cmdop.sync.stalled]', async () => {
    const clock = createFakeClock()
    const { simulator, client } = setUp({}, { clock, timeoutMs: 10_000, closeGraceMs: 0 })
    await client.machines.list()
    const ask = client.machines.ask(M1, '[[say a]][[hang]]')[Symbol.asyncIterator]()
    await ask.next()
    // 127 bytes are announced and three come: the rest would be taken from the answers.
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

describe('streams', () => {
  it('that nobody reads fail by themselves and hold up no other call [cmdop.ask.slow]', async () => {
    const { client } = setUp()
    const slow = client.machines.ask(M1, '[[say a]][[repeat 5000 x]]', { maxBufferedFrames: 100 })
    const frames = slow[Symbol.asyncIterator]()
    await frames.next()
    expect((await client.machines.list()).items.length).toBe(3)
    expect(await client.machines.ask(M1, 'quick').collect()).toBe('You said: quick')
    const rest = async (): Promise<number> => {
      let count = 1
      for (let step = await frames.next(); !step.done; step = await frames.next()) count += 1
      return count
    }
    await until(() => slow.abandoned)
    expect(await failure(rest())).toMatchObject({ code: 'slow_consumer', sent: 'yes' })
    expect((await client.machines.list()).items.length).toBe(3)
    await client.close()
  })

  it('drop the frames of an ask that was left, until its last one [cmdop.ask.abandoned]', async () => {
    const { simulator, client } = setUp()
    const stream = client.machines.ask(M1, '[[say a]][[hang]]')
    for await (const _frame of stream) break
    const event = { case: 'askFrame', value: { frame: { case: 'event', value: { payloadJson: '1' } } } } as const
    for (let count = 0; count < 1000; count += 1) await simulator.say({ id: 1, kind: Kind.EVENT, payload: event })
    await simulator.say({ id: 1, kind: Kind.DONE, payload: { case: 'done', value: {} } })
    expect((await client.machines.list()).items.length).toBe(3)
    await client.close()
  })

  it('that are closed while they open wait for nothing and leave nothing [cmdop.ask.break]', async () => {
    const simulator = createCmdopCore()
    let letGo = (): void => {}
    const gate = new Promise<void>((resolve) => {
      letGo = resolve
    })
    const { transport } = simulator
    const slow: typeof transport = {
      ...transport,
      async open(launch, given) {
        await gate
        return transport.open(launch, given)
      },
    }
    const client = createCmdop({ transport: slow, closeGraceMs: 50 })
    const stream = client.machines.ask(M1, '[[hang]]')
    const reading = stream[Symbol.asyncIterator]().next()
    await stream.close()
    expect(await reading).toMatchObject({ done: true })
    letGo()
    expect((await client.machines.list()).items.length).toBe(3)
    expect(simulator.ledger.map(({ arm }) => arm)).toEqual(['listMachinesReq'])
    expect(stream.abandoned).toBe(false)
    await client.close()
  })

  it('take the questions as frames and as callbacks, and what has no name as unknown [cmdop.ask.tolerant]', async () => {
    const { simulator, client } = setUp()
    const stream = client.machines.ask(M1, '[[hang]]')
    const frames = stream[Symbol.asyncIterator]()
    const next = frames.next()
    await until(() => simulator.ledger.length === 1)
    const inFrame = <Case extends string, Value>(name: Case, value: Value) =>
      ({ case: 'askFrame', value: { frame: { case: name, value } } }) as const
    await simulator.say({ id: 1, kind: Kind.EVENT, payload: inFrame('pinRequired', { challengeId: 'c', label: 'l' }) })
    await simulator.say({ id: 1, kind: Kind.EVENT, payload: inFrame('confirmRequired', { token: 't', plan: 'p' }) })
    await simulator.say({ id: 1, kind: Kind.EVENT, payload: { case: 'askFrame', value: {} } })
    await simulator.say({ id: 1, kind: Kind.EVENT, payload: inFrame('event', { payloadJson: 'not json' }) })
    await simulator.say({ id: 1, kind: Kind.EVENT, payload: inFrame('event', { payloadJson: '' }) })
    expect((await next).value).toEqual({ type: 'pin_required', challengeId: 'c', label: 'l' })
    expect((await frames.next()).value).toEqual({ type: 'confirm_required', token: 't', plan: 'p', dangerLevel: 'medium' })
    expect((await frames.next()).value).toMatchObject({ type: 'unknown' })
    expect((await frames.next()).value).toEqual({ type: 'event', eventType: 0, payload: 'not json' })
    expect((await frames.next()).value).toEqual({ type: 'event', eventType: 0, payload: undefined })
    await simulator.say({ id: 1, kind: Kind.RESPONSE, payload: { case: 'empty', value: {} } })
    expect(await failure(frames.next())).toMatchObject({ code: 'protocol' })
    await client.close()
  })

  it('answer with the upfront PIN once, and never after it was denied [cmdop.ask.pin-once]', async () => {
    const { simulator, client } = setUp({ version: '1.0.2' })
    const stream = client.machines.ask(M1, '[[pin 9999]]', { pin: '1234' })
    const types: string[] = []
    await failure(
      (async () => {
        for await (const frame of stream) {
          types.push(frame.type + (frame.type === 'pin_required' && frame.answered ? ' answered' : ''))
          if (frame.type === 'pin_required' && !frame.answered) await stream.pin(frame.challengeId, '0')
        }
      })(),
    )
    expect(types.slice(0, 3)).toEqual(['pin_required answered', 'pin_denied', 'pin_required'])
    const pins = simulator.relay.ledger.filter(({ path }) => path.endsWith('/pin')).map(({ body }) => JSON.parse(body).pin)
    expect(pins).toEqual(['1234', '0', '0'])
    await client.close()
  })
})

describe('answers', () => {
  it('for a question that is not open are refused, because a core would apply them to the one that is [cmdop.ask.stale]', async () => {
    const { simulator, client } = setUp()
    const stream = client.machines.ask(M1, '[[confirm first]][[confirm second]][[say done]]')
    const tokens: string[] = []
    for await (const frame of stream) {
      if (frame.type !== 'confirm_required') continue
      tokens.push(frame.token)
      for (const wrong of ['', 'other', ...tokens.slice(0, -1)]) {
        expect(await failure(stream.confirm(wrong, true))).toMatchObject({ code: 'invalid_argument', sent: 'no' })
      }
      expect(await failure(stream.pin(frame.token, '1'))).toMatchObject({ code: 'invalid_argument' })
      await stream.confirm(frame.token, true)
    }
    expect(tokens.length).toBe(2)
    const confirmed = simulator.relay.ledger.filter(({ path }) => path.endsWith('/confirm'))
    expect(confirmed.map(({ body }) => JSON.parse(body).confirm_token)).toEqual(tokens)
    await client.close()
  })
})

describe('closing', () => {
  it('lets calls in flight finish, and refuses new ones [cmdop.close.drain]', async () => {
    const { simulator, client } = setUp({}, { closeGraceMs: 5_000 })
    await client.machines.list()
    simulator.holdAnswers(2)
    const flying = client.machines.list()
    await until(() => simulator.ledger.length === 2)
    const closing = client.close()
    expect(await failure(client.machines.list())).toMatchObject({ code: 'closed', sent: 'no', message: /closed/ })
    await simulator.say({ id: 2, kind: Kind.RESPONSE, payload: { case: 'machineList', value: {} } })
    expect((await flying).items).toEqual([])
    await closing
    expect(simulator.live).toBe(0)
  })

  it('does not wait for ever for an ask, and tells it why it ends [cmdop.close.bounded]', async () => {
    const { simulator, client } = setUp({}, { closeGraceMs: 20 })
    const read = failure(client.machines.ask(M1, '[[say a]][[hang]]').collect())
    await until(() => simulator.ledger.length === 1)
    await client.close()
    expect(await read).toMatchObject({ name: 'ConnectionError', code: 'closed' })
    await until(() => simulator.live === 0)
  })

  it('before the first call starts nothing, and while a core is starting lets none behind [cmdop.close.opening]', async () => {
    const unused = setUp()
    await unused.client.close()
    expect(unused.simulator.starts).toBe(0)
    const { simulator, client } = setUp()
    const call = failure(client.machines.list())
    await client.close()
    expect(await call).toMatchObject({ remoteCode: 'connection', sent: expect.stringMatching(/no|maybe/) })
    await until(() => simulator.live === 0)
  })

  it('is not undone by one caller who gives up while the core starts [cmdop.core.shared]', async () => {
    const { simulator, client } = setUp()
    const abort = new AbortController()
    const gone = failure(client.machines.list({ signal: abort.signal }))
    const stays = client.machines.list()
    abort.abort()
    expect(await gone).toMatchObject({ code: 'aborted', sent: 'no' })
    expect((await stays).items.length).toBe(3)
    expect(simulator.starts).toBe(1)
    await client.close()
  })
})

describe('arguments', () => {
  it('are refused before anything is written where upstream guesses [cmdop.refused]', async () => {
    const { simulator, client } = setUp({}, { fleetId: '' })
    const wrong: readonly Promise<unknown>[] = [
      client.machines.get(''),
      client.machines.get(undefined as unknown as string),
      client.fleets.create({ name: 'n', slug: 's', mfaRequired: 'requird' as 'required' }),
      client.schedules.create({
        name: 'n',
        cronExpr: '* * * * *',
        command: 'x',
        targetKind: 'specific_machine' as 'specific_machines',
        fleetId: 'f',
      }),
      client.schedules.update('s', { machineIds: [], fleetId: 'f' }),
      client.keys.issue({ name: 'k', expiresInDays: 0, fleetId: 'f' }),
      client.keys.list(),
      client.fleets.members.list(),
      client.schedules.list(),
      client.fleets.list({ page: 2 }),
      client.tunnels.open('s', { localPort: 0 }),
      client.skills.get(''),
    ]
    for (const call of wrong) {
      const error = await failure(call)
      expect(error).toBeInstanceOf(ValidationError)
      expect(error).toMatchObject({ code: 'invalid_argument', remoteCode: 'validation', sent: 'no' })
    }
    expect(() => client.machines.ask('', 'x')).toThrow(ValidationError)
    expect(simulator.starts).toBe(0)
    await client.close()
  })

  it('name what to do where a fleet is missing [cmdop.fleet]', async () => {
    const { client } = setUp({}, { fleetId: '' })
    expect(await failure(client.keys.list())).toMatchObject({ message: expect.stringContaining('CMDOP_FLEET_ID') })
  })
})

describe('numbers', () => {
  it('beyond 2^53 are reported, refused, or let pass, as validate says [cmdop.int64]', async () => {
    const events: unknown[] = []
    for (const validate of ['warn', 'strict', 'off'] as const) {
      const { simulator, client } = setUp({}, { validate, onEvent: (event) => events.push(event) })
      await client.machines.list()
      simulator.relay.failNext('GET', 'silent')
      const call = client.machines.spend(M1)
      await until(() => simulator.ledger.length === 2)
      const value = { window: '7d', tokensIn: 2n ** 60n, tokensOut: 5n }
      await simulator.say({ id: 2, kind: Kind.RESPONSE, payload: { case: 'machineSpend', value } })
      if (validate === 'strict') expect(await failure(call)).toMatchObject({ code: 'invalid_message' })
      else expect(await call).toMatchObject({ tokensIn: 2 ** 60, tokensOut: 5 })
      await client.close()
    }
    expect(events).toMatchObject([{ type: 'invalid', op: 'machines.spend', path: 'tokensIn' }])
  })

  it('of enums without a name keep their place [cmdop.enums]', async () => {
    const { simulator, client } = setUp()
    await client.machines.list()
    simulator.relay.failNext('GET', 'silent')
    const call = client.fleets.list()
    await until(() => simulator.ledger.length === 2)
    await simulator.say({
      id: 2,
      kind: Kind.RESPONSE,
      payload: { case: 'fleetList', value: { items: [{ mfaRequired: 9 as never }, {}] } },
    })
    expect((await call).items.map(({ mfaRequired }) => mfaRequired)).toEqual(['unknown:9', 'unspecified'])
    expect(JSON.parse(JSON.stringify(await call)).items.length).toBe(2)
    await client.close()
  })
})
