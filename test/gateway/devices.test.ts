/** Credentials of devices: named, bound to a key, listed, withdrawn, and still there after a restart. */
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createCredentials, createProofKey, signProof, type GatewayEvent } from '../../src/gateway/index.js'
import { createFakeClock } from '../../src/testing/index.js'
import {
  askAdminSocket,
  nodeWebSocket,
  openAuditLog,
  openDeviceFile,
  readAuditLog,
  serveAdminSocket,
} from '../../transports/node/index.js'
import { gateway } from '../../transports/web/index.js'
import { arena, send, until, type Arena } from './attacks/harness.js'

let folder: string
let at: Arena | undefined
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'signalbox-devices-'))
})
afterEach(async () => {
  await at?.[Symbol.asyncDispose]()
  at = undefined
  await rm(folder, { recursive: true, force: true })
})

describe('devices [gateway.devices]', () => {
  test('a device has a name and a last use, survives a restart, and ends when it is withdrawn', async () => {
    const clock = createFakeClock()
    const path = join(folder, 'devices.json')
    const file = await openDeviceFile(path)
    const first = createCredentials({ clock, ...file })
    const { token, grant } = await first.redeem(
      await first.issueTicket({ scopes: ['send'], device: true, name: 'ph\u001b[2Jone' }),
      { name: 'evil' },
    )
    await first.verify(token)
    await file.flush()
    expect(first.list()).toEqual([
      expect.objectContaining({ kind: 'device', name: 'ph[2Jone', isBound: false, lastUsedAtMs: clock.now() }),
    ])
    const text = await readFile(path, 'utf8')
    expect(text).not.toContain(token)
    expect((await stat(path)).mode & 0o777).toBe(0o600)

    const again = await openDeviceFile(path)
    const second = createCredentials({ clock, ...again })
    expect(await second.verify(token)).toMatchObject({ id: grant.id, scopes: ['send'], name: 'ph[2Jone' })
    let ended = false
    second.onRevoked(grant.id, () => {
      ended = true
    })
    expect(second.revoke(grant.id)).toBe(true)
    expect(second.revoke(grant.id)).toBe(false)
    expect(ended).toBe(true)
    await again.flush()
    await expect(createCredentials({ clock, ...(await openDeviceFile(path)) }).verify(token)).rejects.toMatchObject({
      code: 'unauthenticated',
    })
  })

  test('an ordinary session does not survive a restart, and an expired device does not either', async () => {
    const clock = createFakeClock()
    const file = await openDeviceFile(join(folder, 'devices.json'))
    const first = createCredentials({ clock, ...file, deviceTtlMs: 1_000 })
    const session = await first.redeem(await first.issueTicket({ name: 'tab' }))
    const device = await first.redeem(await first.issueTicket({ device: true }))
    await file.flush()
    const reopened = await openDeviceFile(join(folder, 'devices.json'))
    expect(reopened.devices.map(({ id }) => id)).toEqual([device.grant.id])
    const second = createCredentials({ clock, ...reopened })
    await expect(second.verify(session.token)).rejects.toMatchObject({ code: 'unauthenticated' })
    await clock.advance(1_000)
    await expect(second.verify(device.token)).rejects.toMatchObject({ code: 'unauthenticated' })
  })

  test('a devices file that is invalid, or that other users can read, is refused and not changed', async () => {
    const path = join(folder, 'devices.json')
    const { chmod, writeFile } = await import('node:fs/promises')
    await writeFile(path, '{"version":2}', { mode: 0o600 })
    await expect(openDeviceFile(path)).rejects.toMatchObject({ code: 'invalid_argument' })
    await chmod(path, 0o644)
    await expect(openDeviceFile(path)).rejects.toMatchObject({ code: 'permission_denied' })
    expect(await readFile(path, 'utf8')).toBe('{"version":2}')
  })
})

describe('proof of possession [gateway.proof]', () => {
  test('a device with its key can make calls and links; the copied token alone is refused', async () => {
    at = await arena({ scopes: ['observe'] })
    const { served } = at
    const { pair } = await createProofKey()
    const webSocket = await nodeWebSocket()
    const ticket = new URL(await served.ticketUrl()).hash.replace('#ticket=', '')
    const device = gateway(served.url, { ticket, proofKey: pair, webSocket })
    expect((await device.session()).scopes).toEqual(['observe'])
    await (await device.ccc('ccc', 'link').open()).close()
    const token = await device.token()
    const thief = gateway(served.url, { token, webSocket })
    await expect(thief.session()).rejects.toMatchObject({ code: 'unauthenticated' })
    await expect(thief.ccc('ccc', 'link').open()).rejects.toMatchObject({ code: 'unauthenticated' })
    const other = gateway(served.url, { token, webSocket, proofKey: (await createProofKey()).pair })
    await expect(other.session()).rejects.toMatchObject({ code: 'unauthenticated' })
    expect(served.gateway.credentials.list().find(({ kind }) => kind === 'session')).toMatchObject({ isBound: true })
    await expect(
      (globalThis.crypto.subtle as unknown as { exportKey(format: string, key: object): Promise<unknown> }).exportKey(
        'jwk',
        pair.privateKey,
      ),
    ).rejects.toThrow()
  })

  test('a proof is valid once, for one path and method, for a minute', async () => {
    const clock = createFakeClock()
    const credentials = createCredentials({ clock })
    const { pair, publicKey } = await createProofKey()
    const { token } = await credentials.issueToken({ proofKey: publicKey })
    const here = { method: 'GET', target: '/v1' }
    const proof = await signProof(pair, token, here, clock.now())
    await expect(credentials.verify(token, { ...here, target: '/v1/ccc/call', proof })).rejects.toMatchObject({
      code: 'unauthenticated',
    })
    await expect(credentials.verify(token, { ...here, method: 'POST', proof })).rejects.toMatchObject({ code: 'unauthenticated' })
    await credentials.verify(token, { ...here, proof })
    await expect(credentials.verify(token, { ...here, proof })).rejects.toMatchObject({ code: 'unauthenticated' })
    const late = await signProof(pair, token, here, clock.now())
    await clock.advance(60_001)
    await expect(credentials.verify(token, { ...here, proof: late })).rejects.toMatchObject({ code: 'unauthenticated' })
    for (const nonsense of [undefined, '', 'x', '1.2.3', `${clock.now()}.aaaaaaaa.${'0'.repeat(128)}`]) {
      await expect(credentials.verify(token, { ...here, proof: nonsense })).rejects.toMatchObject({ code: 'unauthenticated' })
    }
  })

  test('an invalid key is refused, and the ticket stays usable', async () => {
    at = await arena()
    const ticket = new URL(await at.served.ticketUrl()).hash.replace('#ticket=', '')
    for (const proofKey of [1, {}, { kty: 'RSA' }, { kty: 'EC', crv: 'P-256', x: 'short', y: 'short' }]) {
      const body = JSON.stringify({ ticket, proofKey })
      const reply = await send(at.served, {
        method: 'POST',
        target: '/v1/ticket',
        headers: { 'Content-Type': 'application/json' },
        body,
      })
      expect(reply).toMatchObject({ status: 400, code: 'invalid_request' })
    }
    expect((await gateway(at.served.url, { ticket }).session()).scopes).toEqual(['observe'])
  })
})

describe('wrong credentials [gateway.attack.wrong-credentials]', () => {
  test('after many wrong credentials answers to them are delayed, and answers to the owner are not', async () => {
    const clock = createFakeClock()
    at = await arena({ clock })
    const { served } = at
    const wrong = () => send(served, { headers: { Authorization: 'Bearer sbx_token_wrong_wrong_wrong' } })
    for (let count = 0; count < 10; count += 1) expect((await wrong()).status).toBe(401)
    const statuses: number[] = []
    const flood = Array.from({ length: 60 }, async () => void statuses.push((await wrong()).status))
    await at.checkHealthy()
    await until(() => statuses.length === 28, 'those beyond the number that may wait are refused at once')
    expect(new Set(statuses)).toEqual(new Set([429]))
    await clock.advance(1_000)
    await Promise.all(flood)
    expect(statuses.filter((status) => status === 401)).toHaveLength(32)
    await at.checkHealthy()
  })
})

describe('the audit log [gateway.audit]', () => {
  test('records credential, op and outcome of a request, and no content', async () => {
    const path = join(folder, 'audit.log')
    const credentials = createCredentials()
    const audit = await openAuditLog({ path })
    at = await arena({ credentials, onEvent: (event) => audit.write(event) })
    const { token, grant } = await credentials.issueToken({ scopes: ['observe'], name: 'dashboard' })
    const call = (body: string) =>
      send((at as Arena).served, {
        method: 'POST',
        target: '/v1/ccc/call',
        headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
        body,
      })
    await call('{"cmd":"history","session":"secret-content"}')
    await call('{"cmd":"send","session":"secret-content","text":"secret-content"}')
    await audit.flush()
    const entries = await readAuditLog(path, { credential: 'dashboard' })
    const who = { credential: grant.id, name: 'dashboard', upstream: 'ccc' }
    expect(entries).toContainEqual(expect.objectContaining({ ...who, event: 'op', op: 'history', outcome: 'passed' }))
    expect(entries).toContainEqual(expect.objectContaining({ ...who, event: 'op', op: 'send', outcome: 'scope_missing' }))
    expect(entries.every(({ time }) => !Number.isNaN(Date.parse(time)))).toBe(true)
    const text = await readFile(path, 'utf8')
    for (const secret of ['secret-content', token, at.served.token]) expect(text).not.toContain(secret)
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    await audit[Symbol.asyncDispose]()
  })

  test('is rotated, bounded, and read across its files', async () => {
    const path = join(folder, 'audit.log')
    const audit = await openAuditLog({ path, maxBytes: 2_000, maxFiles: 3 })
    const event = (index: number): GatewayEvent => ({
      type: 'op',
      upstream: 'ccc',
      grant: 'g',
      op: `op-${index}`,
      outcome: 'passed',
    })
    for (let index = 0; index < 200; index += 1) {
      audit.write(event(index))
      if (index % 5 === 0) await audit.flush()
    }
    await audit[Symbol.asyncDispose]()
    const sizes = await Promise.all([path, `${path}.1`, `${path}.2`].map(async (name) => (await stat(name)).size))
    expect(Math.max(...sizes)).toBeLessThan(3_000)
    await expect(stat(`${path}.3`)).rejects.toThrow()
    const ops = (await readAuditLog(path, { maxFiles: 3, limit: 25 })).map(({ op }) => op)
    expect(ops).toEqual(Array.from({ length: 25 }, (_, index) => `op-${175 + index}`))
    // The log continues at its end.
    await using next = await openAuditLog({ path, maxFiles: 3 })
    next.write(event(200))
    await next.flush()
    expect((await readAuditLog(path, { limit: 1 })).map(({ op }) => op)).toEqual(['op-200'])
    expect(await readAuditLog(path, { limit: 0 })).toEqual([])
  })
})

describe('the admin socket [gateway.admin-socket]', () => {
  test('lists, issues and withdraws credentials, for the user who runs the gateway', async () => {
    const path = join(folder, 'run', 'gateway.sock')
    const audit = await openAuditLog({ path: join(folder, 'audit.log') })
    at = await arena({ onEvent: (event) => audit.write(event) })
    const { served } = at
    const { credentials } = served.gateway
    const open = () => serveAdminSocket({ path, credentials, ticketUrl: served.ticketUrl, auditPath: audit.path })
    const socket = await open()
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    await expect(open()).rejects.toMatchObject({ code: 'conflict' })

    const { url } = await askAdminSocket(path, { op: 'ticket', scopes: ['send'], name: 'phone', device: true })
    expect((await askAdminSocket(path, { op: 'tickets' })).tickets).toEqual([
      expect.objectContaining({ name: 'phone', scopes: ['send'] }),
    ])
    const phone = gateway(served.url, { ticket: new URL(url).hash.replace('#ticket=', '') })
    expect((await phone.session()).scopes).toEqual(['send'])
    const listed = (await askAdminSocket(path, { op: 'credentials' })).credentials
    expect(listed).toContainEqual(expect.objectContaining({ name: 'phone', kind: 'device' }))
    expect(JSON.stringify(listed)).not.toContain(await phone.token())
    expect(await askAdminSocket(path, { op: 'revoke', id: 'phone' })).toMatchObject({ revoked: 1 })
    await expect(phone.session()).rejects.toMatchObject({ code: 'unauthenticated' })
    const other = (await askAdminSocket(path, { op: 'ticket', name: 'unused' })).url
    const [ticket] = (await askAdminSocket(path, { op: 'tickets' })).tickets
    expect(await askAdminSocket(path, { op: 'revoke', id: ticket?.id ?? '' })).toMatchObject({ revoked: 1 })
    await expect(gateway(served.url, { ticket: new URL(other).hash.replace('#ticket=', '') }).session()).rejects.toMatchObject({
      remoteCode: 'ticket_spent',
    })
    await audit.flush()
    expect((await askAdminSocket(path, { op: 'audit', limit: 5 })).entries.length).toBeGreaterThan(0)
    await expect(askAdminSocket(path, { op: 'nonsense' } as never)).rejects.toMatchObject({ code: 'remote' })
    await socket[Symbol.asyncDispose]()
    await expect(askAdminSocket(path, { op: 'tickets' })).rejects.toMatchObject({ code: 'unreachable' })
    await audit[Symbol.asyncDispose]()
  })
})
