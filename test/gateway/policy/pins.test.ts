/** PINs of CMDOP: a PIN needs `approve` in every position, and after several wrong PINs the next one must wait. */
import { create, toBinary } from '@bufbuild/protobuf'
import { afterEach, describe, expect, test } from 'vitest'
import { encodeFrame, frameDecoder } from '../../../src/core/codec/frames.js'
import { Envelope_Kind as Kind, EnvelopeSchema } from '../../../src/cmdop/gen/cmdop/core/v1/envelope_pb.js'
import { createFailureLimiter } from '../../../src/gateway/failure-limiter.js'
import type { ExchangeUpstream, Scope, StreamUpstream, Verdict } from '../../../src/gateway/index.js'
import { cmdopHttpPolicy, cmdopPolicy } from '../../../src/gateway/policy/index.js'
import { createFakeClock, memoryServer } from '../../../src/testing/index.js'
import { nodeWebSocket, serveGateway, type ServedGateway } from '../../../transports/node/index.js'
import { gateway } from '../../../transports/web/index.js'

type Payload = Parameters<typeof create<typeof EnvelopeSchema>>[1]
const envelope = (kind: Kind, payload: Payload): Uint8Array =>
  toBinary(EnvelopeSchema, create(EnvelopeSchema, { ...payload, id: 7, kind }))
const ask = (pin?: string): Uint8Array =>
  envelope(Kind.REQUEST, {
    payload: { case: 'askReq', value: { machineId: 'm', prompt: 'p', ...(pin === undefined ? {} : { pin }) } },
  })
const needs = (verdicts: Verdict | readonly Verdict[]): string[] => [verdicts].flat().map((verdict) => verdict.needs)
const body = (text: string): Uint8Array => new TextEncoder().encode(text)

let served: ServedGateway | undefined
afterEach(async () => {
  await served?.close()
  served = undefined
})

describe('a PIN needs approve [gateway.policy.pin]', () => {
  test('a PIN in the request of an ask on a core, also an empty PIN', () => {
    expect(needs(cmdopPolicy.classify(ask()))).toEqual(['send'])
    expect(needs(cmdopPolicy.classify(ask('1234')))).toEqual(['send', 'approve'])
    expect(needs(cmdopPolicy.classify(ask('')))).toEqual(['send', 'approve'])
  })

  test('a PIN in the body of an ask on REST, with any spelling of its key', () => {
    const path = '/api/admin/machines/m/ask'
    expect(needs(cmdopHttpPolicy.classify('POST', path, body('{"prompt":"p"}')))).toEqual(['send'])
    for (const text of ['{"pin":"1"}', '{"PIN":"1"}', '{"\\u0070in":1}', '{"prompt":"p","pin":null}', '{"pin":1,"pin":2}']) {
      expect(needs(cmdopHttpPolicy.classify('POST', path, body(text))), text).toEqual(['send', 'approve'])
    }
    for (const text of ['', 'pin=1', '[{"pin":1}]', '{"pin":1']) {
      expect(() => cmdopHttpPolicy.classify('POST', path, body(text)), text).toThrow(/JSON/)
    }
    expect(cmdopHttpPolicy.classify('POST', '/api/admin/machines/m/pin', body('{}'))).toMatchObject({
      needs: 'approve',
      carriesPin: true,
    })
  })
})

describe('wrong PINs [gateway.policy.wrong-pins]', () => {
  test('the first few wrong PINs cause no wait, each later one doubles the wait, and a long pause resets the count', async () => {
    const clock = createFakeClock()
    const limiter = createFailureLimiter({ free: 2, holdMs: 100, maxHoldMs: 1_000, clock })
    limiter.fail('a')
    expect(limiter.waitMs('a')).toBe(0)
    limiter.fail('a')
    expect(limiter.waitMs('a')).toBe(100)
    expect(limiter.waitMs('b')).toBe(0)
    await clock.advance(100)
    expect(limiter.waitMs('a')).toBe(0)
    limiter.fail('a')
    expect(limiter.waitMs('a')).toBe(200)
    for (let count = 0; count < 50; count += 1) limiter.fail('a')
    expect(limiter.waitMs('a')).toBe(1_000)
    await clock.advance(1_001)
    limiter.fail('a')
    expect(limiter.waitMs('a')).toBe(0)
  })

  test('on a core, a PIN is refused once the machine has denied five', async () => {
    const server = memoryServer()
    let asked = 0
    void (async () => {
      for await (const link of server.accept()) {
        void (async () => {
          const decoder = frameDecoder()
          for (let chunk = await link.read(); chunk !== null; chunk = await link.read()) {
            for (const _ of decoder.push(chunk)) {
              asked += 1
              const frame = envelope(Kind.EVENT, {
                payload: {
                  case: 'askFrame',
                  value: { frame: { case: 'pinDenied', value: { challengeId: 'c', reason: 'wrong' } } },
                },
              })
              await link.write(encodeFrame(frame))
            }
          }
        })().catch(() => {})
      }
    })()
    const upstream: StreamUpstream = { kind: 'stream', system: 'cmdop', transport: server.transport, policy: cmdopPolicy }
    served = await serveGateway({ scopes: ['send', 'approve'], upstreams: { cmdop: upstream } })
    const link = await gateway(served.url, { token: served.token, webSocket: await nodeWebSocket() })
      .cmdop()
      .open()
    const answers = frameDecoder()
    const answer = async (): Promise<Uint8Array> => {
      for (;;) {
        const chunk = await link.read()
        if (chunk === null) throw new Error('the link ended')
        const [message] = answers.push(chunk)
        if (message) return message
      }
    }
    for (let count = 0; count < 5; count += 1) {
      await link.write(encodeFrame(ask(`${count}`)))
      await answer()
    }
    await link.write(encodeFrame(ask('5')))
    expect(new TextDecoder().decode(await answer())).toContain('Too many wrong PINs')
    expect(asked).toBe(5)
    // Without a PIN the link continues.
    await link.write(encodeFrame(ask()))
    await answer()
    expect(asked).toBe(6)
    await link.close()
    await server[Symbol.asyncDispose]()
  })

  test.each([
    ['by its status', { status: 403, text: '{}' }],
    ['by an event of the stream', { status: 200, text: 'data: {"type":"pin_denied","reason":"wrong"}\n\n' }],
  ])('on REST, wrong PINs are counted when the relay reports them %s', async (_how, { status, text }) => {
    let asked = 0
    const upstream: ExchangeUpstream = {
      kind: 'exchange',
      system: 'cmdop-relay',
      policy: cmdopHttpPolicy,
      transport: {
        kind: 'exchange',
        name: 'relay',
        exchange: async () => {
          asked += 1
          return { status, headers: {}, body: new Response(text).body as never }
        },
      },
    }
    const scopes: Scope[] = ['send', 'approve']
    served = await serveGateway({ scopes, upstreams: { relay: upstream } })
    const relay = gateway(served.url, { token: served.token }).exchange('relay')
    const tryPin = async () => {
      const path = '/api/admin/machines/m/pin'
      const reply = await relay.exchange({
        method: 'POST',
        path,
        headers: { 'content-type': 'application/json' },
        body: '{"pin":"1"}',
      })
      await new Response(reply.body as BodyInit | null).text()
    }
    for (let count = 0; count < 5; count += 1) await tryPin()
    await expect(tryPin()).rejects.toMatchObject({ remoteCode: 'too_many' })
    expect(asked).toBe(5)
  })
})
