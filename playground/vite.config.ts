/** Builds the dashboard into `dist/dashboard`. Imports of `signalbox/…` resolve to the sources, so the package need not be built first. */
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'
import { sourceAliases } from './alias.js'

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: './',
  resolve: { alias: sourceAliases() },
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
