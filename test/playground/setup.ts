/** Runs once before the tests of the dashboard: builds the page for all of them, and tells them its folder. */
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  export interface ProvidedContext {
    readonly dashboardFolder: string
  }
}

const root = fileURLToPath(new URL('../../', import.meta.url))
/** Everything that the page is made of. */
const SOURCES = ['playground', 'src', 'transports', 'package-lock.json']

function newest(path: string): number {
  const { mtimeMs } = statSync(path)
  if (!statSync(path).isDirectory()) return mtimeMs
  const inside = readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return Math.max(mtimeMs, ...inside.map((entry) => statSync(join(entry.parentPath, entry.name)).mtimeMs))
}

/** The page that `npm run build` or an earlier run built, if no source is newer. Otherwise it is built, outside the package's `dist`. */
async function builtPage(): Promise<string> {
  const changed = Math.max(...SOURCES.map((path) => newest(join(root, path))))
  // A profile needs readable names.
  const isReadable = process.env.SIGNALBOX_LOAD_PROFILE === '1'
  const own = join(root, '.cache/dashboard', isReadable ? 'readable' : 'page')
  for (const folder of isReadable ? [own] : [join(root, 'dist/dashboard'), own]) {
    const index = join(folder, 'index.html')
    if (existsSync(index) && statSync(index).mtimeMs > changed) return folder
  }
  await build({
    configFile: join(root, 'playground/vite.config.ts'),
    root: join(root, 'playground'),
    build: { outDir: own, emptyOutDir: true, ...(isReadable ? { minify: false } : {}) },
  })
  return own
}

export default async function setup(project: TestProject): Promise<void> {
  project.provide('dashboardFolder', await builtPage())
}
