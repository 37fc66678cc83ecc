/** What a bundler can expect of the built package: entrypoints load only their runtime, no code is evaluated, bytes are ASCII. */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const dist = join(root, 'dist')
const { exports, dependencies, peerDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  exports: Record<string, string | { types: string; default: string; browser?: string }>
  dependencies: Record<string, string>
  peerDependencies: Record<string, string>
}
const entries = Object.entries(exports).flatMap(([name, target]) => (typeof target === 'string' ? [] : [{ name, ...target }]))
// The dashboard is a finished page and not a module for bundlers.
const built = existsSync(dist)
  ? readdirSync(dist, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.js') && !file.startsWith('dashboard'))
  : []

// Executables: they start to work when they are loaded, so they are never imported.
const isExecutable = (name: string): boolean => /\/fake-(?:claude|cmdop)$/.test(name)

// Entrypoints that need a runtime. A browser bundler gets a file instead that throws. The name of the file says what to import.
const IN_A_PAGE = './dist/in-a-page-import-signalbox-web.js'
const isRuntimeBound = (name: string): boolean => isExecutable(name) || /^\.\/(?:node|deno|bun)(?:\/|$)/.test(name)

/** Every module that an entry loads, and every bare specifier that it asks for, dynamic imports included. */
function graph(entry: string): { files: Set<string>; bare: Set<string> } {
  const files = new Set<string>()
  const bare = new Set<string>()
  const visit = (file: string): void => {
    if (files.has(file)) return
    files.add(file)
    const text = readFileSync(file, 'utf8')
    // The compiler's own scanner: a text that merely reads like an import is not one.
    for (const { fileName: specifier } of ts.preProcessFile(text, true, true).importedFiles) {
      if (specifier.startsWith('.')) visit(join(dirname(file), specifier))
      else bare.add(specifier)
    }
  }
  visit(entry)
  return { files, bare }
}

describe.skipIf(built.length === 0)('the built package', () => {
  test.each(entries)('$name exists with its types', ({ types, default: code }) => {
    expect(existsSync(join(root, code))).toBe(true)
    expect(existsSync(join(root, types))).toBe(true)
  })

  test.each(entries)('$name loads only modules of its own runtimes', ({ name, default: code, ...conditions }) => {
    const { bare } = graph(join(root, code))
    const runtime = [...bare].filter((specifier) => /^(?:node|bun|deno):/.test(specifier))
    if (isRuntimeBound(name)) expect(conditions).toHaveProperty('browser', IN_A_PAGE)
    else expect(runtime).toEqual([])
    const known = [...Object.keys(dependencies), ...Object.keys(peerDependencies)]
    const foreign = [...bare].filter((specifier) => !/^(?:node|bun|deno):/.test(specifier))
    for (const specifier of foreign) {
      expect(
        known.some((name) => specifier === name || specifier.startsWith(`${name}/`)),
        `${name} imports ${specifier}`,
      ).toBe(true)
    }
  })

  test('evaluates nothing and is ASCII', () => {
    for (const file of built) {
      const text = readFileSync(join(dist, file), 'utf8')
      expect(/\beval\s*\(|\bnew\s+Function\b/.test(text), `${file} evaluates code`).toBe(false)
      expect(/[^\x00-\x7f]/.exec(text)?.[0], `${file} holds a character outside ASCII`).toBeUndefined()
    }
  })

  test('require() of every entry works', () => {
    const names = entries.map(({ name }) => (name === '.' ? 'signalbox' : `signalbox${name.slice(1)}`))
    const portable = names.filter((name) => !/signalbox\/(?:deno|bun)/.test(name) && !isExecutable(name))
    const script = `for (const name of ${JSON.stringify(portable)}) { if (Object.keys(require(name)).length === 0) throw new Error(name + ' is empty') }`
    const out = execFileSync(process.execPath, ['--no-warnings', '-e', script], { cwd: root, encoding: 'utf8' })
    expect(out).toBe('')
  })

  test('declarations refer to nothing that the package does not ship', () => {
    const types = readdirSync(join(dist, 'types'), { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.d.ts'))
    expect(types.length).toBeGreaterThan(0)
    for (const file of types) {
      const text = readFileSync(join(dist, 'types', file), 'utf8')
      for (const match of text.matchAll(/from '(\.[^']+)'|import\("(\.[^"]+)"\)/g)) {
        const target = join(dist, 'types', dirname(file), (match[1] ?? match[2]) as string).replace(/\.js$/, '.d.ts')
        expect(existsSync(target), `${file} refers to ${relative(dist, target)}`).toBe(true)
      }
      expect(text.includes("from 'ofetch'"), `${file} leaks a type of ofetch`).toBe(false)
    }
  })
})
