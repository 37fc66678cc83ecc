/** Bundles the benchmark, because Node 20 does not run TypeScript, and starts it with the same arguments. */
import { spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))
const outdir = here('../../.cache/bench')
rmSync(outdir, { recursive: true, force: true })
await build({
  entryPoints: [
    'main',
    'sample',
    'sizes',
    ...['lines', 'cccc', 'cmdop', 'catsyphon', 'gateway', 'relay'].map((file) => `servers/${file}`),
  ].map((file) => here(`./${file}.ts`)),
  outdir,
  outbase: here('.'),
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  // Found beside the bundle; the SQL drivers are not measured here.
  external: ['ws', 'libsql', 'better-sqlite3'],
})
const program = process.argv.includes('--sizes') ? 'sizes' : 'main'
const child = spawn(process.execPath, [`${outdir}/${program}.js`, ...process.argv.slice(2)], {
  stdio: 'inherit',
  cwd: here('../..'),
})
child.on('exit', (code) => process.exit(code ?? 1))
