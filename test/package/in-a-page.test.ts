/** A page that imports an entrypoint of Node fails at its build or at the import. The error names the entrypoint to use. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build as esbuild } from 'esbuild'
import { build as vite } from 'vite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))

describe.skipIf(!existsSync(join(root, 'dist', 'node.js')))('signalbox/node in a page', () => {
  let folder = ''
  beforeAll(() => {
    folder = mkdtempSync(join(root, 'node_modules', '.page-'))
    mkdirSync(join(folder, 'node_modules'))
    symlinkSync(root, join(folder, 'node_modules', 'signalbox'), 'dir')
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  const written = (name: string, code: string): string => {
    const file = join(folder, name)
    writeFileSync(file, code)
    return file
  }
  const NAMED = "import { unixSocket } from 'signalbox/node'\nexport const transport = unixSocket({ path: '/x' })\n"
  const WHOLE = "import * as node from 'signalbox/node'\nexport const names = Object.keys(node)\n"

  const withEsbuild = (entry: string) =>
    esbuild({
      entryPoints: [entry],
      bundle: true,
      format: 'esm',
      platform: 'browser',
      outdir: join(folder, 'out'),
      logLevel: 'silent',
    })
  const withVite = (entry: string) =>
    vite({
      root: folder,
      configFile: false,
      logLevel: 'silent',
      build: { lib: { entry, formats: ['es'], fileName: 'vite' }, outDir: join(folder, 'out'), emptyOutDir: false },
    })

  test.each([
    { bundler: 'esbuild', build: withEsbuild },
    { bundler: 'Vite', build: withVite },
  ])('$bundler refuses a named import and names the entrypoint to use [package.in-a-page]', async ({ bundler, build }) => {
    await expect(build(written(`${bundler}.js`, NAMED))).rejects.toThrow(/in-a-page-import-signalbox-web/)
  })

  test('a namespace import fails when it is loaded, with one sentence that names the entrypoint to use [package.in-a-page]', async () => {
    await withEsbuild(written('whole.js', WHOLE))
    const loading = import(/* @vite-ignore */ pathToFileURL(join(folder, 'out', 'whole.js')).href)
    await expect(loading).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining("Import from 'signalbox/web' instead."),
    })
  })
})
