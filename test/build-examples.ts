/** The example programs of `playground/examples`, bundled over our sources. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('../', import.meta.url))

/** Bundles programs of one system, given by their file names. Returns the folder with one `.mjs` for each; remove it with `removeExamples`. */
export async function buildExamples(system: string, files: readonly string[]): Promise<string> {
  // Inside the project, so that the packages that are not bundled are found.
  const out = await mkdtemp(join(root, 'node_modules', `.${system}-examples-`))
  const { exports } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
    exports: Record<string, { readonly types: string } | string>
  }
  const alias = Object.entries(exports).flatMap(([name, target]) =>
    typeof target === 'string'
      ? []
      : [[name.replace('.', 'signalbox'), join(root, target.types.replace('./dist/types/', '').replace(/\.d\.ts$/, '.ts'))]],
  )
  await build({
    entryPoints: files.map((file) => join(root, 'playground/examples', system, file)),
    outdir: out,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    alias: Object.fromEntries(alias),
    logLevel: 'error',
  })
  return out
}

/** Removes the folder of `buildExamples`. */
export const removeExamples = (out: string): Promise<void> => rm(out, { recursive: true, force: true })
