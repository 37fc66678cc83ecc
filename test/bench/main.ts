/**
 * Runs the rows: both sides in processes of their own, taken in turns, so that a machine that slows down slows both. Arguments: parts of row
 * names to run only those, `--quick`, `--profile NAME`, `--write` to put the table into docs/performance.md.
 */
import { fork, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Given, Sample } from './measure.js'
import { profileTable } from './profile.js'
import { json, markdown, text, type Result } from './report.js'
import { ROWS, type BenchRow } from './rows.js'

const here = dirname(fileURLToPath(import.meta.url))
const args = process.argv.slice(2)
const quick = args.includes('--quick')
const profiled = args.includes('--profile') ? args[args.indexOf('--profile') + 1] : undefined
const wanted = args.filter((arg) => !arg.startsWith('--') && arg !== profiled)
const rounds = Number(process.env.SIGNALBOX_BENCH_ROUNDS ?? (quick ? 1 : 5))
const canPin = spawnSync('taskset', ['-c', '0', 'true']).status === 0
const core = String(cpus().length - 1)
if (quick) process.env.SIGNALBOX_BENCH_QUICK = '1'

function start(file: string, argv: readonly string[], pinned: boolean, execArgv: readonly string[] = []): ChildProcess {
  const script = join(here, file)
  if (!pinned || !canPin) return fork(script, argv, { execArgv: [...execArgv] })
  // `taskset` becomes the process that it starts, so the channel goes through it.
  return fork(script, argv, { execPath: 'taskset', execArgv: ['-c', core, process.execPath, ...execArgv] })
}

async function message<Message>(child: ChildProcess): Promise<Message> {
  const died = once(child, 'exit').then(([code]) => {
    throw new Error(`a measured process ended with ${code} before it answered`)
  })
  died.catch(() => {})
  const [first] = await Promise.race([once(child, 'message'), died])
  return first as Message
}

async function sample(name: string, given: Given, pinned: boolean, execArgv: readonly string[] = []): Promise<Sample> {
  const child = start('sample.js', [name, JSON.stringify(given)], pinned, execArgv)
  const taken = await message<Sample>(child)
  if (child.exitCode === null) await once(child, 'exit')
  return taken
}

/** Starts the servers of a row, runs, and ends them. */
async function withServers<Out>(row: BenchRow, run: (given: Given) => Promise<Out>): Promise<Out> {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-bench-'))
  const path = join(folder, 'socket')
  const pinned = row.pinned === true
  const servers: ChildProcess[] = []
  let told: Given['told'] = {}
  try {
    for (const [file, argument] of [...(row.server ? [row.server] : []), ...(row.gateway ? [['gateway', ''] as const] : [])]) {
      const server = start(`servers/${file}.js`, [path, argument], pinned)
      servers.push(server)
      told = { ...told, ...(await message<Given['told']>(server)) }
    }
    const count = (quick ? row.quickCount : row.count) ?? 0
    return await run({ path, told, count, fixture: row.fixture ?? '' })
  } finally {
    for (const server of servers) server.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
}

const compare = (row: BenchRow): Promise<Result> =>
  withServers(row, async (given) => {
    const [floor, ours]: [Sample[], Sample[]] = [[], []]
    for (let round = 0; round < rounds; round += 1) {
      const base = await sample(row.floor, given, row.pinned === true)
      const mine = await sample(row.ours, given, row.pinned === true)
      if (base.count !== mine.count) throw new Error(`${row.name}: ${base.count} against ${mine.count}`)
      floor.push(base)
      ours.push(mine)
    }
    return { row, floor, ours }
  })

async function profile(name: string): Promise<void> {
  const row = ROWS.find((each) => each.name === name)
  if (!row) throw new Error(`There is no row ${name}. Rows: ${ROWS.map((each) => each.name).join(', ')}`)
  const file = `${name}.cpuprofile`
  const execArgv = ['--cpu-prof', `--cpu-prof-dir=${here}`, `--cpu-prof-name=${file}`, '--cpu-prof-interval=200']
  await withServers(row, (given) => sample(row.ours, given, row.pinned === true, execArgv))
  console.log(`${join(here, file)}\n\n${profileTable(readFileSync(join(here, file), 'utf8'))}`)
}

if (profiled !== undefined) await profile(profiled)
else {
  const results: Result[] = []
  for (const row of ROWS) {
    if (wanted.length > 0 && !wanted.some((part) => row.name.includes(part))) continue
    process.stderr.write(`${row.name} ...\n`)
    results.push(await compare(row))
  }
  const machine = `Node ${process.version}, ${cpus().length} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), medians of ${rounds} rounds`
  console.log(`\n${machine}\n\n${text(results)}`)
  if (!quick && wanted.length === 0) writeFileSync('bench.json', json(machine, results))
  if (args.includes('--write')) {
    const page = readFileSync('docs/performance.md', 'utf8')
    const [before = '', rest = ''] = page.split('<!-- bench -->\n')
    const after = rest.slice(rest.indexOf('<!-- /bench -->'))
    writeFileSync('docs/performance.md', `${before}<!-- bench -->\n\n${machine}\n\n${markdown(results)}\n\n${after}`)
  }
}
