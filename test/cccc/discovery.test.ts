/** Finding the daemon: every shape of its descriptor, homes, moved ports, and another daemon at the port. */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import * as files from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createCccc } from '../../src/cccc/index.js'
import { createCcccSimulator } from '../../src/testing/index.js'
import { ccccDaemon, ccccHome, discoverCccc, listenTcp, listenUnix } from '../../transports/node/index.js'

vi.mock('node:fs/promises', { spy: true })

let home: string
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'sb-h-'))
  await mkdir(join(home, 'daemon'))
})
afterEach(() => rm(home, { recursive: true, force: true }))

const describeAs = (text: string): Promise<void> => writeFile(join(home, 'daemon', 'ccccd.addr.json'), text)
const tcp = (fields: object): string => JSON.stringify({ v: 1, transport: 'tcp', host: '127.0.0.1', port: 9765, ...fields })

describe('the home [cccc.home]', () => {
  test('is the option of the caller, then the environment, then the default', () => {
    const env = { HOME: '/home/dev', CCCC_HOME: ' ~/other ' }
    expect(ccccHome({ home: '/a/b', env })).toBe('/a/b')
    expect(ccccHome({ env })).toBe('/home/dev/other')
    expect(ccccHome({ home: '   ', env })).toBe('/home/dev/other')
    expect(ccccHome({ env: { HOME: '/home/dev', CCCC_HOME: '  ' } })).toBe('/home/dev/.cccc')
  })
})

describe('the descriptor [cccc.descriptor]', () => {
  const fallback = () => ({ transport: 'unix', path: join(home, 'daemon', 'ccccd.sock') })
  test.each([
    ['not JSON', 'nonsense'],
    ['not an object', '[1]'],
    ['a later version', tcp({ v: 2 })],
    ['a port of text', tcp({ port: '9765' })],
    ['no port', tcp({ port: 0 })],
    ['a port beyond the last', tcp({ port: 70_000 })],
    ['an unknown transport', tcp({ transport: 'pigeon' })],
    ['a blank path', JSON.stringify({ v: 1, transport: 'unix', path: '  ' })],
  ])('%s makes the client use the socket beside it', async (_, text) => {
    await describeAs(text)
    expect(await discoverCccc({ home })).toEqual(fallback())
  })

  test.skipIf(process.platform === 'win32')(
    'for a pipe, a device, a folder and a huge file the client uses the socket at once',
    async () => {
      const path = join(home, 'daemon', 'ccccd.addr.json')
      const kinds = [
        () => promisify(execFile)('mkfifo', [path]),
        () => symlink('/dev/zero', path),
        () => mkdir(path),
        () => describeAs(tcp({}) + ' '.repeat(70_000)),
      ]
      for (const make of kinds) {
        await make()
        expect(await discoverCccc({ home })).toEqual(fallback())
        await rm(path, { recursive: true })
      }
    },
  )

  test('without a descriptor the client uses the socket too', async () => {
    expect(await discoverCccc({ home })).toEqual(fallback())
  })

  test.each([
    ['', '127.0.0.1'],
    ['localhost', '127.0.0.1'],
    ['0.0.0.0', '127.0.0.1'],
    ['192.168.1.1', '192.168.1.1'],
  ])('the host %j is reached at %s', async (host, reached) => {
    await describeAs(tcp({ host }))
    expect(await discoverCccc({ home })).toEqual({ transport: 'tcp', host: reached, port: 9765 })
  })

  test('a descriptor without a version, or with spaces and capitals, is accepted', async () => {
    await describeAs(JSON.stringify({ transport: ' UNIX ', path: '/run/cccc.sock', pid: 5 }))
    expect(await discoverCccc({ home })).toEqual({ transport: 'unix', path: '/run/cccc.sock', pid: 5 })
  })
})

describe('the transport', () => {
  test('fails with sent: no if no daemon runs [cccc.unreachable]', async () => {
    await using client = createCccc({ transport: ccccDaemon({ home }) })
    const error = await client.call('ping').catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ name: 'DaemonUnavailableError', code: 'unreachable', sent: 'no' })
  })

  test('finds a daemon that came back on another port, without a new client [cccc.moved-port]', async () => {
    const simulator = createCcccSimulator()
    await using client = createCccc({ transport: ccccDaemon({ home }) })
    for (let round = 0; round < 2; round += 1) {
      await using listener = await listenTcp()
      void simulator.listen(listener)
      await describeAs(tcp({ port: listener.port, pid: simulator.pid }))
      expect((await client.call('ping')).pid).toBe(simulator.pid)
      simulator.restart()
    }
  })

  test('refuses another daemon at the port of the descriptor, and sends it nothing but a ping [cccc.wrong-daemon]', async () => {
    await using simulator = createCcccSimulator()
    await using listener = await listenTcp()
    void simulator.listen(listener)
    await describeAs(tcp({ port: listener.port, pid: simulator.pid + 1 }))
    await using client = createCccc({ transport: ccccDaemon({ home }) })
    const error = await client.groups.create({ title: 'not here' }).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'unreachable', sent: 'no' })
    expect(simulator.ledger.requests.map(({ op }) => op)).toEqual(['ping'])
  })

  test('checks the process once per descriptor, not once per call', async () => {
    await using simulator = createCcccSimulator()
    await using listener = await listenTcp()
    void simulator.listen(listener)
    // A running process, according to the system.
    simulator.pid = process.pid
    await describeAs(tcp({ port: listener.port, pid: simulator.pid }))
    await using client = createCccc({ transport: ccccDaemon({ home }) })
    await client.groups.list()
    await client.groups.list()
    expect(simulator.ledger.requests.map(({ op }) => op)).toEqual(['ping', 'groups', 'groups'])
  })

  test('checks again after the process of the descriptor is gone, because another daemon can have its port', async () => {
    await using simulator = createCcccSimulator()
    await using listener = await listenTcp()
    void simulator.listen(listener)
    simulator.pid = 2 ** 22 + 1
    await describeAs(tcp({ port: listener.port, pid: simulator.pid }))
    await using client = createCccc({ transport: ccccDaemon({ home }) })
    await client.groups.list()
    simulator.pid += 1
    await expect(client.groups.create({})).rejects.toMatchObject({ code: 'unreachable', sent: 'no' })
    expect(simulator.ledger.requests.map(({ op }) => op)).toEqual(['ping', 'groups', 'ping'])
  })

  test('reads a descriptor once while it stays the same file, and again after a change [cccc.descriptor-once]', async () => {
    await using simulator = createCcccSimulator()
    const paths = [join(home, 'one.sock'), join(home, 'two.sock')]
    await using first = await listenUnix({ path: paths[0] as string })
    await using second = await listenUnix({ path: paths[1] as string })
    for (const listener of [first, second]) void simulator.listen(listener)
    const reads = (): number => vi.mocked(files.open).mock.calls.filter(([path]) => String(path).startsWith(home)).length
    await using client = createCccc({ transport: ccccDaemon({ home }) })
    for (const [round, path] of paths.entries()) {
      await describeAs(JSON.stringify({ v: 1, transport: 'unix', path }))
      // A file that has just changed is read for each call.
      await new Promise((resolve) => setTimeout(resolve, 120))
      const before = reads()
      for (let call = 0; call < 5; call += 1) await client.call('ping')
      expect(reads() - before, `round ${round}`).toBe(1)
    }
  })

  test('reads the descriptor again after a stale one [cccc.stale-descriptor]', async () => {
    const path = join(home, 'daemon', 'other.sock')
    await describeAs(JSON.stringify({ v: 1, transport: 'unix', path: join(home, 'gone.sock') }))
    await using client = createCccc({ transport: ccccDaemon({ home }) })
    await expect(client.call('ping')).rejects.toMatchObject({ code: 'unreachable' })
    await using listener = await listenUnix({ path })
    await using simulator = createCcccSimulator()
    void simulator.listen(listener)
    await describeAs(JSON.stringify({ v: 1, transport: 'unix', path }))
    expect((await client.call('ping')).pid).toBe(simulator.pid)
  })
})
