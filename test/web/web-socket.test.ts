import { createServer } from 'node:http'
import { connect, type Socket } from 'node:net'
import { afterEach, expect, test, vi } from 'vitest'
import { WebSocketServer } from 'ws'
import { SignalboxError } from '../../src/index.js'
import { checkRejects } from '../../src/testing/index.js'
import { listenWebSocket, nodeWebSocket } from '../../transports/node/index.js'
import { acceptWebSocket } from '../../transports/web/accept.js'
import { eventually } from '../eventually.js'
import { webSocketLink, type WebSocketConstructor, type WebSocketLike } from '../../transports/web/index.js'

afterEach(() => {
  vi.doUnmock('ws')
  vi.resetModules()
})

async function rawServer(options: object, onConnection: (socket: WebSocketLike) => void) {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', ...options })
  server.on('connection', (socket) => onConnection(socket))
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  return {
    url: `ws://127.0.0.1:${port}/`,
    async [Symbol.asyncDispose]() {
      for (const client of server.clients) client.terminate()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const UPGRADE =
  'connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n'
const PROTOCOL = 'sec-websocket-protocol: signalbox.v1\r\n'

/** The first line of the answer to a raw request, and its socket, which sends nothing more. */
async function asked(port: number, headers: string, leave = false): Promise<{ readonly status: string; readonly socket: Socket }> {
  const socket = connect(port, '127.0.0.1')
  const answer = new Promise<string>((resolve) => socket.once('data', (data) => resolve(String(data).split('\r\n')[0] ?? '')))
  socket.write(`GET / HTTP/1.1\r\nhost: x\r\n${headers}\r\n`)
  const status = await answer
  if (leave) socket.destroy()
  return { status, socket }
}

test('without a listener an open fails as unreachable with sent: no', async () => {
  const transport = webSocketLink({ url: 'ws://127.0.0.1:9/', webSocket: await nodeWebSocket() })
  const error = await checkRejects(transport.open(), 'unreachable')
  expect(error).toMatchObject({ sent: 'no', transport: 'websocket' })
})

test('a link opens with a promise of a WebSocket class [web.websocket-promise]', async () => {
  await using listener = await listenWebSocket()
  const link = await webSocketLink({ url: listener.address, webSocket: nodeWebSocket() }).open()
  expect(await link.close()).toEqual({ kind: 'local' })
})

test('a promise of a WebSocket class that fails rejects each open with its reason and is no unhandled rejection [web.websocket-promise]', async () => {
  const missing = new SignalboxError({ code: 'unsupported', message: 'ws is not installed.' })
  const transport = webSocketLink({ url: 'ws://127.0.0.1:9/', webSocket: Promise.reject(missing) })
  await new Promise((resolve) => setTimeout(resolve, 5))
  expect(await checkRejects(transport.open())).toBe(missing)
})

test('a server without the subprotocol is refused [web.subprotocol]', async () => {
  await using server = await rawServer({ handleProtocols: () => 'signalbox.v1' }, () => {})
  const lying = class extends (await nodeWebSocket()) {
    override get protocol(): string {
      return ''
    }
  }
  await checkRejects(webSocketLink({ url: server.url, webSocket: lying }).open(), 'incompatible')
  // With a real WebSocket the runtime itself refuses.
  await using deaf = await rawServer({ handleProtocols: () => false }, () => {})
  const error = await checkRejects(webSocketLink({ url: deaf.url, webSocket: await nodeWebSocket() }).open())
  expect(['unreachable', 'incompatible']).toContain(error.code)
})

test('the credential goes into the first frame, never into the URL or a header [web.credential]', async () => {
  const urls: string[] = []
  const heard: unknown[] = []
  const http = createServer()
  const upgrades = new WebSocketServer({ noServer: true })
  http.on('upgrade', (request, socket, head) => {
    urls.push(`${request.url} ${JSON.stringify(request.headers)}`)
    upgrades.handleUpgrade(request, socket, head, (webSocket) => {
      void acceptWebSocket(webSocket, {
        authorize: ({ credential }) => {
          heard.push(credential)
          if (credential !== 'right-credential') throw new SignalboxError({ code: 'unauthenticated', message: 'Wrong.' })
        },
      }).catch(() => {})
    })
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const { port } = http.address() as { port: number }
  const webSocket = await nodeWebSocket()
  let count = 0
  const credential = async (): Promise<string> => (count++ === 0 ? 'wrong-credential' : 'right-credential')
  const transport = webSocketLink({ url: `http://127.0.0.1:${port}/v1/x/link`, webSocket, credential })
  const refused = await checkRejects(transport.open(), 'unauthenticated')
  expect(JSON.stringify(refused)).not.toContain('wrong-credential')
  const link = await transport.open()
  expect(heard).toEqual(['wrong-credential', 'right-credential'])
  expect(urls.join()).not.toContain('-credential')
  expect(link.info.peer).toBe(`ws://127.0.0.1:${port}/v1/x/link`)
  await link.close()
  await new Promise((resolve) => http.close(resolve))
  for (const url of ['ws://user:secret-word@localhost/', 'ws://localhost/?token=secret-word', 'ftp://localhost/', 'secret-word']) {
    expect(() => webSocketLink({ url })).toThrow(SignalboxError)
    expect(() => webSocketLink({ url })).not.toThrow(/secret-word/)
  }
})

test('an abort while the socket connects, or while the server decides, leaves no socket [web.abort-open]', async () => {
  const never = new Promise<void>(() => {})
  let deciding = (): void => {}
  const decided = new Promise<void>((resolve) => {
    deciding = resolve
  })
  await using listener = await listenWebSocket({
    authorize: () => {
      deciding()
      return never
    },
  })
  const transport = webSocketLink<{ job: string } | undefined>({ url: listener.address, webSocket: await nodeWebSocket() })
  const early = new AbortController()
  const connecting = transport.open(undefined, { signal: early.signal })
  connecting.catch(() => {})
  await Promise.resolve()
  early.abort()
  await checkRejects(connecting, 'aborted')
  const late = new AbortController()
  const waiting = transport.open({ job: 'begin' }, { signal: late.signal })
  waiting.catch(() => {})
  await decided
  late.abort()
  // The launch was sent, so the server may have acted on it.
  expect((await checkRejects(waiting, 'aborted')).sent).toBe('maybe')
})

test('an abort while the credential is fetched opens no socket [web.abort-open]', async () => {
  let made = 0
  const webSocket = class extends (await nodeWebSocket()) {
    constructor(url: string) {
      super(url)
      made += 1
    }
  }
  const controller = new AbortController()
  // The abort happens in the same turn in which the credential arrives.
  const credential = (): Promise<string> => Promise.resolve('a-credential').finally(() => controller.abort())
  const transport = webSocketLink({ url: 'ws://127.0.0.1:9/', webSocket, credential })
  expect((await checkRejects(transport.open(undefined, { signal: controller.signal }), 'aborted')).sent).toBe('no')
  const atOnce = new AbortController()
  const opening = webSocketLink({ url: 'ws://127.0.0.1:9/', webSocket }).open(undefined, { signal: atOnce.signal })
  atOnce.abort()
  await checkRejects(opening, 'aborted')
  expect(made).toBe(0)
})

test('a page is refused unless its origin is listed; a plain request gets an answer that explains the endpoint [web.listen-origin]', async () => {
  await using listener = await listenWebSocket({ origins: ['https://good.example'] })
  const ask = async (headers: string): Promise<string> => (await asked(listener.port, headers, true)).status
  expect(await ask(`${UPGRADE}${PROTOCOL}origin: https://evil.example\r\n`)).toContain('403')
  expect(await ask(`${UPGRADE}${PROTOCOL}origin: null\r\n`)).toContain('403')
  expect(await ask(`${UPGRADE}${PROTOCOL}origin: https://good.example\r\n`)).toContain('101')
  expect(await ask(`${UPGRADE}${PROTOCOL}`)).toContain('101')
  expect(await ask(UPGRADE)).toContain('400')
  expect(await ask('')).toContain('426')
})

test('clients that have not sent open and links that wait to be accepted share one limit [web.listen-bound]', async () => {
  await using listener = await listenWebSocket({ maxWaiting: 2 })
  const transport = webSocketLink({ url: listener.address, webSocket: await nodeWebSocket() })
  const silent = await asked(listener.port, `${UPGRADE}${PROTOCOL}`)
  expect(silent.status).toContain('101')
  const near = await transport.open()
  // One silent client and one waiting link reach the limit.
  expect((await asked(listener.port, `${UPGRADE}${PROTOCOL}`, true)).status).toContain('503')
  expect(await checkRejects(transport.open())).toMatchObject({ code: 'unreachable', sent: 'no' })
  const accepted = listener.accept()[Symbol.asyncIterator]()
  const far = (await accepted.next()).value
  // An accepted link does not count any more.
  const second = await transport.open()
  await checkRejects(transport.open(), 'unreachable')
  // A client that left without a close frame does not count either.
  silent.socket.destroy()
  const third = await eventually(() => transport.open())
  await Promise.all([near, far, second, third].map((link) => link.close()))
})

test('closing a listener keeps accepted links open and frees its port', async () => {
  const listener = await listenWebSocket()
  const accepted = listener.accept()[Symbol.asyncIterator]()
  const near = await webSocketLink({ url: listener.address, webSocket: await nodeWebSocket() }).open()
  const far = (await accepted.next()).value
  await listener[Symbol.asyncDispose]()
  expect((await accepted.next()).done).toBe(true)
  await far.write(new Uint8Array(3))
  expect((await near.read())?.byteLength).toBe(3)
  await Promise.all([near.close(), far.close()])
  const again = await listenWebSocket({ port: listener.port })
  const taken = await checkRejects(listenWebSocket({ port: again.port }), 'conflict')
  expect(taken.message).toContain('in use')
  await again[Symbol.asyncDispose]()
})

test('without the package ws, or without any WebSocket, the error says what to install [web.ws-absent]', async () => {
  vi.doMock('ws', () => {
    throw new Error('Cannot find package')
  })
  const fresh = await import('../../transports/node/link/web-socket.js')
  const error = await checkRejects(fresh.nodeWebSocket(), 'unsupported')
  expect(error.message).toContain('npm install ws')
  await checkRejects(fresh.listenWebSocket(), 'unsupported')
  const own = Object.getOwnPropertyDescriptor(globalThis, 'WebSocket')
  Reflect.deleteProperty(globalThis, 'WebSocket')
  const none = await checkRejects(webSocketLink({ url: 'ws://localhost/' }).open(), 'unsupported')
  expect(none.message).toContain('nodeWebSocket')
  if (own) Object.defineProperty(globalThis, 'WebSocket', own)
})

/** A WebSocket like in a page, which cannot be destroyed, with a server that accepts every client. */
class PageSocket implements WebSocketLike {
  binaryType = ''
  readyState = 0
  protocol = 'signalbox.v1'
  readonly #listeners = new Map<string, (event: unknown) => void>()
  constructor() {
    queueMicrotask(() => {
      this.readyState = 1
      this.#listeners.get('open')?.({})
    })
  }
  send(frame: string | Uint8Array): void {
    if (typeof frame !== 'string' || !frame.includes('"open"')) return
    queueMicrotask(() => this.#listeners.get('message')?.({ data: '{"type":"open","window":1000}' }))
  }
  close(code = 1005): void {
    this.readyState = 3
    queueMicrotask(() => this.#listeners.get('close')?.({ code }))
  }
  addEventListener(type: string, listener: (event: unknown) => void): void {
    this.#listeners.set(type, listener)
  }
}

test('a link whose closing handshake hangs in a browser is abandoned in bounded time and reported [web.abandoned]', async () => {
  class Hanging extends PageSocket {
    override close(): void {
      this.readyState = 2
    }
  }
  const link = await webSocketLink({ url: 'ws://localhost/', webSocket: Hanging }).open()
  expect(await link.close({ graceMs: 20 })).toEqual({ kind: 'local', abandoned: true })
})

test('a WebSocket that cannot be created fails with sent: no, so that the next transport can be tried [web.ws-refused]', async () => {
  class Refusing {
    constructor() {
      throw new DOMException('An insecure WebSocket connection may not be initiated from a page over HTTPS.', 'SecurityError')
    }
  }
  const transport = webSocketLink({ url: 'ws://gateway.example/', webSocket: Refusing as unknown as WebSocketConstructor })
  const error = await checkRejects(transport.open(), 'unreachable')
  expect(error).toMatchObject({ sent: 'no', transport: 'websocket', cause: { name: 'SecurityError' } })
})

test('bytes that a WebSocket refuses end the link with an error [web.ws-refused]', async () => {
  class Picky extends PageSocket {
    override send(frame: string | Uint8Array): void {
      // As browsers do with memory that is shared between threads.
      if (typeof frame !== 'string') throw new TypeError('The provided value must not be shared.')
      super.send(frame)
    }
  }
  const link = await webSocketLink({ url: 'ws://localhost/', webSocket: Picky }).open()
  await link.write(new Uint8Array([1])).catch(() => {})
  const late = new Promise((resolve) => setTimeout(resolve, 15_000, 'late'))
  expect(await Promise.race([link.closed, late])).toMatchObject({ kind: 'peer' })
})
