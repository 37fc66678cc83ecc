/** Bundles the benchmark, because Node 20 does not run TypeScript, and starts it. Arguments: a part of a title, to run only that. */
import { spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))
const outdir = here('../../.cache/bench')
rmSync(outdir, { recursive: true, force: true })
await build({
  entryPoints: ['bench.ts', 'server.ts', 'sample.ts'].map((file) => here(`./${file}`)),
  outdir,
  outExtension: { '.js': '.js' },
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
})
const child = spawn(process.execPath, [`${outdir}/bench.js`, ...process.argv.slice(2)], { stdio: 'inherit' })
child.on('exit', (code) => process.exit(code ?? 1))
