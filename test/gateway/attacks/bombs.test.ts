/** Small messages with a high processing cost: nested JSON, many small values, many bytes. */
import { afterEach, describe, expect, test } from 'vitest'
import { exceededJsonLimit } from '../../../src/core/json-limits.js'
import { createByteRates } from '../../../src/gateway/byte-rate.js'
import { createFakeClock } from '../../../src/testing/index.js'
import { nodeWebSocket } from '../../../transports/node/index.js'
import { gateway } from '../../../transports/web/index.js'
import { arena, bearer, frame, hungUp, memoryNow, raw, requestText, send, upgraded, until, type Arena } from './harness.js'

let at: Arena | undefined
afterEach(async () => {
  await at?.[Symbol.asyncDispose]()
  at = undefined
})
const MEBIBYTE = 1024 * 1024
const json = { 'Content-Type': 'application/json' }
const post = ({ served }: Arena, body: string, token = served.token) =>
  send(served, { method: 'POST', target: '/v1/ccc/call', headers: { Authorization: `Bearer ${token}`, ...json }, body })

const nested = (bytes: number): string => `{"cmd":"ping","x":${'['.repeat(bytes / 2)}${']'.repeat(bytes / 2)}}`
const wide = (bytes: number): string => `{"cmd":"ping","x":[${'0,'.repeat(bytes / 2)}0]}`
const objects = (bytes: number): string => `{"cmd":"ping","x":[${'{},'.repeat(bytes / 3)}0]}`

describe('JSON within its limits [gateway.attack.json-bombs]', () => {
  test('depth and values are counted before parsing, and nothing inside a string counts', () => {
    const limits = { maxDepth: 3, maxNodes: 5 }
    expect(exceededJsonLimit('[[[]]]', limits)).toBeUndefined()
    expect(exceededJsonLimit('[[[[]]]]', limits)).toBe('maxDepth')
    expect(exceededJsonLimit('[1,2,3,4]', limits)).toBeUndefined()
    expect(exceededJsonLimit('[1,2,3,4,5,6]', limits)).toBe('maxNodes')
    for (const text of ['"[[[[[["', '"\\"[[[[["', '"\\\\\\"[[[[["', '{"a,,,,,,,":"b,,,,,,,"}', '"[[[[[[', '"\\']) {
      expect(exceededJsonLimit(text, limits), text).toBeUndefined()
    }
    expect(exceededJsonLimit('"\\\\"[[[[', limits)).toBe('maxDepth')
    expect(exceededJsonLimit('[][][][][][]', limits)).toBe('maxNodes')
  })

  test('a body that is nested too deep, or holds too many values, is refused with the limit to raise', async () => {
    at = await arena()
    for (const [body, limit] of [
      [nested(10_000), 'maxJsonDepth'],
      [wide(500_000), 'maxJsonNodes'],
      [objects(500_000), 'maxJsonNodes'],
    ] as const) {
      const reply = await post(at, body)
      expect(reply).toMatchObject({ status: 413, code: 'too_large' })
      expect(reply.body).toContain(`limits.${limit}`)
    }
    expect(at.reached).toEqual([])
    await at.checkHealthy()
  })

  test('the first frame of a link has its own limits, before the client is authenticated', async () => {
    // So long that the time for the first frame ends no link here.
    at = await arena({ limits: { openTimeoutMs: 600_000 } })
    for (const launch of [`${'['.repeat(1000)}${']'.repeat(1000)}`, `[${'0,'.repeat(20_000)}0]`]) {
      const socket = await upgraded(at.served)
      let got = ''
      socket.on('data', (chunk: Buffer) => {
        got += chunk.toString('latin1')
      })
      socket.write(frame(1, Buffer.from(`{"type":"open","window":262144,"credential":"x","launch":${launch}}`)))
      await hungUp(socket)
      expect(got).toContain('too many values')
    }
    const socket = await upgraded(at.served)
    const closing = new Promise<Buffer>((resolve) => void socket.once('data', resolve))
    socket.write(frame(1, Buffer.alloc(1000), { claim: 400_000 }))
    // A close frame with the code 1009, message too big.
    expect((await closing).subarray(2, 4)).toEqual(Buffer.from([0x03, 0xf1]))
    await hungUp(socket)
    await at.checkHealthy()
  })

  test('the default limit of a message is 1 MiB, and an upstream may have another', async () => {
    at = await arena()
    const large = JSON.stringify({ cmd: 'ping', x: 'x'.repeat(2 * MEBIBYTE) })
    expect(await post(at, large)).toMatchObject({ status: 413, code: 'too_large' })
    await at[Symbol.asyncDispose]()
    const first = at.served.gateway
    expect(first.limits.maxMessageBytes).toBe(MEBIBYTE)
    at = await arena({ limits: { maxMessageBytes: 3 * MEBIBYTE } })
    expect((await post(at, large)).status).toBe(200)
  })

  test('24 parallel JSON bombs neither use memory nor reach the upstream, and the owner is served between them', async () => {
    at = await arena()
    const { token } = await at.served.gateway.credentials.issueToken({ scopes: ['observe'] })
    const bodies = [nested, wide, objects].map((make) => make(MEBIBYTE - 4_096))
    const before = memoryNow()
    const attack = Array.from({ length: 24 }, (_, index) => post(at as Arena, bodies[index % 3] as string, token))
    await at.checkHealthy()
    const replies = await Promise.all(attack)
    expect(replies.filter(({ status }) => status !== 413)).toEqual([])
    expect(memoryNow() - before).toBeLessThan(64 * MEBIBYTE)
    expect(at.reached).toEqual([])
  })
})

describe('bytes of one credential [gateway.attack.byte-rate]', () => {
  test('above a burst the sender waits for the time of its excess; other senders do not wait', async () => {
    const clock = createFakeClock()
    const rates = createByteRates(1_000, clock)
    const { signal } = new AbortController()
    expect(rates.spend('a', 2_000, signal)).toBeUndefined()
    const waiting = rates.spend('a', 500, signal)
    expect(rates.spend('b', 2_000, signal)).toBeUndefined()
    let went = false
    void waiting?.then(() => {
      went = true
    })
    await clock.advance(499)
    expect(went).toBe(false)
    await clock.advance(1)
    await waiting
    expect(went).toBe(true)
  })

  test('a body that is sent too fast is read with a delay, and answered', async () => {
    const clock = createFakeClock()
    at = await arena({ limits: { maxBytesPerSecond: 20_000 }, clock })
    const { served } = at
    const body = JSON.stringify({ cmd: 'ping', x: 'x'.repeat(60_000) })
    let answered = false
    const reply = raw(
      served.port,
      requestText(served, { method: 'POST', target: '/v1/ccc/call', headers: { ...bearer(served), ...json }, body }),
    ).finally(() => {
      answered = true
    })
    await until(() => served.gateway.inUse.calls === 1, 'the call waits')
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(answered).toBe(false)
    await until(async () => {
      await clock.advance(500)
      return answered
    }, 'the call is answered')
    expect((await reply).status).toBe(200)
  })

  test('small messages on a link count 512 bytes each, and the link is read with a delay', async () => {
    const clock = createFakeClock()
    const answer = new TextEncoder().encode('{"ok":true}\n')
    at = await arena({ limits: { maxBytesPerSecond: 20_000 }, clock, respond: (_request, write) => write(answer) })
    const { served, reached } = at
    const link = await gateway(served.url, { token: served.token, webSocket: await nodeWebSocket() })
      .ccc('ccc', 'link')
      .open()
    const reading = (async () => {
      while ((await link.read()) !== null);
    })().catch(() => {})
    const line = new TextEncoder().encode('{"cmd":"history","session":"x"}\n')
    for (let count = 0; count < 200; count += 1) await link.write(line)
    // The burst of two seconds allows 78 messages of 512 bytes.
    await until(() => reached.length >= 78, 'the burst')
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(reached.length).toBeLessThan(100)
    await until(async () => {
      await clock.advance(500)
      return reached.length === 200
    }, 'the rest')
    await link.close()
    await reading
  })
})
