/**
 * What a message of a Claude run costs: the lines of a recorded conversation, many times over, through the whole client by batches,
 * typed and not validated, against JSON.parse of the same lines.
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { query, type ClaudeLaunch } from '../../src/claude/index.js'
import { encodeNdjson } from '../../src/core/codec/ndjson.js'
import { table, type Row } from './table.js'
import type { CloseReason, Link, StreamTransport } from '../../src/transport.js'

// The same from here and from where the bench is bundled to.
const fixture = fileURLToPath(new URL('../../test/fixtures/claude/2.1.329/partial-tool-use.stdout.ndjson', import.meta.url))
const [init, ...rest] = readFileSync(fixture, 'utf8').trim().split('\n') as [string, ...string[]]
const result = rest.pop() as string
const CHUNK = 65_536
const TIMES = Number(process.env.SIGNALBOX_BENCH_TIMES ?? 6000)

/** A turn whose middle comes many times over: one init, one result. */
const lines = [init, ...Array.from({ length: TIMES }, () => rest).flat(), result]
const bytes = new TextEncoder().encode(`${lines.join('\n')}\n`)
const chunks: Uint8Array[] = []
for (let at = 0; at < bytes.byteLength; at += CHUNK) chunks.push(bytes.slice(at, at + CHUNK))

/** Answers `initialize`, and the first message with everything. */
function transport(): StreamTransport<ClaudeLaunch> {
  return {
    kind: 'stream',
    name: 'bench',
    async open() {
      const waiting: Uint8Array[] = []
      let wake = (): void => {}
      let over = false
      const reason: CloseReason = { kind: 'exit', exitCode: 0, signal: null, stderrTail: '' }
      const link: Link = {
        info: { id: 'bench', transport: 'bench' },
        async read() {
          while (waiting.length === 0 && !over) await new Promise<void>((resolve) => (wake = resolve))
          return waiting.shift() ?? null
        },
        async write(chunk) {
          const line = JSON.parse(new TextDecoder().decode(chunk)) as { type: string; request_id: string }
          if (line.type === 'user') waiting.push(...chunks)
          else
            waiting.push(
              encodeNdjson({
                type: 'control_response',
                response: { subtype: 'success', request_id: line.request_id, response: {} },
              }),
            )
          wake()
        },
        async end() {
          over = true
          wake()
        },
        close: async () => reason,
        closed: Promise.resolve(reason),
        async [Symbol.asyncDispose]() {},
      }
      return link
    },
  }
}

/** Time of the processor, not of the wall: other work on the machine must not count. */
const spentMs = (): number => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

function parse(): number {
  const began = spentMs()
  let count = 0
  for (const line of lines) count += (JSON.parse(line) as { type?: string }).type === undefined ? 0 : 1
  if (count !== lines.length) throw new Error('lines were lost')
  return spentMs() - began
}

async function client(view: 'lines' | 'messages'): Promise<number> {
  const began = spentMs()
  let count = 0
  const turn = query('go', { transport: transport(), timeoutMs: 0 })
  for await (const batch of view === 'lines' ? turn.lines().batches() : turn.batches()) count += batch.length
  if (view === 'lines' && count !== lines.length) throw new Error(`${lines.length - count} lines were lost`)
  return spentMs() - began
}

const ROUNDS = Number(process.env.SIGNALBOX_BENCH_ROUNDS ?? 5)
const times = { parse: [] as number[], lines: [] as number[], messages: [] as number[] }
for (let round = 0; round <= ROUNDS; round += 1) {
  const sample = { parse: parse(), lines: await client('lines'), messages: await client('messages') }
  // The first round warms up.
  if (round > 0) for (const name of ['parse', 'lines', 'messages'] as const) times[name].push(sample[name])
}
const row = (title: string, ours: readonly number[], aim: Row['aim']): Row => ({
  title,
  count: lines.length,
  floor: 'JSON.parse of the lines',
  times: { floor: times.parse, ours },
  aim,
  ratio: 'cost',
})
console.log(`\nA turn of Claude Code, ${lines.length} lines, ${(bytes.byteLength / 1e6).toFixed(0)} MB, time of the processor\n`)
console.log(
  table([
    row('Claude, lines by batches, typed', times.lines, { most: 1.5 }),
    row('Claude, derived messages by batches', times.messages, undefined),
  ]),
)
