/** Facts of this machine about sockets, folders and variables, and the variables that a child gets. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startGateway } from '../../../transports/node/cli/gateway.js'
import { parseGatewayArguments } from '../../../transports/node/cli/arguments.js'
import { checkTcpOwner, listenersOf } from '../../../transports/node/gateway/tcp-owner.js'
import { writeTokenFile } from '../../../transports/node/gateway/token-file.js'
import { upstreamsOf } from '../../../transports/node/gateway/upstreams.js'
import { checkedPath } from '../../../src/gateway/paths.js'
import { canDropUser, writeProgram } from '../processes.js'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'signalbox-host-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('control characters in a path [gateway.attack.path-controls]', () => {
  test('are refused in every encoding', () => {
    for (let code = 0; code < 0x20; code += 1) {
      const hex = code.toString(16).padStart(2, '0')
      for (const path of [`/a%${hex}`, `/a%${hex.toUpperCase()}b`, `/a${String.fromCharCode(code)}`]) {
        expect(() => checkedPath(path), JSON.stringify(path)).toThrow(/plain form/)
      }
    }
    for (const path of ['/a%7f', '/a%7F/b', '/a\x7f']) expect(() => checkedPath(path)).toThrow(/plain form/)
    expect(checkedPath('/a%20b%C3%A9')).toBe('/a%20b%C3%A9')
  })
})

describe('variables with credentials [gateway.attack.child-env]', () => {
  test('no child inherits a variable of an upstream credential, and null removes any other variable', async () => {
    const names = ['CMDOP_TOKEN', 'CMDOP_API_KEY', 'MY_CATSYPHON_KEY', 'MY_PLATFORM_KEY', 'SOMETHING', 'REMOVED']
    const before = Object.fromEntries(names.map((name) => [name, process.env[name]]))
    for (const name of names) process.env[name] = `secret-${name}`
    try {
      // With --version it prints a version, with other arguments the names of its variables.
      const script = `if (process.argv.includes('--version')) console.log('2.1.329 (Claude Code)')
else console.log(JSON.stringify(Object.keys(process.env)))`
      const path = writeProgram(join(folder, 'claude'), `#!/usr/bin/env node\n${script}\n`)
      const upstreams = await upstreamsOf({
        claude: { system: 'claude', path, env: { REMOVED: null, ADDED: 'yes' } },
        cmdop: { system: 'cmdop', binaryPath: path },
        platform: { system: 'cmdop-platform', baseUrl: 'http://127.0.0.1:1', tokenEnv: 'MY_PLATFORM_KEY' },
        catsyphon: { system: 'catsyphon', serverUrl: 'http://127.0.0.1:1', apiKeyEnv: 'MY_CATSYPHON_KEY' },
      })
      const { claude } = upstreams
      if (claude?.kind !== 'stream') throw new Error('claude is a stream')
      const link = await claude.transport.open({})
      const chunk = await link.read()
      await link.close()
      const given = JSON.parse(new TextDecoder().decode(chunk ?? undefined)) as string[]
      expect(given).toEqual(expect.arrayContaining(['SOMETHING', 'ADDED']))
      for (const name of names.filter((each) => each !== 'SOMETHING')) expect(given).not.toContain(name)
    } finally {
      for (const [name, value] of Object.entries(before)) {
        if (value === undefined) delete process.env[name]
        else process.env[name] = value
      }
    }
  })
})

describe('who listens on a port [gateway.attack.tcp-owner]', () => {
  const head = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode'
  const row = (address: string, state = '0A', uid = 1000) =>
    `   0: ${address} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000  ${uid}        0 1147 1 0 100 0 0 10 0`

  test('is read from the tables of the kernel', () => {
    const table = (...rows: string[]) => [[head, ...rows].join('\n')]
    expect(listenersOf(table(row('0100007F:1F40')), 8000)).toEqual([1000])
    expect(listenersOf(table(row('00000000:1F40')), 8000)).toEqual([1000])
    expect(listenersOf(table(row('00000000000000000000000001000000:1F40')), 8000)).toEqual([1000])
    expect(listenersOf(table(row('0000000000000000FFFF00000100007F:1F40')), 8000)).toEqual([1000])
    expect(listenersOf(table(row('0100007F:1F40', '01')), 8000)).toEqual([])
    expect(listenersOf(table(row('0101A8C0:1F40')), 8000)).toEqual([])
    expect(listenersOf(table(row('0100007F:1F41')), 8000)).toEqual([])
    expect(listenersOf(['', head], 8000)).toEqual([])
  })

  test('a port of the own user is trusted, and so is a port without a listener', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as { port: number }
    await expect(checkTcpOwner('127.0.0.1', port)).resolves.toBeUndefined()
    await new Promise((resolve) => server.close(resolve))
    await expect(checkTcpOwner('127.0.0.1', port)).resolves.toBeUndefined()
    await expect(checkTcpOwner('example.org', port)).resolves.toBeUndefined()
  })

  test.skipIf(!canDropUser())('a port of another user is refused before a byte is sent', async () => {
    const script = `const server = require('node:net').createServer((socket) => socket.on('data', () => console.log('reached')))
server.listen(0, '127.0.0.1', () => console.log(server.address().port))`
    const program = writeProgram(join(folder, 'listener.cjs'), script)
    chmodSync(folder, 0o755)
    const child: ChildProcess = spawn('setpriv', ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath, program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let said = ''
    child.stdout?.on('data', (chunk: Buffer) => {
      said += chunk.toString()
    })
    await expect.poll(() => said).toMatch(/^\d+\n/)
    const port = Number.parseInt(said, 10)
    const upstreams = await upstreamsOf({
      raw: { system: 'raw', port },
      catsyphon: { system: 'catsyphon', serverUrl: `http://localhost:${port}` },
    })
    const { raw, catsyphon } = upstreams
    if (raw?.kind !== 'stream' || catsyphon?.kind !== 'exchange') throw new Error('not as configured')
    await expect(raw.transport.open(undefined)).rejects.toMatchObject({ code: 'permission_denied', sent: 'no' })
    await expect(catsyphon.transport.exchange({ method: 'GET', path: '/health' })).rejects.toMatchObject({
      code: 'permission_denied',
    })
    expect(said).not.toContain('reached')
    child.kill('SIGKILL')
  })
})

describe('folders above the token file [gateway.attack.parent-folders]', () => {
  test('a parent folder that other users can write to is refused at any level', async () => {
    const open = join(folder, 'open')
    const inner = join(open, 'a', 'b')
    mkdirSync(inner, { recursive: true, mode: 0o700 })
    chmodSync(open, 0o777)
    await expect(writeTokenFile(join(inner, 'token'), 'secret')).rejects.toMatchObject({
      code: 'permission_denied',
      message: expect.stringContaining(open),
    })
    chmodSync(open, 0o700)
    const file = await writeTokenFile(join(inner, 'token'), 'secret')
    await file[Symbol.asyncDispose]()
  })

  test('the command line reports such a folder before it listens [gateway.command-line.validates-first]', async () => {
    const open = join(folder, 'open-too')
    mkdirSync(join(open, 'a'), { recursive: true, mode: 0o700 })
    chmodSync(open, 0o777)
    const printed: string[] = []
    const terminal = { print: (line: string) => void printed.push(line), complain: () => {}, env: { ...process.env } }
    const config = join(folder, 'gateway.json')
    execFileSync('sh', ['-c', `umask 077; echo '{"upstreams":{"ccc":{"system":"ccc"}}}' > ${config}`])
    const run = (...more: string[]) => startGateway(parseGatewayArguments(['--config', config, '--port', '0', ...more]), terminal)
    const servers = () => process.getActiveResourcesInfo().filter((name) => name === 'TCPServerWrap').length
    const before = servers()
    await expect(run('--token-file', join(open, 'a', 'token'))).rejects.toMatchObject({ code: 'permission_denied' })
    await expect(run('--token-file', join(folder, 't'), '--pages', join(folder, 'none'))).rejects.toMatchObject({
      code: 'invalid_argument',
    })
    await expect(run('--token-file', join(folder, 't'), '--allow-origin', 'https://*.example')).rejects.toMatchObject({
      code: 'invalid_argument',
    })
    expect(servers()).toBe(before)
    expect(printed.filter((line) => line.startsWith('Listening'))).toEqual([])
  })
})
