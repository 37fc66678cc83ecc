/** Bundles a program over the built package as an application does, and weighs the result. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('../..', import.meta.url))

interface Manifest {
  readonly exports: Readonly<Record<string, { readonly default: string } | string>>
  readonly peerDependencies: Readonly<Record<string, string>>
}
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest

/** The entrypoints of the manifest that are built, with their files. */
export const builtEntries: ReadonlyMap<string, string> = new Map(
  Object.entries(manifest.exports).flatMap(([entry, target]) => {
    if (typeof target === 'string') return []
    const file = join(root, target.default)
    return existsSync(file) ? [[entry, file] as const] : []
  }),
)

// Not counted: `ws`, which no page loads; zod and the optional peers, which an application loads once for all users; modules of a runtime.
const NOT_COUNTED = ['zod', 'zod/*', 'ws', 'node:*', 'bun:*', 'cloudflare:*', ...Object.keys(manifest.peerDependencies)]

export interface Weight {
  readonly minified: number
  readonly gzip: number
  readonly code: string
}

/** A program that imports the given names from an entry, or everything that the entry exports. */
export async function weigh(entry: string, names?: readonly string[]): Promise<Weight> {
  const file = builtEntries.get(entry)
  if (file === undefined) throw new Error(`${entry} has not been built`)
  const from = JSON.stringify(file)
  const { outputFiles } = await build({
    stdin: { contents: names ? `export { ${names.join(', ')} } from ${from}` : `export * from ${from}`, resolveDir: root },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    target: 'es2022',
    minify: true,
    legalComments: 'none',
    external: NOT_COUNTED,
    logLevel: 'error',
  })
  const [output] = outputFiles
  if (!output) throw new Error(`${entry} made no bundle`)
  return { minified: output.contents.byteLength, gzip: gzipSync(output.contents, { level: 9 }).byteLength, code: output.text }
}
