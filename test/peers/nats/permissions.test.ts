/** A machine that dials out: a key by file, TLS, and permissions that end at its own prefix. The server's configuration is that of the docs. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, nkeyAuthenticator, nkeys, type NatsConnection } from '@nats-io/transport-node'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checkRejects, runCases, storeCases } from '../../../src/testing/index.js'
import { natsStore } from '../../../transports/nats/index.js'
import { startServer, type NatsServer } from './server.js'

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const pause = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms))

/** The permissions of a machine, as docs/many-machines.md lists them. */
const permissionsOf = (prefix: string, stream: string): string => `permissions {
  publish { allow: ["${prefix}.store.>", "$JS.API.STREAM.INFO.${stream}", "$JS.API.STREAM.CREATE.${stream}", "$JS.API.STREAM.MSG.GET.${stream}", "$JS.API.DIRECT.GET.${stream}", "$JS.API.STREAM.PURGE.${stream}"] }
  subscribe { allow: ["_INBOX_${stream}.>", "${prefix}.news.>"] }
}`

describe('a machine with a key of its own', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sbn-tls-'))
  const at = (name: string): string => join(folder, name)
  let server: NatsServer
  beforeAll(async () => {
    const publicOf: Record<string, string> = {}
    for (const name of ['laptop', 'desk', 'office']) {
      const pair = nkeys.createUser()
      writeFileSync(at(`${name}.seed`), pair.getSeed(), { mode: 0o600 })
      publicOf[name] = pair.getPublicKey()
    }
    const ask = [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-days',
      '2',
      '-subj',
      '/CN=localhost',
    ]
    execFileSync('openssl', [...ask, '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', at('key.pem'), '-out', at('cert.pem')], {
      stdio: 'ignore',
    })
    server = await startServer({
      config: `
        tls { cert_file: "${at('cert.pem')}", key_file: "${at('key.pem')}" }
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

  test('a key that the server does not know is refused when it connects [store.nats.permissions]', async () => {
    writeFileSync(at('stranger.seed'), nkeys.createUser().getSeed())
    await expect(open('stranger')).rejects.toThrow(/[Aa]uthorization/)
  })
})
