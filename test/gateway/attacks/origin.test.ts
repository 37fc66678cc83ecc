/** Requests that a browser would send for pages of other sites, with and without a preflight. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { arena, bearer, send, UPGRADE, type Arena } from './harness.js'

const FRIEND = 'https://friend.example'
let at: Arena
beforeAll(async () => {
  at = await arena({ allowedOrigins: [FRIEND], scopes: ['observe', 'send'] })
})
afterAll(() => at[Symbol.asyncDispose]())

const call = { method: 'POST', target: '/v1/ccc/call', body: '{"cmd":"send","session":"x","text":"pwned"}' } as const
const json = { 'Content-Type': 'application/json' }

describe('pages of other origins [gateway.attack.origin]', () => {
  test.each([
    'https://evil.example',
    'null',
    'http://127.0.0.1',
    'https://friend.example.evil.example',
    'https://FRIEND.example',
    'file://',
  ])('%s is refused on HTTP and WebSocket, with any credential', async (Origin) => {
    const headers = { ...bearer(at.served), ...json, Origin }
    expect(await send(at.served, { ...call, headers })).toMatchObject({ status: 403, code: 'origin_not_allowed' })
    expect(await send(at.served, { headers })).toMatchObject({ status: 403 })
    const link = await send(at.served, { target: '/v1/ccc/link', headers: { ...UPGRADE, Origin } })
    expect(link).toMatchObject({ status: 403, code: 'origin_not_allowed' })
    expect(at.reached).toEqual([])
  })

  test('a refusal names no origin that may read it', async () => {
    const reply = await send(at.served, { ...call, headers: { ...json, Origin: 'https://evil.example' } })
    expect(reply.head.toLowerCase()).not.toContain('access-control')
  })

  test.each(['cross-site', 'same-site'])('a browser request with %s and no origin is refused', async (site) => {
    const headers = { ...bearer(at.served), ...json, 'Sec-Fetch-Site': site }
    expect(await send(at.served, { ...call, headers })).toMatchObject({ status: 403, code: 'cross_site' })
    expect(await send(at.served, { headers })).toMatchObject({ status: 403, code: 'cross_site' })
  })

  test('the content types that a form, a beacon or an upload can send across sites are refused', async () => {
    const types = [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'text/plain; a=application/json',
      'application/json-evil',
      'application/jsonp',
      undefined,
    ]
    for (const type of types) {
      const headers = { ...bearer(at.served), ...(type ? { 'Content-Type': type } : {}) }
      expect(await send(at.served, { ...call, headers }), String(type)).toMatchObject({ status: 415, code: 'content_type' })
    }
    expect(at.reached).toEqual([])
  })

  test('a preflight is answered only for an allowed origin, and has no effect by itself', async () => {
    const asking = {
      'Access-Control-Request-Method': 'POST',
      'Access-Control-Request-Headers': 'authorization',
      'Access-Control-Request-Private-Network': 'true',
    }
    const friend = await send(at.served, { method: 'OPTIONS', target: call.target, headers: { ...asking, Origin: FRIEND } })
    expect(friend.status).toBe(204)
    expect(friend.head).toContain(`access-control-allow-origin: ${FRIEND}`)
    expect(friend.head).not.toContain('allow-credentials')
    const evil = await send(at.served, {
      method: 'OPTIONS',
      target: call.target,
      headers: { ...asking, Origin: 'https://evil.example' },
    })
    expect(evil.status).toBe(403)
    expect(evil.head).not.toContain('access-control')
    expect((await send(at.served, { method: 'OPTIONS', target: call.target, headers: asking })).status).toBe(403)
    expect(at.reached).toEqual([])
  })

  test('an allowed origin without a credential is refused, and a cookie does not count', async () => {
    const headers = { ...json, Origin: FRIEND, Cookie: `token=${at.served.token}` }
    expect(await send(at.served, { ...call, headers })).toMatchObject({ status: 401, code: 'unauthenticated' })
    const query = await send(at.served, { ...call, target: `${call.target}?token=${at.served.token}`, headers })
    expect(query.status).toBe(401)
    expect(at.reached).toEqual([])
  })

  test('an allowed origin with a credential is served and can read the answer', async () => {
    const reply = await send(at.served, {
      ...call,
      headers: { ...bearer(at.served), ...json, Origin: FRIEND, 'Sec-Fetch-Site': 'cross-site' },
    })
    expect(reply.status).toBe(200)
    expect(reply.head).toContain(`access-control-allow-origin: ${FRIEND}`)
    expect(reply.head).toContain('vary: Origin')
    expect(at.reached.splice(0)).toHaveLength(1)
    await at.checkHealthy()
  })
})
