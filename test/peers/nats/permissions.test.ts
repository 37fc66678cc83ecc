/** A key by file, TLS, and permissions that end at one prefix, as docs/many-machines.md lists them; and what such permissions do not prevent. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, nkeyAuthenticator, nkeys, type NatsConnection } from '@nats-io/transport-node'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { checkRejects, runCases, storeCases } from '../../../src/testing/index.js'
import { natsStore } from '../../../transports/nats/index.js'
import { makeCertificate, makeUser } from './keys.js'
import { startServer, type NatsServer } from './server.js'

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const pause = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms))

/** The permissions for one prefix. */
const permissionsOf = (prefix: string, stream: string): string => `permissions {
  publish { allow: ["${prefix}.store.>", "$JS.API.STREAM.INFO.${stream}", "$JS.API.STREAM.CREATE.${stream}", "$JS.API.STREAM.MSG.GET.${stream}", "$JS.API.DIRECT.GET.${stream}", "$JS.API.STREAM.PURGE.${stream}"] }
  subscribe { allow: ["_INBOX_${stream}.>", "${prefix}.news.>"] }
}`

describe('a machine with a key of its own', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sbn-tls-'))
  const at = (name: string): string => join(folder, name)
  let server: NatsServer
  beforeAll(async () => {
    const publicOf = { laptop: makeUser(at('laptop.seed')), desk: makeUser(at('desk.seed')), office: makeUser(at('office.seed')) }
    const { cert, key } = makeCertificate(folder)
    server = await startServer({
      config: `
        tls { cert_file: "${cert}", key_file: "${key}" }
        authorization { users: [
          { nkey: ${publicOf.laptop}, ${permissionsOf('team.laptop', 'team_laptop')} }
          { nkey: ${publicOf.desk}, ${permissionsOf('team.desk', 'team_desk')} }
          { nkey: ${publicOf.office} }
        ] }`,
    })
  })
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true, force: true })
  })
  const open = (name: string): Promise<NatsConnection> =>
    connect({
      servers: server.url,
      tls: { caFile: at('cert.pem') },
      authenticator: nkeyAuthenticator(readFileSync(at(`${name}.seed`))),
      inboxPrefix: `_INBOX_team_${name}`,
      maxReconnectAttempts: -1,
    })

  test('the permissions of the docs are enough for every store case under its own prefix [store.nats.permissions]', async () => {
    await using connection = await open('laptop')
    await using store = natsStore({ connection, prefix: 'team.laptop', timeoutMs: 15_000 })
    const results = await runCases(storeCases, { store, wait: pause })
    expect(results.filter(({ outcome }) => outcome === 'failed')).toEqual([])
    expect(results.filter(({ outcome }) => outcome === 'passed').length).toBeGreaterThan(30)
  })

  test('another machine can neither read, write, trim nor take a lease under that prefix; the office can [store.nats.permissions]', async () => {
    await using laptop = await open('laptop')
    await using desk = await open('desk')
    await using office = await open('office')
    await using own = natsStore({ connection: laptop, prefix: 'team.laptop' })
    const log = await own.log('hub')
    await log.append([bytesOf('laptop says')])
    const before = await log.state()

    await using foreign = natsStore({ connection: desk, prefix: 'team.laptop', timeoutMs: 1500 })
    const error = await checkRejects(foreign.log('hub'), 'permission_denied')
    expect(error.sent).toBe('no')
    // Without the store as well: no subject of the other machine is allowed.
    const forged = [
      'team.laptop.store.log.hub',
      'team.laptop.store.lease.hub.driver',
      '$JS.API.STREAM.PURGE.team_laptop',
      '$JS.API.STREAM.DELETE.team_laptop',
      '$JS.API.STREAM.UPDATE.team_laptop',
      '$JS.API.DIRECT.GET.team_laptop',
    ]
    for (const subject of forged) {
      await expect(desk.request(subject, '{}', { timeout: 1000 })).rejects.toThrow(/[Pp]ermission/)
    }
    expect(await log.state()).toEqual(before)

    await using reader = natsStore({ connection: office, prefix: 'team.laptop' })
    const page = await (await reader.log('hub')).read(0)
    expect(page.entries.map(({ bytes }) => new TextDecoder().decode(bytes))).toEqual(['laptop says'])
  })

  // The page advises accounts because of this. If a newer server refuses it, the page can say less.
  test('permissions on subjects do not stop an attacker in the same account [store.nats.permissions]', async () => {
    await using desk = await open('desk')
    await using office = await open('office')
    await using store = natsStore({ connection: office, prefix: 'team.laptop' })
    const log = await store.log('hub')
    await log.append([bytesOf('of the laptop')])

    // The stream of the desk as a copy of another one.
    await office.request('$JS.API.STREAM.DELETE.team_desk')
    const copy = { name: 'team_desk', subjects: ['team.desk.store.>'], sources: [{ name: 'team_laptop' }], allow_direct: true }
    await desk.request('$JS.API.STREAM.CREATE.team_desk', JSON.stringify(copy))
    await vi.waitFor(async () => {
      const query = JSON.stringify({ last_by_subj: 'team.laptop.store.log.hub' })
      const { message } = (await desk.request('$JS.API.STREAM.MSG.GET.team_desk', query)).json<{ message?: { data: string } }>()
      expect(Buffer.from(message?.data ?? '', 'base64').toString()).toContain('of the laptop')
    })

    // The server's answer goes where the request says.
    const before = (await log.state()).next
    await desk.request('team.desk.store.forged', 'forged')
    desk.publish('$JS.API.DIRECT.GET.team_desk', JSON.stringify({ last_by_subj: 'team.desk.store.forged' }), {
      reply: 'team.laptop.store.log.hub',
    })
    await vi.waitFor(async () => {
      const { entries } = await log.read(before)
      expect(entries.map(({ bytes }) => new TextDecoder().decode(bytes))).toEqual(['forged'])
    })
  })

  test('a key that the server does not know is refused when it connects [store.nats.permissions]', async () => {
    writeFileSync(at('stranger.seed'), nkeys.createUser().getSeed(), { mode: 0o600 })
    await expect(open('stranger')).rejects.toThrow(/[Aa]uthorization/)
  })
})
