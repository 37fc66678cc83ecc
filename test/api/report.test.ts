import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { checkReports, leaksOf, surfaces } from './report.js'

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
  it('[surface.pin] lists every export of every entry with its declaration, sorted, without comments', () => {
    const root = project("export { b as renamed, a } from './part.js';\nexport type { Both } from './part.js';\n")
    const [main, part] = surfaces(root)
    expect([main?.name, main?.file, part?.name, part?.file]).toEqual(['box', 'root.md', 'box/sub/part', 'sub-part.md'])
    expect(part?.text).toContain(
      '## Both\n\n```ts\nconst Both: Both;\ninterface Both {\n}\n```\n\n## a\n\n```ts\nfunction a(one: string): void;\n```',
    )
    expect(part?.text).not.toContain('Said')
    expect(main?.text).toContain('## renamed\n\n```ts\nconst b: number;\n```')
    expect(main?.text.indexOf('## Both')).toBeLessThan(main?.text.indexOf('## a\n') ?? 0)
    expect(surfaces(root)).toEqual([main, part])
  })

  it('[surface.pin] fails with the lines that differ, until the change is owned', () => {
    const root = project("export { a } from './part.js';\n")
    expect(checkReports(root, false)).toEqual([
      'box: there is no test/api/root.md',
      'box/sub/part: there is no test/api/sub-part.md',
    ])
    expect(checkReports(root, true)).toEqual([])
    expect(checkReports(root, false)).toEqual([])
    const part = join(root, 'types', 'part.d.ts')
    writeFileSync(part, readFileSync(part, 'utf8').replace('one: string', 'one: number'))
    const [complaint] = checkReports(root, false)
    expect(complaint).toContain('- function a(one: string): void;\n+ function a(one: number): void;')
  })

  it('[surface.no-any] names the exports from which `any` leaks, and not the word in a name or a string', () => {
    const root = project(
      "export declare const bad: (x: any) => void;\nexport declare const many: 'any';\nexport declare const anyOf: string;\n",
    )
    expect(leaksOf(surfaces(root)[0]?.text ?? '')).toEqual(['bad'])
    expect(checkReports(root, true)).toEqual(['box: `any` leaks from bad'])
  })
})
