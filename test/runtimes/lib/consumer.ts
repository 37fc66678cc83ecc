/** A folder that uses the package like an application: packed, unpacked into `node_modules`, imported by name. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'esbuild'

export const root = fileURLToPath(new URL('../../..', import.meta.url))
// Inside the checkout, so that the dependencies of the package are found where npm put them.
export const consumer = join(root, '.cache', 'consumer')
const installed = join(consumer, 'node_modules', 'signalbox')

interface ExportTarget {
  readonly types: string
  readonly default: string
}

export function installPackage(): void {
  if (!existsSync(join(root, 'dist', 'index.js'))) throw new Error('Nothing is built: run `npm run build` first.')
  rmSync(consumer, { recursive: true, force: true })
  mkdirSync(installed, { recursive: true })
  // A separate package and project. Otherwise `signalbox` would resolve to the checkout around it: in Node by the name of the package, in Bun
  // by the paths of its tsconfig.json.
  writeFileSync(join(consumer, 'package.json'), '{ "name": "consumer", "private": true, "type": "module" }\n')
  writeFileSync(join(consumer, 'tsconfig.json'), '{}\n')
  execFileSync('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', consumer], { cwd: root })
  const archive = readdirSync(consumer).find((file) => file.endsWith('.tgz')) as string
  // An optional peer that has its own executables, and is therefore kept with the runtimes.
  const sqlite = join(root, 'test', 'runtimes', 'node_modules', 'better-sqlite3')
  if (existsSync(sqlite)) symlinkSync(sqlite, join(consumer, 'node_modules', 'better-sqlite3'), 'dir')
  execFileSync('tar', ['-xzf', join(consumer, archive), '-C', installed, '--strip-components=1'])
}

const packageExports = (): Record<string, ExportTarget | string> =>
  JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).exports

/** Every entry by its import name, with the file it stands in once installed. */
export function entries(): { name: string; file: string; source: string }[] {
  return Object.entries(packageExports()).flatMap(([key, target]) =>
    typeof target === 'string'
      ? []
      : [
          {
            name: key === '.' ? 'signalbox' : `signalbox${key.slice(1)}`,
            file: join(installed, target.default),
            source: join(root, target.types.replace(/^\.\/dist\/types\//, '').replace(/\.d\.ts$/, '.ts')),
          },
        ],
  )
}

export type Bundled = 'external' | 'inside'

/**
 * Suites import the library by its source path, as the other tests do. Here the path is replaced by the name of the entry, so that the built
 * package runs. A path that is no entry is refused, because an application could not import it either.
 */
function throughPackage(mode: Bundled, runtime: string): Plugin {
  const known = entries()
  return {
    name: 'through-package',
    setup(builder) {
      builder.onResolve({ filter: /^signalbox(?:\/|$)/ }, ({ path }) => {
        const name = path === 'signalbox/here' ? `signalbox/${runtime}` : path
        if (mode === 'external') return { path: name, external: true }
        const entry = known.find((one) => one.name === name)
        return entry ? { path: entry.file } : { errors: [{ text: `${name} is no entry of the package` }] }
      })
      builder.onResolve({ filter: /^\.\.?\// }, ({ path, resolveDir, importer }) => {
        if (importer.includes(join('.cache', 'consumer')) || importer.includes('node_modules')) return undefined
        const target = join(resolveDir, path).replace(/\.js$/, '.ts')
        const inside = target.startsWith(join(root, 'src')) || target.startsWith(join(root, 'transports'))
        if (!inside) return undefined
        const entry = known.find(({ source }) => source === target)
        if (!entry) return { errors: [{ text: `${importer} imports ${target}, which is no entry of the package` }] }
        return mode === 'external' ? { path: entry.name, external: true } : { path: entry.file }
      })
    },
  }
}

export async function bundle(options: {
  readonly entry: string
  readonly outfile: string
  readonly mode: Bundled
  readonly runtime: string
  readonly conditions?: string[]
  readonly external?: string[]
  readonly platform?: 'browser'
}): Promise<string> {
  const outfile = join(consumer, options.outfile)
  await build({
    entryPoints: [options.entry],
    outfile,
    bundle: true,
    format: 'esm',
    target: 'es2022',
    platform: options.platform ?? (options.mode === 'external' ? 'node' : 'neutral'),
    mainFields: [...(options.platform ? ['browser'] : []), 'module', 'main'],
    conditions: options.conditions ?? [],
    external: options.external ?? [],
    plugins: [throughPackage(options.mode, options.runtime)],
    logLevel: 'silent',
    loader: { '.json': 'json', '.ndjson': 'text' },
    // Some bundled CommonJS asks for `require`; the runtimes that run files have it through node:module.
    ...(options.mode === 'external'
      ? {
          banner: {
            js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
          },
        }
      : {}),
  })
  return outfile
}
