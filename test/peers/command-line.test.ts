/** The built program with a real daemon, a real CLI and a real core behind one hub, at a real terminal. */
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { createCccc } from '../../src/cccc/index.js'
import type { Agent, Ask } from '../../src/hub/index.js'
import { createCmdopRelaySimulator, simulatedId } from '../../src/testing/index.js'
import { ccccDaemon } from '../../transports/node/index.js'
import { imitateMessagesApi, type Imitation } from '../claude/messages-api.js'
import { openPty, type Pty } from '../cli/pty/pty.js'
import { installedCore } from '../cmdop/real-core.js'
import { serveRelay, type RelayServer } from '../cmdop/relay-server.js'
import { RELEASES, startDaemon, type RunningDaemon } from './cccc/daemon.js'
import { imitationEnvironment } from './claude-cli.js'
import { installNewestClaude } from './install-claude.js'

const program = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))
const machine = `cmdop/${simulatedId(1, 1)}`

describe.skipIf(!existsSync(program))('the command line with real systems', () => {
  let home: string
  let api: Imitation
  let relay: RelayServer
  let daemon: RunningDaemon
  let claude: string
  let hub: ChildProcess
  let group: string
  let env: Record<string, string | undefined>
  const terminals: Pty[] = []

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'signalbox-cli-peer-'))
    mkdirSync(join(home, 'work'))
    mkdirSync(join(home, 'config', 'signalbox'), { recursive: true })
    api = await imitateMessagesApi()
    relay = await serveRelay(createCmdopRelaySimulator())
    const release = RELEASES.find(({ name }) => name === 'newest')
    if (!release) throw new Error('no release is called newest')
    daemon = await startDaemon(release)
    claude = (await installNewestClaude()) ?? ''
    const sources = {
      ccc: false,
      cccc: { home: daemon.home },
      claude: { path: claude, cwd: join(home, 'work') },
      cmdop: { binaryPath: await installedCore('1.1.0') },
    }
    writeFileSync(join(home, 'config', 'signalbox', 'config.json'), JSON.stringify({ sources }))
    env = {
      ...imitationEnvironment(home, api.url),
      IS_SANDBOX: '1',
      PATH: process.env.PATH,
      USER: 'ann',
      XDG_CONFIG_HOME: join(home, 'config'),
      SIGNALBOX_HUB_FOLDER: join(home, 'hub'),
      CMDOP_TOKEN: 't-real',
      CMDOP_API_KEY: 'k-real',
      CMDOP_BASE_URL: relay.url,
      CMDOP_API_BASE_URL: relay.url,
    }
    await using client = createCccc({ transport: ccccDaemon({ home: daemon.home }) })
    group = `cccc/${(await client.groups.create({ title: 'team' })).group_id}`
    hub = spawn(process.execPath, [program, 'up', '--no-gateway', '--json'], { env, stdio: ['ignore', 'pipe', 'inherit'] })
    await once(hub.stdout as NodeJS.ReadableStream, 'data')
  })
  afterEach(async () => {
    for (const each of terminals.splice(0)) await each[Symbol.asyncDispose]()
  })
  afterAll(async () => {
    const ended = once(hub, 'exit')
    hub.kill('SIGTERM')
    await ended
    await daemon[Symbol.asyncDispose]()
    await relay[Symbol.asyncDispose]()
    await api.close()
    rmSync(home, { recursive: true, force: true })
  })

  const go = (...args: string[]): Promise<{ code: number; out: string; err: string }> =>
    new Promise((resolve) => {
      execFile(process.execPath, [program, ...args], { env, timeout: 90_000 }, (error, out, err) =>
        resolve({ code: error ? (typeof error.code === 'number' ? error.code : 1) : 0, out, err }),
      ).stdin?.end()
    })
  const at = (...args: string[]): Pty => {
    const terminal = openPty({ command: [process.execPath, program, ...args], env })
    terminals.push(terminal)
    return terminal
  }
  const openAsk = (agent: string): Promise<Ask> =>
    vi.waitFor(
      async () => {
        const asks = JSON.parse((await go('asks', '--json')).out) as Ask[]
        return asks.find((ask) => ask.agent === agent) ?? expect.fail('no ask yet')
      },
      { timeout: 60_000 },
    )

  test('doctor finds each of them where the configuration says, with its version [cli.real]', async () => {
    const { systems } = JSON.parse((await go('doctor', '--json')).out) as {
      systems: { system: string; status: string; version: string }[]
    }
    const works = Object.fromEntries(systems.map(({ system, status, version }) => [system, `${status} ${version}`]))
    expect(works).toMatchObject({
      cccc: expect.stringMatching(/^works \d/),
      claude: 'works 2.1.329',
      cmdop: expect.stringMatching(/^works/),
    })
  })

  test('ls, status and history show the agents of all of them [cli.real]', async () => {
    const agents = await vi.waitFor(
      async () => {
        const found = JSON.parse((await go('ls', '--json')).out) as Agent[]
        expect(found.map(({ id }) => id)).toEqual(expect.arrayContaining(['claude/main', group, machine]))
        return found
      },
      { timeout: 60_000, interval: 500 },
    )
    expect(agents.find(({ id }) => id === machine)?.name).toBe('build box')
    expect((await go('status', '--json')).code).toBe(0)
    expect((await go('history', machine, '--json')).code).toBe(0)
  })

  test('ask streams the answer of the real CLI, and a refused tool is not run [cli.real]', async () => {
    expect(await go('ask', 'claude/main', 'FAKE:echo:hello from the model')).toMatchObject({
      code: 0,
      out: 'hello from the model\n',
    })
    const file = join(home, 'work', 'no.txt')
    const terminal = at('ask', 'claude/main', `FAKE:write:${file}`)
    await vi.waitFor(() => expect(terminal.screen()).toMatch(/Allow it\? \[y\/N/), { timeout: 60_000 })
    expect(terminal.screen()).toContain('no.txt')
    terminal.type('\r')
    expect(await terminal.exit).toBe(0)
    expect(existsSync(file)).toBe(false)
  })

  test('send returns at once; asks and approve let the real CLI write its file [cli.real]', async () => {
    const file = join(home, 'work', 'yes.txt')
    const sent = await go('send', 'claude/main', `FAKE:write:${file}`, '--json')
    expect(sent.code).toBe(0)
    const ask = await openAsk('claude/main')
    expect((await go('approve', ask.id.slice(-8))).code).toBe(0)
    await vi.waitFor(() => expect(existsSync(file)).toBe(true), { timeout: 60_000 })
  })

  test('ctrl-c cancels a turn of the real CLI [cli.real]', async () => {
    const terminal = at('ask', 'claude/main', 'FAKE:slow:2000')
    await vi.waitFor(() => expect(terminal.screen()).toContain('tick 1'), { timeout: 60_000 })
    terminal.type('\x03')
    expect(await terminal.exit).toBe(130)
    expect(terminal.screen()).toContain('Cancelled.')
    expect(await go('ask', 'claude/main', 'FAKE:echo:still there')).toMatchObject({ code: 0, out: 'still there\n' })
  })

  test('a message reaches a group of the real daemon, and cancel by id ends the turn or says why not [cli.real]', async () => {
    const { code, out } = await go('send', group, 'The build is green.')
    expect(code).toBe(0)
    await vi.waitFor(
      async () => {
        const { stdout } = { stdout: (await go('watch', group, '--from', 'oldest', '--json', '--timeout', '1s')).out }
        expect(stdout).toContain('The build is green.')
      },
      { timeout: 30_000 },
    )
    const cancelled = await go('cancel', out.trim())
    expect(cancelled.code === 0 ? cancelled.err : `${cancelled.code} ${cancelled.err}`).toMatch(
      /ended already|Cancelled|cannot|not support/,
    )
  })

  test('a machine of the real core asks for its PIN, which is not echoed [cli.real]', async () => {
    const terminal = at('ask', machine, '[[pin 4711]][[say in]]')
    await vi.waitFor(() => expect(terminal.screen()).toMatch(/not shown/), { timeout: 60_000 })
    await terminal.sees('Connect PIN:')
    terminal.type('4711\r')
    expect(await terminal.exit).toBe(0)
    expect(terminal.screen()).toContain('in\n')
    expect(terminal.raw().replace(/.*\[\[pin.*/g, '')).not.toContain('4711')
  })

  test('watch and record see what happens, and the recording has no secret [cli.real]', async () => {
    const file = join(home, 'work.jsonl')
    const terminal = at('watch', 'claude/main')
    const recording = go('record', file, '--for', '8s')
    await terminal.sees('claude/main is here')
    await vi.waitFor(() => expect(readFileSync(file, 'utf8').split('\n').length).toBeGreaterThan(2), { timeout: 20_000 })
    expect(await go('ask', 'claude/main', 'FAKE:echo:seen by the watch')).toMatchObject({ code: 0, out: 'seen by the watch\n' })
    await terminal.sees('says: seen by the watch')
    terminal.type('\x03')
    expect(await terminal.exit).toBe(0)
    expect((await recording).code).toBe(0)
    const text = readFileSync(file, 'utf8')
    expect(text).toContain('seen by the watch')
    expect(text).not.toMatch(/sk-ant-imitation|t-real|k-real/)
  })
})
