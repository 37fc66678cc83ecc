/** REST over a real fetch, answered by the MSW handlers. */
import { setupServer } from 'msw/node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createCmdop } from '../../src/cmdop/index.js'
import { cmdopRest } from '../../src/cmdop/rest.js'
import { createCmdopRelaySimulator, simulatedId } from '../../src/testing/index.js'
import { cmdopHandlers } from '../../src/testing/msw/cmdop.js'
import { fetchExchange } from '../../transports/web/index.js'

const relay = createCmdopRelaySimulator({ token: 't', apiKey: 'k' })
const server = setupServer(...cmdopHandlers({ relay }))
beforeAll(() => server.listen({ onUnhandledRequest: 'error' }))
afterAll(() => server.close())

const transport = cmdopRest({
  relay: fetchExchange({ baseUrl: 'https://cloud.cmdop.com' }),
  platform: fetchExchange({ baseUrl: 'https://api.cmdop.com' }),
})
const M1 = simulatedId(1, 1)

describe('REST over fetch', () => {
  it('reaches both planes, each with its own credential [cmdop.rest.planes]', async () => {
    await using client = createCmdop({ transport, token: 't', apiKey: 'k' })
    expect((await client.machines.list()).items.length).toBe(3)
    expect((await client.skills.my()).count).toBe(3)
    expect(client.capabilities.plane).toBe('rest')
    const [machines, skills] = relay.ledger
    expect([machines?.headers.authorization, machines?.headers['x-api-key']]).toEqual(['Bearer t', undefined])
    expect([skills?.headers.authorization, skills?.headers['x-api-key']]).toEqual([undefined, 'k'])
  })

  it('streams an ask with its questions [cmdop.rest.ask]', async () => {
    await using client = createCmdop({ transport, token: 't' })
    const stream = client.machines.ask(M1, '[[pin 7]][[say a]][[confirm p]][[say b]]')
    expect(await stream.collect({ onPin: () => '7', onConfirm: () => true })).toBe('ab')
    const unfinished = client.machines.ask(M1, '[[say a]][[end]]').collect()
    // The core would report a success without text; here the client reports the real result.
    await expect(unfinished).rejects.toMatchObject({ code: 'protocol', sent: 'yes' })
  })

  it('gives errors the status, the code and the time to wait [cmdop.rest.errors]', async () => {
    await using client = createCmdop({ transport, token: 't' })
    relay.failNext('GET', { status: 429, json: { detail: 'slow down' }, headers: { 'retry-after': '7' } })
    await expect(client.machines.list()).rejects.toMatchObject({
      name: 'RateLimitError',
      status: 429,
      retryAfterMs: 7_000,
      message: expect.stringContaining('slow down'),
    })
    relay.failNext('GET', { status: 422, json: { detail: [{ loc: ['query'], msg: 'bad' }] } })
    await expect(client.machines.list()).rejects.toMatchObject({ name: 'ValidationError', status: 422 })
    await expect(client.skills.my()).rejects.toMatchObject({ name: 'AuthError', status: 401 })
    relay.failNext('GET', 'reset')
    await expect(client.machines.list()).rejects.toMatchObject({ name: 'ConnectionError', remoteCode: expect.any(String) })
    relay.failNext('GET', 'silent')
    await expect(client.machines.list({ timeoutMs: 20 })).rejects.toMatchObject({ name: 'TimeoutError', sent: 'maybe' })
  })

  it('names the plane without a transport [cmdop.rest.missing]', async () => {
    await using client = createCmdop({ transport: cmdopRest({ relay: fetchExchange({ baseUrl: 'https://cloud.cmdop.com' }) }) })
    await expect(client.skills.tags()).rejects.toMatchObject({
      code: 'unsupported',
      sent: 'no',
      message: expect.stringMatching(/platform/),
    })
  })
})
