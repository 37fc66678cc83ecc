/** Bundles a sample, because Node 20 does not run TypeScript, and runs it with the arguments of this program. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))

export async function runBundled(file) {
  const outfile = here(`../../.cache/bench-nats/${file.replace(/\.\w+$/, '.js')}`)
  await build({
    entryPoints: [here(`./${file}`)],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    external: ['ws', '@nats-io/*'],
  })
  const child = spawn(process.execPath, [outfile, ...process.argv.slice(2)], { stdio: 'inherit', cwd: here('../..') })
  child.on('exit', (code) => process.exit(code ?? 1))
}
