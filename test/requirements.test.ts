/**
 * The gate between requirements and tests: every row needs a test, and every id in the title of a test needs a row. Titles are read from the
 * syntax and not by running the tests, because a test that is skipped here may run elsewhere.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'
import type { Requirement } from './requirements/requirement.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const ID = /^[a-z][a-z0-9]*(?:\.[a-z0-9-]+)+$/
const IN_TITLE = /\[([a-z][a-z0-9]*(?:\.[a-z0-9-]+)+)\]/g

/** A test may refine a row: `law.3.no-reader` is one of the proofs of `law.3`. */
function withPrefixes(id: string): string[] {
  const parts = id.split('.')
  return parts.map((_, index) => parts.slice(0, index + 1).join('.')).slice(1)
}

function filesUnder(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.includes('node_modules') && !file.endsWith('.d.ts'))
    .map((file) => join(root, folder, file))
}

async function loadRows(): Promise<{ readonly row: Requirement; readonly file: string }[]> {
  const rows: { row: Requirement; file: string }[] = []
  for (const path of filesUnder('test/requirements')) {
    const file = relative(root, path)
    const loaded = (await import(pathToFileURL(path).href)) as { requirements?: readonly Requirement[] }
    for (const row of loaded.requirements ?? []) rows.push({ row, file })
  }
  return rows
}

interface Found {
  readonly id: string
  readonly where: string
  /** Skipped and to-do tests prove nothing. */
  readonly counts: boolean
}

/** The callee of a call, `it` in `it.skipIf(x).each(y)('title')`, and the names between. */
function calleeNames(node: ts.Expression): string[] {
  if (ts.isIdentifier(node)) return [node.text]
  if (ts.isPropertyAccessExpression(node)) return [...calleeNames(node.expression), node.name.text]
  if (ts.isCallExpression(node) || ts.isTaggedTemplateExpression(node)) {
    return calleeNames(ts.isCallExpression(node) ? node.expression : node.tag)
  }
  return []
}

function literalText(node: ts.Node | undefined): string | undefined {
  if (!node) return undefined
  if (ts.isStringLiteralLike(node)) return node.text
  if (!ts.isTemplateExpression(node)) return undefined
  return node.head.text + node.templateSpans.map((span) => `\${}${span.literal.text}`).join('')
}

function testsIn(path: string): Found[] {
  const source = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.ES2023, true)
  const found: Found[] = []
  const note = (id: string, node: ts.Node, counts = true): void => {
    const { line } = source.getLineAndCharacterOfPosition(node.getStart(source))
    found.push({ id, where: `${relative(root, path)}:${line + 1}`, counts })
  }
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node)) {
      const names = calleeNames(node.expression)
      const first = node.arguments[0]
      if (names[0] === 'it' || names[0] === 'test' || names[0] === 'describe') {
        const counts = !names.some((name) => name === 'skip' || name === 'todo')
        for (const [, id] of (literalText(first) ?? '').matchAll(IN_TITLE)) if (id) note(id, node, counts)
      } else {
        // A suite may make its cases with a function: one argument is the id, another is the test. Methods do not count, because
        // `on('event', …)` has such arguments too.
        const id = ts.isIdentifier(node.expression) ? literalText(first) : undefined
        if (id !== undefined && ID.test(id) && node.arguments.some((argument) => ts.isFunctionLike(argument))) note(id, node)
      }
    }
    if (ts.isObjectLiteralExpression(node)) {
      const named = new Map(node.properties.map((property) => [property.name?.getText(source), property]))
      const id = named.get('id')
      if (id && ts.isPropertyAssignment(id) && named.has('run')) {
        const text = literalText(id.initializer)
        if (text !== undefined && ID.test(text)) note(text, node)
      }
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

describe('requirements', async () => {
  const rows = await loadRows()
  const tests = [...filesUnder('test'), ...filesUnder('src/testing')]
    .filter((path) => !path.includes(`${join('test', 'requirements')}`) && !path.endsWith('register-cases.ts'))
    .flatMap(testsIn)

  test('there are rows, and each says what it is about', () => {
    expect(rows.length).toBeGreaterThan(50)
    const poor = rows.filter(({ row }) => !ID.test(row.id) || row.source.trim() === '' || row.behaviour.trim().length < 10)
    expect(poor.map(({ row, file }) => `${file}: ${row.id}`)).toEqual([])
  })

  test('each id stands for one requirement', () => {
    const first = new Map<string, string>()
    const doubled: string[] = []
    for (const { row, file } of rows) {
      const other = first.get(row.id)
      if (other !== undefined) doubled.push(`${row.id}: ${other} and ${file}`)
      first.set(row.id, file)
    }
    expect(doubled).toEqual([])
  })

  test('each requirement has a test', () => {
    const tested = new Set(tests.filter(({ counts }) => counts).flatMap(({ id }) => withPrefixes(id)))
    expect(rows.filter(({ row }) => !tested.has(row.id)).map(({ row, file }) => `${file}: ${row.id}`)).toEqual([])
  })

  test('each line of the ASVS table names requirements, and each requirement that docs/security.md names exists', () => {
    const known = new Set(rows.map(({ row }) => row.id))
    const page = readFileSync(join(root, 'docs/security.md'), 'utf8')
    const named = [...page.matchAll(/`(gateway\.[a-z0-9.-]+)`/g)].map(([, id = '']) => id)
    expect(named.length).toBeGreaterThan(30)
    expect(named.filter((id) => !known.has(id))).toEqual([])
    const lines = page.split('\n').filter((line) => /^\| \d+\.\d+\.\d+/.test(line))
    expect(lines.length).toBeGreaterThan(25)
    expect(lines.filter((line) => !/`gateway\.[a-z0-9.-]+`/.test(line))).toEqual([])
  })

  test('each test is for a requirement that exists', () => {
    const known = new Set(rows.map(({ row }) => row.id))
    expect(
      tests.filter(({ id }) => !withPrefixes(id).some((prefix) => known.has(prefix))).map(({ id, where }) => `${where}: ${id}`),
    ).toEqual([])
  })
})
