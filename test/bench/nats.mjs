/** Bundles `nats-sample.ts` and runs it: the store on real NATS servers beside the file store. `--quick` does little work. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))
const outfile = here('../../.cache/bench-nats/nats-sample.js')
await build({
  entryPoints: [here('./nats-sample.ts')],
  outfile,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  external: ['ws', '@nats-io/*'],
})
const child = spawn(process.execPath, [outfile, ...process.argv.slice(2)], { stdio: 'inherit', cwd: here('../..') })
child.on('exit', (code) => process.exit(code ?? 1))
