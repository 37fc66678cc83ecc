/** The `@example` blocks of doc comments, compiled as modules of their own against the built package. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { root, sources } from '../rules/sources.mjs'

/** Every example with the place of its tag. A fence around the code is removed. */
export function examplesIn(file, text) {
  const found = []
  for (const comment of text.matchAll(/\/\*\*[\s\S]*?\*\//g)) {
    const lines = comment[0].split('\n').map((line) => line.replace(/^\s*(\/\*\*|\*\/|\*) ?/, '').replace(/\s*\*\/$/, ''))
    let open
    for (const [offset, line] of lines.entries()) {
      if (/^@example\b/.test(line)) {
        open = { file, line: text.slice(0, comment.index).split('\n').length + offset, code: [] }
        found.push(open)
      } else if (/^@\w/.test(line) && !open?.code.some((one) => /^```/.test(one))) open = undefined
      else open?.code.push(line)
    }
  }
  return found.map(({ code, ...place }) => {
    const fences = code.flatMap((line, index) => (/^```/.test(line) ? [index] : []))
    return { ...place, code: (fences.length > 1 ? code.slice(fences[0] + 1, fences[1]) : code).join('\n') }
  })
}

export function allExamples() {
  return sources().flatMap((file) => examplesIn(file, readFileSync(join(root, file), 'utf8')))
}

export const OPTIONS = {
  target: ts.ScriptTarget.ES2022,
  lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts', 'lib.dom.asynciterable.d.ts'],
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  moduleDetection: ts.ModuleDetectionKind.Force,
  types: ['node'],
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  skipLibCheck: true,
  noEmit: true,
}

/** One program over the entrypoints' declarations and the examples, which exist in memory only. */
export function programOf(entries, examples) {
  const host = ts.createCompilerHost(OPTIONS)
  const virtual = new Map(examples.map((example, index) => [join(root, `docs-check-example-${index}.ts`), example]))
  const { fileExists, readFile, getSourceFile } = host
  host.fileExists = (name) => virtual.has(name) || fileExists(name)
  host.readFile = (name) => virtual.get(name)?.code ?? readFile(name)
  host.getSourceFile = (name, target, ...rest) => {
    const example = virtual.get(name)
    return example ? ts.createSourceFile(name, example.code, target, true) : getSourceFile(name, target, ...rest)
  }
  const program = ts.createProgram([...entries, ...virtual.keys()], OPTIONS, host)
  return { program, virtual }
}

/** The examples that do not compile, with the compiler's messages and lines of the source. */
export function failedExamples(program, virtual) {
  return [...virtual].flatMap(([name, { file, line }]) => {
    const source = program.getSourceFile(name)
    const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)]
    return found.map(({ start = 0, messageText }) => {
      const at = line + 1 + source.getLineAndCharacterOfPosition(start).line
      return { file, line, text: `${file}:${at}: ${ts.flattenDiagnosticMessageText(messageText, '\n    ')}` }
    })
  })
}
