/** Every ```ts block of the documents compiles against the built declarations, so that examples stay valid. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const pages = [
  join(root, 'README.md'),
  ...(existsSync(join(root, 'docs')) ? readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }) : [])
    .filter((file) => file.endsWith('.md') && !/^site[\\/]/.test(file))
    .map((file) => join(root, 'docs', file)),
].filter((page) => existsSync(page))

interface Example {
  readonly file: string
  readonly where: string
  readonly text: string
}

/** Lines before a block are kept as blank ones, so that a complaint names the line of the document. */
function examplesOf(page: string): Example[] {
  const lines = readFileSync(page, 'utf8').split('\n')
  const found: Example[] = []
  for (let at = 0; at < lines.length; at += 1) {
    if (lines[at]?.trim() !== '```ts') continue
    const end = lines.findIndex((line, index) => index > at && line.trim() === '```')
    const body = lines.slice(at + 1, end)
    const where = `${relative(root, page)}:${at + 1}`
    const name = where.replace(/[^\w]/g, '_')
    found.push({
      file: join(root, 'test', 'package', `__${name}.ts`),
      where,
      text: `${'\n'.repeat(at + 1)}${body.join('\n')}\nexport {}\n`,
    })
    at = end
  }
  return found
}

const examples = pages.flatMap(examplesOf)
const built = existsSync(join(root, 'dist', 'types'))

describe.skipIf(!built || examples.length === 0)('the examples of the documents', () => {
  const complaints = new Map<string, string[]>()
  if (built && examples.length > 0) {
    const texts = new Map(examples.map(({ file, text }) => [file, text]))
    const options: ts.CompilerOptions = {
      target: ts.ScriptTarget.ES2023,
      lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts', 'lib.dom.asynciterable.d.ts'],
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      moduleDetection: ts.ModuleDetectionKind.Force,
      types: ['node'],
      strict: true,
      noUncheckedIndexedAccess: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: true,
      noEmit: true,
    }
    const host = ts.createCompilerHost(options)
    const { getSourceFile, fileExists, readFile } = host
    host.getSourceFile = (name, target, ...rest) => {
      const text = texts.get(name)
      // `target` also says that the file is an ES module. Without it, imports would be resolved as for require().
      return text === undefined ? getSourceFile.call(host, name, target, ...rest) : ts.createSourceFile(name, text, target, true)
    }
    host.fileExists = (name) => texts.has(name) || fileExists.call(host, name)
    host.readFile = (name) => texts.get(name) ?? readFile.call(host, name)
    const program = ts.createProgram([...texts.keys()], options, host)
    for (const { file } of examples) {
      const source = program.getSourceFile(file)
      if (!source) continue
      const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)]
      const told = found.map((item) => {
        const line = item.start === undefined ? 0 : source.getLineAndCharacterOfPosition(item.start).line + 1
        return `line ${line}: ${ts.flattenDiagnosticMessageText(item.messageText, '\n')}`
      })
      complaints.set(file, told)
    }
  }

  test.each(examples)('$where compiles', ({ file }) => {
    expect(complaints.get(file)).toEqual([])
  })
})
