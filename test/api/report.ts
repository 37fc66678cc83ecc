/**
 * The surface pin: every export of every entry with its declaration, sorted, from the built declarations. A change of the public
 * surface shows up in a diff, and so in a review. `npm run api` compares, `npm run api -- --update` writes.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cwd } from 'node:process'
import ts from 'typescript'

export interface EntrySurface {
  /** As imported: `signalbox`, `signalbox/node`. */
  readonly name: string
  /** Where its report stands, below `test/api`. */
  readonly file: string
  readonly text: string
}

/** The exports table is the one list of entries. */
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
  return entries.map(({ name, types }) => {
    const source = program.getSourceFile(types)
    const module = source && checker.getSymbolAtLocation(source)
    if (!module) throw new Error(`${types} exports nothing; an entry exists once it has something in it.`)
    const blocks = checker
      .getExportsOfModule(module)
      .map((symbol) => ({ symbol: symbol.name, text: declarationOf(symbol, checker) }))
      // By code unit and not by locale: the same on every machine.
      .sort((one, other) => (one.symbol < other.symbol ? -1 : 1))
    const body = blocks.map(({ symbol, text }) => `## ${symbol}\n\n\`\`\`ts\n${text}\n\`\`\`\n`).join('\n')
    const file = `${name.replace(/^[^/]+\/?/, '').replaceAll('/', '-') || 'root'}.md`
    return { name, file, text: `# ${name}\n\n${blocks.length} exports. Written by \`npm run api -- --update\`.\n\n${body}` }
  })
}

const printer = ts.createPrinter({ removeComments: true, newLine: ts.NewLineKind.LineFeed })

/** The declarations behind a name, through any chain of re-exports; a name may be a value and a type at once. */
function declarationOf(symbol: ts.Symbol, checker: ts.TypeChecker): string {
  const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
  const printed = (target.declarations ?? []).map((declaration) => {
    // A variable's statement holds its `const`; the declaration alone does not.
    const whole = ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration
    const text = printer.printNode(ts.EmitHint.Unspecified, whole, declaration.getSourceFile())
    return text.replace(/^(?:export |default |declare )+/, '')
  })
  return [...new Set(printed)].sort().join('\n') || `// ${checker.typeToString(checker.getDeclaredTypeOfSymbol(target))}`
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

/** Names of exports whose declaration holds an `any`, written or inferred. */
export function leaksOf(text: string): string[] {
  const blocks = text.split(/^## /m).slice(1)
  const leaking = blocks.filter((block) => /(?<![\w'"])any(?![\w'"])/.test(block.replaceAll(DELIBERATE, '')))
  return leaking.map((block) => block.slice(0, block.indexOf('\n')))
}

/** Compares the reports that are checked in with the surface as it is, or writes them. Gives what differs. */
export function checkReports(root: string, update: boolean): string[] {
  const folder = join(root, 'test', 'api')
  mkdirSync(folder, { recursive: true })
  const complaints: string[] = []
  for (const { name, file, text } of surfaces(root)) {
    const path = join(folder, file)
    for (const leak of leaksOf(text)) complaints.push(`${name}: \`any\` leaks from ${leak}`)
    const known = existsSync(path) ? readFileSync(path, 'utf8') : undefined
    if (known === text) continue
    if (update) writeFileSync(path, text)
    else if (known === undefined) complaints.push(`${name}: there is no test/api/${file}`)
    else complaints.push(`${name}: differs from test/api/${file}\n${difference(known, text)}`)
  }
  return complaints
}

export function main(args: readonly string[]): number {
  const complaints = checkReports(cwd(), args.includes('--update'))
  for (const complaint of complaints) console.error(complaint)
  if (complaints.length > 0) console.error('\nIf the change of the surface is meant: npm run api -- --update')
  return complaints.length > 0 ? 1 : 0
}
