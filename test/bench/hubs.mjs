/** Bundles `hubs-sample.mjs` and runs it: hubs that share a NATS server beside a hub in memory. `--quick` does little work. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))
const outfile = here('../../.cache/bench-nats/hubs-sample.js')
await build({
  entryPoints: [here('./hubs-sample.mjs')],
  outfile,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  external: ['ws', '@nats-io/*'],
})
const child = spawn(process.execPath, [outfile, ...process.argv.slice(2)], { stdio: 'inherit', cwd: here('../..') })
child.on('exit', (code) => process.exit(code ?? 1))
