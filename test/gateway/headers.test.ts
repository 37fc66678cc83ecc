/** The headers that keep an answer out of caches, frames, script tags and referrers. Every kind of answer has them. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ExchangeUpstream } from '../../src/gateway/index.js'
import { catsyphonPolicy } from '../../src/gateway/policy/index.js'
import { loadPages } from '../../transports/node/index.js'
import { arena, bearer, send, UPGRADE, type Arena, type RawReply, type RequestParts } from './attacks/harness.js'

const FRIEND = 'https://friend.example'
const json = { 'Content-Type': 'application/json' }
let folder: string
let at: Arena
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'signalbox-headers-'))
  await writeFile(join(folder, 'index.html'), '<!doctype html><title>Page</title>')
  await writeFile(join(folder, 'main.js'), '')
  await writeFile(join(folder, 'icon.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>')
  /** An upstream that answers with a page and with headers that would open it to every site. */
  const hostile: ExchangeUpstream = {
    kind: 'exchange',
    system: 'catsyphon',
    policy: catsyphonPolicy,
    transport: {
      kind: 'exchange',
      name: 'hostile',
      async exchange() {
        const headers = {
          'content-type': 'text/html; charset=utf-8',
          'content-security-policy': 'script-src *',
          'cache-control': 'public, max-age=600',
          'x-content-type-options': 'none',
          'referrer-policy': 'unsafe-url',
          'cross-origin-resource-policy': 'cross-origin',
          'content-disposition': 'inline',
          'access-control-allow-origin': '*',
        }
        return { status: 200, headers, body: new Response('<script>alert(1)</script>').body }
      },
    },
  }
  at = await arena({
    scopes: ['admin'],
    allowedOrigins: [FRIEND],
    pages: await loadPages(folder),
    upstreams: { logs: hostile },
  })
})
afterAll(async () => {
  await at[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

const headersOf = ({ head }: RawReply): Record<string, string> =>
  Object.fromEntries(
    head
      .split('\r\n')
      .slice(1)
      .map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  )

const COMMON = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
}
const API_POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox"
const DOWNLOAD = 'attachment; filename="api.json"'

describe('headers of answers [gateway.security-headers]', () => {
  const post = (target: string, body: string, headers = bearer(at.served)): RequestParts => ({
    method: 'POST',
    target,
    headers: { ...headers, ...json },
    body,
  })
  const cases: readonly (readonly [name: string, status: number, parts: () => RequestParts])[] = [
    ['the list of upstreams', 200, () => ({ headers: bearer(at.served) })],
    ['a call', 200, () => post('/v1/ccc/call', '{"cmd":"ping"}')],
    ['a proxied page of the upstream', 200, () => ({ target: '/v1/logs/http/health', headers: bearer(at.served) })],
    ['the list of credentials', 200, () => ({ target: '/v1/admin/credentials', headers: bearer(at.served) })],
    ['a missing credential', 401, () => ({})],
    ['a wrong ticket', 401, () => post('/v1/ticket', '{"ticket":"sbx_ticket_wrong_wrong_wrong"}', {})],
    ['a missing scope', 403, () => ({ target: '/v1/logs/http/collectors/builtin/credentials', headers: bearer(at.served) })],
    ['an unknown upstream', 404, () => ({ target: '/v1/none/call', headers: bearer(at.served) })],
    ['a wrong method', 405, () => ({ target: '/v1/ccc/call', headers: bearer(at.served) })],
    ['another origin', 403, () => ({ headers: { ...bearer(at.served), Origin: 'https://evil.example' } })],
    ['another host', 421, () => ({ hosts: ['evil.example'] })],
    ['HTTP/1.0', 400, () => ({ version: '1.0' })],
    ['a preflight', 204, () => ({ method: 'OPTIONS', headers: { Origin: FRIEND, 'Access-Control-Request-Method': 'POST' } })],
  ]
  test.each(cases)('%s', async (_name, status, parts) => {
    const reply = await send(at.served, parts())
    expect(reply.status).toBe(status)
    const headers = headersOf(reply)
    expect(headers).toMatchObject({ ...COMMON, 'content-security-policy': API_POLICY, 'content-disposition': DOWNLOAD })
    // Only a listed origin is named.
    expect([undefined, FRIEND]).toContain(headers['access-control-allow-origin'])
  })

  test('the stream of the audit log', async () => {
    const reply = await fetch(`${at.served.url}/v1/admin/audit`, { headers: { authorization: `Bearer ${at.served.token}` } })
    expect(Object.fromEntries(reply.headers)).toMatchObject({ ...COMMON, 'content-security-policy': API_POLICY })
    await reply.body?.cancel()
  })

  test('an upgrade that is refused', async () => {
    for (const headers of [UPGRADE, { ...UPGRADE, Origin: 'https://evil.example' }]) {
      const reply = await send(at.served, { target: '/v1/ccc/other', headers })
      expect(reply.status).toBeGreaterThanOrEqual(400)
      expect(headersOf(reply)).toMatchObject({ ...COMMON, 'content-security-policy': API_POLICY })
    }
  })

  test('a page can run only its own scripts, cannot be framed, and each text has its charset', async () => {
    for (const [target, type] of [
      ['/', 'text/html; charset=utf-8'],
      ['/main.js', 'text/javascript; charset=utf-8'],
      ['/icon.svg', 'image/svg+xml; charset=utf-8'],
    ]) {
      const headers = headersOf(await send(at.served, { target: target ?? '' }))
      expect(headers).toMatchObject({ ...COMMON, 'cross-origin-opener-policy': 'same-origin', 'content-type': type })
      const policy = headers['content-security-policy']?.split('; ')
      expect(policy).toEqual(
        expect.arrayContaining(["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"]),
      )
      expect(headers['content-security-policy']).not.toMatch(/unsafe-|\*/)
      expect(headers['content-disposition']).toBeUndefined()
    }
  })

  test('a page that is refused or missing is shown to a person, with the same protection', async () => {
    for (const parts of [{ target: '/', hosts: ['evil.example'] }, { target: '/missing' }]) {
      const headers = headersOf(await send(at.served, parts))
      expect(headers).toMatchObject({ ...COMMON, 'content-security-policy': API_POLICY })
      expect(headers['content-disposition']).toBeUndefined()
    }
  })
})

describe('methods and forwarded headers', () => {
  test('each path takes only its method [gateway.attack.host-vectors]', async () => {
    const before = at.reached.length
    for (const [target, methods] of [
      ['/v1', ['POST', 'PUT', 'DELETE', 'QUERY']],
      ['/v1/ticket', ['GET', 'PUT', 'DELETE']],
      ['/v1/ccc/call', ['GET', 'PUT', 'PATCH', 'DELETE', 'QUERY']],
    ] as const) {
      for (const method of methods) {
        const withBody = method === 'POST' || method === 'PUT' || method === 'PATCH'
        const reply = await send(at.served, {
          method,
          target,
          headers: { ...bearer(at.served), ...json },
          ...(withBody ? { body: '{"cmd":"send","session":"x","text":"y"}' } : {}),
        })
        expect(reply, `${method} ${target}`).toMatchObject({ status: 405, code: 'method_not_allowed' })
      }
    }
    expect(at.reached.length).toBe(before)
  })

  test('a header that a proxy adds replaces neither the host nor the origin nor the credential [gateway.attack.rebinding]', async () => {
    const { host } = new URL(at.served.url)
    const forwarded = {
      'X-Forwarded-Host': host,
      'X-Forwarded-Proto': 'https',
      'X-Forwarded-For': '127.0.0.1',
      Forwarded: `host=${host};proto=https`,
      'X-Original-Host': host,
      'X-Remote-User': 'owner',
      'X-Forwarded-Access-Token': at.served.token,
    }
    const headers = { ...bearer(at.served), ...forwarded }
    expect(await send(at.served, { hosts: ['evil.example'], headers })).toMatchObject({ status: 421, code: 'host_not_allowed' })
    expect(await send(at.served, { headers: { ...headers, Origin: 'https://evil.example' } })).toMatchObject({ status: 403 })
    expect(await send(at.served, { headers: forwarded })).toMatchObject({ status: 401, code: 'unauthenticated' })
  })
})
