/** Several listeners on one path, and files that other processes left there. */
import { spawn } from 'node:child_process'
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Listener } from '../../src/index.js'
import { maxUnixPathBytes } from '../../transports/node/link/address.js'
import { listenUnix, listenWebSocket, unixSocket } from '../../transports/node/index.js'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'signalbox-listen-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** The file of a server that was killed. */
async function stale(path: string): Promise<void> {
  const program = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => console.log('listening'))`
  const server = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(server.stdout, 'data')
  server.kill('SIGKILL')
  await once(server, 'exit')
  expect(lstatSync(path).isSocket()).toBe(true)
}

describe.skipIf(process.platform === 'win32')('unix sockets', () => {
  test('of two listeners that find a stale file at the same time, one listens and can be reached [transport.listen-takes-over]', async () => {
    const path = join(folder, 'both.sock')
    for (let round = 0; round < 4; round += 1) {
      await stale(path)
      const results = await Promise.allSettled([listenUnix({ path }), listenUnix({ path }), listenUnix({ path })])
      const listening = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
      const link = await unixSocket({ path }).open()
      await link.close()
      for (const one of listening) await one[Symbol.asyncDispose]()
      expect(results.map((result) => (result.status === 'rejected' ? result.reason.code : 'listens')).sort()).toEqual([
        'conflict',
        'conflict',
        'listens',
      ])
      rmSync(path, { force: true })
    }
  })

  test('the end of a listener leaves the file of the listener that replaced it [transport.listen-takes-over]', async () => {
    const path = join(folder, 'turns.sock')
    const first = await listenUnix({ path })
    rmSync(path)
    const second = await listenUnix({ path })
    await first[Symbol.asyncDispose]()
    const link = await unixSocket({ path }).open()
    await link.close()
    await second[Symbol.asyncDispose]()
    expect(() => lstatSync(path)).toThrow(/ENOENT/)
  })

  test('a listener makes nothing outside the folder of its socket, whose parent may be read-only [transport.listen-folder]', async () => {
    const inner = join(folder, 'inner')
    mkdirSync(inner)
    const changedAt = () => lstatSync(folder, { bigint: true }).mtimeNs
    const before = changedAt()
    const listener = await listenUnix({ path: join(inner, 's') })
    expect(readdirSync(inner)).toEqual(['s'])
    expect(changedAt()).toBe(before)
    await listener[Symbol.asyncDispose]()
    expect(changedAt()).toBe(before)
  })

  test('a listener accepts the longest path that the system accepts [transport.address]', async () => {
    const room = maxUnixPathBytes(process.platform) - Buffer.byteLength(folder) - 3
    const path = join(folder, 'x'.repeat(room), 's')
    mkdirSync(dirname(path))
    expect(Buffer.byteLength(path)).toBe(maxUnixPathBytes(process.platform))
    await stale(path)
    const listener = await listenUnix({ path })
    expect(lstatSync(path).mode & 0o777).toBe(0o600)
    const link = await unixSocket({ path }).open()
    await link.close()
    await listener[Symbol.asyncDispose]()
    expect(readdirSync(dirname(path))).toEqual([])
  })

  test('no other user can connect before the mode is set [transport.listen-mode]', async () => {
    const path = join(folder, 'mode.sock')
    const umask = process.umask(0)
    let opening: Promise<Listener>
    const modes = new Set<number>()
    try {
      opening = listenUnix({ path })
      let open = true
      void opening.finally(() => (open = false))
      while (open) {
        try {
          modes.add(lstatSync(path).mode & 0o777)
        } catch {}
        await new Promise((resolve) => setImmediate(resolve))
      }
    } finally {
      process.umask(umask)
    }
    await (await opening)[Symbol.asyncDispose]()
    expect([...modes]).toEqual([0o600])
  })
})

test('a disposed WebSocket listener leaves no connection that is still in its handshake [websocket.listener-end]', async () => {
  const listener = await listenWebSocket()
  const socket: Socket = connect(listener.port, '127.0.0.1')
  socket.on('error', () => {}).resume()
  const closed = once(socket, 'close')
  await once(socket, 'connect')
  // A complete answer shows that the connection was accepted; then half a request, which has no time limit.
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n')
  const other = await fetch(`http://127.0.0.1:${listener.port}/`)
  expect(other.status).toBe(426)
  await listener[Symbol.asyncDispose]()
  await closed
})
