/** No client can lock the owner out: not with kept connections, and not with requests whose answers are not read. */
import { EventEmitter } from 'node:events'
import type { Server } from 'node:http'
import { connect, type Socket } from 'node:net'
import { PassThrough, type Duplex } from 'node:stream'
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { systemClock, type Clock } from '../../../src/core/clock.js'
import { limitConnections } from '../../../transports/node/gateway/connections.js'
import { nodeWebSocket } from '../../../transports/node/index.js'
import { gateway } from '../../../transports/web/index.js'
import { arena, hungUp, memoryNow, raw, requestText, send, until, type Arena } from './harness.js'

let at: Arena | undefined
const sockets: Socket[] = []
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await at?.[Symbol.asyncDispose]()
  at = undefined
})

const authorization = (token: string) => ({ Authorization: `Bearer ${token}`, Connection: 'keep-alive' })

/** An authenticated connection that stays open. Resolves after the first answer, or when the server closes. */
async function kept({ served }: Arena, token: string): Promise<Socket> {
  const socket = connect(served.port, '127.0.0.1').on('error', () => {})
  sockets.push(socket)
  socket.write(requestText(served, { headers: authorization(token) }))
  await new Promise<void>((resolve) => socket.once('data', () => resolve()).once('close', () => resolve()))
  return socket
}

describe('kept connections', () => {
  test('[gateway.attack.lockout.credential] when one credential keeps as many connections as it can, the owner can still connect', async () => {
    at = await arena({ limits: { maxConnections: 24, maxConnectionsPerCredential: 8 } })
    const { token } = await at.served.gateway.credentials.issueToken({ scopes: ['observe'] })
    for (let count = 0; count < 60; count += 1) await kept(at, token)
    await at.checkHealthy()
    await expect.poll(() => sockets.filter((socket) => !socket.destroyed).length).toBeLessThanOrEqual(24)
  })

  test('[gateway.attack.lockout.other] when one credential keeps as many connections as it can, the connections of another one stay open', async () => {
    at = await arena({ limits: { maxConnections: 24, maxConnectionsPerCredential: 8 } })
    const { credentials } = at.served.gateway
    const { token } = await credentials.issueToken({ scopes: ['observe'] })
    const other = await credentials.issueToken({ scopes: ['observe'] })
    for (let count = 0; count < 40; count += 1) await kept(at, token)
    const others: Socket[] = []
    for (let count = 0; count < 4; count += 1) others.push(await kept(at, other.token))
    for (let count = 0; count < 40; count += 1) await kept(at, token)
    await expect.poll(() => sockets.filter((socket) => !socket.destroyed).length).toBeLessThanOrEqual(24)
    expect(others.filter((socket) => socket.destroyed)).toEqual([])
  })

  test('[gateway.attack.lockout.revoked] connections of a withdrawn credential are closed first', async () => {
    at = await arena({ limits: { maxConnections: 16, maxConnectionsPerCredential: 16 } })
    const { credentials } = at.served.gateway
    const { token, grant } = await credentials.issueToken({ scopes: ['observe'] })
    for (let count = 0; count < 12; count += 1) await kept(at, token)
    credentials.revoke(grant.id)
    const other = await credentials.issueToken({ scopes: ['observe'] })
    const later: Socket[] = []
    for (let count = 0; count < 12; count += 1) later.push(await kept(at, other.token))
    // The gateway closes surplus connections a little later.
    await expect.poll(() => sockets.filter((socket) => !socket.destroyed).length).toBeLessThanOrEqual(16)
    expect(later.filter((socket) => socket.destroyed)).toEqual([])
    await at.checkHealthy()
  })

  test('[gateway.attack.lockout.refused] a connection whose later credential is refused loses its protection from the flood limit', async () => {
    at = await arena({ limits: { maxConnections: 16, maxConnectionsPerCredential: 16 } })
    const { token, grant } = await at.served.gateway.credentials.issueToken({ scopes: ['observe'] })
    const socket = await kept(at, token)
    at.served.gateway.credentials.revoke(grant.id)
    socket.write(requestText(at.served, { headers: authorization(token) }))
    await hungUp(socket)
    await at.checkHealthy()
  })

  test('[gateway.attack.lockout.many] when several credentials keep connections, the owner can still connect', async () => {
    at = await arena({ limits: { maxConnections: 16, maxConnectionsPerCredential: 8 } })
    for (let index = 0; index < 4; index += 1) {
      const { token } = await at.served.gateway.credentials.issueToken({ scopes: ['observe'] })
      for (let count = 0; count < 10; count += 1) await kept(at, token)
    }
    // The connection of the owner stays, also under later connections.
    const owners = await kept(at, at.served.token)
    const { token } = await at.served.gateway.credentials.issueToken({ scopes: ['observe'] })
    for (let count = 0; count < 20; count += 1) await kept(at, token)
    expect(owners.destroyed).toBe(false)
    await at.checkHealthy()
  })

  test('[gateway.attack.lockout.links] a link stays open while its own credential keeps idle connections above its limit', async () => {
    at = await arena({ scopes: ['admin'], limits: { maxConnections: 24, maxConnectionsPerCredential: 4 } })
    const { token } = await at.served.gateway.credentials.issueToken({ scopes: ['admin'] })
    const webSocket = await nodeWebSocket()
    for (let count = 0; count < 10; count += 1) await kept(at, token)
    const link = await gateway(at.served.url, { token, webSocket }).stream('raw').open()
    for (let count = 0; count < 40; count += 1) await kept(at, token)
    await link.write(new TextEncoder().encode('{"cmd":"ping"}\n'))
    expect(new TextDecoder().decode((await link.read()) ?? undefined)).toContain('here')
    await link.close()
  })
})

describe('sockets that stay silent after their upgrade', () => {
  test('[gateway.attack.lockout.new] a connection that was accepted just before the flood is trimmed is not taken for a silent one', async () => {
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    const clock: Clock = { ...systemClock, monotonic: () => Date.now() }
    const server = new EventEmitter()
    const limits = { maxConnections: 16, maxConnectionsPerCredential: 8, headersTimeoutMs: 60_000, secure: false, owner: 'owner' }
    const connections = limitConnections(server as Server, { ...limits, clock, credentials: { onRevoked: () => () => {} } })
    const accept = (): Duplex => {
      const socket = new PassThrough()
      server.emit('connection', socket)
      return socket
    }
    const flood = Array.from({ length: 20 }, accept)
    for (const socket of flood) connections.spoke(socket as Socket)
    await vi.advanceTimersByTimeAsync(49)
    const newcomer = accept()
    await vi.advanceTimersByTimeAsync(10)
    expect(newcomer.destroyed).toBe(false)
    expect(flood.filter(({ destroyed }) => destroyed)).toHaveLength(5)
    // A newcomer that stays silent is displaced before those that have spoken.
    await vi.advanceTimersByTimeAsync(100)
    accept()
    await vi.advanceTimersByTimeAsync(60)
    expect(newcomer.destroyed).toBe(true)
    connections.closeAll()
  })
})

describe('requests whose answers are not read', () => {
  /** Writes the same request again and again on one connection and reads nothing; resolves when all is taken or the server hung up. */
  async function pipelined({ served }: Arena, request: string, bytes: number): Promise<Socket> {
    const socket = connect(served.port, '127.0.0.1').on('error', () => {})
    sockets.push(socket)
    socket.pause()
    const block = Buffer.from(request.repeat(Math.max(1, Math.floor(65_536 / request.length))))
    for (let sent = 0; sent < bytes && !socket.destroyed && socket.writable; sent += block.byteLength) {
      if (!socket.write(block)) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, 500)
          const done = (): void => {
            clearTimeout(timer)
            resolve()
          }
          socket.once('drain', done).once('close', done)
        })
      }
    }
    return socket
  }

  test('[gateway.attack.pipelining] the third unanswered request on a connection ends it, and the gateway handled only few of them', async () => {
    at = await arena()
    const { served, events } = at
    const request = requestText(served, {
      headers: { Connection: 'keep-alive', Authorization: 'Bearer sbx_token_wrong_wrong_wrong' },
    })
    const before = memoryNow()
    const flood = await Promise.all(Array.from({ length: 10 }, () => pipelined(at as Arena, request, 4 * 1024 * 1024)))
    await Promise.all(flood.map(hungUp))
    expect(events.length).toBeLessThanOrEqual(20)
    expect(memoryNow() - before).toBeLessThan(64 * 1024 * 1024)
    await at.checkHealthy()
  })

  test('[gateway.attack.pipelining.valid] the limit of unanswered requests also applies to a valid credential', async () => {
    at = await arena()
    const request = requestText(at.served, { headers: authorization(at.served.token) })
    await hungUp(await pipelined(at, request, 1024 * 1024))
    await at.checkHealthy()
  })

  test('[gateway.attack.pipelining.two] a second request that is sent before the first is answered gets its answer', async () => {
    at = await arena()
    const first = requestText(at.served, { headers: authorization(at.served.token) })
    const last = requestText(at.served, { headers: { Authorization: `Bearer ${at.served.token}` } })
    let got = ''
    const socket = connect(at.served.port, '127.0.0.1')
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      got += chunk
    })
    socket.write(first + last)
    await hungUp(socket)
    expect(got.split('HTTP/1.1 200').length - 1).toBe(2)
  })

  test('[gateway.attack.refusal-closes] every refusal closes its connection', async () => {
    at = await arena()
    const { served } = at
    const json = { 'Content-Type': 'application/json' }
    const cases = [
      { headers: { Connection: 'keep-alive', Authorization: 'Bearer sbx_token_wrong_wrong_wrong' } },
      { target: '/v1/nothing', headers: authorization(served.token) },
      { target: '/v1/ccc/call', method: 'POST', headers: { ...authorization(served.token), ...json }, body: '{"cmd":"continue"}' },
      { hosts: ['evil.example'], headers: { Connection: 'keep-alive' } },
    ]
    for (const parts of cases) {
      const reply = await raw(served.port, requestText(served, parts))
      expect(reply.status).toBeGreaterThanOrEqual(400)
      expect(reply.head.toLowerCase()).toContain('connection: close')
    }
    expect((await send(served, { headers: authorization(served.token) })).status).toBe(200)
    await until(() => served.gateway.inUse.calls === 0, 'no call is left')
  })
})
