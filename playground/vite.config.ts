/** Builds the dashboard into `dist/dashboard`. Imports of `signalbox/…` resolve to the sources, so the package need not be built first. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'

const root = fileURLToPath(new URL('..', import.meta.url))
const { exports } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as {
  exports: Record<string, { readonly types: string } | string>
}
const alias = Object.entries(exports).flatMap(([name, target]) => {
  if (typeof target === 'string') return []
  const source = target.types.replace('./dist/types/', root).replace(/\.d\.ts$/, '.ts')
  return [{ find: new RegExp(`^signalbox${name.slice(1).replace('/', '\\/')}$`), replacement: source }]
})

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: './',
  resolve: { alias },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  worker: { format: 'es' },
  build: {
    outDir: '../dist/dashboard',
    emptyOutDir: true,
    target: 'es2022',
    // The page's policy forbids inline content.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  logLevel: 'warn',
})
