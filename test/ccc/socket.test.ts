/** The socket of a server on this machine: each problem gives its own error, before anything is sent. */
import { execFile } from 'node:child_process'
import { chmod, chown, mkdir, mkdtemp, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createCcc } from '../../src/ccc/index.js'
import type { ErrorCode } from '../../src/index.js'
import { checkRejects, createCccSimulator } from '../../src/testing/index.js'
import { cccSocket, listenUnix } from '../../transports/node/index.js'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ccc-socket-'))
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true })
})

async function served(path: string): Promise<AsyncDisposable> {
  const simulator = createCccSimulator({ sessions: [{ name: 'myproject' }] })
  const listener = await listenUnix({ path })
  void simulator.listen(listener)
  return {
    async [Symbol.asyncDispose]() {
      await listener[Symbol.asyncDispose]()
      await simulator.stop()
    },
  }
}

/** A file that a server left behind when it was killed. */
async function staleSocket(path: string): Promise<void> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(`${path}.live`, resolve))
  await rename(`${path}.live`, path)
  await new Promise((resolve) => server.close(resolve))
}

const refusal = (path: string, code: ErrorCode) => checkRejects(cccSocket({ path }).open(), code)

describe('cccSocket', () => {
  test('[ccc.socket.open] finds ~/.ccc.sock, which only its owner can open and which the shutdown removes', async () => {
    vi.stubEnv('HOME', folder)
    const path = join(folder, '.ccc.sock')
    {
      await using _server = await served(path)
      expect((await stat(path)).mode & 0o777).toBe(0o600)
      for (const options of [{}, { path }, { path: '~/.ccc.sock' }]) {
        expect((await createCcc({ transport: cccSocket(options) }).ping()).sessions_active).toBe(1)
      }
    }
    const error = await checkRejects(cccSocket().open(), 'unreachable')
    expect(error.message).toContain('ccc listen')
  })

  test('[ccc.socket.open] one transport serves a server that was restarted', async () => {
    const path = join(folder, 'ccc.sock')
    const ccc = createCcc({ transport: cccSocket({ path }) })
    for (let round = 0; round < 3; round += 1) {
      await using _server = await served(path)
      expect((await ccc.sessions()).length).toBe(1)
    }
  })

  test('[ccc.socket.faults] a missing, a stale and a wrong file and a symbolic link give different errors, each with its remedy and sent: no', async () => {
    const path = join(folder, 'ccc.sock')
    await staleSocket(join(folder, 'stale'))
    await writeFile(join(folder, 'file'), '')
    await mkdir(join(folder, 'folder'))
    await using _server = await served(path)
    await symlink(path, join(folder, 'link'))
    const told = [
      await refusal(join(folder, 'missing'), 'unreachable'),
      await refusal(join(folder, 'stale'), 'unreachable'),
      await refusal(join(folder, 'file'), 'permission_denied'),
      await refusal(join(folder, 'file', 'below'), 'unreachable'),
      await refusal(join(folder, 'folder'), 'permission_denied'),
      await refusal(join(folder, 'link'), 'permission_denied'),
    ]
    expect(told.map(({ sent, system, op }) => [sent, system, op])).toEqual(told.map(() => ['no', 'ccc', 'open']))
    const texts = told.map(({ message }) => message)
    expect(texts[0]).toContain('ENOENT')
    expect(texts[1]).toContain('between restarts')
    expect(texts[2]).toContain('no socket')
    expect(texts[3]).toContain('ENOTDIR')
    expect(texts[5]).toContain('symbolic link')
    // A missing server can be started again, so a retry makes sense; for a wrong file it does not.
    expect(told.map(({ retryable }) => retryable)).toEqual([true, true, false, true, false, false])
  })

  test('[ccc.socket.mode] a socket that other users can write to is refused, unless an option allows it', async () => {
    const path = join(folder, 'ccc.sock')
    await using _server = await served(path)
    for (const mode of [0o620, 0o602, 0o777]) {
      await chmod(path, mode)
      expect((await refusal(path, 'permission_denied')).message).toContain(mode.toString(8))
    }
    expect((await createCcc({ transport: cccSocket({ path, trustAnyOwner: true }) }).ping()).version).toBe('1.12.5')
  })

  test('[ccc.socket.path] a path that is too long for the system is refused when it is opened', async () => {
    // Nothing is thrown before the transport is used.
    const error = await refusal(`/${'x'.repeat(200)}`, 'invalid_argument')
    expect(error.message).toMatch(/bytes long/)
    // A link to the socket itself would be refused, so the hint does not name one.
    expect(error.message).toMatch(/a link to the folder/)
    expect([error.sent, error.system, error.transport]).toEqual(['no', 'ccc', 'ccc-socket'])
  })

  test('[ccc.socket.abort] an aborted open leaves no connection', async () => {
    const path = join(folder, 'ccc.sock')
    await using _server = await served(path)
    const controller = new AbortController()
    const opening = cccSocket({ path }).open(undefined, { signal: controller.signal })
    controller.abort()
    expect((await checkRejects(opening, 'aborted')).sent).toBe('no')
  })
})

const isRoot = process.getuid?.() === 0

describe.skipIf(!isRoot || process.platform !== 'linux')('as another user', () => {
  /** Runs a bundle of the transport in Node as the user nobody, and returns the error of each open. */
  async function asNobody(path: string): Promise<string> {
    const script = join(folder, 'open.mjs')
    const socket = fileURLToPath(new URL('../../transports/node/ccc/socket.ts', import.meta.url))
    await build({
      stdin: {
        contents: `import { cccSocket } from ${JSON.stringify(socket)}
          const link = await cccSocket({ path: process.argv[2] }).open().catch((error) => error)
          if (link instanceof Error) console.log(link.code, link.sent, link.message)
          else { console.log('opened'); await link.close() }`,
        resolveDir: folder,
      },
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'es2022',
      outfile: script,
    })
    const { stdout } = await promisify(execFile)('setpriv', [
      '--reuid=65534',
      '--regid=65534',
      '--clear-groups',
      process.execPath,
      script,
      path,
    ])
    return stdout
  }

  test('[ccc.socket.owner] the socket of another user is refused, with any mode of the socket and its folder', async () => {
    await chmod(folder, 0o755)
    const path = join(folder, 'ccc.sock')
    await using _server = await served(path)
    await chmod(path, 0o777)
    expect(await asNobody(path)).toMatch(/^permission_denied no .*another user/)
    await mkdir(join(folder, 'home'), { mode: 0o700 })
    expect(await asNobody(join(folder, 'home', '.ccc.sock'))).toMatch(/^permission_denied no /)
    // The user can open their own socket.
    await chmod(path, 0o600)
    await chown(path, 65_534, 65_534)
    expect(await asNobody(path)).toBe('opened\n')
  })
})
