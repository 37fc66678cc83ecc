/** Replies of the gateway to refused messages on a link that stays open: whole, in order with what the upstream says, and bounded in memory. */
import { afterEach, expect, test } from 'vitest'
import { ndjsonDecoder } from '../../../src/core/codec/ndjson.js'
import type { StreamUpstream } from '../../../src/gateway/index.js'
import { hubPolicy } from '../../../src/gateway/policy/index.js'
import { memoryServer, type MemoryServer } from '../../../src/testing/index.js'
import type { Link } from '../../../src/transport.js'
import { nodeWebSocket } from '../../../transports/node/index.js'
import { gateway, webSocketLink } from '../../../transports/web/index.js'
import { arena, memoryNow, until, type Arena } from './harness.js'

let at: Arena | undefined
let server: MemoryServer | undefined
afterEach(async () => {
  await at?.[Symbol.asyncDispose]()
  await server?.[Symbol.asyncDispose]()
})

const utf8 = new TextEncoder()
const MEBIBYTE = 1024 * 1024
const refused = (id: number): string => `{"id":${id},"method":"prompt"}\n`

/** A gateway before a hub that a test plays. */
async function playedHub(options: Parameters<typeof arena>[0] = {}): Promise<{ arena: Arena; upstream: Promise<Link> }> {
  server = memoryServer()
  const links = server.accept()[Symbol.asyncIterator]()
  const hub: StreamUpstream = { kind: 'stream', system: 'hub', transport: server.transport, policy: hubPolicy }
  at = await arena({ ...options, upstreams: { hub } })
  return { arena: at, upstream: links.next().then(({ value }) => value as Link) }
}

test('[gateway.attack.refused-replies] a reply to a refused message never cuts a line of the upstream in two', async () => {
  const { arena: world, upstream } = await playedHub()
  const link = await gateway(world.served.url, { token: world.served.token, webSocket: await nodeWebSocket() })
    .stream('hub', 'link')
    .open()
  const hub = await upstream
  const decoder = ndjsonDecoder<{ id: number; result?: string }>()
  const got: (readonly [id: number, isReply: boolean])[] = []
  const read = async (count: number): Promise<void> => {
    while (got.length < count) {
      const chunk = await link.read()
      if (chunk === null) throw new Error('the link ended')
      for (const { id, result } of decoder.push(chunk)) got.push([id, result === undefined])
      expect(decoder.fault).toBeNull()
    }
  }
  // A line of each length, cut anywhere: its bytes must never be taken for the sizes of frames.
  for (let id = 1; id <= 40; id += 1) {
    const line = utf8.encode(`{"id":${id},"result":"${'x'.repeat(id * 7)}"}\n`)
    const cut = (id * 5) % line.byteLength
    await hub.write(line.slice(0, cut))
    await link.write(utf8.encode(refused(1_000 + id)))
    await until(() => world.events.filter(({ type }) => type === 'op').length === id, 'the message was judged')
    await hub.write(line.slice(cut))
    await read(2 * id)
  }
  expect(got.filter(([, isReply]) => isReply).map(([id]) => id)).toEqual(Array.from({ length: 40 }, (_, index) => 1_001 + index))
  await link.close()
})

test('[gateway.attack.refused-replies] a client that sends refused messages and reads no reply costs bounded memory', async () => {
  const { arena: world } = await playedHub({ limits: { maxBytesPerSecond: 1e9 } })
  const before = memoryNow()
  // The client gives no credit for replies, and gets credit for what it sends.
  const link = await webSocketLink({
    url: `${world.served.url}/v1/hub/link`,
    credential: world.served.token,
    webSocket: await nodeWebSocket(),
    windowBytes: 128,
  }).open()
  const lines = utf8.encode(refused(1).repeat(1_000))
  let written = 0
  const writing = (async () => {
    while (written < 16 * MEBIBYTE) {
      await link.write(lines)
      written += lines.byteLength
    }
  })().catch(() => {})
  // Either it is stuck, or the gateway took everything.
  for (let seen = -1; seen !== written; ) {
    seen = written
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
  await world.checkHealthy()
  world.events.length = 0
  expect(memoryNow() - before).toBeLessThan(16 * MEBIBYTE)
  await link.close()
  await writing
})
