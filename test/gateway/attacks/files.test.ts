/** Sockets and files that another user could have created. Also run as another user, because root can open any file. */
import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checkSocket, readTrusted } from '../../../transports/node/gateway/trust.js'
import { writeTokenFile } from '../../../transports/node/gateway/token-file.js'
import { upstreamOf } from '../../../transports/node/gateway/upstreams.js'
import { writeProgram } from '../../program.js'
import { canDropUser } from '../processes.js'

const NOBODY = 65_534
let folder: string
let server: Server
let socketPath: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'signalbox-files-'))
  socketPath = join(folder, 'good.sock')
  server = createServer()
  await new Promise<void>((resolve) => server.listen(socketPath, resolve))
  chmodSync(socketPath, 0o600)
})
afterAll(() => {
  server.close()
  rmSync(folder, { recursive: true, force: true })
})

const denied = { code: 'permission_denied' }

describe('sockets [gateway.attack.socket-files]', () => {
  test('a socket of the own user is trusted', () => expect(checkSocket(socketPath)).resolves.toBeUndefined())

  test('a symbolic link, a file, a folder, an abstract name, a NUL and a missing path are refused', async () => {
    const link = join(folder, 'link.sock')
    symlinkSync(socketPath, link)
    const file = join(folder, 'file.sock')
    writeFileSync(file, '')
    await expect(checkSocket(link)).rejects.toMatchObject({ ...denied, message: expect.stringContaining('symbolic link') })
    await expect(checkSocket(file)).rejects.toMatchObject(denied)
    await expect(checkSocket(folder)).rejects.toMatchObject(denied)
    for (const name of ['\0abstract', '@abstract', `${socketPath}\0.evil`])
      await expect(checkSocket(name)).rejects.toMatchObject(denied)
    await expect(checkSocket(join(folder, 'none.sock'))).rejects.toMatchObject({ code: 'unreachable', sent: 'no' })
  })

  test('a socket that other users can write to, or replace, is refused', async () => {
    chmodSync(socketPath, 0o666)
    await expect(checkSocket(socketPath)).rejects.toMatchObject({ ...denied, message: expect.stringContaining('666') })
    chmodSync(socketPath, 0o600)
    chmodSync(folder, 0o777)
    await expect(checkSocket(socketPath)).rejects.toMatchObject(denied)
    chmodSync(folder, 0o1777)
    await expect(checkSocket(socketPath)).resolves.toBeUndefined()
    chmodSync(folder, 0o700)
  })

  test.skipIf(process.getuid?.() !== 0)('a socket of another user is refused, also when the gateway runs as root', async () => {
    chownSync(socketPath, NOBODY, NOBODY)
    await expect(checkSocket(socketPath)).rejects.toMatchObject({ ...denied, message: expect.stringContaining('another user') })
    const upstream = await upstreamOf({ system: 'raw', socket: socketPath })
    if (upstream.kind !== 'stream') throw new Error('a raw upstream is a stream')
    await expect(upstream.transport.open(undefined)).rejects.toMatchObject(denied)
    chownSync(socketPath, 0, 0)
  })

  test('a descriptor that other users can write to is refused', async () => {
    const home = join(folder, 'cccc')
    mkdirSync(join(home, 'daemon'), { recursive: true, mode: 0o700 })
    const descriptor = join(home, 'daemon', 'ccccd.addr.json')
    writeFileSync(descriptor, JSON.stringify({ v: 1, transport: 'unix', path: socketPath }))
    chmodSync(descriptor, 0o666)
    const upstream = await upstreamOf({ system: 'cccc', home })
    if (upstream.kind !== 'stream') throw new Error('a daemon is a stream')
    await expect(upstream.transport.open(undefined)).rejects.toMatchObject(denied)
    chmodSync(descriptor, 0o600)
    const link = await upstream.transport.open(undefined)
    await link.close()
    rmSync(descriptor)
    symlinkSync(join(folder, 'elsewhere.json'), descriptor)
    await expect(upstream.transport.open(undefined)).rejects.toMatchObject(denied)
  })
})

describe('files [gateway.attack.private-files]', () => {
  test('a secret file that other users can read, a symbolic link, a pipe and a huge file are refused', async () => {
    const path = join(folder, 'secret')
    writeFileSync(path, 'key')
    chmodSync(path, 0o644)
    await expect(readTrusted(path, { secret: true })).rejects.toMatchObject(denied)
    await expect(readTrusted(path)).resolves.toBe('key')
    chmodSync(path, 0o600)
    await expect(readTrusted(path, { secret: true })).resolves.toBe('key')
    const link = join(folder, 'secret-link')
    symlinkSync(path, link)
    await expect(readTrusted(link)).rejects.toMatchObject(denied)
    const pipe = join(folder, 'pipe')
    execFileSync('mkfifo', [pipe])
    await expect(readTrusted(pipe)).rejects.toMatchObject(denied)
    writeFileSync(path, 'x'.repeat(1024 * 1024 + 1))
    await expect(readTrusted(path)).rejects.toMatchObject(denied)
    await expect(readTrusted(`${path}\0`)).rejects.toMatchObject(denied)
  })

  test('the token file is private, is written atomically, and follows no prepared symbolic link', async () => {
    const path = join(folder, 'tokens', 'gateway.token')
    const target = join(folder, 'victim')
    writeFileSync(target, 'precious')
    mkdirSync(join(folder, 'tokens'), { mode: 0o700 })
    symlinkSync(target, path)
    await using file = await writeTokenFile(path, 'sbx_token_x')
    expect(lstatSync(file.path).isSymbolicLink()).toBe(false)
    expect(lstatSync(file.path).mode & 0o777).toBe(0o600)
    expect(readFileSync(file.path, 'utf8')).toBe('sbx_token_x\n')
    expect(readFileSync(target, 'utf8')).toBe('precious')
    chmodSync(join(folder, 'tokens'), 0o777)
    await expect(writeTokenFile(path, 'sbx_token_y')).rejects.toMatchObject(denied)
    chmodSync(join(folder, 'tokens'), 0o700)
  })
})

describe('as another user [gateway.attack.other-user]', () => {
  test.skipIf(!canDropUser())(
    'an unprivileged gateway trusts only its own sockets and those of root, and cannot read a token of another user',
    async () => {
      const open = mkdtempSync(join(tmpdir(), 'signalbox-user-'))
      chmodSync(open, 0o755)
      const program = join(open, 'check.mjs')
      writeProgram(
        program,
        `import { checkSocket, readTrusted } from './gateway/trust.js'
const [socket, file] = process.argv.slice(2)
const say = (work) => work.then(() => 'trusted', (error) => error.code)
console.log(JSON.stringify([process.getuid(), await say(checkSocket(socket)), await say(readTrusted(file))]))`,
      )
      const listening: Server[] = []
      const socketOf = async (name: string, owner: number): Promise<string> => {
        const path = join(open, name)
        const one = createServer()
        listening.push(one)
        await new Promise<void>((resolve) => one.listen(path, resolve))
        chmodSync(path, 0o600)
        chownSync(path, owner, owner)
        return path
      }
      const file = join(open, 'token')
      writeFileSync(file, 'sbx_token_x', { mode: 0o600 })
      const asNobody = (socket: string): unknown =>
        JSON.parse(
          execFileSync(
            'setpriv',
            [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', process.execPath, program, socket, file],
            {
              encoding: 'utf8',
            },
          ),
        )
      expect(asNobody(await socketOf('own.sock', NOBODY))).toEqual([NOBODY, 'trusted', 'unreachable'])
      expect(asNobody(await socketOf('root.sock', 0))).toEqual([NOBODY, 'trusted', 'unreachable'])
      expect(asNobody(await socketOf('other.sock', 1234))).toEqual([NOBODY, 'permission_denied', 'unreachable'])
      for (const one of listening) one.close()
      rmSync(open, { recursive: true, force: true })
    },
  )
})
