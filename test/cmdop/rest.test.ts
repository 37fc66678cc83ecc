/** Asks over REST: what happens to the requests behind them. */
import { describe, expect, it } from 'vitest'
import { ConnectionError, createCmdop } from '../../src/cmdop/index.js'
import { cmdopRest } from '../../src/cmdop/rest.js'
import { raceSignal } from '../../src/core/deadline.js'
import { SignalboxError, type ExchangeTransport, type Sent } from '../../src/index.js'
import { createCmdopRelaySimulator, createFakeClock, relayExchange } from '../../src/testing/index.js'
import { failure, M1, until } from './set-up.js'

/** A client of a relay, with the signals of its asks, and a relay that answers PINs only when it is let. */
function setUp({ deaf = false } = {}) {
  const relay = createCmdopRelaySimulator()
  const inner = relayExchange(relay)
  const asks: AbortSignal[] = []
  let answerPins = (): void => {}
  const mayAnswer = new Promise<void>((resolve) => {
    answerPins = resolve
  })
  const transport: ExchangeTransport = {
    ...inner,
    async exchange(request, options = {}) {
      const { signal } = options
      if (signal && request.path.endsWith('/ask')) asks.push(signal)
      // A transport that forgets its signal once it has the head of the answer.
      const reply = await inner.exchange(request, deaf ? {} : options)
      if (signal && request.path.endsWith('/pin')) await raceSignal(mayAnswer, signal)
      return reply
    },
  }
  return { client: createCmdop({ transport: cmdopRest(transport) }), relay, asks, answerPins }
}

describe('an ask over REST', () => {
  it('can end before its PIN is answered, which is not a failure of the PIN [cmdop.rest.pin-late]', async () => {
    const { client } = setUp()
    const stream = client.machines.ask(M1, '[[pin 1]][[say in]]')
    let given: Promise<void> | undefined
    for await (const frame of stream) if (frame.type === 'pin_required') given = stream.pin(frame.challengeId, '1')
    expect(stream.done?.success).toBe(true)
    await given
    await client.close()
  })

  it('that breaks fails a pending answer with the reason, and not with an abort [cmdop.rest.pin-late]', async () => {
    const { client } = setUp()
    const stream = client.machines.ask(M1, '[[pin 1]][[cut]]')
    let given: Promise<unknown> | undefined
    const read = async (): Promise<void> => {
      for await (const frame of stream) if (frame.type === 'pin_required') given = failure(stream.pin(frame.challengeId, '1'))
    }
    const error = await failure(read())
    expect(error).toBeInstanceOf(ConnectionError)
    expect(await given).toMatchObject({ code: 'closed', message: error.message })
    await client.close()
  })

  it('accepts a PIN again if it was not sent, and not if it may have arrived [cmdop.rest.pin-again]', async () => {
    const relay = createCmdopRelaySimulator()
    const inner = relayExchange(relay)
    const faults: Sent[] = ['no', 'maybe']
    const transport: ExchangeTransport = {
      ...inner,
      async exchange(request, options) {
        const sent = request.path.endsWith('/pin') ? faults.shift() : undefined
        if (sent) throw new SignalboxError({ code: 'unreachable', message: 'The network is away.', sent })
        return inner.exchange(request, options)
      },
    }
    const client = createCmdop({ transport: cmdopRest(transport) })
    const stream = client.machines.ask(M1, '[[pin 1]][[say in]]')
    for await (const frame of stream) {
      if (frame.type !== 'pin_required') continue
      expect(await failure(stream.pin(frame.challengeId, '1'))).toMatchObject({ code: 'unreachable', sent: 'no' })
      expect(await failure(stream.pin(frame.challengeId, '1'))).toMatchObject({ code: 'unreachable', sent: 'maybe' })
      expect(await failure(stream.pin(frame.challengeId, '1'))).toMatchObject({ code: 'invalid_argument' })
      break
    }
    await client.close()
  })

  it('whose PIN from the options cannot be sent fails with the reason, because no other code would answer the question [cmdop.rest.pin-lost]', async () => {
    const inner = relayExchange(createCmdopRelaySimulator())
    const transport: ExchangeTransport = {
      ...inner,
      async exchange(request, options) {
        if (request.path.endsWith('/pin'))
          throw new SignalboxError({ code: 'unreachable', message: 'The network is away.', sent: 'no' })
        // A proxy that is older than the `pin` option would drop it.
        const { pin: _, ...body } = JSON.parse(String(request.body)) as { readonly pin?: string }
        return inner.exchange({ ...request, body: JSON.stringify(body) }, options)
      },
    }
    const client = createCmdop({ transport: cmdopRest(transport) })
    const asked = client.machines.ask(M1, '[[pin 1]][[say in]]', { pin: '1' })
    expect(await failure(asked.collect())).toMatchObject({ code: 'unreachable', sent: 'yes' })
    await client.close()
  })

  it.each([false, true])('is dropped when it is left, and when the client closes [cmdop.rest.dropped]', async (deaf) => {
    const { client, relay, asks } = setUp({ deaf })
    for await (const _frame of client.machines.ask(M1, '[[say a]][[hang]]')) break
    expect(asks.map(({ aborted }) => aborted)).toEqual([true])
    const open = failure(client.machines.ask(M1, '[[say a]][[hang]]').collect())
    await until(() => asks.length === 2)
    expect(asks[1]?.aborted).toBe(false)
    await client.close()
    expect(await open).toMatchObject({ code: 'closed', sent: 'yes' })
    expect(asks[1]?.aborted).toBe(true)
    // The readers release the bodies too.
    await until(() => relay.asks.open === 0)
  })

  it('releases its request at its end [cmdop.rest.dropped]', async () => {
    const { client, asks, answerPins } = setUp()
    answerPins()
    const prompt = '[[pin 1]][[say a]][[confirm p]][[say b]]'
    expect(await client.machines.ask(M1, prompt).collect({ onPin: () => '1', onConfirm: () => true })).toBe('ab')
    expect(asks.map(({ aborted }) => aborted)).toEqual([true])
    await client.close()
  })

  it('ends in bounded time if the relay does not accept the refusal of its plan', async () => {
    const clock = createFakeClock()
    const inner = relayExchange(createCmdopRelaySimulator())
    const refusals: AbortSignal[] = []
    const transport: ExchangeTransport = {
      ...inner,
      async exchange(request, options = {}) {
        if (!request.path.endsWith('/confirm') || !options.signal) return inner.exchange(request, options)
        refusals.push(options.signal)
        return new Promise<never>(() => {})
      },
    }
    const client = createCmdop({ transport: cmdopRest(transport), clock })
    const stream = client.machines.ask(M1, '[[confirm p]][[say a]]')
    const read = async (): Promise<void> => {
      for await (const frame of stream) if (frame.type === 'confirm_required') break
    }
    const left = read()
    await until(() => refusals.length === 1)
    await clock.advance(1_000)
    await left
    expect([stream.abandoned, refusals[0]?.aborted, clock.timers]).toEqual([true, true, 0])
    await client.close()
  })
})

describe('closing a client over REST', () => {
  /** A relay that answers when it is let, and forgets its signals. */
  function slow(closeGraceMs: number) {
    const clock = createFakeClock()
    const inner = relayExchange(createCmdopRelaySimulator())
    const signals: (AbortSignal | undefined)[] = []
    let answer = (): void => {}
    const mayAnswer = new Promise<void>((resolve) => {
      answer = resolve
    })
    const transport: ExchangeTransport = {
      ...inner,
      async exchange(request, { signal } = {}) {
        signals.push(signal)
        await mayAnswer
        return inner.exchange(request)
      },
    }
    return { client: createCmdop({ transport: cmdopRest(transport), clock, closeGraceMs }), clock, signals, answer }
  }

  it('lets calls in flight finish, and refuses new ones', async () => {
    const { client, clock, signals, answer } = slow(5_000)
    const flying = client.machines.list()
    await until(() => signals.length === 1)
    let over = false
    const closing = client.close().then(() => {
      over = true
    })
    expect(await failure(client.machines.list())).toMatchObject({ code: 'closed', sent: 'no' })
    expect([over, signals[0]?.aborted]).toEqual([false, false])
    answer()
    expect((await flying).items.length).toBeGreaterThan(0)
    await closing
    expect([signals.length, clock.timers]).toEqual([1, 0])
  })

  it.each([0, 5_000])('ends a call that is not answered within %i ms', async (closeGraceMs) => {
    const { client, clock, signals } = slow(closeGraceMs)
    const flying = failure(client.machines.list())
    await until(() => signals.length === 1)
    const closing = client.close()
    await clock.advance(closeGraceMs)
    await closing
    expect(await flying).toMatchObject({ name: 'ConnectionError', code: 'closed', op: 'machines.list', sent: 'maybe' })
    expect([signals[0]?.aborted, clock.timers]).toEqual([true, 0])
  })

  it('does not wait for an aborted call', async () => {
    const { client, clock, signals } = slow(5_000)
    const abort = new AbortController()
    const given = failure(client.machines.list({ signal: abort.signal }))
    await until(() => signals.length === 1)
    abort.abort()
    expect(await given).toMatchObject({ code: 'aborted', sent: 'maybe' })
    await client.close()
    expect(clock.timers).toBe(0)
  })
})
