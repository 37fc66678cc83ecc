/** Asks over REST: what happens to the requests behind them. */
import { describe, expect, it } from 'vitest'
import { ConnectionError, createCmdop } from '../../src/cmdop/index.js'
import { cmdopRest } from '../../src/cmdop/rest.js'
import { raceSignal } from '../../src/core/scope.js'
import type { ExchangeTransport } from '../../src/index.js'
import { createCmdopRelay, relayExchange } from '../../src/testing/index.js'
import { failure, M1, until } from './set-up.js'

/** A client of a relay, with the signals of its asks, and a relay that answers PINs only when it is let. */
function setUp({ deaf = false } = {}) {
  const relay = createCmdopRelay()
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
  it('may end before its PIN is answered, which is no failure of the PIN [cmdop.rest.pin-late]', async () => {
    const { client } = setUp()
    const stream = client.machines.ask(M1, '[[pin 1]][[say in]]')
    let given: Promise<void> | undefined
    for await (const frame of stream) if (frame.type === 'pin_required') given = stream.pin(frame.challengeId, '1')
    expect(stream.done?.success).toBe(true)
    await given
    await client.close()
  })

  it('that breaks tells an answer under way why, and not that its caller gave up [cmdop.rest.pin-late]', async () => {
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
    // The bodies too are let go, by whoever read them.
    await until(() => relay.asks.open === 0)
  })

  it('lets go of its request at its end [cmdop.rest.dropped]', async () => {
    const { client, asks, answerPins } = setUp()
    answerPins()
    const prompt = '[[pin 1]][[say a]][[confirm p]][[say b]]'
    expect(await client.machines.ask(M1, prompt).collect({ onPin: () => '1', onConfirm: () => true })).toBe('ab')
    expect(asks.map(({ aborted }) => aborted)).toEqual([true])
    await client.close()
  })
})
