/** The arguments of the command line, its configuration file, and the detection of local systems. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { createCccSimulator } from '../../src/testing/index.js'
import { HELP, parseGatewayArguments } from '../../transports/node/cli/arguments.js'
import { parseConfig } from '../../transports/node/cli/config.js'
import { detect } from '../../transports/node/cli/detect.js'
import { askGateway } from '../../transports/node/cli/gateway-admin.js'
import { startGateway, type Terminal } from '../../transports/node/cli/gateway.js'
import { listenUnix } from '../../transports/node/index.js'

const wrong = { code: 'invalid_argument' }

describe('arguments [gateway.command-line]', () => {
  test('no arguments give the defaults', () => {
    expect(parseGatewayArguments([])).toEqual({ help: false, allowOrigins: [], offer: [], dangerouslyListenBeyondLoopback: false })
  })

  test('every argument that the help names is accepted', () => {
    const given = parseGatewayArguments([
      ...['--config', 'a.json', '--offer', 'ccc, claude', '--port', '0', '--scopes', 'observe,send', '--host', '::1'],
      ...['--allow-origin', 'https://a.example', '--allow-origin', 'https://b.example', '--pages', 'dist', '--token-file', 't'],
      '--dangerously-listen-beyond-loopback',
    ])
    expect(given).toEqual({
      help: false,
      config: 'a.json',
      offer: ['ccc', 'claude'],
      port: 0,
      scopes: ['observe', 'send'],
      host: '::1',
      allowOrigins: ['https://a.example', 'https://b.example'],
      pages: 'dist',
      tokenFile: 't',
      dangerouslyListenBeyondLoopback: true,
    })
    for (const name of HELP.match(/--[a-z-]+/g) ?? []) {
      if (name === '--help') continue
      expect(() => parseGatewayArguments([name, ...(name.startsWith('--dangerously') ? [] : ['8700'])]), name).not.toThrow(
        /[Uu]nknown/,
      )
    }
  })

  test.each([
    [['--port', '70000']],
    [['--port', '1.5']],
    [['--port', 'x']],
    [['--port', ' ']],
    [['--port', '0x50']],
    [['--port', '1e3']],
    // A shell turns an unset variable into an empty text, which could mean the current folder, the scopes of the file or any port.
    [['--pages', '']],
    [['--scopes', '']],
    [['--scopes', ' , ']],
    [['--port', '']],
    [['--config', '']],
    [['--token-file=']],
    [['--host', '']],
    [['--allow-origin', 'https://a.example', '--allow-origin', '']],
    [['--offer', '']],
    [['--scopes', 'observe,root']],
    [['--what']],
    [['word']],
  ])('%j is refused, and the error points to the list of arguments', (words) => {
    expect(() => parseGatewayArguments(words)).toThrow(expect.objectContaining(wrong))
    expect(() => parseGatewayArguments(words)).toThrow(/--help/)
  })
})

describe('the configuration file [gateway.command-line]', () => {
  test('all documented fields are accepted', () => {
    const text = JSON.stringify({ port: 0, limits: { maxCalls: 5 }, upstreams: { a: { system: 'raw', port: 4000 } } })
    expect(parseConfig(text, 'x.json')).toMatchObject({ port: 0, limits: { maxCalls: 5 } })
  })

  test.each([
    ['{"port":"80"', 'not JSON'],
    ['{"secret-key":"sk-ant-api03-canary-canary-canary"', 'not JSON'],
    ['{"prot":1}', 'prot'],
    ['{"port":-1}', 'port'],
    ['{"limits":{"maxCals":5}}', 'maxCals'],
    ['{"limits":{"maxCalls":0}}', 'limits.maxCalls'],
    ['{"upstreams":{"a":{"system":"telnet"}}}', 'upstreams.a'],
    ['{"upstreams":{"a":{"system":"claude","args":["--x"]}}}', 'args'],
    ['{"scopes":["root"]}', 'scopes.0'],
  ])('%s is refused with its position', (text, place) => {
    expect(() => parseConfig(text, 'x.json')).toThrow(expect.objectContaining(wrong))
    expect(() => parseConfig(text, 'x.json')).toThrow(place)
    expect(() => parseConfig(text, 'x.json')).not.toThrow(/canary/)
  })
})

describe('detection of local systems [gateway.detect]', () => {
  let home: string
  const before = { HOME: process.env.HOME, PATH: process.env.PATH }
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'signalbox-detect-'))
    process.env.HOME = home
    // Only what this test puts there is installed.
    process.env.PATH = home
  })
  afterEach(() => {
    process.env.HOME = before.HOME
    process.env.PATH = before.PATH
    rmSync(home, { recursive: true, force: true })
  })
  const env = () => ({ HOME: home, PATH: home, CCCC_HOME: join(home, 'cccc') })
  const terminal = (): Terminal & { lines: string[] } => {
    const lines: string[] = []
    return { lines, print: (line) => void lines.push(line), complain: (line) => void lines.push(line), env: env() }
  }

  test('on a machine without systems nothing is found, and each has a reason', async () => {
    const found = await detect(env())
    expect(found.map(({ name }) => name)).toEqual(['ccc', 'cccc', 'claude', 'cmdop', 'catsyphon'])
    for (const { name, found: said, why } of found.filter((each) => each.name !== 'catsyphon')) {
      expect(said, name).toBeUndefined()
      expect(why, name).toBeTruthy()
    }
  })

  test('a server that answers a complete request is found; a file or a silent socket is not', async () => {
    writeFileSync(join(home, '.ccc.sock'), '')
    expect((await detect(env()))[0]).toMatchObject({ name: 'ccc', why: expect.stringContaining('.ccc.sock') })
    rmSync(join(home, '.ccc.sock'))
    // The server exists, accepts, and closes without an answer.
    const mute = createServer((socket) => socket.destroy())
    await new Promise<void>((resolve) => mute.listen(join(home, '.ccc.sock'), resolve))
    expect((await detect(env()))[0]?.found).toBeUndefined()
    await new Promise((resolve) => mute.close(resolve))
    rmSync(join(home, '.ccc.sock'), { force: true })
    await using simulator = createCccSimulator()
    void simulator.listen(await listenUnix({ path: join(home, '.ccc.sock') }))
    const [ccc] = await detect(env())
    expect(ccc).toMatchObject({ name: 'ccc', found: expect.stringContaining('answers, version') })
  })

  test('a system is listed before it is offered; a missing system cannot be offered, and none is offered without a request', async () => {
    await using simulator = createCccSimulator()
    void simulator.listen(await listenUnix({ path: join(home, '.ccc.sock') }))
    const words = (more: string[]) => parseGatewayArguments(['--port', '0', '--token-file', join(home, 'token'), ...more])
    const unasked = terminal()
    expect(await startGateway(words([]), unasked)).toBeUndefined()
    expect(unasked.lines.join('\n')).toMatch(/ccc +answers[\s\S]*Nothing is offered/)
    await expect(startGateway(words(['--offer', 'cccc']), terminal())).rejects.toMatchObject({ code: 'unreachable' })
    await expect(startGateway(words(['--offer', 'telnet']), terminal())).rejects.toMatchObject(wrong)
    const told = terminal()
    await using running = await startGateway(words(['--offer', 'all']), told)
    expect(told.lines.findIndex((line) => /ccc +answers/.test(line))).toBeLessThan(
      told.lines.findIndex((line) => line.startsWith('Listening on')),
    )
    expect(told.lines.join('\n')).toContain('for ccc')
    expect(told.lines.join('\n')).not.toContain(running?.served.token)
  })
})

describe('commands for a running gateway [gateway.admin-socket]', () => {
  test('ticket, tickets, credentials, revoke and audit', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'signalbox-admin-'))
    // Only when the gateway has stopped: it writes its state at the end.
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const config = join(folder, 'gateway.json')
    writeFileSync(config, JSON.stringify({ upstreams: { ccc: { system: 'ccc' } }, stateFolder: join(folder, 'state') }), {
      mode: 0o600,
    })
    const quiet = { print: () => {}, complain: () => {}, env: {} }
    const args = ['--config', config, '--port', '0', '--token-file', join(folder, 'gateway.token')]
    await using running = await startGateway(parseGatewayArguments(args), quiet)
    if (!running) throw new Error('it did not start')
    const ask = async (...words: string[]): Promise<{ code: number; lines: string[] }> => {
      const lines: string[] = []
      const socket = words.includes('-h') ? [] : ['--admin-socket', running.adminSocket ?? '']
      const code = await askGateway([...words, ...socket], { ...quiet, print: (line) => void lines.push(line) })
      return { code, lines }
    }
    const [url = ''] = (await ask('ticket', '--scopes', 'send', '--name', 'phone', '--device')).lines
    expect(url).toMatch(/#ticket=sbx_ticket_/)
    expect((await ask('tickets')).lines.map((line) => JSON.parse(line))).toContainEqual(
      expect.objectContaining({ name: 'phone', scopes: ['send'] }),
    )
    await running.served.gateway.credentials.redeem(url.split('#ticket=')[1] ?? '')
    expect((await ask('credentials')).lines.map((line) => JSON.parse(line).kind).sort()).toEqual(['device', 'owner'])
    expect(await ask('revoke', 'phone')).toEqual({ code: 0, lines: ['Withdrawn: 1.'] })
    expect(await ask('revoke', 'phone')).toEqual({ code: 1, lines: ['Withdrawn: 0.'] })
    expect(await ask('audit', '--limit', '5')).toMatchObject({ code: 0 })
    expect((await ask('ticket', '-h')).lines.join()).toContain('--device')
    await expect(ask('ticket', '--scopes', 'root')).rejects.toMatchObject({ code: 'invalid_argument' })
    await expect(ask('revoke')).rejects.toMatchObject({ code: 'invalid_argument' })
  })
})
