/** What package.json and the packed archive promise to a person who installs the package. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const text = (path: string): string => readFileSync(join(root, path), 'utf8')
const manifest = JSON.parse(text('package.json')) as {
  dependencies: Record<string, string>
  sideEffects: string[]
  bin: Record<string, string>
  exports: Record<string, { default: string }>
}

/** The paths in the archive, as npm packs it. */
const packed = (): string[] => {
  const report = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: root, encoding: 'utf8' })
  return (JSON.parse(report) as { files: { path: string }[] }[]).flatMap(({ files }) => files.map(({ path }) => path))
}

describe('package.json', () => {
  test('dependencies are ranges, so that an application gets one copy of zod [package.ranges]', () => {
    for (const [name, range] of Object.entries(manifest.dependencies)) expect(range, name).toMatch(/^\^\d/)
  })

  test('the executables and the refusal of a page, and nothing else, have side effects [package.side-effects]', () => {
    const fakes = ['./testing/fake-claude', './testing/fake-cmdop'].map((name) => manifest.exports[name]?.default)
    // It throws when a page imports an entrypoint that needs a process.
    const refusal = './dist/in-a-page-import-signalbox-web.js'
    expect([...manifest.sideEffects].sort()).toEqual([...Object.values(manifest.bin), ...fakes, refusal].sort())
  })

  test.each(['README.md', 'SECURITY.md', 'CHANGELOG.md'])('every relative link of %s is in the archive [package.links]', (page) => {
    const files = packed()
    const links = [...text(page).matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map((match) => match[1] as string)
    for (const link of links) expect(files, `${page} links to ${link}`).toContain(link.replace(/^\.\//, ''))
  })
})

describe.skipIf(!existsSync(join(root, 'dist', 'testing')))('an executable of the testing kit', () => {
  test.each(['fake-claude', 'fake-cmdop'])(
    '%s starts nothing when it is imported, and exports its path [package.executables]',
    (name) => {
      const program = `
      const [path] = Object.values(await import('signalbox/testing/${name}'))
      process.stdout.write(path)
    `
      const printed = execFileSync(process.execPath, ['--input-type=module', '-e', program], {
        cwd: root,
        encoding: 'utf8',
        input: 'not a message\n',
        timeout: 20_000,
      })
      expect(printed).toBe(join(root, 'dist', 'testing', `${name}.js`))
    },
  )
})
