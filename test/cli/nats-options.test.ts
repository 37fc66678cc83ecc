/** The options for NATS: addresses, files of credentials, machines, and the text for each failure. The servers themselves are in test/peers/nats. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import { connectFailure } from '../../transports/node/cli/hub/nats-failures.js'
import { awaitGreeting } from '../../transports/node/cli/hub/nats-greeting.js'
import { readAddresses, readCredentials, readMachines } from '../../transports/node/cli/hub/nats-options.js'
import { NO_SYSTEMS, programHere } from './program-here.js'

const folder = mkdtempSync(join(tmpdir(), 'signalbox-nats-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const SEED = `SU${'A'.repeat(56)}`
const refused = (code: string) => expect.objectContaining({ code })
const file = (name: string, text: string, mode = 0o600): string => {
  const path = join(folder, name)
  writeFileSync(path, text)
  chmodSync(path, mode)
  return path
}

describe('addresses', () => {
  test('one server, a cluster, TLS and WebSocket are read; the login is apart from the address [cli.nats.options]', () => {
    expect(readAddresses('localhost:4222')).toEqual({
      servers: ['nats://localhost:4222'],
      host: 'nats://localhost:4222',
      isWeb: false,
      isTls: false,
      login: {},
    })
    expect(readAddresses('tls://ann:p%40ss:w@one:1, tls://two:2/')).toMatchObject({
      servers: ['tls://one:1', 'tls://two:2'],
      host: 'tls://one:1,tls://two:2',
      isTls: true,
      login: { user: 'ann', pass: 'p@ss:w' },
    })
    expect(readAddresses('wss://t0ken@one')).toMatchObject({ servers: ['wss://one'], isWeb: true, login: { token: 't0ken' } })
  })

  test('another address is refused without its password, and a mix of kinds too [cli.nats.options]', () => {
    for (const url of ['http://x', '', 'nats://', 'nats://ann:s3cret@one two', 'nats://one,,nats://two']) {
      expect(() => readAddresses(url), url).toThrow(refused('invalid_argument'))
      expect(() => readAddresses(url), url).toThrow(expect.not.stringMatching(/s3cret/))
    }
    expect(() => readAddresses('nats://one,wss://two')).toThrow(/mix WebSocket and TCP/)
  })
})

describe('files of credentials', () => {
  test('a seed and a .creds file are read [cli.nats.options]', async () => {
    expect(await readCredentials(file('seed', `${SEED}\n`))).toMatchObject({ kind: 'seed', bytes: Buffer.from(SEED) })
    const creds = '-----BEGIN NATS USER JWT-----\nx\n-----BEGIN USER NKEY SEED-----\ny\n'
    expect(await readCredentials(file('creds', creds))).toMatchObject({ kind: 'creds' })
  })

  test('a missing file, one that others may read and another content are refused, and quote nothing [cli.nats.options]', async () => {
    await expect(readCredentials(join(folder, 'none'))).rejects.toEqual(refused('not_found'))
    await expect(readCredentials(file('open', SEED, 0o644))).rejects.toMatchObject({
      code: 'permission_denied',
      message: expect.stringContaining(`chmod 600 ${join(folder, 'open')}`),
    })
    const wrong = readCredentials(file('wrong', 'hunter2'))
    await expect(wrong).rejects.toEqual(refused('invalid_argument'))
    await expect(wrong).rejects.toThrow(expect.not.stringMatching(/hunter2/))
  })

  test('machines are name=FILE with commas between them [cli.nats.options]', () => {
    expect(readMachines('laptop=a.seed, desk=/b=c.seed')).toEqual([
      { name: 'laptop', credentials: 'a.seed' },
      { name: 'desk', credentials: '/b=c.seed' },
    ])
    for (const text of ['', 'laptop', 'laptop=', '=a', 'a/b=c', 'a=b,'])
      expect(() => readMachines(text), text).toThrow(refused('invalid_argument'))
  })
})

describe('failures', () => {
  const cause = (facts: object): Error => Object.assign(new Error('x'), facts)
  test.each([
    [cause({ name: 'AuthorizationError' }), 'unauthenticated', /asks for credentials\..*--nats-creds FILE/],
    [cause({ code: 'ENOTFOUND' }), 'unreachable', /is not known/],
    [cause({ cause: { code: 'ECONNREFUSED' } }), 'unreachable', /Nothing listens/],
    [cause({ code: 'SELF_SIGNED_CERT_IN_CHAIN' }), 'unreachable', /--nats-ca FILE/],
    [cause({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' }), 'unreachable', /is not for nats:\/\/one/],
    [cause({ code: 'CERT_HAS_EXPIRED' }), 'unreachable', /has expired/],
    [cause({ code: 'ENOENT' }), 'not_found', /--nats-ca cannot be read/],
    [cause({ message: "server does not support 'tls'" }), 'unreachable', /has no TLS/],
    [cause({ name: 'TimeoutError' }), 'unreachable', /did not answer in time/],
    [cause({ message: 'strange.' }), 'unreachable', /cannot be used: strange\. signalbox doctor/],
    ['a text', 'unreachable', /cannot be used: a text\./],
  ] as const)('%s has its code and what to do [cli.nats.options]', (error, code, text) => {
    const found = connectFailure(error, 'nats://one', {})
    expect(found).toMatchObject({ code, sent: 'no', system: 'nats' })
    expect(found.message).toMatch(text)
  })

  test('credentials that a server refuses are named by their file [cli.nats.options]', () => {
    const found = connectFailure(cause({ message: 'Authorization Violation' }), 'nats://one', { credentials: 'ann.seed' })
    expect(found.message).toMatch(/refused the credentials in ann\.seed\..*nats-server --signal reload/)
  })
})

describe('the greeting', () => {
  async function listening(say: string | undefined): Promise<string> {
    const server = createServer((socket) => {
      socket.on('error', () => {})
      if (say === undefined) socket.end()
      else if (say !== '') socket.write(say)
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => void server.close())
    return `nats://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  test('INFO shows a NATS server; another line, silence and an end do not [cli.nats.options]', async () => {
    await expect(awaitGreeting(await listening('INFO {}\r\n'), 30_000)).resolves.toBeUndefined()
    await expect(awaitGreeting(await listening('220 mail\r\n'), 30_000)).rejects.toMatchObject({ name: 'TimeoutError' })
    await expect(awaitGreeting(await listening(undefined), 30_000)).rejects.toMatchObject({ name: 'TimeoutError' })
    await expect(awaitGreeting(await listening(''), 50)).rejects.toMatchObject({ name: 'TimeoutError' })
    await expect(awaitGreeting('nats://127.0.0.1:1', 30_000)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })
})

test('up --nats with a server that is not there starts nothing and says what to do [cli.nats.options]', async () => {
  const here = programHere()
  here.configure({ sources: NO_SYSTEMS })
  try {
    expect(await here.go(['up', '--no-gateway', '--nats', 'nats://127.0.0.1:1'])).toEqual({
      code: 5,
      out: '',
      err: 'Nothing listens at nats://127.0.0.1:1. Start nats-server there, or check the port.\n',
    })
    expect(await here.go(['up', '--nats', 'wss://127.0.0.1:1', '--nats-ca', 'x'])).toMatchObject({ code: 2 })
    expect(await here.go(['up', '--nats', 'nats://127.0.0.1:1', '--nats-creds', join(folder, 'none')])).toMatchObject({ code: 5 })
    expect(await here.go(['status'])).toMatchObject({ code: 5 })
  } finally {
    await here.dispose()
  }
})
