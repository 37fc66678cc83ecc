/** Bundles the report of the public types, because Node 20 does not run TypeScript, and runs it. */
import { rmSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { checkHubSchema } from '../../scripts/hub-schema.mjs'

const outfile = fileURLToPath(new URL('../../.cache/api/report.mjs', import.meta.url))
rmSync(outfile, { force: true })
await build({
  entryPoints: [fileURLToPath(new URL('./report.ts', import.meta.url))],
  outfile,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  packages: 'external',
})
const { main } = await import(pathToFileURL(outfile).href)
process.exitCode = main(process.argv.slice(2))
// The types of the hub have a second report: their JSON Schema.
if (!checkHubSchema(process.argv.includes('--update'))) process.exitCode = 1
