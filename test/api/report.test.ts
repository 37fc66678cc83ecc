import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { checkReports, shortened, surfaces } from './report.js'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

function project(index: string): string {
  const root = mkdtempSync(join(tmpdir(), 'surface-'))
  folders.push(root)
  mkdirSync(join(root, 'types'))
  const exports = {
    '.': { types: './types/index.d.ts' },
    './sub/part': { types: './types/part.d.ts' },
    './package.json': './package.json',
  }
  writeFileSync(join(root, 'package.json'), JSON.stringify({ name: 'box', type: 'module', exports }))
  writeFileSync(
    join(root, 'types', 'part.d.ts'),
    '/** Said. */\nexport declare const b: number;\nexport declare function a(one: string): void;\nexport interface Both {\n}\nexport declare const Both: Both;\n',
  )
  writeFileSync(join(root, 'types', 'index.d.ts'), index)
  return root
}

describe('the surface pin', () => {
  it('[surface.pin] lists every export of every entrypoint with its declaration, sorted, without comments', () => {
    const root = project("export { b as renamed, a } from './part.js';\nexport type { Both } from './part.js';\n")
    const [main, part] = surfaces(root)
    expect([main?.name, main?.file, part?.name, part?.file]).toEqual(['box', 'root.md', 'box/sub/part', 'sub-part.md'])
    expect(main?.text).toContain(
      [
        '3 exports.',
        '```ts',
        'const Both: Both;\ninterface Both {\n}\n',
        'function a(one: string): void;\n',
        '// exported as renamed\nconst b: number;\n```\n',
      ]
        .join('\n')
        .replace('exports.', 'exports. Written by `npm run api -- --update`.\n'),
    )
    expect(main?.text).not.toContain('Said')
    // An export that the first entrypoint shows is not shown again, except under another name.
    expect(part?.text).toContain('As `box`: Both, a\n\n```ts\nconst b: number;\n```')
    expect(surfaces(root)).toEqual([main, part])
  })

  it('[surface.pin] writes a long table as a name and a hash for each row, which changes with the row', () => {
    const table = (type: string): string => {
      const rows = Array.from(
        { length: 60 },
        (_, n) => `    readonly op${n}: {\n        readonly a: ${n === 7 ? type : 'string'};\n    };`,
      )
      return `interface Ops {\n${rows.join('\n')}\n}`
    }
    const [one, other] = [shortened(table('string')).split('\n'), shortened(table('number')).split('\n')]
    expect(one).toHaveLength(63)
    expect(one.slice(0, 2)).toEqual(['// 60 rows by name and hash', 'interface Ops {'])
    expect(one.filter((line, at) => line !== other[at])).toEqual([expect.stringMatching(/^ {4}op7 [0-9a-f]{8}$/)])
    expect(shortened('interface Few {\n    a: string;\n}')).toBe('interface Few {\n    a: string;\n}')
  })

  it('[surface.pin] fails with the lines that differ until the report is updated', () => {
    const root = project("export { a } from './part.js';\n")
    expect(checkReports(root, false)).toEqual([
      'box: there is no test/api/root.md',
      'box/sub/part: there is no test/api/sub-part.md',
    ])
    expect(checkReports(root, true)).toEqual([])
    expect(checkReports(root, false)).toEqual([])
    writeFileSync(join(root, 'test', 'api', 'old.md'), '')
    expect(checkReports(root, false)).toEqual(['test/api/old.md belongs to no entrypoint'])
    expect(checkReports(root, true)).toEqual([])
    const part = join(root, 'types', 'part.d.ts')
    writeFileSync(part, readFileSync(part, 'utf8').replace('one: string', 'one: number'))
    const [complaint] = checkReports(root, false)
    expect(complaint).toContain('- function a(one: string): void;\n+ function a(one: number): void;')
  })

  it('[surface.no-any] names the exports from which `any` leaks, and not the word in a name or a string', () => {
    const root = project(
      "export declare const bad: (x: any) => void;\nexport declare const many: 'any';\nexport declare const anyOf: string;\n",
    )
    expect(surfaces(root)[0]?.leaking).toEqual(['bad'])
    expect(checkReports(root, true)).toEqual(['box: `any` leaks from bad'])
  })

  it('[surface.pin] stays small enough to be reviewed: at most 9,000 lines in test/api', () => {
    const here = new URL('./', import.meta.url)
    const lines = readdirSync(here).map((file) => readFileSync(new URL(file, here), 'utf8').split('\n').length)
    expect(lines.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(9_000)
  })
})
