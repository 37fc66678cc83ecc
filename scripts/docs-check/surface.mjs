/** What the public entrypoints export, and whether it has a doc comment and an example. Read from the built declarations. */
import { readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import ts from 'typescript'
import { root } from '../rules/sources.mjs'

const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

/** The declaration files of the entrypoints, by name. */
export const entries = new Map(
  Object.entries(exports).flatMap(([name, target]) => (typeof target === 'string' ? [] : [[name, join(root, target.types)]])),
)

/** One row for each exported value, member and method: `{ kind, file, name, documented, example }`. */
export function surface(program) {
  const checker = program.getTypeChecker()
  const rows = new Map()
  const fileOf = (symbol) => {
    const from = symbol.declarations?.[0]?.getSourceFile().fileName
    const path = from && relative(root, from)
    return path?.startsWith('dist/types/') ? path.slice('dist/types/'.length).replace(/\.d\.ts$/, '.ts') : undefined
  }
  const note = (kind, name, symbol) => {
    const file = fileOf(symbol)
    if (!file || /\.gen\.ts$|^src\/cmdop\/gen\//.test(file)) return
    const documented = symbol.getDocumentationComment(checker).length > 0
    const example = symbol.getJsDocTags(checker).some((tag) => tag.name === 'example')
    rows.set(`${kind} ${file} ${name}`, { kind, file, name, documented, example })
  }
  const membersOf = (symbol) => [...(symbol.members?.values() ?? [])].filter((member) => isNamed(member))

  for (const path of entries.values()) {
    const module = checker.getSymbolAtLocation(program.getSourceFile(path))
    for (const exported of checker.getExportsOfModule(module)) {
      const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported
      if (symbol.flags & ts.SymbolFlags.Value) {
        note('value', symbol.name, symbol)
        const returned = returnOf(symbol)
        if (returned && isFactory(symbol, returned)) {
          note('factory', symbol.name, symbol)
          const area = returned.symbol && areaOf(returned.symbol)
          if (/^create[A-Z]/.test(symbol.name) && area) methods(symbol.name, returned, area, new Set())
        }
      } else note('type', symbol.name, symbol)
      const shape = symbol.flags & ts.SymbolFlags.TypeAlias ? checker.getDeclaredTypeOfSymbol(symbol).symbol : symbol
      if (shape && shape.flags & (ts.SymbolFlags.Interface | ts.SymbolFlags.Class | ts.SymbolFlags.TypeLiteral)) {
        for (const member of membersOf(shape)) note('member', `${symbol.name}.${member.name}`, member)
      }
    }
  }
  return [...rows.values()]

  function returnOf(symbol) {
    const [signature] = checker.getTypeOfSymbol(symbol).getCallSignatures()
    if (!signature) return undefined
    return checker.getAwaitedType(signature.getReturnType()) ?? signature.getReturnType()
  }
  function isFactory(symbol, returned) {
    const kind = returned.getProperty('kind')
    return (
      /^create[A-Z]/.test(symbol.name) ||
      Boolean(kind && returned.getProperty('name') && (returned.getProperty('open') || returned.getProperty('exchange')))
    )
  }
  function areaOf(symbol) {
    return fileOf(symbol)?.split('/').slice(0, 2).join('/')
  }
  /** The methods of a client and of its namespaces. A transport or a clock on a client is not one of its namespaces. */
  function methods(path, type, area, seen) {
    if (seen.has(type) || !type.symbol || areaOf(type.symbol) !== area) return
    seen.add(type)
    for (const member of membersOf(type.symbol)) {
      const own = checker.getTypeOfSymbol(member)
      if (own.getCallSignatures().length > 0) note('method', `${path}.${member.name}`, member)
      else if (own.flags & ts.TypeFlags.Object && own.symbol?.flags & (ts.SymbolFlags.Interface | ts.SymbolFlags.TypeLiteral)) {
        methods(`${path}.${member.name}`, own, area, seen)
      }
    }
  }
}

const isNamed = ({ name, flags }) =>
  !name.startsWith('__') && (flags & (ts.SymbolFlags.Property | ts.SymbolFlags.Method | ts.SymbolFlags.Accessor)) !== 0
