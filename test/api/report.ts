/**
 * The surface pin: every export of every entrypoint with its declaration, sorted by name, from the built declarations. A change of the public
 * surface shows up in a diff, and so in a review. `npm run api` compares the reports with the surface, `npm run api -- --update` writes them.
 * Nothing is written twice: a name that an earlier entrypoint exports too is only listed, and a long table is written as one hash for each row.
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cwd } from 'node:process'
import ts from 'typescript'

export interface EntrySurface {
  /** As imported: `signalbox`, `signalbox/node`. */
  readonly name: string
  /** File name of its report in `test/api`. */
  readonly file: string
  readonly text: string
  /** Names of exports whose declaration holds an `any`. */
  readonly leaking: readonly string[]
}

interface Declaration {
  readonly name: string
  readonly text: string
  readonly leaks: boolean
}

/** The entrypoints, in the order of the exports table in package.json. */
function entriesOf(root: string): { name: string; types: string }[] {
  const { name, exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    name: string
    exports: Record<string, string | { types?: string }>
  }
  return Object.entries(exports).flatMap(([path, target]) =>
    typeof target === 'object' && target.types ? [{ name: join(name, path), types: join(root, target.types) }] : [],
  )
}

export function surfaces(root: string): EntrySurface[] {
  const entries = entriesOf(root)
  const missing = entries.filter(({ types }) => !existsSync(types))
  if (missing.length > 0)
    throw new Error(`Not built: ${missing.map(({ types }) => types).join(', ')}. Run npm run build:types first.`)
  const program = ts.createProgram(
    entries.map(({ types }) => types),
    {
      target: ts.ScriptTarget.ES2023,
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts', 'lib.dom.asynciterable.d.ts'],
      types: ['node'],
      strict: true,
      skipLibCheck: true,
      noEmit: true,
    },
  )
  const checker = program.getTypeChecker()
  /** Which entrypoint writes a declaration: the first in the exports table that exports it under this name. */
  const writers = new Map<ts.Symbol, Map<string, string>>()
  return entries.map(({ name: entry, types }) => {
    const source = program.getSourceFile(types)
    const module = source && checker.getSymbolAtLocation(source)
    if (!module) throw new Error(`${types} exports nothing; an entry exists once it has something in it.`)
    const own: Declaration[] = []
    const shared = new Map<string, string[]>()
    for (const symbol of checker.getExportsOfModule(module)) {
      const { name } = symbol
      const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
      const known = writers.get(target) ?? new Map<string, string>()
      writers.set(target, known)
      const writer = known.get(name)
      if (writer) shared.set(writer, [...(shared.get(writer) ?? []), name])
      else own.push(declarationOf(name, target, checker))
      if (!writer) known.set(name, entry)
    }
    own.sort((one, other) => byCodeUnit(one.name, other.name))
    const file = `${entry.replace(/^[^/]+\/?/, '').replaceAll('/', '-') || 'root'}.md`
    return {
      name: entry,
      file,
      text: report(entry, own, shared),
      leaking: own.filter(({ leaks }) => leaks).map(({ name }) => name),
    }
  })
}

function report(entry: string, own: readonly Declaration[], shared: ReadonlyMap<string, readonly string[]>): string {
  const count = own.length + [...shared.values()].flat().length
  const title = `# ${entry}\n\n${count} exports. Written by \`npm run api -- --update\`.\n`
  const lists = [...shared].map(([writer, names]) => {
    const lines = [...names].sort(byCodeUnit).join(', ')
    return `\nAs \`${writer}\`: ${lines}\n`
  })
  const body = own.length > 0 ? `\n\`\`\`ts\n${own.map(({ text }) => text).join('\n\n')}\n\`\`\`\n` : ''
  return title + lists.join('') + body
}

/** The same order on every machine, whatever its locale. */
const byCodeUnit = (one: string, other: string): number => (one < other ? -1 : 1)

const printer = ts.createPrinter({ removeComments: true, newLine: ts.NewLineKind.LineFeed })

/** The declarations of an export. A name may be a value and a type at once. */
function declarationOf(name: string, target: ts.Symbol, checker: ts.TypeChecker): Declaration {
  const printed = (target.declarations ?? []).map((declaration) => {
    // A variable's statement holds its `const`; the declaration alone does not.
    const whole = ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration
    const text = printer.printNode(ts.EmitHint.Unspecified, whole, declaration.getSourceFile())
    return text.replace(/^(?:export |default |declare )+/, '')
  })
  const whole = [...new Set(printed)].sort().join('\n') || `// ${checker.typeToString(checker.getDeclaredTypeOfSymbol(target))}`
  const renamed = target.name === name ? '' : `// exported as ${name}\n`
  return { name, text: renamed + shortened(whole), leaks: leaks(whole) }
}

/** A declaration with more lines than this is a table, such as the ops of a protocol. */
const TABLE_LINES = 120

/** A table becomes one line for each row: the name of the row and a hash of its declaration. Shorter declarations stay as they are. */
export function shortened(text: string): string {
  const lines = text.split('\n')
  if (lines.length <= TABLE_LINES) return text
  const rows: string[][] = []
  for (const line of lines.slice(1, -1)) {
    // A row begins at the first level of indentation. Deeper lines belong to the row above.
    if (/^ {4}[^\s})\]]/.test(line)) rows.push([line])
    else rows.at(-1)?.push(line)
  }
  const hashed = rows.map((row) => {
    const hash = createHash('sha256').update(row.join('\n')).digest('hex').slice(0, 8)
    return `    ${/^(?:readonly )?([^(:?<]+)/.exec((row[0] ?? '').trim())?.[1] ?? ''} ${hash}`
  })
  return [`// ${rows.length} rows by name and hash`, lines[0], ...hashed, lines.at(-1)].join('\n')
}

/** The first lines that differ, enough to see what changed. */
export function difference(expected: string, actual: string, limit = 40): string {
  const before = expected.split('\n')
  const after = actual.split('\n')
  const gone = before.filter((line) => !after.includes(line)).map((line) => `- ${line}`)
  const come = after.filter((line) => !before.includes(line)).map((line) => `+ ${line}`)
  const lines = [...gone, ...come]
  if (lines.length === 0) return '  (the order of lines differs)'
  return [...lines.slice(0, limit), ...(lines.length > limit ? [`  ... and ${lines.length - limit} more`] : [])].join('\n')
}

/** The one deliberate `any`: no other launch type accepts every transport. */
const DELIBERATE = 'StreamTransport<any>'

/** Does the declaration hold an `any`, written or inferred? The word in a name or in a string does not count. */
function leaks(text: string): boolean {
  return /(?<![\w'"])any(?![\w'"])/.test(text.replaceAll(DELIBERATE, ''))
}

/** Compares the reports that are checked in with the surface, or writes them. Returns the differences. */
export function checkReports(root: string, update: boolean): string[] {
  const folder = join(root, 'test', 'api')
  mkdirSync(folder, { recursive: true })
  const complaints: string[] = []
  const entries = surfaces(root)
  for (const { name, file, text, leaking } of entries) {
    const path = join(folder, file)
    for (const leak of leaking) complaints.push(`${name}: \`any\` leaks from ${leak}`)
    const known = existsSync(path) ? readFileSync(path, 'utf8') : undefined
    if (known === text) continue
    if (update) writeFileSync(path, text)
    else if (known === undefined) complaints.push(`${name}: there is no test/api/${file}`)
    else complaints.push(`${name}: differs from test/api/${file}\n${difference(known, text)}`)
  }
  const files = readdirSync(folder).filter((file) => file.endsWith('.md'))
  for (const file of files.filter((one) => !entries.some((entry) => entry.file === one))) {
    if (update) rmSync(join(folder, file))
    else complaints.push(`test/api/${file} belongs to no entrypoint`)
  }
  return complaints
}

export function main(args: readonly string[]): number {
  const complaints = checkReports(cwd(), args.includes('--update'))
  for (const complaint of complaints) console.error(complaint)
  if (complaints.length > 0) console.error('\nIf the change of the surface is meant: npm run api -- --update')
  return complaints.length > 0 ? 1 : 0
}
