/** Bundles the benchmark, because Node 20 does not run TypeScript, and starts it. Arguments: a part of a title, to run only that. */
import { spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))
const outdir = here('../../.cache/bench')
rmSync(outdir, { recursive: true, force: true })
await build({
  entryPoints: [
    'bench.ts',
    'server.ts',
    'sample.ts',
    'catsyphon.ts',
    'catsyphon-server.ts',
    'gateway.ts',
    'gateway-server.ts',
    'claude.ts',
  ].map((file) => here(`./${file}`)),
  outdir,
  outExtension: { '.js': '.js' },
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  // Found beside the bundle; the SQL drivers are not measured here.
  external: ['ws', 'libsql', 'better-sqlite3'],
})
const claude = () =>
  spawn(process.execPath, [`${outdir}/claude.js`], { stdio: 'inherit' }).on('exit', (code) => process.exit(code ?? 1))
if (process.argv[2] === 'claude') claude()
else start()

function start() {
  const child = spawn(process.execPath, [`${outdir}/bench.js`, ...process.argv.slice(2)], { stdio: 'inherit' })
  child.on('exit', (code) => {
    const wanted = process.argv[2]
    if (code !== 0 || (wanted !== undefined && !'catsyphon outbox'.includes(wanted))) process.exit(code ?? 1)
    const outbox = spawn(process.execPath, ['--expose-gc', `${outdir}/catsyphon.js`], { stdio: 'inherit' })
    outbox.on('exit', (last) => {
      if (last !== 0) process.exit(last ?? 1)
      // All three processes on one core, where the system has taskset: across cores the wake-up decides.
      const pinned = process.platform === 'linux' ? ['taskset', '-c', '0'] : []
      const [file = process.execPath, ...args] = [...pinned, process.execPath, `${outdir}/gateway.js`]
      spawn(file, args, { stdio: 'inherit' }).on('exit', (code) => {
        if (code !== 0 || wanted !== undefined) process.exit(code ?? 1)
        claude()
      })
    })
  })
}
