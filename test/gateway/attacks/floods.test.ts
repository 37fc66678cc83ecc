/**
 * Too much, too large, too slow, too many: each ends with its code, leaves nothing behind, and an honest client is served
 * meanwhile.
 */
import { connect, type Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { createFakeClock } from '../../../src/testing/index.js'
import { gateway, webSocketLink } from '../../../transports/web/index.js'
import { nodeWebSocket } from '../../../transports/node/index.js'
import {
  arena,
  bearer,
  frame,
  hungUp,
  memoryNow,
  openedAndPaused,
  openFrame,
  raw,
  requestText,
  send,
  until,
  UPGRADE,
  upgraded,
  type Arena,
} from './harness.js'
import { rounds } from '../../rounds.js'

let at: Arena | undefined
afterEach(async () => {
  await at?.[Symbol.asyncDispose]()
  at = undefined
})
const json = { 'Content-Type': 'application/json' }
const MEBIBYTE = 1024 * 1024

describe('slow clients', () => {
  test('[gateway.attack.slow-headers] a connection whose request head never ends is closed', async () => {
    // Long enough for a valid request head on a slow machine, which has the same limit.
    at = await arena({ limits: { headersTimeoutMs: 2_000 } })
    const socket = connect(at.served.port, '127.0.0.1')
    socket.on('error', () => {})
    socket.write('GET /v1 HTTP/1.1\r\n')
    const drip = setInterval(() => socket.write('X-A: b\r\n'), 50)
    await at.checkHealthy()
    await hungUp(socket)
    clearInterval(drip)
    await at.checkHealthy()
  })

  test('[gateway.attack.slow-body] a body that never ends is refused, and the upstream never opened', async () => {
    const clock = createFakeClock()
    at = await arena({ limits: { bodyTimeoutMs: 200 }, clock })
    const { gateway: asked, port } = at.served
    const replying = raw(
      port,
      `${requestText(at.served, { method: 'POST', target: '/v1/ccc/call', headers: { ...bearer(at.served), ...json, 'Content-Length': '100' } })}{"cmd"`,
    )
    await until(() => asked.inUse.calls === 1, 'the call waits for its body')
    await at.checkHealthy()
    const openings = at.upstreamOpenings()
    await clock.advance(200)
    const reply = await replying
    expect(reply).toMatchObject({ status: 408, code: 'idle' })
    expect(reply.body).toContain('limits.bodyTimeoutMs')
    expect(at.upstreamOpenings()).toBe(openings)
    expect(asked.inUse).toEqual({ calls: 0, links: 0 })
    await at.checkHealthy()
  })

  /** Writes until no more bytes are accepted, and resolves then. */
  const endless = () => {
    let writes = 0
    return {
      respond: async (_request: unknown, write: (bytes: Uint8Array) => Promise<void>): Promise<void> => {
        for (;;) {
          await write(new Uint8Array(64 * 1024).fill(0x20))
          writes += 1
        }
      },
      /**
       * No write has ended for a while, so all buffers to the reader are full. If they are not, the next step only happens later.
       */
      async stuck(): Promise<void> {
        for (let seen = -1; seen !== writes || writes === 0; ) {
          seen = writes
          await new Promise((resolve) => setTimeout(resolve, 200))
        }
      },
    }
  }

  test('[gateway.attack.slow-reader.call] a client that does not read its answer is disconnected, and the upstream request ends', async () => {
    const clock = createFakeClock()
    const { respond, stuck } = endless()
    at = await arena({ scopes: ['send'], limits: { stallTimeoutMs: 300 }, clock, respond })
    const { served } = at
    const before = memoryNow()
    const socket = connect(served.port, '127.0.0.1')
    socket.on('error', () => {})
    socket.pause()
    socket.write(
      requestText(served, {
        method: 'POST',
        target: '/v1/ccc/call',
        headers: { ...bearer(served), ...json },
        body: '{"cmd":"send"}',
      }),
    )
    await stuck()
    expect(served.gateway.inUse.links).toBe(1)
    await at.checkHealthy()
    expect(memoryNow() - before).toBeLessThan(32 * MEBIBYTE)
    // A write that the system accepts restarts the waiting time.
    await until(async () => {
      await clock.advance(300)
      return served.gateway.inUse.links === 0
    }, 'the call was cut off')
    await until(() => at?.upstreamLinks() === 0, 'the upstream is let go')
    socket.resume()
    await hungUp(socket)
  })

  test('[gateway.attack.slow-reader.link] a client with a huge window that reads nothing uses bounded memory, and its close code means resume', async () => {
    const clock = createFakeClock()
    const { respond, stuck } = endless()
    at = await arena({ scopes: ['send'], limits: { stallTimeoutMs: 400 }, clock, respond })
    const { served } = at
    const before = memoryNow()
    const sockets: Socket[] = []
    for (let count = 0; count < 4; count += 1) {
      const socket = await openedAndPaused(served, 60 * MEBIBYTE)
      sockets.push(socket)
      socket.write(frame(2, Buffer.from('{"cmd":"send"}\n')))
    }
    // The clock stands still, so no link is closed before the last one is open.
    expect(served.gateway.inUse.links).toBe(4)
    await stuck()
    // Data in the socket buffers of the system does not count as memory of this process.
    expect(memoryNow() - before).toBeLessThan(64 * MEBIBYTE)
    await at.checkHealthy()
    await until(async () => {
      await clock.advance(400)
      return served.gateway.inUse.links === 0
    }, 'the links were cut off')
    await until(() => at?.upstreamLinks() === 0, 'the upstreams are let go')
    for (const socket of sockets) socket.destroy()
    await at.checkHealthy()
  })

  test('[gateway.attack.slow-reader.code] a Signalbox client that reads too slowly gets an error that says it can resume', async () => {
    at = await arena({
      scopes: ['send'],
      limits: { stallTimeoutMs: 200 },
      respond: async (_request, write) => {
        for (;;) await write(new Uint8Array(64 * 1024).fill(0x20))
      },
    })
    const { url, token } = at.served
    const link = await webSocketLink({ url: `${url}/v1/ccc/link`, credential: token, webSocket: await nodeWebSocket() }).open()
    await link.write(new TextEncoder().encode('{"cmd":"send"}\n'))
    expect(await link.closed).toMatchObject({
      kind: 'error',
      error: { code: 'slow_consumer', message: expect.stringContaining('cursor') },
    })
  })

  test('[gateway.attack.silence] an upgraded socket that sends nothing is closed within two seconds', async () => {
    at = await arena({ limits: { openTimeoutMs: 200 } })
    const socket = await upgraded(at.served)
    await hungUp(socket)
    await at.checkHealthy()
  })

  test('[gateway.attack.idle] a link that is silent in both directions ends with its reason', async () => {
    at = await arena({ scopes: ['admin'], limits: { idleTimeoutMs: 200 } })
    const link = await gateway(at.served.url, { token: at.served.token, webSocket: await nodeWebSocket() })
      .stream('raw')
      .open()
    expect(await link.closed).toMatchObject({ kind: 'error', error: { code: 'deadline_exceeded', remoteCode: 'idle' } })
  })
})

describe('large messages', () => {
  test('[gateway.attack.large-body] a body above the limit is refused by its content-length and by its actual bytes', async () => {
    at = await arena({ limits: { maxMessageBytes: 10_000 } })
    const headers = { ...bearer(at.served), ...json }
    const announced = await raw(
      at.served.port,
      requestText(at.served, { method: 'POST', target: '/v1/ccc/call', headers: { ...headers, 'Content-Length': '60000000' } }),
    )
    expect(announced).toMatchObject({ status: 413, code: 'too_large' })
    const chunked = requestText(at.served, {
      method: 'POST',
      target: '/v1/ccc/call',
      headers: { ...headers, 'Transfer-Encoding': 'chunked' },
    })
    const reply = await raw(at.served.port, `${chunked}4e20\r\n${'x'.repeat(20_000)}\r\n`)
    expect(reply).toMatchObject({ status: 413, code: 'too_large' })
    expect(reply.body).toContain('limits.maxMessageBytes')
    await at.checkHealthy()
  })

  test('[gateway.attack.large-head] a head beyond the limit is refused', async () => {
    at = await arena()
    const reply = await send(at.served, { headers: { ...bearer(at.served), 'X-Large': 'x'.repeat(20_000) } })
    expect(reply.status).toBe(431)
    await at.checkHealthy()
  })

  test('[gateway.attack.large-frame] a frame of 60 MB is refused by its length, before it is kept', async () => {
    at = await arena()
    const before = memoryNow()
    const socket = await openedAndPaused(at.served)
    socket.write(frame(2, Buffer.alloc(1000), { claim: 60_000_000 }))
    await hungUp(socket)
    expect(memoryNow() - before).toBeLessThan(16 * MEBIBYTE)
    await at.checkHealthy()
  })

  test('[gateway.attack.fragments] fragments without an end are refused, empty ones too', async () => {
    at = await arena()
    for (const size of [0, 1, 1000]) {
      const socket = await openedAndPaused(at.served)
      socket.write(frame(2, Buffer.alloc(size), { fin: false }))
      for (let count = 0; count < 3_000 && !socket.destroyed; count += 1) socket.write(frame(0, Buffer.alloc(size), { fin: false }))
      await hungUp(socket)
    }
    await at.checkHealthy()
  })

  test('[gateway.attack.endless-line] a line without an end is refused at the limit, on a link too', async () => {
    at = await arena({ limits: { maxMessageBytes: 100_000 } })
    const link = await gateway(at.served.url, { token: at.served.token, webSocket: await nodeWebSocket() })
      .ccc('ccc', 'link')
      .open()
    void (async () => {
      for (;;) await link.write(new Uint8Array(10_000).fill(0x78))
    })().catch(() => {})
    expect(await link.closed).toMatchObject({
      kind: 'error',
      error: { code: 'too_large', message: expect.stringContaining('maxMessageBytes') },
    })
    expect(at.reached).toEqual([])
  })

  test('[gateway.attack.deflate] compression is not agreed to, and a compressed frame is refused', async () => {
    at = await arena()
    const headers = { ...UPGRADE, 'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits' }
    const reply = await send(at.served, { target: '/v1/ccc/link', headers })
    expect(reply.status).toBe(101)
    expect(reply.head.toLowerCase()).not.toContain('permessage-deflate')
    const socket = await upgraded(at.served)
    const compressed = frame(2, Buffer.from('bomb'))
    compressed[0] = (compressed[0] as number) | 0x40
    socket.write(compressed)
    await hungUp(socket)
    await at.checkHealthy()
  })
})

describe('too many', () => {
  test('[gateway.attack.connections] idle connections beyond the limit do not lock the owner out', async () => {
    at = await arena({ limits: { maxConnections: 20 } })
    const { port } = at.served
    const flood = Array.from({ length: 200 }, () => connect(port, '127.0.0.1').on('error', () => {}))
    await Promise.all(flood.map((socket) => new Promise((resolve) => socket.once('connect', resolve).once('close', resolve))))
    await at.checkHealthy()
    for (const socket of flood) socket.destroy()
    await at.checkHealthy()
  })

  test('[gateway.attack.connections.proven] an open link survives a flood of connections', async () => {
    at = await arena({ scopes: ['admin'], limits: { maxConnections: 10 } })
    const { port, url, token } = at.served
    const link = await gateway(url, { token, webSocket: await nodeWebSocket() })
      .stream('raw')
      .open()
    const flood = Array.from({ length: 100 }, () => connect(port, '127.0.0.1').on('error', () => {}))
    await Promise.all(flood.map((socket) => new Promise((resolve) => socket.once('connect', resolve).once('close', resolve))))
    await link.write(new TextEncoder().encode('{"cmd":"ping"}\n'))
    expect(new TextDecoder().decode((await link.read()) ?? undefined)).toContain('here')
    await link.close()
    for (const socket of flood) socket.destroy()
  })

  test('[gateway.attack.links] links beyond the limit of a credential are refused with the limit to raise; another credential is served', async () => {
    at = await arena({ scopes: ['admin'], limits: { maxLinksPerCredential: 3, maxLinksPerUpstream: 5 } })
    const { url, token } = at.served
    const webSocket = await nodeWebSocket()
    const raws = gateway(url, { token, webSocket }).stream('raw')
    const links = await Promise.all([raws.open(), raws.open(), raws.open()])
    await expect(raws.open()).rejects.toMatchObject({
      code: 'rate_limited',
      remoteCode: 'too_many',
      message: expect.stringContaining('limits.maxLinksPerCredential'),
    })
    const other = await at.served.gateway.credentials.issueToken({ scopes: ['admin'] })
    const others = gateway(url, { token: other.token, webSocket }).stream('raw')
    links.push(await others.open(), await others.open())
    // These are the children of a subprocess upstream.
    await expect(others.open()).rejects.toMatchObject({
      code: 'rate_limited',
      message: expect.stringContaining('limits.maxLinksPerUpstream'),
    })
    await Promise.all(links.map((link) => link.close()))
    await until(() => at?.served.gateway.inUse.links === 0, 'all places are free')
    await (await raws.open()).close()
  })

  test('[gateway.attack.subscriptions] streaming calls count against the limit until their clients leave', async () => {
    at = await arena({
      limits: { maxCalls: 3 },
      respond: async (_request, write) => write(new TextEncoder().encode('{"ok":true}\n')),
    })
    const { served } = at
    const subscribe = (): Socket => {
      const socket = connect(served.port, '127.0.0.1').on('error', () => {})
      socket.write(
        requestText(served, {
          method: 'POST',
          target: '/v1/ccc/call',
          headers: { ...bearer(served), ...json },
          body: '{"cmd":"subscribe"}',
        }),
      )
      return socket
    }
    const sockets = [subscribe(), subscribe(), subscribe()]
    await until(() => served.gateway.inUse.calls === 3, 'three calls run')
    const refused = await send(served, {
      method: 'POST',
      target: '/v1/ccc/call',
      headers: { ...bearer(served), ...json },
      body: '{"cmd":"ping"}',
    })
    expect(refused).toMatchObject({ status: 429, code: 'too_many' })
    expect(refused.head.toLowerCase()).toContain('retry-after')
    for (const socket of sockets) socket.destroy()
    await until(() => served.gateway.inUse.calls === 0, 'the places are free')
    await until(() => at?.upstreamLinks() === 0, 'the upstreams are let go')
    await at.checkHealthy()
  })

  test('[gateway.attack.subscriptions] one credential cannot use up the calls of other credentials, also with bodies that never arrive', async () => {
    at = await arena({ limits: { maxCalls: 8, maxLinksPerCredential: 4 } })
    const { served } = at
    const { token } = await served.gateway.credentials.issueToken({ scopes: ['observe'] })
    let refused = 0
    const sockets = Array.from({ length: 10 }, () => {
      const socket = connect(served.port, '127.0.0.1').on('error', () => {})
      socket.once('data', (chunk: Buffer) => {
        if (chunk.toString('latin1').startsWith('HTTP/1.1 429')) refused += 1
      })
      const headers = { Authorization: `Bearer ${token}`, ...json, 'Content-Length': '100' }
      socket.write(requestText(served, { method: 'POST', target: '/v1/ccc/call', headers }))
      return socket
    })
    await until(() => refused + served.gateway.inUse.calls === 10, 'each has a place or was refused')
    await at.checkHealthy()
    for (const socket of sockets) socket.destroy()
    await until(() => served.gateway.inUse.calls === 0, 'the places are free')
  })

  test('[gateway.attack.pings] pings from a client that does not read the answers use bounded memory', async () => {
    at = await arena({ limits: { maxBufferedBytes: 100_000 } })
    const before = memoryNow()
    const socket = await upgraded(at.served)
    socket.write(openFrame(at.served))
    socket.pause()
    const ping = Buffer.concat(Array.from({ length: 500 }, () => frame(9, Buffer.alloc(125))))
    for (let count = 0; count < 400 && !socket.destroyed; count += 1) {
      if (!socket.write(ping)) await new Promise<void>((resolve) => socket.once('drain', resolve).once('close', resolve))
    }
    await at.checkHealthy()
    socket.destroy()
    expect(memoryNow() - before).toBeLessThan(32 * MEBIBYTE)
  })

  test('[gateway.attack.memory] after thousands of refused and served requests and links, memory returns to its starting value', async () => {
    at = await arena({ scopes: ['observe'] })
    const { served } = at
    const webSocket = await nodeWebSocket()
    const round = async (): Promise<void> => {
      await Promise.all(
        Array.from({ length: 20 }, async (_, index) => {
          await send(served, { target: `/v1/unknown-${index}/call`, headers: bearer(served) })
          await send(served, { hosts: ['evil.example'] })
          const client = gateway(served.url, { token: served.token, webSocket })
          await client.session()
          await (await client.ccc('ccc', 'link').open()).close()
          await served.ticketUrl()
        }),
      )
    }
    for (let count = 0; count < rounds(5, 2); count += 1) await round()
    await until(() => served.gateway.inUse.links === 0, 'all are closed')
    const before = memoryNow()
    for (let count = 0; count < rounds(15, 5); count += 1) await round()
    await until(() => served.gateway.inUse.links === 0, 'all are closed')
    await at.checkHealthy()
    // Coverage counts every line that runs, in this same heap: half as much again. One kept link a round would be more than both.
    expect(memoryNow() - before).toBeLessThan(40 * MEBIBYTE)
  })
})
