/** The streams of asks, closing, and what is refused before it is written. */
import { describe, expect, it } from 'vitest'
import { ValidationError, createCmdop } from '../../src/cmdop/index.js'
import { Kind } from '../../src/cmdop/envelope.js'
import type { SignalboxError } from '../../src/index.js'
import { createCmdopCoreSimulator } from '../../src/testing/index.js'
import { failure, M1, setUp, until } from './set-up.js'

describe('streams', () => {
  it('without a reader fail alone and delay no other call [cmdop.ask.slow]', async () => {
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

  it('are bounded by bytes too [cmdop.ask.slow]', async () => {
    const { client } = setUp()
    const stream = client.machines.ask(M1, `[[say a]][[repeat 50 ${'x'.repeat(100)}]][[hang]]`, { maxBufferedBytes: 2_000 })
    const frames = stream[Symbol.asyncIterator]()
    await frames.next()
    await until(() => stream.abandoned)
    const rest = async (): Promise<void> => {
      while (!(await frames.next()).done);
    }
    expect(await failure(rest())).toMatchObject({ code: 'slow_consumer', message: expect.stringContaining('maxBufferedBytes') })
    await client.close()
  })

  it('that end with a last frame without a body did not succeed [cmdop.ask.tolerant]', async () => {
    const { simulator, client } = setUp()
    const stream = client.machines.ask(M1, '[[hang]]')
    const collected = stream.collect()
    await until(() => simulator.ledger.length === 1)
    await simulator.say({ id: 1, kind: Kind.DONE })
    expect(await collected).toBe('')
    expect(stream.done).toEqual({ type: 'done', success: false, text: '', error: '', durationMs: 0 })
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

  it('that are closed while they open end at once and leave nothing open [cmdop.ask.break]', async () => {
    const simulator = createCmdopCoreSimulator()
    let openGate = (): void => {}
    const gate = new Promise<void>((resolve) => {
      openGate = resolve
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
    openGate()
    expect((await client.machines.list()).items.length).toBe(3)
    expect(simulator.ledger.map(({ arm }) => arm)).toEqual(['listMachinesReq'])
    expect(stream.abandoned).toBe(false)
    await client.close()
  })

  it.each([
    ['closed', 0],
    ['closed', 1],
    ['aborted', 0],
  ] as const)('are abandoned if their request is sent while they are being %s [cmdop.ask.late]', async (how, turns) => {
    const simulator = createCmdopCoreSimulator()
    let respond = (): void => {}
    const gate = new Promise<void>((resolve) => {
      respond = resolve
    })
    const { transport } = simulator
    let writing = false
    const slow: typeof transport = {
      ...transport,
      async open(launch, given) {
        const link = await transport.open(launch, given)
        const write = async (bytes: Uint8Array): Promise<void> => {
          writing = true
          await gate
          await link.write(bytes)
        }
        return { ...link, write }
      },
    }
    // Long, so that a stream that was not released would delay the end.
    const client = createCmdop({ transport: slow, closeGraceMs: 120_000 })
    const abort = new AbortController()
    const stream = client.machines.ask(M1, '[[say a]][[hang]]', { signal: abort.signal })
    const read = async (): Promise<string> => {
      for await (const _frame of stream);
      return 'ended'
    }
    const reading = read().catch((error: unknown) => (error as SignalboxError).code)
    await until(() => writing)
    const closing = how === 'closed' ? stream.close() : abort.abort()
    // In the same turn the open still succeeds; later it has been aborted.
    for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setTimeout(resolve, 5))
    respond()
    await closing
    expect(await reading).toBe(how === 'closed' ? 'ended' : 'aborted')
    await until(() => simulator.ledger.length === 1)
    expect(stream.abandoned).toBe(turns === 0)
    expect((await client.machines.list()).items.length).toBe(3)
    await client.close()
  })

  it('give batches and end with their `using` block, and an interrupted collect() fails [cmdop.ask.batches]', async () => {
    const { simulator, client } = setUp()
    const words: string[] = []
    let left: { readonly abandoned: boolean } | undefined
    {
      await using stream = client.machines.ask(M1, '[[say a]][[say b]][[say c]][[hang]]')
      left = stream
      expect(stream.cursor).toBeUndefined()
      for await (const batch of stream.batches()) {
        for (const frame of batch) if (frame.type === 'event') words.push((frame.payload as { delta: string }).delta)
        if (words.length === 3) break
      }
    }
    expect([words, left.abandoned]).toEqual([['a', 'b', 'c'], true])
    const stream = client.machines.ask(M1, '[[say a]][[hang]]')
    const collected = failure(stream.collect())
    await until(() => simulator.ledger.length === 2)
    await stream.close()
    expect(await collected).toMatchObject({ code: 'aborted' })
    await client.close()
  })

  it('give questions as frames and as callbacks, and frames without a name as unknown [cmdop.ask.tolerant]', async () => {
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

  it('answer with the PIN from the options once, and never after it was denied [cmdop.ask.pin-once]', async () => {
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
  it('for a question that is not open are refused, because a core would apply them to the open question [cmdop.ask.stale]', async () => {
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

  it('waits a bounded time for an ask, and ends it with the reason [cmdop.close.bounded]', async () => {
    const { simulator, client } = setUp({}, { closeGraceMs: 20 })
    const read = failure(client.machines.ask(M1, '[[say a]][[hang]]').collect())
    await until(() => simulator.ledger.length === 1)
    await client.close()
    expect(await read).toMatchObject({ name: 'ConnectionError', code: 'closed' })
    await until(() => simulator.live === 0)
  })

  it('before the first call starts no core, and while a core starts leaves none [cmdop.close.opening]', async () => {
    const unused = setUp()
    await unused.client.close()
    expect(unused.simulator.starts).toBe(0)
    const { simulator, client } = setUp()
    const call = failure(client.machines.list())
    await client.close()
    expect(await call).toMatchObject({ remoteCode: 'connection', sent: expect.stringMatching(/no|maybe/) })
    await until(() => simulator.live === 0)
  })

  it('succeeds for the other callers when one caller aborts while the core starts [cmdop.core.shared]', async () => {
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
  it('are refused before anything is written where the published SDKs guess [cmdop.refused]', async () => {
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

  it('without a fleet give an error that says what to do [cmdop.fleet]', async () => {
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

  it('of enums without a name stay numbers [cmdop.enums]', async () => {
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
