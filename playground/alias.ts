/** The sources behind the names `signalbox/…`, for the build of the page and for its tests. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

/** One rule for each entrypoint of the package. */
export function sourceAliases(): { readonly find: RegExp; readonly replacement: string }[] {
  const { exports } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as {
    exports: Record<string, { readonly types: string } | string>
  }
  return Object.entries(exports).flatMap(([name, target]) => {
    if (typeof target === 'string') return []
    const source = target.types.replace('./dist/types/', root).replace(/\.d\.ts$/, '.ts')
    return [{ find: new RegExp(`^signalbox${name.slice(1).replace('/', '\\/')}$`), replacement: source }]
  })
}
