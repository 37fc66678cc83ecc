/**
 * Ratios, each from one run: what ours costs against the floor or against a peer, on the same bytes, on the same machine, minutes
 * apart at most. No time is judged by itself, because a time says more about the machine than about us.
 */
import { fork, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Sample } from './streams.js'
import { table, type Row } from './table.js'

interface Comparison {
  readonly title: string
  readonly floor: string
  readonly ours: string
  /** What the server serves: a fixture, or answers to calls. Undefined where nothing comes over a socket. */
  readonly serve?: string
  readonly argument: string
  /** `at most` compares our time with the floor's, `at least` our speed with the peer's. */
  readonly aim?: { readonly most: number } | { readonly least: number }
  /** Both ends on one core: across cores the wake-up decides, and the same code has two speeds. */
  readonly pinned?: true
}

const ROUNDS = Number(process.env.SIGNALBOX_BENCH_ROUNDS ?? 5)
const CALLS = '20000'
const CONNECTIONS = '5000'

const comparisons: readonly Comparison[] = [
  {
    title: 'NDJSON, 300 B lines, link by batches',
    floor: 'parse',
    ours: 'linkBatches',
    serve: 'lines-300',
    argument: 'lines-300',
    aim: { most: 1.4 },
  },
  {
    title: 'NDJSON, 300 B lines, link one by one',
    floor: 'parse',
    ours: 'linkMessages',
    serve: 'lines-300',
    argument: 'lines-300',
  },
  {
    title: 'NDJSON, 20 KB lines, link by batches',
    floor: 'parse',
    ours: 'linkBatches',
    serve: 'lines-20000',
    argument: 'lines-20000',
    aim: { most: 1.4 },
  },
  {
    title: 'NDJSON, 300 B lines not in ASCII, link by batches',
    floor: 'parse',
    ours: 'linkBatches',
    serve: 'lines-foreign',
    argument: 'lines-foreign',
  },
  { title: 'protobuf, splitter and fromBinary', floor: 'libraryFrames', ours: 'ourFrames', argument: 'frames', aim: { least: 2 } },
  { title: 'protobuf, splitter alone', floor: 'libraryFrames', ours: 'splitterAlone', argument: 'frames' },
  {
    title: 'protobuf, link by batches',
    floor: 'libraryFrames',
    ours: 'linkFrames',
    serve: 'frames',
    argument: 'frames',
    aim: { least: 1.8 },
  },
  {
    title: 'CMDOP envelopes, by batches',
    floor: 'libraryEnvelopes',
    ours: 'ourEnvelopes',
    argument: 'envelopes',
    aim: { least: 2 },
  },
  {
    title: 'CMDOP envelopes, link by batches',
    floor: 'libraryEnvelopes',
    ours: 'linkEnvelopes',
    serve: 'envelopes',
    argument: 'envelopes',
    aim: { least: 1.8 },
  },
  {
    title: 'unix socket, round trip',
    floor: 'bareRoundTrips',
    ours: 'linkRoundTrips',
    serve: 'answer',
    argument: CALLS,
    aim: { most: 1.15 },
    pinned: true,
  },
  {
    title: 'unix socket, one connection per call',
    floor: 'bareConnections',
    ours: 'linkConnections',
    serve: 'answer',
    argument: CONNECTIONS,
    aim: { most: 1.25 },
    pinned: true,
  },
]

const here = dirname(fileURLToPath(import.meta.url))
const canPin = spawnSync('taskset', ['-c', '0', 'true']).status === 0
const core = String(cpus().length - 1)

function start(file: string, args: readonly string[], pinned: boolean): ChildProcess {
  const script = join(here, file)
  if (!pinned || !canPin) return fork(script, args)
  // `taskset` becomes the process that it starts, so the channel goes through it.
  return fork(script, args, { execPath: 'taskset', execArgv: ['-c', core, process.execPath] })
}

async function message<Message>(child: ChildProcess): Promise<Message> {
  const died = once(child, 'exit').then(([code]) => {
    throw new Error(`a measured process ended with ${code} before it answered`)
  })
  died.catch(() => {})
  const [first] = await Promise.race([once(child, 'message'), died])
  return first as Message
}

async function sample(name: string, path: string, argument: string, pinned: boolean): Promise<Sample> {
  const child = start('sample.js', [name, path, argument], pinned)
  const taken = await message<Sample>(child)
  if (child.exitCode === null) await once(child, 'exit')
  return taken
}

async function compare(comparison: Comparison, path: string): Promise<Row> {
  const { title, floor, ours, serve, argument, aim, pinned = false } = comparison
  const server = serve === undefined ? undefined : start('server.js', [path, serve], pinned)
  try {
    if (server) await message(server)
    const times = { floor: [] as number[], ours: [] as number[] }
    let count = 0
    for (let round = 0; round < ROUNDS; round += 1) {
      // Taken in turns, so that a machine that slows down slows both.
      const [base, mine] = [await sample(floor, path, argument, pinned), await sample(ours, path, argument, pinned)]
      if (base.count !== mine.count) throw new Error(`${title}: ${base.count} messages against ${mine.count}`)
      times.floor.push(base.ms)
      times.ours.push(mine.ms)
      count = mine.count
    }
    return { title, count, floor, times, aim, ratio: floor.startsWith('library') ? 'speed' : 'cost' }
  } finally {
    if (server) {
      server.disconnect()
      await once(server, 'exit')
    }
    rmSync(path, { force: true })
  }
}

const folder = mkdtempSync(join(tmpdir(), 'signalbox-bench-'))
const filter = process.argv[2]
const rows: Row[] = []
try {
  for (const comparison of comparisons) {
    if (filter !== undefined && !comparison.title.includes(filter)) continue
    process.stderr.write(`${comparison.title} ...\n`)
    rows.push(await compare(comparison, join(folder, 'socket')))
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
const pinning = canPin ? `calls pinned to core ${core}` : 'taskset is missing: calls are not pinned, their ratios mean little'
console.log(`\nNode ${process.version}, ${cpus().length} cores, best of ${ROUNDS} rounds; ${pinning}\n`)
console.log(table(rows))
