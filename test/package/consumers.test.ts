/**
 * The declarations compile in a program that checks them (`skipLibCheck: false`), with each TypeScript that the README names. CI installs the
 * versions that are no dependency of ours into `.cache/typescript`; elsewhere they are skipped.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { exports: Record<string, unknown> }
// The declarations of msw need the DOM and do not agree with those of Node. Those of NATS need `TextEncoder` and `WebSocket`.
const FOREIGN = ['./testing/msw', './nats']
const entries = Object.keys(exports).filter((name) => !name.endsWith('.json') && !FOREIGN.includes(name))

const installed = (version: string): string => join(root, '.cache/typescript/node_modules', `typescript-${version}`, 'bin/tsc')
// The oldest and the newest compile every program; those between need only one, because each compilation takes seconds.
const COMPILERS = [
  { version: '5.7', compiler: installed('5.7'), programs: 4 },
  { version: '5.8', compiler: installed('5.8'), programs: 1 },
  { version: '5.9', compiler: installed('5.9'), programs: 1 },
  { version: '6.0', compiler: join(root, 'node_modules/typescript/bin/tsc'), programs: 1 },
  { version: '7.0', compiler: join(root, 'node_modules/typescript7/bin/tsc'), programs: 4 },
]
const PROGRAMS = [
  { about: 'lib ES2022 alone', lib: ['ES2022'], types: [] },
  { about: 'lib ES2022 and DOM', lib: ['ES2022', 'DOM', 'DOM.Iterable'], types: [] },
  { about: 'lib ES2022 and the types of Node', lib: ['ES2022'], types: ['node'] },
  { about: 'lib ESNext', lib: ['ESNext'], types: [] },
]

describe.skipIf(!existsSync(join(root, 'dist/types/globals.d.ts')))('a program that imports every entrypoint', () => {
  let folder = ''
  beforeAll(() => {
    folder = mkdtempSync(join(root, 'node_modules', '.consumer-'))
    mkdirSync(join(folder, 'node_modules'))
    symlinkSync(root, join(folder, 'node_modules', 'signalbox'), 'dir')
    const lines = entries.map((name, index) => `export * as entry${index} from 'signalbox${name.slice(1)}'`)
    writeFileSync(join(folder, 'consumer.mts'), `${lines.join('\n')}\n`)
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  describe.each(COMPILERS)('TypeScript $version', ({ version, compiler, programs }) => {
    const missing = !existsSync(compiler)
    const required = process.env.SIGNALBOX_REQUIRE_ALL !== undefined

    test.skipIf(missing && !required).each(PROGRAMS.slice(0, programs))(
      'compiles with $about [package.consumers]',
      ({ lib, types, about }) => {
        const project = join(folder, `${version} ${about}.json`)
        const compilerOptions = {
          target: 'ES2022',
          module: 'NodeNext',
          strict: true,
          noEmit: true,
          skipLibCheck: false,
          lib,
          types,
        }
        writeFileSync(project, JSON.stringify({ compilerOptions, files: ['consumer.mts'] }))
        let output = ''
        try {
          execFileSync(process.execPath, [compiler, '-p', project], { cwd: folder, encoding: 'utf8' })
        } catch (error) {
          output = (error as { stdout?: string }).stdout ?? String(error)
        }
        expect(output).toBe('')
      },
      120_000,
    )
  })
})
