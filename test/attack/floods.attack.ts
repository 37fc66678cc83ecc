/**
 * Every flood that the gateway is built against, on each runtime: what an honest client waits meanwhile, and what the server keeps after it,
 * as figures. `npm run test:attack`; with SIGNALBOX_ATTACK=fast a part of it on Node.
 */
import { randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { exchange, flood, pause, pour, RUNTIMES, startTarget, type Figures, type Target } from './arena.js'

const fast = process.env.SIGNALBOX_ATTACK === 'fast'
/** Only floods whose name has these words. */
const only = process.env.SIGNALBOX_ATTACK_ONLY ?? ''
const scale = fast ? 0.25 : 1
const many = (count: number): number => Math.ceil(count * scale)
const MEBIBYTE = 1024 * 1024
const MAX_WAIT_MS = 500
const MAX_GROWTH_MIB = 64

const head = ({ port }: Target, lines: string, token?: string): string =>
  `${lines.replace('\n', `\r\nHost: 127.0.0.1:${port}\r\n${token === undefined ? '' : `Authorization: Bearer ${token}\r\n`}`)}\r\n\r\n`
const get = (target: Target, token?: string): string => head(target, 'GET /v1 HTTP/1.1\nConnection: keep-alive', token)
const call = (target: Target, token: string, body: string): string =>
  `${head(target, `POST /v1/ccc/call HTTP/1.1\nContent-Type: application/json\r\nContent-Length: ${body.length}`, token)}${body}`
const UPGRADE =
  'HTTP/1.1\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: signalbox.v1'
const webSocketHead = (target: Target, upstream = 'ccc'): string => head(target, `GET /v1/${upstream}/link ${UPGRADE}`)

/** One masked frame. */
function frame(opcode: number, payload: Uint8Array, fin = true): Buffer {
  const size = payload.byteLength
  const length =
    size < 126
      ? [0x80 | size]
      : size < 65_536
        ? [0xfe, size >> 8, size & 255]
        : [0xff, 0, 0, 0, 0, size >>> 24, (size >> 16) & 255, (size >> 8) & 255, size & 255]
  return Buffer.concat([Buffer.from([(fin ? 0x80 : 0) | opcode, ...length]), Buffer.alloc(4), payload])
}
const open = (token: string, window = 262_144): Buffer =>
  frame(1, Buffer.from(JSON.stringify({ type: 'open', window, credential: token })))

/** Opens a link by hand and resolves when it is admitted or cut. What is read later is dropped. */
async function admitted(socket: Socket, target: Target, upstream = 'ccc', window?: number): Promise<void> {
  socket.write(webSocketHead(target, upstream))
  let got = ''
  const isOpen = new Promise<void>((resolve) => {
    socket.once('close', () => resolve())
    socket.on('data', (chunk: Buffer) => {
      if (got.length < 4_096) got += chunk.toString('latin1')
      if (got.includes('"type":"open"')) resolve()
    })
  })
  await pause(100)
  socket.write(open(target.observer, window))
  await isOpen
}
const line = (text: string): Buffer => Buffer.from(`${text}\n`)
const repeated = (part: Buffer, count: number): Buffer => Buffer.concat(Array.from({ length: count }, () => part))
/** As much as a client may send before it gets credit, a little less. */
const WINDOW = 250_000
/** Sends this message again and again, until the first credit of a link is used up. */
function fillWindow(socket: Socket, message: Buffer): void {
  for (let sent = 0; sent + 60_000 < WINDOW; sent += 60_000) socket.write(frame(2, repeated(message, 60_000 / message.byteLength)))
}

const nested = `{"cmd":"ping","x":${'['.repeat(MEBIBYTE / 2 - 64)}${']'.repeat(MEBIBYTE / 2 - 64)}}`
const wide = `{"cmd":"ping","x":[${'{},'.repeat(MEBIBYTE / 3 - 64)}0]}`

type Flood = readonly [name: string, attack: (target: Target) => Promise<void>]

const FLOODS: readonly Flood[] = [
  ['nothing', () => pause(1_500)],
  ['idle connections', ({ port }) => flood(port, many(600), () => pause(500))],
  [
    'heads that never end',
    ({ port }) =>
      flood(port, many(300), async (socket) => {
        for (let count = 0; count < 10; count += 1) {
          socket.write('GET /v1 HTTP/1.1\r\nX-A: b\r\n')
          await pause(50)
        }
      }),
  ],
  [
    'pipelined requests, answers not read, no credential',
    (target) =>
      flood(target.port, many(60), async (socket) => {
        socket.pause()
        await pour(socket, Buffer.from(get(target).repeat(500)), 4 * MEBIBYTE)
      }),
  ],
  [
    'pipelined requests, answers not read, a credential',
    (target) =>
      flood(target.port, many(60), async (socket) => {
        socket.pause()
        await pour(socket, Buffer.from(get(target, target.observer).repeat(500)), 4 * MEBIBYTE)
      }),
  ],
  [
    'kept connections of one credential',
    (target) =>
      flood(target.port, many(400), async (socket) => {
        socket.resume()
        socket.write(get(target, target.observer))
        await pause(800)
      }),
  ],
  [
    'JSON bombs, 24 in parallel',
    async (target) => {
      for (let round = 0; round < many(8); round += 1) {
        await Promise.all(
          Array.from({ length: 24 }, (_, index) => exchange(target.port, call(target, target.observer, index % 2 ? nested : wide))),
        )
      }
    },
  ],
  [
    'wrong tokens',
    async (target) => {
      for (let round = 0; round < many(20); round += 1) {
        await Promise.all(
          Array.from({ length: 50 }, (_, index) => exchange(target.port, get(target, `sbx_token_wrong_${round}_${index}_wrong`))),
        )
      }
    },
  ],
  [
    'wrong tickets',
    async (target) => {
      const body = '{"ticket":"sbx_ticket_wrong_wrong_wrong"}'
      const request = `${head(target, `POST /v1/ticket HTTP/1.1\nContent-Type: application/json\r\nContent-Length: ${body.length}`)}${body}`
      for (let round = 0; round < many(8); round += 1) {
        await Promise.all(Array.from({ length: 40 }, () => exchange(target.port, request)))
      }
    },
  ],
  [
    'sockets that say nothing after their upgrade',
    (target) =>
      flood(target.port, many(300), async (socket) => {
        socket.write(webSocketHead(target))
        await pause(1_000)
      }),
  ],
  [
    'large and endless frames before open',
    (target) =>
      flood(target.port, many(100), async (socket, index) => {
        socket.write(webSocketHead(target))
        await pause(100)
        const part = Buffer.alloc(60_000, 0x20)
        if (index % 2) await pour(socket, frame(1, Buffer.alloc(1_000_000, 0x20)), MEBIBYTE)
        else await pour(socket, frame(index % 4 ? 0 : 1, part, false), 4 * MEBIBYTE)
      }),
  ],
  [
    'pings whose answers nobody reads',
    (target) =>
      flood(target.port, many(20), async (socket) => {
        socket.write(webSocketHead(target))
        await pause(200)
        socket.write(open(target.observer))
        socket.pause()
        await pour(socket, Buffer.concat(Array.from({ length: 500 }, () => frame(9, Buffer.alloc(125)))), 8 * MEBIBYTE)
      }),
  ],
  [
    'huge windows and no reading',
    (target) =>
      flood(target.port, many(40), async (socket) => {
        socket.write(webSocketHead(target))
        await pause(200)
        socket.write(open(target.observer, 60 * MEBIBYTE))
        socket.pause()
        await pause(200)
        socket.write(frame(2, Buffer.from('{"cmd":"subscribe"}\n')))
        await pause(1_500)
      }),
  ],
  [
    'tiny credit frames',
    (target) =>
      flood(target.port, many(40), async (socket) => {
        socket.write(webSocketHead(target))
        await pause(200)
        socket.write(open(target.observer))
        const tiny = frame(1, Buffer.from('{"type":"credit","bytes":1}'))
        await pour(socket, Buffer.concat(Array.from({ length: 1_000 }, () => tiny)), 4 * MEBIBYTE)
      }),
  ],
  [
    'frames of one byte within the credit, on new links',
    async (target) => {
      for (let round = 0; round < many(6); round += 1)
        await flood(target.port, 40, async (socket) => {
          await admitted(socket, target)
          socket.write(repeated(frame(2, Buffer.from(' ')), WINDOW / 64))
          await pause(200)
        })
    },
  ],
  [
    'small messages, each judged',
    async (target) => {
      for (let round = 0; round < many(6); round += 1)
        await flood(target.port, 40, async (socket) => {
          await admitted(socket, target, 'hub')
          fillWindow(socket, line('{"id":1,"method":"agents"}'))
          await pause(200)
        })
    },
  ],
  [
    'refused messages whose replies are not taken',
    (target) =>
      flood(target.port, many(60), async (socket) => {
        await admitted(socket, target, 'hub', 128)
        fillWindow(socket, line('{"id":1,"method":"prompt"}'))
        await pause(1_500)
      }),
  ],
  [
    'watches of a hub from its oldest event, not read',
    (target) =>
      flood(target.port, many(60), async (socket) => {
        await admitted(socket, target, 'hub', 128)
        const watches = Array.from({ length: 1_000 }, (_, id) => line(`{"id":${id},"method":"watch","params":{"from":"oldest"}}`))
        socket.write(frame(2, Buffer.concat(watches.slice(0, 500))))
        socket.write(frame(2, Buffer.concat(watches.slice(500))))
        await pause(2_500)
      }),
  ],
  ['bytes that mean nothing', ({ port }) => flood(port, many(300), (socket) => void socket.write(randomBytes(20_000)))],
]

const isRequired = process.env.SIGNALBOX_REQUIRE_ALL === '1'
for (const { name, command } of RUNTIMES.filter((runtime) => !fast || runtime.name === 'node')) {
  describe.skipIf(command === undefined && !isRequired)(`floods on ${name} [gateway.attack.figures]`, () => {
    test('the owner waits at most half a second, and at most 64 MiB of memory stay', { timeout: 280_000 }, async () => {
      expect(command, `${name} is required: npm ci --prefix test/runtimes`).toBeDefined()
      await using target = await startTarget(command ?? [])
      const figures: Figures[] = []
      for (const [flooding, attack] of FLOODS.filter(([name]) => name.includes(only) || name === 'nothing'))
        figures.push(await target.measure(flooding, () => attack(target)))
      console.log(
        `${name}\n${figures.map((each) => `${each.flood.padEnd(54)} owner ${String(each.ownerWaitMs).padStart(5)} ms of ${String(each.ownerCalls).padStart(4)} calls (wall ${String(each.ownerWallMs).padStart(5)}, longest turn ${String(each.longestTurnMs).padStart(4)})   server ${String(each.cpuMs).padStart(5)} ms   kept ${String(each.growthMiB).padStart(6)} MiB`).join('\n')}`,
      )
      expect(figures.filter(({ unserved }) => unserved > 0)).toEqual([])
      expect(figures.filter(({ growthMiB }) => growthMiB > MAX_GROWTH_MIB)).toEqual([])
      // Judged without the time in which a busy machine gave the gateway or the owner's client no processor: see `ownerWaitMs`.
      expect(figures.filter(({ ownerWaitMs }) => ownerWaitMs > MAX_WAIT_MS)).toEqual([])
    })
  })
}
