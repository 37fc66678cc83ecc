/** A gateway with an upstream that records its requests, and attackers that write raw bytes. */
import { connect, type Socket } from 'node:net'
import { expect } from 'vitest'
import { encodeNdjson, ndjsonDecoder } from '../../../src/core/codec/ndjson.js'
import { messages } from '../../../src/core/messages.js'
import { rawPolicy, type GatewayEvent, type StreamUpstream } from '../../../src/gateway/index.js'
import { cccPolicy } from '../../../src/gateway/policy/index.js'
import { memoryServer } from '../../../src/testing/index.js'
import { serveGateway, type ServedGateway, type ServeGatewayOptions } from '../../../transports/node/index.js'
import { createCcc } from '../../../src/ccc/index.js'
import { gateway } from '../../../transports/web/index.js'
import { collectGarbage } from '../../collect-garbage.js'

export interface Arena extends AsyncDisposable {
  readonly served: ServedGateway
  /** Every request that the upstream received. No attack may add to it. */
  readonly reached: unknown[]
  readonly events: GatewayEvent[]
  /** The number of open links to the upstream, and of all links so far: the second number also counts links that closed quickly. */
  readonly upstreamLinks: () => number
  readonly upstreamOpenings: () => number
  /** Checks that a valid client is served now. */
  checkHealthy(): Promise<void>
}

export interface ArenaOptions extends Partial<ServeGatewayOptions> {
  /** The reaction of the upstream to a request; the default answers `{ ok: true }` and closes. */
  readonly respond?: (request: { cmd?: string }, write: (bytes: Uint8Array) => Promise<void>) => Promise<void>
}

export async function arena({ respond, upstreams, ...options }: ArenaOptions = {}): Promise<Arena> {
  const server = memoryServer()
  const reached: unknown[] = []
  const events: GatewayEvent[] = []
  let open = 0
  let openings = 0
  void (async () => {
    for await (const link of server.accept()) {
      open += 1
      openings += 1
      void link.closed.then(() => {
        open -= 1
      })
      void (async () => {
        for await (const request of messages<{ cmd?: string; healthy?: boolean }>(link, ndjsonDecoder())) {
          if (request.cmd !== 'ping') reached.push(request)
          if (respond && request.cmd !== 'ping') await respond(request, (bytes) => link.write(bytes))
          else await link.write(encodeNdjson({ ok: true, version: 'here' }))
          // One request for each connection, as the real server does.
          if (!respond) await link.end()
        }
        await link.close()
      })().catch(() => link.close())
    }
  })()
  const ccc: StreamUpstream = { kind: 'stream', system: 'ccc', transport: server.transport, policy: cccPolicy }
  const raw: StreamUpstream = { kind: 'stream', system: 'raw', transport: server.transport, policy: rawPolicy }
  const served = await serveGateway({
    upstreams: { ccc, raw, ...upstreams },
    onEvent: (event) => void events.push(event),
    ...options,
  })
  return {
    served,
    reached,
    events,
    upstreamLinks: () => open,
    upstreamOpenings: () => openings,
    async checkHealthy() {
      const client = createCcc({ transport: gateway(served.url, { token: served.token }).ccc(), timeoutMs: 10_000 })
      expect(await client.ping()).toMatchObject({ version: 'here' })
    },
    async [Symbol.asyncDispose]() {
      await served.close()
      await server[Symbol.asyncDispose]()
    },
  }
}

export interface RawReply {
  readonly status: number
  readonly head: string
  readonly body: string
  /** The code of the refusal, if the body is a refusal. */
  readonly code: string | undefined
}

/** Sends these bytes and reads until the server closes or the answer is complete. */
export function raw(port: number, text: string | Uint8Array, host = '127.0.0.1'): Promise<RawReply> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, host)
    let got = ''
    const finish = (): void => {
      socket.destroy()
      resolve(parse(got))
    }
    socket.setEncoding('latin1')
    socket.on('data', (chunk: string) => {
      got += chunk
      if (complete(got)) finish()
    })
    socket.on('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ECONNRESET' || error.code === 'EPIPE' ? finish() : reject(error),
    )
    socket.on('end', finish)
    socket.on('close', finish)
    socket.write(text)
  })
}

function complete(text: string): boolean {
  const end = text.indexOf('\r\n\r\n')
  if (end === -1) return false
  if (/^HTTP\/1\.1 (?:101|204)/.test(text)) return true
  const length = /content-length: (\d+)/i.exec(text)
  if (length) return text.length >= end + 4 + Number(length[1])
  return /transfer-encoding: chunked/i.test(text) && text.endsWith('0\r\n\r\n')
}

function parse(text: string): RawReply {
  const [head = '', ...rest] = text.split('\r\n\r\n')
  const sent = rest.join('\r\n\r\n')
  const body = /transfer-encoding: chunked/i.test(head) ? sent.replace(/(?:^|\r\n)[0-9a-f]+\r\n/g, '').replace(/\r\n$/, '') : sent
  const json = /\{.*\}/s.exec(body)?.[0]
  let code: string | undefined
  try {
    code = json === undefined ? undefined : (JSON.parse(json) as { error?: { code?: string } }).error?.code
  } catch {
    code = undefined
  }
  return { status: Number(/^HTTP\/1\.[01] (\d+)/.exec(head)?.[1] ?? 0), head, body, code }
}

export interface RequestParts {
  readonly method?: string
  readonly target?: string
  readonly version?: string
  /** One Host header each; default the right one. */
  readonly hosts?: readonly string[]
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export function requestText(
  served: ServedGateway,
  { method = 'GET', target = '/v1', version = '1.1', hosts = [new URL(served.url).host], headers = {}, body }: RequestParts,
): string {
  const lines = [`${method} ${target} HTTP/${version}`, ...hosts.map((host) => `Host: ${host}`)]
  for (const [name, value] of Object.entries({ Connection: 'close', ...headers })) lines.push(`${name}: ${value}`)
  if (body !== undefined) lines.push(`Content-Length: ${Buffer.byteLength(body)}`)
  return `${lines.join('\r\n')}\r\n\r\n${body ?? ''}`
}

export const send = (served: ServedGateway, parts: RequestParts): Promise<RawReply> => raw(served.port, requestText(served, parts))

export const bearer = (served: ServedGateway): Record<string, string> => ({ Authorization: `Bearer ${served.token}` })

export const UPGRADE = {
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==',
  'Sec-WebSocket-Protocol': 'signalbox.v1',
} as const

/** A socket that was upgraded to a link, for an attacker that writes frames by hand. */
export function upgraded(served: ServedGateway, upstream = 'ccc'): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(served.port, '127.0.0.1')
    socket.on('error', () => {})
    let head = ''
    const onData = (chunk: Buffer): void => {
      head += chunk.toString('latin1')
      if (!head.includes('\r\n\r\n')) return
      socket.removeListener('data', onData)
      if (head.startsWith('HTTP/1.1 101')) resolve(socket)
      else reject(new Error(head))
    }
    socket.on('data', onData)
    socket.write(requestText(served, { target: `/v1/${upstream}/link`, headers: UPGRADE }))
  })
}

/** One masked WebSocket frame; its length field can be wrong on purpose. */
export function frame(opcode: number, payload: Uint8Array, { fin = true, claim = payload.byteLength } = {}): Buffer {
  const head = [(fin ? 0x80 : 0) | opcode]
  if (claim < 126) head.push(0x80 | claim)
  else if (claim < 65_536) head.push(0x80 | 126, claim >> 8, claim & 255)
  else {
    head.push(0x80 | 127, 0, 0, 0, 0)
    head.push(Math.floor(claim / 2 ** 24) & 255, (claim >> 16) & 255, (claim >> 8) & 255, claim & 255)
  }
  return Buffer.concat([Buffer.from(head), Buffer.alloc(4), payload])
}

export const openFrame = (served: ServedGateway, window = 262_144): Buffer =>
  frame(1, Buffer.from(JSON.stringify({ type: 'open', window, credential: served.token })))

/** Opens an accepted link that is not read; before it is accepted, a client must not send more. */
export async function openedAndPaused(served: ServedGateway, window = 262_144): Promise<Socket> {
  const socket = await upgraded(served)
  const answered = new Promise<void>((resolve, reject) => {
    socket.once('data', (chunk: Buffer) => {
      socket.pause()
      if (chunk.includes('"type":"open"')) resolve()
      else reject(new Error(chunk.toString('latin1')))
    })
  })
  socket.write(openFrame(served, window))
  await answered
  return socket
}

/** Resolves when the other side has closed. */
export function hungUp(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.destroyed) return resolve()
    socket.resume()
    socket.once('close', () => resolve())
  })
}

/** Only for conditions that stay true: a short-lived condition can pass between two checks on a slow machine. */
export async function until(condition: () => boolean | Promise<boolean>, what: string, patienceMs = 15_000): Promise<void> {
  const end = Date.now() + patienceMs
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`did not come about: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** The reachable heap after a collection, because garbage does not count as kept memory. */
export function memoryNow(): number {
  collectGarbage()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
