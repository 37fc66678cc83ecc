/** Clients that load in parts work from every kind of bundle: cut into files, and in one. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const isBuilt = existsSync(join(root, 'dist', 'ccc.js')) && existsSync(join(root, 'dist', 'cccc.js'))

// Whatever a part does first is to open a link: that this is tried shows that the part has come.
const PROGRAM = `
import { createCcc } from ${JSON.stringify(join(root, 'dist/ccc.js'))}
import { createCccc } from ${JSON.stringify(join(root, 'dist/cccc.js'))}
const transport = { kind: 'stream', name: 'none', open: async () => { throw new Error('nobody there') } }
const ccc = createCcc({ transport })
const cccc = createCccc({ transport })
const reason = (work) => work.then(() => 'answered', (error) => error.message)
export const reasons = () => Promise.all([
  reason(ccc.sessions()),
  reason(ccc.ask({ session: 'a', text: 'b' })),
  reason(ccc.subscribe()),
  reason(cccc.events({ groupId: 'g' })),
  reason(cccc.autoAck({ groupId: 'g' })[Symbol.asyncIterator]().next()),
])
`

describe.skipIf(!isBuilt)('a bundle', () => {
  let folder = ''
  beforeAll(() => {
    // Inside the project, so that zod is found.
    folder = mkdtempSync(join(root, 'node_modules', '.parts-'))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  test.each([
    { kind: 'cut into files', splitting: true },
    { kind: 'in one file', splitting: false },
  ])('$kind has every part of the clients [core.lazily]', async ({ splitting }) => {
    const outdir = join(folder, splitting ? 'files' : 'file')
    await build({
      stdin: { contents: PROGRAM, resolveDir: root, sourcefile: 'program.js' },
      bundle: true,
      format: 'esm',
      platform: 'neutral',
      mainFields: ['module', 'main'],
      outExtension: { '.js': '.mjs' },
      entryNames: 'program',
      outdir,
      splitting,
      logLevel: 'error',
    })
    expect(readdirSync(outdir).length > 1).toBe(splitting)
    const { reasons } = (await import(/* @vite-ignore */ pathToFileURL(join(outdir, 'program.mjs')).href)) as {
      reasons(): Promise<string[]>
    }
    expect(await reasons()).toEqual(Array.from({ length: 5 }, () => expect.stringContaining('nobody there')))
  })
})
