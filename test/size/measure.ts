/** Bundles built entries the way an application does, and weighs what comes out. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build, type Plugin } from 'esbuild'

const root = fileURLToPath(new URL('../..', import.meta.url))

interface Manifest {
  readonly exports: Readonly<Record<string, { readonly default: string } | string>>
  readonly peerDependencies: Readonly<Record<string, string>>
}
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest

/** Entries of the manifest that have been built, with their files. */
export const builtEntries: ReadonlyMap<string, string> = new Map(
  Object.entries(manifest.exports).flatMap(([entry, target]) => {
    if (typeof target === 'string') return []
    const file = join(root, target.default)
    return existsSync(file) ? [[entry, file] as const] : []
  }),
)

// An application carries zod once, whatever it uses it for, and has the peers it asked for; a runtime has its own modules.
const NOT_COUNTED = ['zod', 'zod/*', 'node:*', 'bun:*', 'cloudflare:*', ...Object.keys(manifest.peerDependencies)]

export interface Weight {
  readonly minified: number
  readonly gzip: number
  readonly code: string
}

/** What a bundler that splits puts into files of their own: the parts that a client loads when they are first needed. */
const PARTS_APART: Plugin = {
  name: 'parts-apart',
  setup(build) {
    build.onResolve({ filter: /^\./ }, ({ kind, path }) => (kind === 'dynamic-import' ? { path, external: true } : undefined))
  },
}

/** All that the entry exports, or only what the names need: what loads at once, or with the parts that load when they are needed. */
export async function weigh(entry: string, names?: readonly string[], parts: 'apart' | 'inside' = 'apart'): Promise<Weight> {
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
    plugins: parts === 'apart' ? [PARTS_APART] : [],
    logLevel: 'error',
  })
  const [output] = outputFiles
  if (!output) throw new Error(`${entry} made no bundle`)
  return { minified: output.contents.byteLength, gzip: gzipSync(output.contents, { level: 9 }).byteLength, code: output.text }
}
