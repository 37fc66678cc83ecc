/**
 * CCC on another machine: by a stand-in for ssh that runs the remote command here, and by a real sshd on the loopback where there
 * is one.
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { createCcc } from '../../src/ccc/index.js'
import { checkRejects, createCccSimulator, type CccSimulator } from '../../src/testing/index.js'
import { cccForward, cccSsh, listenUnix, type CccSshOptions } from '../../transports/node/index.js'
import { childrenOf } from '../contract/held.js'

let folder: string
let socketPath: string
let simulator: CccSimulator
let stopServing: () => Promise<void>

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ccc-ssh-'))
  socketPath = join(folder, 'remote.sock')
  simulator = createCccSimulator({ timeScale: 0.001, sessions: [{ name: 'myproject', running: true }] })
  const listener = await listenUnix({ path: socketPath })
  void simulator.listen(listener)
  stopServing = async () => {
    await listener[Symbol.asyncDispose]()
    await simulator.stop()
  }
})
afterAll(async () => {
  await stopServing()
  await rm(folder, { recursive: true })
})

/** Records its arguments, then acts like ssh: forwards the socket, or runs the last argument in a shell. */
const FAKE_SSH = `#!${process.execPath}
const { spawn } = require('node:child_process')
const { appendFileSync } = require('node:fs')
const { connect, createServer } = require('node:net')
const args = process.argv.slice(2)
appendFileSync(process.env.FAKE_SSH_NOTES, JSON.stringify(args) + '\\n')
if (args.includes('unreachable')) { console.error('ssh: connect to host unreachable port 22: Connection refused'); process.exit(255) }
if (args.includes('silent')) setInterval(() => {}, 1000)
else if (args.includes('-N')) {
  const [local, remote] = args[args.indexOf('-L') + 1].split(':')
  createServer((near) => {
    const far = connect(remote)
    far.on('error', () => near.destroy()); near.on('error', () => far.destroy())
    near.pipe(far).pipe(near)
  }).listen(local)
} else spawn('/bin/sh', ['-c', args.at(-1)], { stdio: 'inherit' }).on('close', (code) => process.exit(code ?? 1))
`
/** The OpenBSD one, as far as it is used: it half-closes when its input ends, and leaves when the server does. */
const FAKE_NC = `#!${process.execPath}
const [n, u, path] = process.argv.slice(2)
if (n !== '-N' || u !== '-U') process.exit(2)
const socket = require('node:net').connect({ path, allowHalfOpen: true })
socket.on('error', ({ code }) => {
  console.error('nc: unix connect failed: ' + (code === 'ENOENT' ? 'No such file or directory' : 'Connection refused'))
  process.exit(1)
})
process.stdin.pipe(socket).pipe(process.stdout)
`
const FAKE_SOCAT = `#!${process.execPath}
const [t, seconds, , address] = process.argv.slice(2)
const path = /^UNIX-CONNECT:(.*)$/.exec(address)?.[1]
if (t !== '-t' || Number(seconds) < 345 || !path) process.exit(2)
const socket = require('node:net').connect({ path, allowHalfOpen: true })
socket.on('error', () => process.exit(1))
process.stdin.pipe(socket).pipe(process.stdout)
`

async function script(name: string, text: string): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, text)
  await chmod(path, 0o755)
  return path
}

/** A stand-in whose far side has these commands and, behind them, those of this machine. */
async function standIn(commands: Readonly<Record<string, string>>): Promise<{ ssh: string; notes: () => Promise<string[][]> }> {
  const bin = await mkdtemp(join(folder, 'bin-'))
  for (const [name, text] of Object.entries(commands)) {
    await writeFile(join(bin, name), text)
    await chmod(join(bin, name), 0o755)
  }
  await writeFile(join(bin, 'ssh.cjs'), FAKE_SSH)
  await chmod(join(bin, 'ssh.cjs'), 0o755)
  const notes = join(bin, 'notes')
  const ssh = join(bin, 'ssh')
  await writeFile(
    ssh,
    `#!/bin/sh\nFAKE_SSH_NOTES='${notes}' PATH='${bin}':"$PATH" exec '${process.execPath}' '${join(bin, 'ssh.cjs')}' "$@"\n`,
  )
  await chmod(ssh, 0o755)
  const read = async (): Promise<string[][]> =>
    (await readFile(notes, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as string[])
  return { ssh, notes: read }
}

const fakes = { nc: FAKE_NC, socat: FAKE_SOCAT }
const installed = (command: string): boolean => ['/usr/bin', '/bin', '/usr/sbin'].some((dir) => existsSync(join(dir, command)))

describe('cccSsh', () => {
  const whole = async (options: CccSshOptions): Promise<void> => {
    const ccc = createCcc({ transport: cccSsh(options) })
    expect((await ccc.ping()).version).toBe('1.12.5')
    const answer = await ccc.ask({ session: 'myproject', text: 'hello "there" $HOME `id` \u00e4 [[reply hi]]' })
    expect(answer).toMatchObject({ outcome: 'answered', response: 'hi' })
  }

  test.each(['nc', 'socat'] as const)('[ccc.ssh.carriers] a ping and an ask through %s', async (carrier) => {
    await whole({ host: 'box', socketPath, carrier, ssh: (await standIn(fakes)).ssh })
  })

  test.skipIf(!installed('nc.openbsd'))('[ccc.ssh.carriers] through the real nc', async () => {
    await whole({ host: 'box', socketPath, ssh: (await standIn({})).ssh })
  })

  test.skipIf(!installed('socat'))('[ccc.ssh.carriers] through the real socat', async () => {
    await whole({ host: 'box', socketPath, carrier: 'socat', ssh: (await standIn({})).ssh })
  })

  test('[ccc.ssh.nothing-on-the-line] requests are on no command line, and ssh asks for nothing', async () => {
    const { ssh, notes } = await standIn(fakes)
    const ccc = createCcc({ transport: cccSsh({ host: 'dev@box', socketPath, connectTimeoutSeconds: 2.5, ssh }) })
    await ccc.send({ session: 'myproject', text: 'a secret text' })
    const [args = []] = await notes()
    expect(args.join(' ')).not.toContain('secret')
    expect(args.slice(-2)).toEqual(['dev@box', `nc -N -U ${socketPath}`])
    for (const option of ['BatchMode=yes', 'ClearAllForwardings=yes', 'ConnectTimeout=3', 'RemoteCommand=none']) {
      expect(args).toContain(option)
    }
    expect(args).toEqual(expect.arrayContaining(['-T', '-a', '-x']))
  })

  test('[ccc.ssh.checked] a host or a path that could be an option or that a shell could expand is refused before a process starts', async () => {
    const { ssh } = await standIn(fakes)
    for (const host of ['-oProxyCommand=id', '', 'a b', 'a;b', '$(id)', 'a\nb', "a'b"]) {
      expect(() => cccSsh({ host, ssh }), host).toThrow(/host/)
      await checkRejects(cccForward({ host, socketPath, ssh }), 'invalid_argument')
    }
    for (const path of ['~/.ccc.sock', '-x', 'a b', '$HOME/x', 'a;id', "a'b", 'a\nb', '', 'a,b', 'a:b']) {
      expect(() => cccSsh({ host: 'box', socketPath: path, ssh }), path).toThrow(/path/)
      await checkRejects(cccForward({ host: 'box', socketPath: path, ssh }), 'invalid_argument')
    }
    await checkRejects(cccForward({ host: 'box', socketPath: '.ccc.sock', ssh }), 'invalid_argument')
  })

  test('[ccc.ssh.not-reached] a missing socket or a host that refuses fails the call with sent: no, and says why', async () => {
    const { ssh } = await standIn(fakes)
    const missing = createCcc({ transport: cccSsh({ host: 'box', socketPath: join(folder, 'nothing'), ssh }) })
    const first = await checkRejects(missing.send({ session: 'myproject', text: 'x' }), 'exited')
    expect([first.exitCode, first.sent]).toEqual([1, 'no'])
    expect(first.message).toContain('unix connect failed')
    const refused = createCcc({ transport: cccSsh({ host: 'unreachable', ssh }) })
    const away = await checkRejects(refused.send({ session: 'myproject', text: 'x' }), 'exited')
    expect([away.exitCode, away.sent]).toEqual([255, 'no'])
    expect(away.message).toContain('Connection refused')
    const none = createCcc({ transport: cccSsh({ host: 'box', ssh: join(folder, 'no-such-ssh') }) })
    expect((await checkRejects(none.ping())).sent).toBe('no')
  })

  test.each([
    ['an unknown host', 'ssh: Could not resolve hostname box: Name or service not known', 255, 'no'],
    ['a refused key', 'dev@box: Permission denied (publickey).', 255, 'no'],
    ['no nc there', 'sh: 1: nc: not found', 127, 'no'],
    ['a missing socket, by the nc of Debian 12', 'nc: .ccc.sock: No such file or directory', 1, 'no'],
    [
      'a missing socket, by socat',
      '2026/11/29 12:13:01 socat[7] E connect(5, AF=1 ".ccc.sock", 11): No such file or directory',
      1,
      'no',
    ],
    ['a connection that was lost', 'client_loop: send disconnect: Broken pipe', 255, 'maybe'],
    ['an end without a word', '', 255, 'maybe'],
  ])('[ccc.ssh.not-reached] %s: %j with exit code %i is sent: %s', async (_what, stderr, exitCode, sent) => {
    const ssh = join(folder, `ssh-${exitCode}-${stderr.length}`)
    await writeFile(ssh, `#!/bin/sh\nprintf '%s\\n' '${stderr}' >&2\nexit ${exitCode}\n`, { mode: 0o755 })
    const ccc = createCcc({ transport: cccSsh({ host: 'box', ssh }) })
    const error = await checkRejects(ccc.send({ session: 'myproject', text: 'x' }), 'exited')
    expect([error.exitCode, error.sent]).toEqual([exitCode, sent])
    expect(error).toMatchObject({ system: 'ccc', transport: 'ccc-ssh', op: 'send' })
  })

  test('[ccc.ssh.deadline] an aborted ask ends its ssh process', async () => {
    const { ssh } = await standIn({ nc: '#!/bin/sh\nexec sleep 1000\n' })
    const transport = cccSsh({ host: 'box', socketPath, ssh })
    let closed: Promise<unknown> | undefined
    const watched = {
      ...transport,
      open: async (...given: Parameters<typeof transport.open>) => {
        const link = await transport.open(...given)
        closed = link.closed
        return link
      },
    }
    const error = await checkRejects(createCcc({ transport: watched }).ask({ session: 'a', text: 'b', timeoutMs: 300 }))
    expect([error.code, error.sent]).toEqual(['deadline_exceeded', 'maybe'])
    expect(await closed).toMatchObject({ kind: expect.stringMatching(/exit|local/) })
  })
})

describe('cccForward', () => {
  // A separate temporary folder, because other tests on this machine can forward at the same time.
  beforeEach(() => void vi.stubEnv('TMPDIR', folder))
  afterEach(() => void vi.unstubAllEnvs())
  const left = async (): Promise<string[]> => (await readdir(folder)).filter((name) => name.startsWith('signalbox-ccc-'))

  test('[ccc.forward.many] one ssh process carries many requests, and closing it leaves no folder behind', async () => {
    const before = await left()
    const { ssh, notes } = await standIn(fakes)
    {
      await using forward = await cccForward({ host: 'box', socketPath, ssh })
      const ccc = createCcc({ transport: forward.transport })
      await Promise.all(Array.from({ length: 20 }, () => ccc.ping()))
      expect((await ccc.ask({ session: 'myproject', text: 'x [[reply y]]' })).outcome).toBe('answered')
      expect(await notes()).toHaveLength(1)
    }
    expect((await notes())[0]).toEqual(expect.arrayContaining(['ControlMaster=no', 'ExitOnForwardFailure=yes']))
    expect(await left()).toEqual(before)
  })

  test('[ccc.forward.end] the end of a connection is detected, and later opens of its transport fail', async () => {
    const { ssh } = await standIn(fakes)
    const forward = await cccForward({ host: 'box', socketPath, ssh })
    await forward.close()
    await forward.close()
    expect(await forward.closed).toMatchObject({ kind: expect.stringMatching(/local|exit/) })
    expect((await checkRejects(forward.transport.open(), 'unreachable')).sent).toBe('no')
  })

  test.skipIf(process.platform !== 'linux')(
    '[ccc.forward.end] an ssh process that ends by itself leaves no folder, also without a close',
    async () => {
      const before = await left()
      const { ssh } = await standIn(fakes)
      const forward = await cccForward({ host: 'box', socketPath, ssh })
      expect((await left()).length).toBe(before.length + 1)
      for (const { pid } of childrenOf(process.pid)) {
        if (readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(ssh)) process.kill(pid, 'SIGKILL')
      }
      expect(await forward.closed).toMatchObject({ kind: 'exit', signal: 'SIGKILL' })
      await expect.poll(left).toEqual(before)
      await forward.close()
    },
  )

  test('[ccc.forward.fails] an unreachable host and an aborted open leave no process and no folder', async () => {
    const before = await left()
    const { ssh } = await standIn(fakes)
    const error = await checkRejects(cccForward({ host: 'unreachable', socketPath, ssh }), 'unreachable')
    expect(error.message).toContain('Connection refused')
    expect([error.sent, error.exitCode]).toEqual(['no', 255])
    const controller = new AbortController()
    const opening = cccForward({ host: 'silent', socketPath, ssh, signal: controller.signal })
    setTimeout(() => controller.abort(), 100)
    expect((await checkRejects(opening, 'aborted')).sent).toBe('no')
    expect(await left()).toEqual(before)
  })
})

const canServe = process.getuid?.() === 0 && ['sshd', 'ssh', 'ssh-keygen', 'nc.openbsd'].every(installed)

describe.skipIf(!canServe)('over a real sshd on the loopback', () => {
  let sshd: ChildProcess
  let ssh: string

  beforeAll(async () => {
    // sshd needs this folder for its unprivileged process. Usually the system makes it when the service starts.
    await mkdir('/run/sshd', { recursive: true })
    for (const key of ['host', 'user']) execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, key)])
    await writeFile(join(folder, 'authorized'), await readFile(join(folder, 'user.pub')))
    const port = await freePort()
    const server = [
      `ListenAddress 127.0.0.1:${port}`,
      `HostKey ${join(folder, 'host')}`,
      `AuthorizedKeysFile ${join(folder, 'authorized')}`,
      'StrictModes no',
      'UsePAM no',
      'PasswordAuthentication no',
      'PermitRootLogin prohibit-password',
      `PidFile ${join(folder, 'sshd.pid')}`,
    ]
    await writeFile(join(folder, 'sshd_config'), `${server.join('\n')}\n`)
    sshd = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', join(folder, 'sshd_config')], { stdio: ['ignore', 'ignore', 'pipe'] })
    await new Promise<void>((resolve, reject) => {
      sshd.stderr?.on('data', (text: Buffer) => text.includes('listening') && resolve())
      sshd.once('exit', (code) => reject(new Error(`sshd ended with ${code}`)))
    })
    const hostKey = (await readFile(join(folder, 'host.pub'), 'utf8')).trim()
    await writeFile(join(folder, 'known'), `[127.0.0.1]:${port} ${hostKey}\n`)
    const client = [
      'Host box',
      '  HostName 127.0.0.1',
      `  Port ${port}`,
      `  User ${userInfo().username}`,
      `  IdentityFile ${join(folder, 'user')}`,
      '  IdentitiesOnly yes',
      `  UserKnownHostsFile ${join(folder, 'known')}`,
      // Settings of a person's ssh configuration that must have no effect here.
      '  RequestTTY force',
      '  RemoteCommand false',
    ]
    await writeFile(join(folder, 'ssh_config'), `${client.join('\n')}\n`)
    ssh = await script('real-ssh', `#!/bin/sh\nexec ssh -F '${join(folder, 'ssh_config')}' "$@"\n`)
  })
  afterAll(async () => {
    const gone = new Promise((resolve) => sshd.once('close', resolve))
    sshd.kill()
    await gone
  })

  test('[ccc.ssh.real] pings, asks and failures through ssh and nc', { timeout: 90_000 }, async () => {
    const ccc = createCcc({ transport: cccSsh({ host: 'box', socketPath, ssh }) })
    expect((await ccc.ping()).version).toBe('1.12.5')
    expect(await ccc.ask({ session: 'myproject', text: 'real [[reply ssh]]' })).toMatchObject({ response: 'ssh' })
    const missing = createCcc({ transport: cccSsh({ host: 'box', socketPath: join(folder, 'nothing'), ssh }) })
    expect((await checkRejects(missing.ping(), 'exited')).message).toContain('No such file')
  })

  test('[ccc.ssh.real] a forwarded socket', { timeout: 90_000 }, async () => {
    await using forward = await cccForward({ host: 'box', socketPath, ssh })
    const ccc = createCcc({ transport: forward.transport })
    await Promise.all(Array.from({ length: 10 }, () => ccc.ping()))
    const stream = await ccc.subscribe({ sessions: ['myproject'] })
    for await (const event of stream) if (event.type === 'status') break
  })
})

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
