/**
 * Native sockets and children of Bun and Deno against ours, which are one source over `node:net` and `node:child_process`: a table of
 * ratios that says where a link of a runtime's own would pay. Arguments: a part of a title, to run only that.
 */
import { execFile, fork, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))
const outdir = here('../../.cache/bench-native')
const installed = here('../runtimes/node_modules')
const ROUNDS = Number(process.env.SIGNALBOX_BENCH_ROUNDS ?? 5)
const run = promisify(execFile)

const runtimes = [
  { name: 'Bun', file: join(installed, '@oven/bun-linux-x64/bin/bun'), args: ['run'] },
  {
    name: 'Deno',
    file: join(installed, '@deno/linux-x64-glibc/deno'),
    args: ['run', '--allow-all', '--no-prompt', '--node-modules-dir=manual'],
  },
].filter(({ file }) => existsSync(file))

const comparisons = [
  { title: 'unix socket, round trip', what: 'RoundTrips', serve: 'answer', count: 20_000 },
  { title: 'unix socket, one connection per call', what: 'Connections', serve: 'answer', count: 5_000 },
  { title: 'unix socket, 100 MB received', what: 'Stream', serve: 'lines-300', count: 0 },
  { title: 'child, round trip', what: 'Child', count: 10_000 },
  { title: 'child, one per call', what: 'Spawns', count: 0 },
]

rmSync(outdir, { recursive: true, force: true })
await build({
  entryPoints: ['servers/lines.ts', 'native-sample.ts'].map((file) => here(`./${file}`)),
  outdir,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'es2022',
})

const canPin = spawnSync('taskset', ['-c', '0', 'true']).status === 0
const core = String(cpus().length - 1)
const pinned = (file, args) => (canPin ? ['taskset', ['-c', core, file, ...args]] : [file, args])

async function sample({ file, args }, name, path, count) {
  const { stdout } = await run(...pinned(file, [...args, join(outdir, 'native-sample.mjs'), name, path, String(count)]))
  return JSON.parse(stdout.trim().split('\n').at(-1))
}

const folder = mkdtempSync(join(tmpdir(), 'signalbox-bench-'))
const rows = [['runtime', 'what', 'bare ms', 'node: ms', 'own ms', 'node: / bare', 'own / bare', 'node: / own']]
try {
  for (const runtime of runtimes) {
    for (const { title, what, serve, count } of comparisons) {
      if (process.argv[2] !== undefined && !`${runtime.name} ${title}`.includes(process.argv[2])) continue
      process.stderr.write(`${runtime.name}: ${title} ...\n`)
      const path = join(folder, 'socket')
      const [file, args] = pinned(process.execPath, [])
      const server = serve && fork(join(outdir, 'servers/lines.mjs'), [path, serve], { execPath: file, execArgv: args })
      if (server) await once(server, 'message')
      const own = serve !== undefined
      const times = { native: [], link: [], own: [] }
      for (let round = 0; round < ROUNDS; round += 1) {
        // The sides alternate, so that a machine that slows down affects all of them.
        for (const side of ['native', 'link', ...(own ? ['own'] : [])])
          times[side].push((await sample(runtime, `${side}${what}`, path, count)).ms)
      }
      if (server) {
        server.disconnect()
        await once(server, 'exit')
      }
      rmSync(path, { force: true })
      const [native, link, best] = [times.native, times.link, times.own].map((taken) => Math.min(...taken))
      const ratios = [(link / native).toFixed(2), own ? (best / native).toFixed(2) : '', own ? (link / best).toFixed(2) : '']
      rows.push([runtime.name, title, native.toFixed(0), link.toFixed(0), own ? best.toFixed(0) : '', ...ratios])
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)))
console.log(`\nbest of ${ROUNDS} rounds; ${canPin ? `both ends on core ${core}` : 'not pinned: taskset is missing'}\n`)
for (const row of rows)
  console.log(
    row
      .map((cell, column) => cell.padEnd(widths[column]))
      .join('  ')
      .trimEnd(),
  )
