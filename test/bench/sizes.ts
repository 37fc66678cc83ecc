/**
 * What a call costs as its data grows: each row runs at several sizes. An exponent of 1 is linear. Times under a millisecond are left out,
 * because there the fixed cost of a call decides.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { createCcc } from '../../src/ccc/index.js'
import { createCccc } from '../../src/cccc/index.js'
import { query } from '../../src/claude/index.js'
import { encodeFrame, frameDecoder } from '../../src/core/codec/frames.js'
import { encodeNdjson, ndjsonDecoder } from '../../src/core/codec/ndjson.js'
import { createHub, type Hub } from '../../src/hub/index.js'
import { memoryStore } from '../../src/store/memory.js'
import { openOutbox } from '../../src/store/outbox/index.js'
import { createScriptedSystem, memoryPair } from '../../src/testing/index.js'
import type { StreamTransport } from '../../src/transport.js'
import { conversation, conversationTransport } from './samples/claude.js'

interface SizeRow {
  readonly name: string
  readonly sizes: readonly number[]
  /** Prepares the data of this size. The work that it returns is measured. */
  prepare(size: number): (() => Promise<void>) | Promise<() => Promise<void>>
}

const BYTES = [1_000, 10_000, 100_000, 1_000_000, 10_000_000]
const ITEMS = [10, 100, 1_000, 10_000, 100_000]
const utf8 = new TextEncoder()
const PIECE = 65_536

/** Every connection answers its first request with the bytes that belong to it, in pieces as a socket would give them. */
function answering(answer: (request: Record<string, unknown>) => Uint8Array): StreamTransport {
  return {
    kind: 'stream',
    name: 'bench',
    async open() {
      const [near, far] = memoryPair()
      void (async () => {
        const decoder = ndjsonDecoder<Record<string, unknown>>()
        for (let chunk = await far.read(); chunk !== null; chunk = await far.read()) {
          const [request] = decoder.push(chunk)
          if (!request) continue
          const bytes = answer(request)
          for (let at = 0; at < bytes.byteLength; at += PIECE) {
            await far.write(bytes.slice(at, at + PIECE))
            // One piece for each turn of the event loop, as from a socket.
            await new Promise((resolve) => setImmediate(resolve))
          }
          if (request.op !== 'events_stream') await far.end()
        }
      })().catch(() => {})
      return near
    },
  }
}

const ccccPing = encodeNdjson({
  v: 1,
  ok: true,
  result: { version: '0.4.45', pid: 1, ts: '2026-01-01T00:00:00Z', ipc_v: 1, capabilities: { events_stream: true } },
})
const ccccTransport = (result: Uint8Array): StreamTransport => answering(({ op }) => (op === 'ping' ? ccccPing : result))
const many = <Item>(count: number, make: (index: number) => Item): Item[] =>
  Array.from({ length: count }, (_, index) => make(index))
const expectCount = (count: number, wanted: number): void => {
  if (count !== wanted) throw new Error(`${count} of ${wanted}`)
}

/** A hub that can keep so many notices, and a function that publishes them. */
async function hubWith(size: number) {
  const system = createScriptedSystem()
  const hub = await createHub({ sources: [system.source()], limits: { maxEvents: size * 2 + 1000 } })
  const publish = async (): Promise<void> => {
    for (let index = 0; index < size; index += 1) {
      system.push('a', { kind: 'notice', level: 'info', text: `notice ${index}` })
      if (index % 500 === 499) await new Promise((resolve) => setImmediate(resolve))
    }
  }
  return { hub, publish }
}

async function readNotices(hub: Hub, size: number, from?: 'oldest'): Promise<void> {
  let count = 0
  for await (const { kind } of hub.watch(from ? { from } : {})) {
    if (kind === 'notice') count += 1
    if (count === size) break
  }
  expectCount(count, size)
}

const ROWS: readonly SizeRow[] = [
  {
    name: 'NDJSON, one message of so many bytes, encoded and decoded in pieces of 64 KiB',
    sizes: BYTES,
    prepare(size) {
      const message = { text: 'x'.repeat(size) }
      return async () => {
        const bytes = encodeNdjson(message)
        const decoder = ndjsonDecoder()
        let count = 0
        for (let at = 0; at < bytes.byteLength; at += PIECE) count += decoder.push(bytes.subarray(at, at + PIECE)).length
        expectCount(count, 1)
      }
    },
  },
  {
    name: 'one frame of so many bytes, encoded and split in pieces of 64 KiB',
    sizes: BYTES,
    prepare(size) {
      const body = new Uint8Array(size)
      return async () => {
        const bytes = encodeFrame(body)
        const decoder = frameDecoder()
        let count = 0
        for (let at = 0; at < bytes.byteLength; at += PIECE) count += decoder.push(bytes.subarray(at, at + PIECE)).length
        expectCount(count, 1)
      }
    },
  },
  {
    name: 'CCCC, a call with an answer of so many bytes',
    sizes: BYTES,
    prepare(size) {
      const answer = encodeNdjson({ v: 1, ok: true, result: { text: 'x'.repeat(size) } })
      return async () => {
        await using client = createCccc({ transport: ccccTransport(answer) })
        await client.call('groups')
      }
    },
  },
  {
    name: 'CCCC, a list of so many groups',
    sizes: ITEMS,
    prepare(size) {
      const groups = many(size, (index) => ({ group_id: `g_${index}`, title: `Group ${index}`, running: true, state: 'active' }))
      const answer = encodeNdjson({ v: 1, ok: true, result: { groups } })
      return async () => {
        await using client = createCccc({ transport: ccccTransport(answer) })
        expectCount((await client.groups.list()).groups.length, size)
      }
    },
  },
  {
    name: 'CCCC, a stream of so many events',
    sizes: ITEMS,
    prepare(size) {
      const event = (index: number) => ({
        t: 'event',
        event: {
          id: index.toString(16).padStart(32, '0'),
          ts: '2026-01-01T00:00:00Z',
          kind: 'chat.message',
          group_id: 'g',
          by: 'user',
          data: {},
        },
      })
      const lines = [{ v: 1, ok: true, result: { group_id: 'g' } }, ...many(size, event)]
      const stream = utf8.encode(lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
      return async () => {
        await using client = createCccc({ transport: ccccTransport(stream) })
        let count = 0
        for await (const { type } of await client.events({ groupId: 'g' })) {
          if (type === 'event') count += 1
          if (count === size) break
        }
        expectCount(count, size)
      }
    },
  },
  {
    name: 'CCC, a list of so many sessions',
    sizes: ITEMS,
    prepare(size) {
      const sessions = many(size, (index) => ({ name: `s${index}`, host: 'local', status: 'idle', cwd: `/home/dev/s${index}` }))
      const answer = encodeNdjson({ ok: true, sessions })
      return async () => {
        await using client = createCcc({ transport: answering(() => answer) })
        expectCount((await client.sessions()).length, size)
      }
    },
  },
  {
    name: 'CCC, a call with an answer of so many bytes',
    sizes: BYTES,
    prepare(size) {
      const line = encodeNdjson({ ok: true, response: 'x'.repeat(size), duration_ms: 1 })
      return async () => {
        await using client = createCcc({ transport: answering(() => line) })
        const answer = await client.ask({ session: 's', text: 'go' })
        expectCount('response' in answer ? answer.response.length : 0, size)
      }
    },
  },
  {
    name: 'CCC, a history of so many messages',
    sizes: ITEMS,
    prepare(size) {
      const messages = many(size, (index) => ({ id: index, ts: 1_767_225_600 + index, from: 'claude', text: `Message ${index}` }))
      const answer = encodeNdjson({ ok: true, messages })
      return async () => {
        await using client = createCcc({ transport: answering(() => answer) })
        expectCount((await client.history({ session: 's', limit: size })).length, size)
      }
    },
  },
  {
    name: 'Claude, a turn of so many lines',
    sizes: ITEMS,
    prepare(size) {
      const { chunks } = conversation(Math.ceil(size / 25))
      return async () => {
        for await (const _ of query('go', { transport: conversationTransport(chunks), timeoutMs: 0 })) {
          // Only the reading is measured.
        }
      }
    },
  },
  {
    name: 'outbox in memory, so many items appended and delivered',
    sizes: ITEMS,
    prepare(size) {
      const body = utf8.encode('x'.repeat(200))
      return async () => {
        await using store = memoryStore()
        await using outbox = await openOutbox({
          store,
          name: 'bench',
          lingerMs: 0,
          deliver: async ({ items }) => ({ kind: 'delivered', count: items.length }),
        })
        await Promise.all(many(size, () => outbox.append('queue', body)))
        expectCount((await outbox.flush()).pending, 0)
      }
    },
  },
  {
    name: 'hub, so many events through the journal to one viewer',
    sizes: ITEMS,
    prepare(size) {
      return async () => {
        const { hub, publish } = await hubWith(size)
        await using _ = hub
        const reading = readNotices(hub, size)
        await publish()
        await reading
      }
    },
  },
  {
    name: 'hub, so many past events from the journal to a new viewer',
    sizes: ITEMS,
    async prepare(size) {
      const { hub, publish } = await hubWith(size)
      const reading = readNotices(hub, size)
      await publish()
      await reading
      return () => readNotices(hub, size, 'oldest')
    },
  },
]

const wanted = process.argv.slice(2).filter((arg) => !arg.startsWith('--'))
const quick = process.argv.includes('--quick')
const ROUNDS = quick ? 1 : 3

async function measure(row: SizeRow, size: number): Promise<number> {
  const run = await row.prepare(size)
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < ROUNDS; round += 1) {
    const before = process.cpuUsage()
    await run()
    const { user, system } = process.cpuUsage(before)
    best = Math.min(best, (user + system) / 1000)
  }
  return best
}

/** Runs a row with much data first. Otherwise the small sizes would be measured before the runtime has compiled the code, and the large ones after. */
async function warmUp(row: SizeRow): Promise<void> {
  const size = row.sizes.at(-2) ?? 0
  const run = await row.prepare(size)
  for (let round = 0; round < ROUNDS; round += 1) await run()
}

type Point = readonly [size: number, ms: number]

/** Below this a fixed cost decides, and the clock of the processor time is coarse. */
const LEAST_MS = 1

/**
 * The exponent of the line through the points on a log scale, by least squares, and the steepest slope between two neighbours, because a fit
 * hides a bend. Undefined when fewer than two sizes take a millisecond.
 */
function exponents(points: readonly Point[]): { readonly fitted: number; readonly steepest: number } | undefined {
  const logs = points.filter(([, ms]) => ms >= LEAST_MS).map(([size, ms]) => [Math.log(size), Math.log(ms)] as const)
  if (logs.length < 2) return undefined
  const slopes = logs.slice(1).map(([x, y], index) => {
    const [xBefore, yBefore] = logs[index] as (typeof logs)[number]
    return (y - yBefore) / (x - xBefore)
  })
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
  const middleX = mean(logs.map(([x]) => x))
  const middleY = mean(logs.map(([, y]) => y))
  const covariance = mean(logs.map(([x, y]) => (x - middleX) * (y - middleY)))
  const variance = mean(logs.map(([x]) => (x - middleX) ** 2))
  return { fitted: covariance / variance, steepest: Math.max(...slopes) }
}

const lines = ['| what | processor time at each size | fitted exponent | steepest slope |', '| --- | --- | --- | --- |']
for (const row of ROWS.filter(({ name }) => wanted.length === 0 || wanted.some((part) => name.includes(part)))) {
  const points: Point[] = []
  if (!quick) await warmUp(row)
  for (const size of quick ? row.sizes.slice(0, 2) : row.sizes) points.push([size, await measure(row, size)])
  const times = points.map(([size, ms]) => `${size.toLocaleString('en')}: ${ms < 10 ? ms.toFixed(1) : ms.toFixed(0)} ms`).join(', ')
  const found = exponents(points)
  lines.push(`| ${row.name} | ${times} | ${found?.fitted.toFixed(2) ?? ''} | ${found?.steepest.toFixed(2) ?? ''} |`)
  console.log(lines.at(-1))
}
if (process.argv.includes('--write')) {
  const path = fileURLToPath(new URL('../../docs/performance.md', import.meta.url))
  const page = readFileSync(path, 'utf8')
  const [before = '', rest = ''] = page.split('<!-- sizes -->\n')
  writeFileSync(path, `${before}<!-- sizes -->\n\n${lines.join('\n')}\n\n${rest.slice(rest.indexOf('<!-- /sizes -->'))}`)
}
process.exit()
