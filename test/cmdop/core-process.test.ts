/** A core as a child: found, started once, replaced, ended. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { chmod, copyFile, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { create, toBinary } from '@bufbuild/protobuf'
import { build } from 'esbuild'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ConnectionError, createCmdop, type AskFrame } from '../../src/cmdop/index.js'
import { resolveConfig } from '../../src/cmdop/config.js'
import { Kind } from '../../src/cmdop/envelope.js'
import { EnvelopeSchema } from '../../src/cmdop/gen/cmdop/core/v1/envelope_pb.js'
import { encodeFrame } from '../../src/core/codec/frames.js'
import { simulatedId, type CmdopCoreSimulatorOptions as SimulatedCoreOptions } from '../../src/testing/index.js'
import { cmdopCore } from '../../transports/node/index.js'
import { binaryName, findCore } from '../../transports/node/cmdop/binary.js'
import { killHard } from '../contract/held.js'

const M1 = simulatedId(1, 1)
const BOTH = { CMDOP_TOKEN: 't-right', CMDOP_API_KEY: 'k-right' }
let folder = ''
let program = ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cmdop-core-'))
  program = join(folder, 'fake-cmdop.mjs')
  const entry = fileURLToPath(new URL('../../transports/node/cmdop/fake-cmdop.ts', import.meta.url))
  await build({ entryPoints: [entry], outfile: program, bundle: true, format: 'esm', platform: 'node', target: 'node20' })
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** The fake core, whose relay wants the right credentials. */
const withOptions = (env: Readonly<Record<string, string>>, options: SimulatedCoreOptions = {}) => ({
  ...env,
  CMDOP_FAKE_OPTIONS: JSON.stringify({ relay: { token: 't-right', apiKey: 'k-right' }, ...options }),
})
const core = (options: SimulatedCoreOptions = {}, env: Readonly<Record<string, string>> = BOTH, before: readonly string[] = []) =>
  cmdopCore({ binaryPath: process.execPath, args: [...before, program], env: withOptions(env, options) })

/** The transport, and the links that it opened. */
function watched(inner = core()) {
  const pids: number[] = []
  const transport: typeof inner = {
    ...inner,
    async launch(config, options) {
      const link = await inner.launch(config, options)
      pids.push(link.info.pid ?? 0)
      return link
    },
  }
  return { transport, pids }
}
const gone = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return false
  } catch {
    return true
  }
}
const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5))
}

describe('a core as a child', () => {
  it('is started by the first call, shared by all calls, and ends with the client [cmdop.core.once]', async () => {
    // A full stderr pipe would block a core whose parent does not read it.
    const noisy = ['--import', 'data:text/javascript,process.stderr.write("noise ".repeat(60000))']
    const { transport, pids } = watched(core({ splitWrites: true }, BOTH, noisy))
    const client = createCmdop({ transport })
    expect(pids).toEqual([])
    const lists = await Promise.all([client.machines.list(), client.fleets.list(), client.skills.my()])
    expect(lists.length).toBe(3)
    expect(await client.machines.ask(M1, 'hi').collect()).toBe('You said: hi')
    expect(pids.length).toBe(1)
    await client.close()
    await until(() => gone(pids[0] ?? 0))
  })

  it.each([0, 1, 2, 3, 4])(
    'killed at step %i of an ask fails the ask with this reason; the next call gets a new core [cmdop.ask.killed]',
    async (step) => {
      const { transport, pids } = watched()
      await using client = createCmdop({ transport })
      await client.machines.list()
      const stream = client.machines.ask(M1, '[[say a]][[pin 1]][[say b]][[confirm p]][[say c]][[hang]]')
      const seen: AskFrame[] = []
      const kill = () => killHard(pids[0])
      const read = async (): Promise<void> => {
        if (step === 0) kill()
        for await (const frame of stream) {
          seen.push(frame)
          if (seen.length === step) kill()
          if (frame.type === 'pin_required') await stream.pin(frame.challengeId, '1').catch(() => {})
          if (frame.type === 'confirm_required') await stream.confirm(frame.token, true).catch(() => {})
        }
      }
      const error = await read().catch((failure: unknown) => failure)
      expect(error).toBeInstanceOf(ConnectionError)
      expect(seen.length).toBeGreaterThanOrEqual(step)
      expect((await client.machines.list()).items.length).toBe(3)
      expect(pids.length).toBe(2)
      expect(gone(pids[0] ?? 0)).toBe(true)
    },
  )

  it('gives an error with its exit code and its last stderr [cmdop.core.exit]', async () => {
    const refuse = 'process.stderr.write("cmdop-core: refusing to run\\n"); process.exit(3)'
    const program = { binaryPath: process.execPath, args: ['-e', refuse], env: BOTH }
    // Node itself answers `--version` here, so the protocol is named.
    const client = createCmdop({ transport: cmdopCore({ ...program, generation: 1 }) })
    const error = (await client.machines.list().catch((failure: unknown) => failure)) as ConnectionError
    expect(error).toBeInstanceOf(ConnectionError)
    expect(error).toMatchObject({ code: 'exited', exitCode: 3, remoteCode: 'connection' })
    expect(error.message).toContain('refusing to run')
    await client.close()
  })

  it('that ignores signals and has an open ask is still ended by close [cmdop.close.stubborn]', async () => {
    const { transport, pids } = watched()
    const client = createCmdop({ transport, closeGraceMs: 0 })
    const reading = client.machines.ask(M1, '[[say a]][[hang]]').collect()
    reading.catch(() => {})
    await until(() => pids.length === 1)
    await client.machines.list()
    await client.close()
    await expect(reading).rejects.toBeInstanceOf(ConnectionError)
    expect(gone(pids[0] ?? 0)).toBe(true)
  })

  it('gets its credentials in the environment; a missing credential fails in the client, only on its own plane [cmdop.credentials.local]', async () => {
    await using client = createCmdop({ transport: core({}, { CMDOP_TOKEN: 't-right' }) })
    expect((await client.machines.list()).items.length).toBe(3)
    const error = await client.skills.my().catch((failure: unknown) => failure)
    expect(error).toMatchObject({ name: 'AuthError', code: 'unauthenticated', remoteCode: 'auth', sent: 'no' })
    const keyed = createCmdop({ transport: core({}, {}), apiKey: 'k-right' })
    expect((await keyed.skills.my()).count).toBe(3)
    await expect(keyed.machines.list()).rejects.toMatchObject({ name: 'AuthError', sent: 'no' })
    await keyed.close()
  })

  it('that cannot be started gives an error, and the next call tries again [cmdop.core.missing]', async () => {
    const binaryPath = join(folder, 'later')
    const client = createCmdop({ transport: cmdopCore({ binaryPath, env: { CMDOP_TOKEN: 't-right', PATH: process.env.PATH } }) })
    await expect(client.machines.list()).rejects.toMatchObject({ name: 'ConnectionError', sent: 'no', remoteCode: 'connection' })
    // The file is started by its `#!` line, as a published SDK starts CMDOP_CORE_BINARY.
    await copyFile(program, binaryPath)
    await chmod(binaryPath, 0o755)
    expect((await client.machines.list()).items.length).toBe(3)
    await client.close()
  })
})

describe('the fake core', () => {
  const start = async (env: Readonly<Record<string, string>>) => {
    const child = spawn(process.execPath, [program], { env: { ...process.env, ...env } })
    let said = ''
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString()
    })
    const exit = once(child, 'exit') as Promise<[number | null, string | null]>
    return { child, exit, said: () => said }
  }

  it('takes the options of the simulator, and refuses options that are not JSON [cmdop.fake.options]', async () => {
    const client = createCmdop({ transport: core({ version: '1.0.2', relay: { machines: 5 } }) })
    expect((await client.machines.list()).items.length).toBe(5)
    // The answer of 1.0.2 if no PIN arrives.
    const late = await client.machines
      .ask(M1, '[[pin-timeout]]')
      .collect()
      .catch((failure: unknown) => failure)
    expect(late).toMatchObject({ remoteCode: 'internal' })
    await client.close()
    const { exit, said } = await start({ CMDOP_FAKE_OPTIONS: 'version=1.0.2' })
    expect(await exit).toEqual([2, null])
    expect(said()).toContain('CMDOP_FAKE_OPTIONS is not JSON')
  })

  it('exits with code 1 at bytes that are not a frame, and with 0 at the end of its stdin [cmdop.fake.exits]', async () => {
    const broken = await start(withOptions(BOTH))
    broken.child.stdin.end(encodeFrame(Uint8Array.of(0xff)))
    expect(await broken.exit).toEqual([1, null])
    expect(broken.said()).toContain('not a frame')
    const idle = await start(withOptions(BOTH))
    idle.child.stdin.end()
    expect(await idle.exit).toEqual([0, null])
  })

  it('does not exit with an open ask at the end of its stdin or at TERM, like real cores [cmdop.fake.stays]', async () => {
    const { child, exit } = await start(withOptions(BOTH))
    let over = false
    void exit.then(() => {
      over = true
    })
    const value = { machineId: M1, sessionId: 's', prompt: '[[say a]][[hang]]' }
    const ask = create(EnvelopeSchema, { id: 1, kind: Kind.REQUEST, payload: { case: 'askReq', value } })
    child.stdin.end(encodeFrame(toBinary(EnvelopeSchema, ask)))
    await once(child.stdout, 'data')
    for (const signal of ['SIGTERM', 'SIGINT'] as const) child.kill(signal)
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(over).toBe(false)
    child.kill('SIGKILL')
    expect(await exit).toEqual([null, 'SIGKILL'])
  })
})

describe('finding a core', () => {
  const host = { platform: 'linux', arch: 'x64' }
  const place = async (...parts: string[]): Promise<string> => {
    const path = join(folder, ...parts)
    await mkdir(join(path, '..'), { recursive: true })
    await writeFile(path, '#!/bin/sh\n')
    return path
  }

  it('uses binaryPath unchanged, then the variable, then PATH, then the wheel [cmdop.locate.order]', async () => {
    const named = await place('named', 'core')
    const onPath = await place('path', 'cmdop-core')
    await chmod(onPath, 0o755)
    const inWheel = await place('wheel', '_bin', 'cmdop-core-linux-x64')
    const PATH = [join(folder, 'nowhere'), join(folder, 'path')].join(delimiter)
    const wheelFolder = async () => join(folder, 'wheel')
    const find = (env: Record<string, string>, binaryPath?: string) => findCore({ env, host, wheelFolder, binaryPath })
    expect(await find({ CMDOP_CORE_BINARY: named, PATH }, '/not/there')).toBe('/not/there')
    expect(await find({ CMDOP_CORE_BINARY: named, PATH })).toBe(named)
    expect((await stat(named)).mode & 0o111).toBe(0o111)
    expect(await find({ CMDOP_CORE_BINARY: '', PATH })).toBe(onPath)
    expect(await find({ PATH: '' })).toBe(inWheel)
    expect((await stat(inWheel)).mode & 0o111).toBe(0o111)
  })

  it.skipIf(process.platform === 'win32')(
    'an abort while Python is asked ends the open and that Python at once [cmdop.locate.abort]',
    async () => {
      const asked = join(folder, 'asked')
      const python = await place('slow', 'python3')
      await writeFile(python, `#!/bin/sh\necho $$ > ${asked}.new; /bin/mv ${asked}.new ${asked}; exec /bin/sleep 600\n`)
      await chmod(python, 0o755)
      const controller = new AbortController()
      const transport = cmdopCore({ env: { PATH: join(folder, 'slow') } })
      const opening = transport.open(resolveConfig({}, {}), { signal: controller.signal }).catch((error: unknown) => error)
      await expect.poll(() => existsSync(asked)).toBe(true)
      controller.abort()
      expect(await opening).toMatchObject({ code: 'aborted', sent: 'no' })
      const pid = Number(readFileSync(asked, 'utf8'))
      const isThere = (): boolean => {
        try {
          return process.kill(pid, 0)
        } catch {
          return false
        }
      }
      await expect.poll(isThere).toBe(false)
    },
  )

  it('names the missing part and the command that installs it [cmdop.locate.errors]', async () => {
    const wheelFolder = async () => undefined
    await expect(findCore({ env: { CMDOP_CORE_BINARY: '/none' }, host })).rejects.toThrow(/points at a missing file: \/none/)
    await expect(findCore({ env: {}, host, wheelFolder })).rejects.toThrow(/pip install "cmdop<2".*CMDOP_CORE_BINARY/)
    await expect(findCore({ env: {}, host, wheelFolder })).rejects.toThrow('No cmdop-core-linux-x64 was found')
    const odd = findCore({ env: {}, host: { platform: 'freebsd', arch: 'x64' }, wheelFolder })
    await expect(odd).rejects.toThrow(/no prebuilt binary.*freebsd-x64/)
  })

  it.each([
    ['darwin', 'arm64', 'cmdop-core-darwin-arm64'],
    ['darwin', 'x64', 'cmdop-core-darwin-x64'],
    ['linux', 'x64', 'cmdop-core-linux-x64'],
    ['linux', 'arm64', 'cmdop-core-linux-arm64'],
    ['win32', 'x64', 'cmdop-core-win32-x64.exe'],
  ])('names the binary of %s-%s [cmdop.locate.names]', (platform, arch, name) => expect(binaryName({ platform, arch })).toBe(name))
})
