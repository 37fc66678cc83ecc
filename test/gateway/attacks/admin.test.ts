/** The admin routes: who may use them, from where, what they never show, and what a flood or a slow reader of the log costs. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createProofKey, type AuditEntry, type GrantRequest } from '../../../src/gateway/index.js'
import { gateway, gatewayAdmin, type MissedEntries } from '../../../transports/web/index.js'
import { arena, memoryNow, send, until, type Arena } from './harness.js'

const MISSED = 10_000

let at: Arena
beforeAll(async () => {
  at = await arena({ scopes: ['observe', 'send'], allowedOrigins: ['https://friend.example'] })
})
afterAll(() => at[Symbol.asyncDispose]())

const issue = (request: GrantRequest) => at.served.gateway.credentials.issueToken({ ttlMs: 3_600_000, ...request })
const json = { 'Content-Type': 'application/json' }
const adminOf = (token: string) => gatewayAdmin(gateway(at.served.url, { token }))
const PATHS = [
  { method: 'GET', target: '/v1/admin/credentials' },
  { method: 'GET', target: '/v1/admin/audit' },
  { method: 'POST', target: '/v1/admin/revoke' },
]

describe('who may administer a gateway [gateway.attack.admin]', () => {
  test('no scope below admin and no credential for some upstreams passes, and the refusal names the command', async () => {
    const victim = await issue({ name: 'victim' })
    const weak: GrantRequest[] = [
      { scopes: ['observe'] },
      { scopes: ['observe', 'send', 'approve', 'approveWithChanges'] },
      { scopes: ['admin'], upstreams: ['ccc'] },
    ]
    for (const request of weak) {
      const { token } = await issue(request)
      for (const { method, target } of PATHS) {
        const body = method === 'POST' ? JSON.stringify({ id: victim.grant.id }) : undefined
        const headers = { Authorization: `Bearer ${token}`, ...(body ? json : {}) }
        const reply = await send(at.served, { method, target, headers, ...(body ? { body } : {}) })
        expect(reply).toMatchObject({ status: 403, code: 'scope_missing' })
        expect(reply.body).toContain('signalbox gateway ticket --scopes admin')
        expect(reply.body).not.toContain('victim')
      }
    }
    expect(at.served.gateway.credentials.list().some(({ id }) => id === victim.grant.id)).toBe(true)
  })

  test('no token, a wrong token and a bound token without its key are refused', async () => {
    const { token } = await issue({ scopes: ['admin'], proofKey: (await createProofKey()).publicKey })
    for (const authorization of [undefined, 'Bearer sbx_token_wrong_wrong_wrong', `Bearer ${token}`, 'Basic eDp5']) {
      for (const { method, target } of PATHS) {
        const headers = { ...(authorization ? { Authorization: authorization } : {}), ...(method === 'POST' ? json : {}) }
        const body = method === 'POST' ? { body: '{}' } : {}
        expect(await send(at.served, { method, target, headers, ...body })).toMatchObject({ status: 401, code: 'unauthenticated' })
      }
    }
  })

  test('a foreign page, a rebound host and a form are refused before the credential is looked at', async () => {
    const { token } = await issue({ scopes: ['admin'] })
    const authorization = { Authorization: `Bearer ${token}` }
    for (const { method, target } of PATHS) {
      const base = { method, target, ...(method === 'POST' ? { body: '{}' } : {}) }
      const typed = method === 'POST' ? json : {}
      for (const origin of ['https://evil.example', 'null', 'https://friend.example.evil.example']) {
        const reply = await send(at.served, { ...base, headers: { ...authorization, ...typed, Origin: origin } })
        expect(reply).toMatchObject({ status: 403, code: 'origin_not_allowed' })
        expect(reply.head).not.toMatch(/access-control-allow-origin/i)
      }
      const rebound = await send(at.served, { ...base, hosts: ['evil.example'], headers: { ...authorization, ...typed } })
      expect(rebound).toMatchObject({ status: 421, code: 'host_not_allowed' })
    }
    const form = {
      method: 'POST',
      target: '/v1/admin/revoke',
      headers: { ...authorization, 'Content-Type': 'text/plain' },
      body: '{}',
    }
    expect(await send(at.served, form)).toMatchObject({ status: 415, code: 'content_type' })
  })

  test('other spellings of the paths, other methods and bad bodies reach nothing', async () => {
    const { token } = await issue({ scopes: ['admin'] })
    const authorization = { Authorization: `Bearer ${token}` }
    for (const target of ['/v1/admin', '/v1/admin/', '/v1/admin//credentials', '/v1/admin/credentials/', '/v1/admin/Credentials']) {
      expect((await send(at.served, { target, headers: authorization })).status).toBe(404)
    }
    for (const target of ['/v1/admin/%63redentials', '/v1/x/../admin/credentials', '/v1/admin/ticket', '/v1/admin/issue']) {
      expect((await send(at.served, { target, headers: authorization })).status).toBe(404)
    }
    const post = (target: string, body: string) =>
      send(at.served, { method: 'POST', target, headers: { ...authorization, ...json }, body })
    expect(await post('/v1/admin/credentials', '{}')).toMatchObject({ status: 405, code: 'method_not_allowed' })
    expect(await post('/v1/admin/audit', '{}')).toMatchObject({ status: 405, code: 'method_not_allowed' })
    expect(await send(at.served, { target: '/v1/admin/revoke', headers: authorization })).toMatchObject({ status: 405 })
    for (const body of ['', '[]', '{', '{"id":1}', '{"id":["x"]}', '{"ID":"x"}', '"x"']) {
      expect(await post('/v1/admin/revoke', body)).toMatchObject({ status: 400, code: 'invalid_request' })
    }
    expect((await post('/v1/admin/revoke', JSON.stringify({ id: 'x'.repeat(2_000) }))).status).toBe(413)
    expect(await post('/v1/admin/revoke', '{"id":"unknown"}')).toMatchObject({ status: 404, code: 'not_found' })
  })
})

describe('what the admin routes do and show [gateway.admin-routes]', () => {
  test('a page lists credentials with name and last use, and withdraws one, whose links and calls end', async () => {
    const { token, grant } = await issue({ scopes: ['admin'], name: 'dashboard' })
    const admin = adminOf(token)
    const phone = await at.served.gateway.credentials.redeem(
      await at.served.gateway.credentials.issueTicket({ device: true, name: 'phone', scopes: ['observe'] }),
    )
    const ticket = await at.served.gateway.credentials.issueTicket({ name: 'unused' })
    const asPhone = gateway(at.served.url, { token: phone.token })
    await asPhone.session()
    const listed = await admin.credentials()
    expect(listed.own).toBe(grant.id)
    expect(listed.credentials.find(({ id }) => id === phone.grant.id)).toMatchObject({
      kind: 'device',
      name: 'phone',
      scopes: ['observe'],
      lastUsedAtMs: expect.any(Number),
    })
    expect(listed.tickets.map(({ name }) => name)).toContain('unused')
    const text = JSON.stringify(listed)
    for (const secret of [token, phone.token, at.served.token, ticket]) expect(text).not.toContain(secret)

    await admin.revoke(phone.grant.id)
    await expect(asPhone.session()).rejects.toMatchObject({ code: 'unauthenticated' })
    await expect(admin.revoke(phone.grant.id)).rejects.toMatchObject({ code: 'not_found', remoteCode: 'not_found', sent: 'no' })
    const unused = listed.tickets.find(({ name }) => name === 'unused')
    await admin.revoke(unused?.id ?? '')
    expect((await admin.credentials()).tickets.some(({ name }) => name === 'unused')).toBe(false)
  })

  test('the launch token cannot be withdrawn by a page, and a page can withdraw its own credential', async () => {
    const { token, grant } = await issue({ scopes: ['admin'] })
    const admin = adminOf(token)
    const owner = (await admin.credentials()).credentials.find(({ kind }) => kind === 'owner')
    await expect(admin.revoke(owner?.id ?? '')).rejects.toMatchObject({ code: 'permission_denied', remoteCode: 'server_only' })
    await at.checkHealthy()
    await admin.revoke(grant.id)
    await expect(admin.credentials()).rejects.toMatchObject({ code: 'unauthenticated' })
  })

  test('the log begins with earlier entries, follows live, has no content, and ends with its credential', async () => {
    const past: AuditEntry = { time: '2026-01-01T00:00:00.000Z', event: 'credential', op: 'issued', name: 'earlier' }
    await using own = await arena({ scopes: ['observe'], auditPast: [past] })
    const { token, grant } = await own.served.gateway.credentials.issueToken({ scopes: ['admin'], ttlMs: 3_600_000 })
    const seen: (AuditEntry | MissedEntries)[] = []
    const reading = (async () => {
      for await (const entry of gatewayAdmin(gateway(own.served.url, { token })).audit()) seen.push(entry)
    })()
    await until(() => seen.length >= 3, 'the entries so far')
    expect(seen[0]).toEqual(past)
    expect(seen[1]).toMatchObject({ event: 'credential', op: 'issued', credential: grant.id })
    expect(seen[2]).toMatchObject({ event: 'admin', op: 'audit', outcome: 'passed', credential: grant.id })
    await send(own.served, {
      method: 'POST',
      target: '/v1/ccc/call',
      headers: { Authorization: `Bearer ${own.served.token}`, ...json },
      body: '{"cmd":"send","session":"secret-content","text":"secret-content"}',
    })
    const refused = expect.objectContaining({ event: 'op', op: 'send', outcome: 'scope_missing', upstream: 'ccc' })
    await until(() => seen.some((entry) => 'op' in entry && entry.op === 'send'), 'the refused call')
    expect(seen).toContainEqual(refused)
    for (const secret of ['secret-content', token, own.served.token]) expect(JSON.stringify(seen)).not.toContain(secret)
    const ended = expect(reading).rejects.toThrow()
    own.served.gateway.credentials.revoke(grant.id)
    await ended
  })

  test('an attempt without the scope is in the log', async () => {
    const { token, grant } = await issue({ scopes: ['send'], name: 'curious' })
    await expect(adminOf(token).credentials()).rejects.toMatchObject({ code: 'permission_denied' })
    expect(at.events).toContainEqual({
      type: 'admin',
      grant: grant.id,
      name: 'curious',
      op: 'credentials',
      outcome: 'scope_missing',
    })
  })
})

describe('floods of the log [gateway.attack.admin]', () => {
  test('followers are limited for each credential, and end when their client leaves', async () => {
    await using own = await arena({ scopes: ['admin'], limits: { maxLinksPerCredential: 2 } })
    const admin = gatewayAdmin(gateway(own.served.url, { token: own.served.token }))
    const first = new AbortController()
    const followers = [first, new AbortController()].map(({ signal }) => admin.audit({ signal })[Symbol.asyncIterator]())
    for (const follower of followers) await follower.next()
    await expect(admin.audit()[Symbol.asyncIterator]().next()).rejects.toMatchObject({ remoteCode: 'too_many' })
    expect(own.served.gateway.inUse.calls).toBe(2)
    for (const follower of followers) await follower.return?.(undefined)
    await until(() => own.served.gateway.inUse.calls === 0, 'both places are free')
  })

  test('a follower that reads nothing costs bounded memory and gets the number of entries that it missed', async () => {
    await using own = await arena({ scopes: ['admin'] })
    const { gateway: served, url, token } = { ...own.served }
    const request = new Request(`${url}/v1/admin/audit`, { headers: { authorization: `Bearer ${token}` } })
    const reader = ((await served.handle(request)).body as ReadableStream<Uint8Array>).getReader()
    const read = async (): Promise<string> => new TextDecoder().decode((await reader.read()).value)
    while (!(await read()).includes('"op":"audit"'));
    // Equal events are counted, and no two tickets are equal.
    const attack = async (times: number): Promise<void> => {
      for (let count = 0; count < times; count += 1) {
        await served.credentials.issueTicket()
        own.events.length = 0
      }
    }
    await attack(5_000)
    const before = memoryNow()
    await attack(MISSED)
    expect(memoryNow() - before).toBeLessThan(4 * 1024 * 1024)
    let text = ''
    while (!text.includes('"missed":')) text += await read()
    expect(Number(/"missed":(\d+)/.exec(text)?.[1])).toBeGreaterThan(MISSED)
    await reader.cancel()
    expect(served.inUse.calls).toBe(0)
  })
})
