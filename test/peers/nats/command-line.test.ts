/** `signalbox up --nats` and `signalbox doctor --nats` against real servers. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { nkeys } from '@nats-io/transport-node'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { makeCertificate, makeOperator, makeUser, type Certificate } from './keys.js'
import { buildPrograms, createMachine, shows, type Machine, type Ran } from './machine.js'
import { NATS, startServer, type NatsServer } from './server.js'

const folder = mkdtempSync(join(tmpdir(), 'sbn-cli-'))
const at = (name: string): string => join(folder, name)
let programs: ReturnType<typeof buildPrograms>
let certificate: Certificate
const machine = (name: string, agent = true): Machine =>
  createMachine(folder, name, agent ? programs : { program: programs.program })

beforeAll(() => {
  programs = buildPrograms(folder)
  certificate = makeCertificate(folder)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('doctor --nats', () => {
  let secure: NatsServer
  let open: NatsServer
  let me: Machine
  beforeAll(async () => {
    const user = makeUser(at('user.seed'))
    secure = await startServer({
      config: `tls { cert_file: "${certificate.cert}", key_file: "${certificate.key}" }
        authorization { users: [ { nkey: ${user} }, { user: ann, password: "s3cret" } ] }`,
    })
    open = await startServer()
    me = machine('doctor', false)
  })
  afterAll(async () => {
    await secure?.[Symbol.asyncDispose]()
    await open?.[Symbol.asyncDispose]()
  })
  /** One line of the system is enough for these tests. */
  const doctor = (...args: string[]): Promise<Ran> => me.go('doctor', 'ccc', '--nats', ...args)

  test('a server with TLS and credentials by file works; the version is shown [cli.nats.doctor]', async () => {
    const good = await doctor(`tls://${secure.url}`, '--nats-creds', at('user.seed'), '--nats-ca', certificate.cert)
    expect(good.out).toContain(`nats works ${NATS.newest}\n  The server answers and grants leases.\n`)
    const json = await doctor(`tls://${secure.url}`, '--nats-creds', at('user.seed'), '--nats-ca', certificate.cert, '--json')
    expect(JSON.parse(json.out)).toMatchObject({ nats: { works: true, version: NATS.newest } })
  })

  test('a user and a password in the address work and are not shown [cli.nats.doctor]', async () => {
    const good = await doctor(`tls://ann:s3cret@${secure.url}`, '--nats-ca', certificate.cert)
    expect(good.out).toContain('nats works')
    const bad = await doctor(`tls://ann:wr0ng@${secure.url}`, '--nats-ca', certificate.cert)
    expect(bad).toMatchObject({ code: 1, out: expect.stringContaining('nats broken') })
    expect(bad.out + bad.err).not.toMatch(/wr0ng/)
  })

  test('a .creds file of an operator works [cli.nats.doctor]', async () => {
    const { config, creds } = makeOperator()
    await using server = await startServer({ config })
    writeFileSync(at('laptop.creds'), creds, { mode: 0o600 })
    expect((await doctor(`nats://${server.url}`, '--nats-creds', at('laptop.creds'))).out).toContain('nats works')
    expect((await doctor(`nats://${server.url}`)).out).toMatch(/asks for credentials.*--nats-creds FILE/)
  })

  test('a WebSocket address and the addresses of a cluster work [cli.nats.doctor]', async () => {
    expect((await doctor(open.webSocketUrl)).out).toContain('nats works')
    expect((await doctor(`nats://127.0.0.1:1,nats://${open.url}`)).out).toContain('nats works')
  })

  const wrong: readonly (readonly [string, () => string[], RegExp])[] = [
    [
      'credentials are missing',
      () => [`tls://${secure.url}`, '--nats-ca', certificate.cert],
      /asks for credentials\. .*--nats-creds FILE/,
    ],
    [
      'the server does not know the user',
      () => {
        writeFileSync(at('stranger.seed'), nkeys.createUser().getSeed(), { mode: 0o600 })
        return [`tls://${secure.url}`, '--nats-ca', certificate.cert, '--nats-creds', at('stranger.seed')]
      },
      /refused the credentials in .*stranger\.seed.*must name this user/,
    ],
    ['the file of credentials is missing', () => [`nats://${open.url}`, '--nats-creds', at('none')], /none cannot be read: ENOENT/],
    [
      'the file of credentials holds something else',
      () => {
        writeFileSync(at('other.seed'), 'SAAnotaseed', { mode: 0o600 })
        return [`nats://${open.url}`, '--nats-creds', at('other.seed')]
      },
      /other\.seed holds no credentials of a NATS user\. .*nsc/,
    ],
    [
      'other users may read the file of credentials',
      () => {
        writeFileSync(at('open.seed'), nkeys.createUser().getSeed(), { mode: 0o644 })
        return [`nats://${open.url}`, '--nats-creds', at('open.seed')]
      },
      /open\.seed may be read by other users of this machine\..*chmod 600/,
    ],
    [
      'the authority of the certificate is unknown',
      () => [`tls://${secure.url}`],
      /authority that this machine does not know.*--nats-ca FILE/,
    ],
    ['the file of the authority is missing', () => [`tls://${secure.url}`, '--nats-ca', at('no.pem')], /no\.pem/],
    ['tls:// is given and the server has no TLS', () => [`tls://${open.url}`], /has no TLS\..*nats:\/\/ connects without TLS/],
    [
      'the address has another scheme',
      () => ['http://127.0.0.1:4222'],
      /"http:.*" is no address of a NATS server.*nats:\/\/host:4222/,
    ],
    ['the host is unknown', () => ['nats://nowhere.invalid:4222'], /The host in nats:\/\/nowhere\.invalid:4222 is not known/],
    ['nothing listens', () => ['nats://127.0.0.1:1'], /Nothing listens at nats:\/\/127\.0\.0\.1:1\. Start nats-server/],
  ]
  test.each(wrong)('%s: the text says so and what to do [cli.nats.doctor]', async (_what, args, text) => {
    const { code, out, err } = await doctor(...args())
    expect(out).toMatch(text)
    expect({ code, err }).toEqual({ code: 1, err: '' })
  })

  test('a server that is too old is broken, with what to install [cli.nats.doctor]', async () => {
    const [version = ''] = NATS.old
    await using server = await startServer({ version })
    const { code, out } = await doctor(`nats://${server.url}`)
    expect(out).toMatch(
      new RegExp(`nats broken ${version}\\n.*needs 2\\.14 or newer.*go install github.com/nats-io/nats-server/v2@latest`),
    )
    expect(code).toBe(1)
  })

  test('a server without JetStream is broken, with the flag to set [cli.nats.doctor]', async () => {
    await using server = await startServer({ plain: true })
    expect((await doctor(`nats://${server.url}`)).out).toMatch(/no JetStream.*-js/)
  })

  test('a port of another program is broken [cli.nats.doctor]', async () => {
    const server = createServer((_request, response) => response.end())
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { out } = await doctor(`nats://127.0.0.1:${(server.address() as AddressInfo).port}`)
    expect(out).toMatch(/nats broken/)
    expect(out).toMatch(/port belongs to a NATS server|cannot be used/)
    server.closeAllConnections()
    server.close()
  })
})

describe('up --nats', () => {
  test('a server that is down, too old or refuses ends it at once with the reason [cli.nats.up]', async () => {
    const me = machine('refused')
    expect(await me.go('up', '--no-gateway', '--nats', 'nats://127.0.0.1:1')).toEqual({
      code: 5,
      out: '',
      err: 'Nothing listens at nats://127.0.0.1:1. Start nats-server there, or check the port.\n',
    })
    const [version = ''] = NATS.old
    await using server = await startServer({ version })
    const old = await me.go('up', '--no-gateway', '--nats', `nats://${server.url}`)
    expect(old).toMatchObject({ code: 1, err: expect.stringMatching(/needs 2\.14 or newer.*Install a newer nats-server/) })
    const bad = await me.go('up', '--no-gateway', '--nats', `nats://${server.url}`, '--machines', 'laptop')
    expect(bad).toMatchObject({ code: 2, err: expect.stringContaining('A machine is name=FILE') })
    expect(await me.go('up', '--no-gateway', '--name', 'x')).toMatchObject({
      code: 2,
      err: '--name is used with --nats URL only.\n',
    })
  })

  test('a second machine shows and prompts the agents of the first; without the server agents go on and prompts are refused [cli.nats.up]', async () => {
    await using server = await startServer()
    const url = `nats://${server.url}`
    const [laptop, desk] = [machine('laptop'), machine('desk', false)]
    await using first = await laptop.up('--no-gateway', '--nats', url, '--name', 'laptop')
    expect(first.said).toMatchObject({
      agents: 1,
      sources: ['laptop.acp'],
      nats: { name: 'laptop', server: url, version: NATS.newest },
    })
    await using second = await desk.up('--no-gateway', '--nats', url, '--name', 'desk')
    expect(second.complained()).toContain('No system was found on this machine')
    await shows(desk, { 'laptop.acp/main': 'idle' })
    expect(await desk.go('ask', 'laptop.acp/main', 'hello')).toEqual({ code: 0, out: 'You said: hello\n', err: '' })

    const turn = (await desk.go('send', 'laptop.acp/main', 'slow 60')).out.trim()
    await vi.waitFor(() => expect(laptop.ticks()).toContain('3 '), { timeout: 20_000 })
    await server.kill()
    for (const up of [first, second]) {
      await vi.waitFor(() => expect(up.complained()).toContain(`The NATS server ${url} is gone. Agents go on`), { timeout: 20_000 })
    }
    const before = laptop.ticks()
    await vi.waitFor(() => expect(laptop.ticks().length).toBeGreaterThan(before.length), { timeout: 20_000 })
    // Viewers read what their hub has.
    await shows(desk, { 'laptop.acp/main': 'running' })
    const seen = await desk.go('watch', 'laptop.acp/main', '--json', '--timeout', '1s')
    expect(seen.out).toContain('"state":"running"')
    // What only the store has cannot be read.
    const older = await desk.go('watch', 'laptop.acp/main', '--from', 'oldest', '--json', '--timeout', '3s')
    expect(older).toMatchObject({ out: '' })
    for (const from of [desk, laptop]) {
      const refused = await from.go('ask', 'laptop.acp/main', 'not now')
      expect(refused).toMatchObject({
        code: 1,
        out: '',
        err: expect.stringMatching(/cannot be reached|connection to NATS is down/),
      })
    }
    await server.start()
    for (const up of [first, second]) {
      await vi.waitFor(() => expect(up.complained()).toContain(`The NATS server ${url} is back.`), { timeout: 30_000 })
    }
    await vi.waitFor(() => expect(laptop.ticks()).toContain('60 '), { timeout: 30_000 })
    await shows(desk, { 'laptop.acp/main': 'idle' })
    const all = await desk.go('watch', 'laptop.acp/main', '--from', 'oldest', '--json', '--timeout', '2s')
    const events = all.out
      .trim()
      .split('\n')
      .map(
        (line) =>
          JSON.parse(line) as { readonly kind: string; readonly turn?: string; readonly outcome?: string; readonly text?: string },
      )
      .filter((event) => event.turn === turn)
    expect(events.filter(({ kind }) => kind === 'end')).toMatchObject([{ outcome: 'completed' }])
    const said = events.flatMap(({ kind, text = '' }) => (kind === 'end' ? [] : [text])).join('')
    for (let tick = 1; tick <= 60; tick += 1) expect(said).toContain(`tick ${tick}. `)
    expect(all.out).not.toContain('not now')
    // A hub accepts prompts again when it has seen its own signal in the store.
    const again = { code: 0, out: 'You said: again\n', err: '' }
    await vi.waitFor(async () => expect(await desk.go('ask', 'laptop.acp/main', 'again')).toEqual(again), { timeout: 30_000 })
    // One line for each change, and no flood of problems.
    expect(second.complained().split('\n').length).toBeLessThan(12)
    expect(await second.stop()).toBe(0)
    expect(await first.stop()).toBe(0)
  })

  test('a hub is stopped while the server is gone: it exits with status 0, and can start again with the same name [cli.nats.up]', async () => {
    await using server = await startServer()
    const laptop = machine('ends')
    await using first = await laptop.up('--no-gateway', '--nats', `nats://${server.url}`)
    await server.kill()
    expect(await first.stop()).toBe(0)
    await server.start()
    await using second = await laptop.up('--no-gateway', '--nats', `nats://${server.url}`)
    expect(second.said.agents).toBe(1)
  })

  test('simulated agents of two machines have different names [cli.nats.up]', async () => {
    await using server = await startServer()
    const [one, two] = [machine('one', false), machine('two', false)]
    await using _first = await one.up('--demo', '--no-gateway', '--nats', `nats://${server.url}`, '--name', 'one')
    await using _second = await two.up('--demo', '--no-gateway', '--nats', `nats://${server.url}`, '--name', 'two')
    const seen = await vi.waitFor(
      async () => {
        const ids = (JSON.parse((await two.go('ls', '--json')).out) as { readonly id: string }[]).map(({ id }) => id)
        expect(ids).toEqual(expect.arrayContaining(['one:acp/main', 'two:acp/main', 'one:ccc/backend', 'two:ccc/backend']))
        return ids
      },
      { timeout: 30_000 },
    )
    expect(new Set(seen).size).toBe(seen.length)
    expect(await two.go('ask', 'one:acp/main', 'hello')).toMatchObject({ code: 0, out: 'You said: hello\n' })
  })
})

const built = fileURLToPath(new URL('../../../dist/cli.js', import.meta.url))
test.skipIf(!existsSync(built))('the built program finds the packages for NATS beside itself [cli.nats.doctor]', async () => {
  await using server = await startServer()
  const me = createMachine(folder, 'built', { program: built })
  expect((await me.go('doctor', 'ccc', '--nats', `nats://${server.url}`)).out).toContain('nats works')
  expect((await me.go('doctor', 'ccc', '--nats', server.webSocketUrl)).out).toContain('nats works')
})
