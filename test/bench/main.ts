/**
 * Runs the rows: both sides in processes of their own, taken in turns, so that a machine that slows down slows both. Arguments: parts of row
 * names to run only those, `--quick`, `--profile NAME` or `--profile all`, `--write` to put the tables into docs/performance.md.
 */
import { fork, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Given, Sample } from './measure.js'
import { missingPeer } from './peers.js'
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
  // `taskset` replaces itself by the program (exec), so the IPC channel works.
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

/** Starts the servers of a row, runs, and ends them. With `gatewayArgv`, arguments of Node, the gateway ends by itself and writes its profile. */
async function withServers<Out>(row: BenchRow, run: (given: Given) => Promise<Out>, gatewayArgv?: readonly string[]): Promise<Out> {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-bench-'))
  const path = join(folder, 'socket')
  const pinned = row.pinned === true
  const servers: ChildProcess[] = []
  let profiledGateway: ChildProcess | undefined
  let told: Given['told'] = {}
  try {
    const wanted = [
      ...(row.server ? [row.server] : []),
      ...(row.gateway ? [['gateway', '']] : []),
      ...(row.relay ? [['relay', '']] : []),
    ]
    for (const [file = '', argument = ''] of wanted) {
      const server = start(`servers/${file}.js`, [path, argument], pinned, file === 'gateway' ? gatewayArgv : undefined)
      servers.push(server)
      if (file === 'gateway' && gatewayArgv) profiledGateway = server
      told = { ...told, ...(await message<Given['told']>(server)) }
    }
    const count = (quick ? row.quickCount : row.count) ?? 0
    return await run({ path, told, count, fixture: row.fixture ?? '' })
  } finally {
    for (const server of servers) {
      if (server !== profiledGateway) server.kill('SIGKILL')
      else if (server.connected) {
        server.disconnect()
        await once(server, 'exit')
      }
    }
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

/** Profiles our side of a row, which is the process of the gateway where the row has one. Returns the path of the profile. */
async function profile(row: BenchRow): Promise<string> {
  const file = `${row.name}.cpuprofile`
  const execArgv = ['--cpu-prof', `--cpu-prof-dir=${here}`, `--cpu-prof-name=${file}`, '--cpu-prof-interval=200']
  const run = (given: Given): Promise<Sample> => sample(row.ours, given, row.pinned === true, row.gateway ? [] : execArgv)
  await withServers(row, run, row.gateway && execArgv)
  return join(here, file)
}

/** Replaces what stands between two comments of the page. */
function writePage(mark: string, content: string): void {
  const page = readFileSync('docs/performance.md', 'utf8')
  const [before = '', rest = ''] = page.split(`<!-- ${mark} -->\n`)
  const after = rest.slice(rest.indexOf(`<!-- /${mark} -->`))
  writeFileSync('docs/performance.md', `${before}<!-- ${mark} -->\n\n${content}\n\n${after}`)
}

/** The rows whose names hold one of the words; without words all rows. Rows whose peer cannot be installed are named and left out. */
function chosenRows(words: readonly string[]): BenchRow[] {
  return ROWS.filter((row) => {
    if (words.length > 0 && !words.some((part) => row.name.includes(part))) return false
    const missing = row.peer && missingPeer(row.peer, !quick)
    if (missing) console.log(`${row.name} is not measured: ${missing}.`)
    return !missing
  })
}

async function profileRows(word: string): Promise<void> {
  const rows = chosenRows(word === 'all' ? [] : [word])
  if (rows.length === 0) throw new Error(`There is no row ${word}. Rows: ${ROWS.map(({ name }) => name).join(', ')}`)
  const sections: string[] = []
  for (const row of rows) {
    const path = await profile(row)
    const table = profileTable(path, word === 'all' ? 8 : 25)
    console.log(`${row.title} (${path})\n\n${table.text}\n`)
    sections.push(`**${row.name}**: ${row.title}\n\n${table.markdown}`)
  }
  if (args.includes('--write')) writePage('profiles', sections.join('\n\n'))
}

if (profiled !== undefined) await profileRows(profiled)
else {
  const results: Result[] = []
  for (const row of chosenRows(wanted)) {
    process.stderr.write(`${row.name} ...\n`)
    results.push(await compare(row))
  }
  const machine = `Node ${process.version}, ${cpus().length} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), medians of ${rounds} rounds`
  console.log(`\n${machine}\n\n${text(results)}`)
  if (!quick && wanted.length === 0) writeFileSync('bench.json', json(machine, results))
  if (args.includes('--write')) writePage('bench', `${machine}\n\n${markdown(results)}`)
}
